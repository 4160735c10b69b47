"""Services. Follows pkg/registry/core/service/strategy.go and validation.validateService (v1.32).

Addresses and node ports are given by the API server's allocator; here is what a Service may say about them.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api import tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.service_validation import (
    externally_accessible,
    is_headless,
    needs_health_check,
    validate_service_spec,
    validate_service_update,
)
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.labels import format_labels
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_AFFINITY_SECONDS = 10800


class ServiceStrategy(Strategy):
    """The rules of Services."""

    resource = Resource(
        "", "v1", "Service", "services", singular="service", short_names=("svc",), categories=("all",),
        subresources=("proxy", "status"),
    )  # fmt: skip
    name_rule = "dns1035_label"
    columns = (
        NAME, Column("Type"), Column("Cluster-IP"), Column("External-IP"), Column("Port(s)"), AGE, tables.WIDE_SELECTOR,
    )  # fmt: skip

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {}
        affinity = spec.get("sessionAffinity")
        if not affinity:
            affinity = changes["sessionAffinity"] = "None"
        if affinity == "ClientIP":
            config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
            if config.get("timeoutSeconds") is None:
                changes["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}
        kind = spec.get("type")
        if not kind:
            kind = changes["type"] = "ClusterIP"
        ports = spec.get("ports")
        if ports:
            new = [_default_port(port) for port in ports]
            if any(a is not b for a, b in zip(new, ports, strict=True)):
                changes["ports"] = new
        if externally_accessible({**spec, "type": kind}) and not spec.get("externalTrafficPolicy"):
            changes["externalTrafficPolicy"] = "Cluster"
        if spec.get("internalTrafficPolicy") is None and kind in ("NodePort", "LoadBalancer", "ClusterIP"):
            changes["internalTrafficPolicy"] = "Cluster"
        if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
            changes["allocateLoadBalancerNodePorts"] = True
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "spec": with_ip_families(_with_cluster_ips(obj["spec"])), "status": {"loadBalancer": {}}}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        spec = _patch_allocated(_in_step(dict(new["spec"]), old["spec"]), old["spec"])
        status = old.get("status", {"loadBalancer": {}})
        if old["spec"].get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
            status = {"loadBalancer": {}}
        return {**new, "spec": with_ip_families(_with_cluster_ips(spec)), "status": status}

    def validate(self, obj: Obj) -> Errors:
        return validate_service_spec(obj["spec"])

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return validate_service_update(new["spec"], old["spec"])

    def warnings(self, obj: Obj) -> list[str]:
        spec = obj["spec"]
        found = []
        if is_headless(spec) and spec.get("sessionAffinity") not in (None, "", "None"):
            found.append("spec.SessionAffinity is ignored for headless services")
        if is_headless(spec) and spec.get("loadBalancerIP"):
            found.append("spec.loadBalancerIP is ignored when the service is headless")
        if is_headless(spec) and spec.get("externalIPs"):
            found.append('spec.externalIPs is ignored when spec.clusterIP is "None"')
        return found

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec = obj.get("spec") or {}
        addresses = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
        return [
            obj["metadata"]["name"],
            spec.get("type") or "",
            addresses[0] if addresses else tables.NONE,
            _external_ip(spec, obj.get("status") or {}),
            _port_list(spec.get("ports") or []),
            tables.created(obj, now_us),
            format_labels(spec.get("selector")),
        ]

    def fields(self, obj: Obj) -> dict[str, str]:
        spec = obj.get("spec") or {}
        return {"spec.clusterIP": spec.get("clusterIP") or "", "spec.type": spec.get("type") or ""}


def _default_port(port: Obj) -> Obj:
    changes: Obj = {}
    if not port.get("protocol"):
        changes["protocol"] = "TCP"
    if not port.get("targetPort"):
        changes["targetPort"] = port.get("port", 0)
    return {**port, **changes} if changes else port


def _with_cluster_ips(spec: Obj) -> Obj:
    """Keeps the two spellings of the address in step. Follows normalizeClusterIPs."""
    if spec.get("type") == "ExternalName":
        return spec
    single, several = spec.get("clusterIP"), spec.get("clusterIPs")
    if single and not several:
        return {**spec, "clusterIPs": [single]}
    return spec


def _in_step(spec: Obj, old: Obj) -> Obj:
    """Follows a change of one spelling of the address in the other. Changes `spec`, which is the caller's own copy."""
    single, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    before, before_several = old.get("clusterIP") or "", old.get("clusterIPs") or []
    if single != before and several == before_several:
        spec["clusterIPs"] = [single, *several[1:]] if single else []
    elif single == before and several != before_several and not several:
        spec["clusterIP"] = ""
    return spec


