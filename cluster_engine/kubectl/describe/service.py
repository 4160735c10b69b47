"""Services. Follows describeService."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import format_labels
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.describe.writer import NONE, Writer
from cluster_engine.kubectl.factory import Factory

SHOWN_ENDPOINTS = 3


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec = obj["metadata"], obj["spec"]
    writer.head(obj)
    writer.field("Selector", format_labels(spec.get("selector")))
    writer.field("Type", spec.get("type", ""))
    if spec.get("ipFamilyPolicy"):
        writer.field("IP Family Policy", spec["ipFamilyPolicy"])
    writer.field("IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE)
    writer.field("IP", spec.get("clusterIP", ""))
    writer.field("IPs", ",".join(spec.get("clusterIPs") or ()) or NONE)
    for title, field in (("External IPs", "externalIPs"),):
        if spec.get(field):
            writer.field(title, ",".join(spec[field]))
    for title, field in (("Desired LoadBalancer IP", "loadBalancerIP"), ("External Name", "externalName")):
        if spec.get(field):
            writer.field(title, spec[field])
    ingress = dig(obj, "status", "loadBalancer", "ingress", default=[])
    if ingress:
        writer.field("LoadBalancer Ingress", ", ".join(_ingress(one) for one in ingress))
    slices = factory.list(
        "endpointslices.discovery.k8s.io",
        meta["namespace"],
        label_selector=f"kubernetes.io/service-name={meta['name']}",
    )
    for port in spec.get("ports") or ():
        _port(port, slices, writer)
    writer.field("Session Affinity", spec.get("sessionAffinity", ""))
    for title, field in (
        ("External Traffic Policy", "externalTrafficPolicy"),
        ("Internal Traffic Policy", "internalTrafficPolicy"),
        ("HealthCheck NodePort", "healthCheckNodePort"),
    ):
        if spec.get(field):
            writer.field(title, spec[field])
    if spec.get("loadBalancerSourceRanges"):
        writer.field("LoadBalancer Source Ranges", ",".join(spec["loadBalancerSourceRanges"]))
    if spec.get("trafficDistribution"):
        writer.field("Traffic Distribution", spec["trafficDistribution"])


def _ingress(one: Obj) -> str:
    if one.get("ip"):
        return f"{one['ip']} ({one['ipMode']})" if one.get("ipMode") else str(one["ip"])
    return str(one.get("hostname", ""))


def _port(port: Obj, slices: list[Obj], writer: Writer) -> None:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
    writer.line(0, "Port:", name, f"{port['port']}/{protocol}")
    writer.field("TargetPort", f"{port.get('targetPort', 0)}/{protocol}")
    if port.get("appProtocol"):
        writer.field("AppProtocol", port["appProtocol"])
    if port.get("nodePort"):
        writer.line(0, "NodePort:", name, f"{port['nodePort']}/{protocol}")
    writer.field("Endpoints", endpoints_of(slices, port.get("name", "")))


def endpoints_of(slices: list[Obj], port_name: str) -> str:
    """Ready addresses behind a port, the first three of them. Follows formatEndpointSlices."""
    if not slices:
        return NONE
    ready: list[str] = []
    for one in slices:
        addresses = [
            endpoint["addresses"][0]
            for endpoint in one.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready") is not False
        ]
        if not one.get("ports"):
            ready.extend(addresses)
        for port in one.get("ports") or ():
            if (port.get("name") or "") == port_name:
                ready.extend(_joined(address, port.get("port", 0)) for address in addresses)
    shown = ",".join(ready[:SHOWN_ENDPOINTS])
    return f"{shown} + {len(ready) - SHOWN_ENDPOINTS} more..." if len(ready) > SHOWN_ENDPOINTS else shown


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
