"""Packs endpoints into slices with as few changes as can be. Follows k8s.io/endpointslice/reconciler.go."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, deleting, dig
from cluster_engine.controllers.common import endpoint_pods
from cluster_engine.controllers.common.pods import is_pod_ready

MAX_ENDPOINTS = 100
ZONE = "topology.kubernetes.io/zone"


@dataclass(slots=True)
class Slice:
    """What one slice should hold. `name` is "" for one that has to be made."""

    name: str
    ports: list[Obj]
    endpoints: list[Obj] = field(default_factory=list)


def ports_of(service: Obj, pod: Obj) -> list[Obj] | None:
    """The pod's ports behind the Service, in the order of slices; None where the pod offers none of them."""
    service_ports = service["spec"].get("ports") or ()
    if not service_ports:
        return [] if endpoint_pods.is_headless(service) else None
    found = []
    for service_port in service_ports:
        number = endpoint_pods.find_port(pod, service_port)
        if number is None:
            continue
        port = {"name": service_port.get("name", ""), "port": number, "protocol": service_port.get("protocol", "TCP")}
        if service_port.get("appProtocol"):
            port["appProtocol"] = service_port["appProtocol"]
        found.append(port)
    return sorted(found, key=lambda port: endpoint_pods.port_hash(port, pointers=True))


def endpoint_of(pod: Obj, service: Obj, node: Obj | None) -> Obj:
    """One pod as an endpoint. Follows podToEndpoint."""
    meta, spec = pod["metadata"], pod["spec"]
    serving, terminating = is_pod_ready(pod), deleting(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    endpoint: Obj = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
    }
    hostname = endpoint_pods.hostname_of(pod, service)
    if hostname:
        endpoint["hostname"] = hostname
    if spec.get("nodeName"):
        endpoint["nodeName"] = spec["nodeName"]
    endpoint["targetRef"] = {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}
    zone = dig(node, "metadata", "labels", ZONE)
    if zone:
        endpoint["zone"] = zone
    return endpoint


def pack(groups: list[tuple[list[Obj], list[Obj]]], present: list[Obj]) -> list[Slice]:
    """The slices that should be: endpoints stay in the slice they are in, new ones fill the fullest, the rest is added.

    Slices that are left over are used again for what is added; those that are not in the result are to be deleted. A
    Service without endpoints keeps one empty slice.
    """
    slices: list[Slice] = []
    for ports, endpoints in groups:
        slices += _pack_group(ports, endpoints, [s for s in present if (s.get("ports") or []) == ports])
    slices = slices or [Slice("", [], [])]
    used = {slice_.name for slice_ in slices}
    left = [s["metadata"]["name"] for s in present if s["metadata"]["name"] not in used]
    for slice_ in slices:
        if not slice_.name and left:
            slice_.name = left.pop(0)
    return slices


def _pack_group(ports: list[Obj], endpoints: list[Obj], present: list[Obj]) -> list[Slice]:
    new = {endpoint["targetRef"]["uid"]: endpoint for endpoint in endpoints}
    kept = []
    for old in present:
        slice_ = Slice(old["metadata"]["name"], ports)
        for endpoint in old.get("endpoints") or ():
            replacement = new.pop(dig(endpoint, "targetRef", "uid", default=""), None)
            if replacement is not None:
                slice_.endpoints.append(replacement)
        if slice_.endpoints:
            kept.append(slice_)
    waiting = list(new.values())
    for slice_ in sorted(kept, key=lambda s: -len(s.endpoints)):
        room = MAX_ENDPOINTS - len(slice_.endpoints)
        slice_.endpoints += waiting[:room]
        waiting = waiting[room:]
    kept += [
        Slice("", ports, waiting[start : start + MAX_ENDPOINTS]) for start in range(0, len(waiting), MAX_ENDPOINTS)
    ]
    return kept
