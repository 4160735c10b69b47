"""Ingresses and their classes. Follows IngressDescriber and IngressClassDescriber."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.describe.service import endpoints_of
from cluster_engine.kubectl.describe.writer import NONE, Writer
from cluster_engine.kubectl.factory import Factory


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec = obj["metadata"], obj.get("spec") or {}
    writer.field("Name", meta["name"])
    writer.labels("Labels", meta.get("labels"))
    writer.field("Namespace", meta["namespace"])
    addresses = dig(obj, "status", "loadBalancer", "ingress", default=[])
    shown = list(dict.fromkeys(one.get("ip") or one.get("hostname", "") for one in addresses))
    writer.field("Address", ",".join(sorted(shown)))
    writer.field("Ingress Class", spec.get("ingressClassName", NONE))
    default = spec.get("defaultBackend")
    backend = "<default>" if default is None else _backend(factory, meta["namespace"], default)
    writer.field("Default backend", backend)
    if spec.get("tls"):
        writer.line(0, "TLS:")
        for one in spec["tls"]:
            hosts = ",".join(one.get("hosts") or ())
            secret = one.get("secretName")
            writer.line(1, f"{secret} terminates {hosts}" if secret else f"SNI routes {hosts}")
    writer.line(0, "Rules:")
    writer.line(1, "Host", "Path", "Backends")
    writer.line(1, "----", "----", "--------")
    rules = [rule for rule in spec.get("rules") or () if rule.get("http")]
    for rule in rules:
        writer.line(1, rule.get("host") or "*", "")
        for path in rule["http"].get("paths") or ():
            cell = _backend(factory, meta["namespace"], path.get("backend") or {})
            writer.line(2, "", f"{path.get('path', '')} ", cell)
    if not rules:
        writer.line(1, "*", "*", backend)
    writer.annotations("Annotations", meta.get("annotations"))


def _backend(factory: Factory, namespace: str, backend: Obj) -> str:
    """Where a path leads, with the addresses that are behind it."""
    service = backend.get("service")
    if service is None:
        resource = backend.get("resource")
        if resource is None:
            return ""
        group = resource.get("apiGroup", NONE)
        return f"APIGroup: {group}, Kind: {resource.get('kind')}, Name: {resource.get('name')}"
    port = service.get("port") or {}
    shown = f"{service['name']}:{port.get('number') or port.get('name', '')}"
    try:
        found = factory.get(factory.mapper.resource("services"), namespace, service["name"])
    except ApiError as error:
        return f"{shown} (<error: {error.message}>)"
    name = ""
    for one in found["spec"].get("ports") or ():
        if one["port"] == port.get("number") or (port.get("name") and one.get("name") == port["name"]):
            name = one.get("name", "")
    slices = factory.list(
        "endpointslices.discovery.k8s.io", namespace, label_selector=f"kubernetes.io/service-name={service['name']}"
    )
    return f"{shown} ({endpoints_of(slices, name)})"


def describe_class(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj, namespaced=False)
    spec = obj.get("spec") or {}
    writer.field("Controller", spec.get("controller", ""))
    parameters = spec.get("parameters")
    if parameters:
        writer.line(0, "Parameters:")
        for title, field in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")):
            if field in parameters:
                writer.field(title, parameters[field], 1)