def with_ip_families(spec: Obj) -> Obj:
    """Families and policy of a single-stack IPv4 cluster. Follows the allocator's initIPFamilyFields."""
    if spec.get("type") == "ExternalName":
        return spec
    changes: Obj = {}
    dual = is_headless(spec) and not spec.get("selector")
    if not spec.get("ipFamilies"):
        changes["ipFamilies"] = ["IPv4", "IPv6"] if dual and not spec.get("ipFamilyPolicy") else ["IPv4"]
    if not spec.get("ipFamilyPolicy"):
        changes["ipFamilyPolicy"] = "RequireDualStack" if dual else "SingleStack"
    return {**spec, **changes} if changes else spec


def _patch_allocated(spec: Obj, old: Obj) -> Obj:
    """What the server gave and an update leaves out stays. Changes `spec`, which is the caller's own copy.

    Follows patchAllocatedValues and dropTypeDependentFields.
    """
    kind, old_kind = spec.get("type"), old.get("type")
    if kind != "ExternalName" != old_kind:
        if not spec.get("clusterIP") and not spec.get("clusterIPs"):
            _keep(spec, old, ("clusterIP", "clusterIPs"))
        _keep(spec, old, ("ipFamilies", "ipFamilyPolicy"))
    elif kind == "ExternalName" != old_kind:
        _drop(spec, old, ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"))
    _patch_node_ports(spec, old)
    if needs_health_check(spec) and needs_health_check(old):
        _keep(spec, old, ("healthCheckNodePort",))
    if kind != "LoadBalancer" == old_kind:
        _drop(spec, old, ("allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"))
    if externally_accessible(old) and not externally_accessible(spec):
        _drop(spec, old, ("externalTrafficPolicy",))
    return spec


def _keep(spec: Obj, old: Obj, fields: tuple[str, ...]) -> None:
    for field in fields:
        if not spec.get(field) and field in old:
            spec[field] = old[field]


def _drop(spec: Obj, old: Obj, fields: tuple[str, ...]) -> None:
    """Removes fields that do not go with the new type, unless somebody has just set them."""
    for field in fields:
        if spec.get(field) == old.get(field):
            spec.pop(field, None)


def _patch_node_ports(spec: Obj, old: Obj) -> None:
    """Node ports are kept by port and protocol while the type has them, and dropped when it has not."""
    has = {"NodePort", "LoadBalancer"}
    kept = {(p.get("protocol"), p.get("port")): p.get("nodePort") for p in old.get("ports") or () if p.get("nodePort")}
    ports = []
    for port in spec.get("ports") or ():
        before = kept.get((port.get("protocol"), port.get("port")))
        if spec.get("type") in has and old.get("type") in has and not port.get("nodePort") and before:
            port = {**port, "nodePort": before}
        elif spec.get("type") not in has and old.get("type") in has and port.get("nodePort") in kept.values():
            port = {field: value for field, value in port.items() if field != "nodePort"}
        ports.append(port)
    if ports:
        spec["ports"] = ports


def _external_ip(spec: Obj, status: Obj) -> str:
    kind, external = spec.get("type"), spec.get("externalIPs") or []
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(external) or tables.NONE
    if kind == "LoadBalancer":
        ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
        shown = ",".join(sorted({i.get("ip") or i.get("hostname") or "" for i in ingress} - {""}))
        if external:
            return ",".join([*([shown] if shown else []), *external])
        return shown or "<pending>"
    if kind == "ExternalName":
        return spec.get("externalName") or ""
    return tables.UNKNOWN


def _port_list(ports: list[Obj]) -> str:
    shown = []
    for port in ports:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node_port}/{port.get('protocol')}")
    return ",".join(shown) or tables.NONE
