"""What a Service is given when it is made or changed: addresses and node ports.

Follows pkg/registry/core/service/storage/alloc.go.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.allocators import NODE_PORTS
from cluster_engine.apiserver.context import ServerContext


def allocate(server: ServerContext, service: Obj, old: Obj | None = None) -> Obj:
    """A Service with its addresses and node ports; Invalid when it asks for one that it cannot have."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return service
    spec = _with_cluster_ip(server, service, spec, (old or {}).get("spec", {}))
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        spec = _with_node_ports(server, service, spec, (old or {}).get("spec", {}))
    return service if spec is service["spec"] else {**service, "spec": spec}


def _with_cluster_ip(server: ServerContext, service: Obj, spec: Obj, old_spec: Obj) -> Obj:
    asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or []), "")
    if not asked and old_spec.get("clusterIP"):
        asked = old_spec["clusterIP"]
    elif not asked:
        asked = server.services.cluster_ip(service)
    elif asked != "None" and asked != old_spec.get("clusterIP"):
        fault = server.services.check_cluster_ip(service, asked)
        if fault is not None:
            raise errors.invalid("Service", "", service["metadata"]["name"], [fault])
    if spec.get("clusterIP") == asked and spec.get("clusterIPs"):
        return spec
    return {**spec, "clusterIP": asked, "clusterIPs": spec.get("clusterIPs") or [asked]}


def _with_node_ports(server: ServerContext, service: Obj, spec: Obj, old_spec: Obj) -> Obj:
    own = {port["nodePort"] for port in old_spec.get("ports") or () if port.get("nodePort")}
    taken = server.services.node_ports() - own
    before = {(p.get("name"), p.get("port")): p.get("nodePort") for p in old_spec.get("ports") or ()}
    ports: list[Any] = []
    for index, port in enumerate(spec.get("ports") or ()):
        wanted = port.get("nodePort") or before.get((port.get("name"), port.get("port")))
        if not wanted:
            wanted = server.services.free_node_port(taken | own)
        elif wanted not in NODE_PORTS:
            detail = (
                f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            )
            raise _bad_port(service, index, wanted, detail)
        elif wanted in taken:
            raise _bad_port(service, index, wanted, "provided port is already allocated")
        taken.add(wanted)
        ports.append(port if port.get("nodePort") == wanted else {**port, "nodePort": wanted})
    return {**spec, "ports": ports}


def _bad_port(service: Obj, index: int, port: int, detail: str) -> errors.ApiError:
    fault = errors.invalid_value(f"spec.ports[{index}].nodePort", port, detail)
    return errors.invalid("Service", "", service["metadata"]["name"], [fault])
