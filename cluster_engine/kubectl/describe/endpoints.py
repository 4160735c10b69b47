"""Endpoints and EndpointSlices. Follows describeEndpoints and describeEndpointSliceV1."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe.writer import NONE, Writer
from cluster_engine.kubectl.factory import Factory

_UNSET = "<unset>"


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj)
    writer.line(0, "Subsets:")
    for subset in obj.get("subsets") or ():
        for title, field in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            writer.field(title, ",".join(one["ip"] for one in subset.get(field) or ()) or NONE, 1)
        if subset.get("ports"):
            writer.line(1, "Ports:")
            rows = ((port.get("name") or _UNSET, port["port"], port.get("protocol", "TCP")) for port in subset["ports"])
            writer.table(2, ("Name", "Port", "Protocol"), rows)
        writer.line(0)


def describe_slice(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj)
    writer.field("AddressType", obj.get("addressType", ""))
    if obj.get("ports"):
        writer.line(0, "Ports:")
        rows = (
            (port.get("name") or _UNSET, port.get("port", _UNSET), port.get("protocol", "TCP")) for port in obj["ports"]
        )
        writer.table(1, ("Name", "Port", "Protocol"), rows)
    else:
        writer.line(0, "Ports: <unset>")
    if not obj.get("endpoints"):
        writer.line(0, "Endpoints: <none>")
        return
    writer.line(0, "Endpoints:")
    for endpoint in obj["endpoints"]:
        writer.field("- Addresses", ", ".join(endpoint.get("addresses") or ()) or NONE, 1)
        writer.line(2, "Conditions:")
        ready = (endpoint.get("conditions") or {}).get("ready")
        writer.field("Ready", _UNSET if ready is None else str(ready).lower(), 3)
        writer.field("Hostname", endpoint.get("hostname", _UNSET), 2)
        if endpoint.get("targetRef"):
            writer.field("TargetRef", f"{endpoint['targetRef'].get('kind')}/{endpoint['targetRef'].get('name')}", 2)
        writer.field("NodeName", endpoint.get("nodeName", _UNSET), 2)
        writer.field("Zone", endpoint.get("zone", _UNSET), 2)
