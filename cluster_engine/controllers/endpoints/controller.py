"""Follows pkg/controller/endpoint/endpoints_controller.go."""

from __future__ import annotations

from functools import partial
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, labels_of, split_key
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common import endpoint_pods
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.trace import Cause

MAX_ADDRESSES = 1000
# The fields of some ports, in a form that can be a key.
Ports = tuple[tuple[tuple[str, Any], ...], ...]
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


class EndpointsController(Controller):
    """One key is one Service."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("endpoint-controller", context)
        self.services = self.enqueue_on("services")
        self.endpoints = self.informer("endpoints")
        self.pods = self.informer("pods")
        self.pods.add_handler(self._on_pod)
        self.triggers = endpoint_pods.TriggerTimes()

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        for key in endpoint_pods.touched_services(self.services, type_, pod, old):
            self.queue.add_after(key, endpoint_pods.BATCH_SECONDS, cause)

    def sync(self, key: str) -> None:
        namespace, name = split_key(key)
        service = self.services.get(key)
        if service is None:
            self.triggers.forget(key)
            self._delete(namespace, name)
            return
        if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            # Somebody else says what stands behind it.
            return
        pods = endpoint_pods.selected_pods(self.pods, service)
        trigger = self.triggers.compute(service, pods)
        self._write(service, key, subsets_of(service, pods), trigger)

    def _delete(self, namespace: str, name: str) -> None:
        if self.endpoints.get(f"{namespace}/{name}") is None:
            return
        try:
            self.client.delete("endpoints", name, namespace)
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    def _write(self, service: Obj, key: str, subsets: list[Obj], trigger: str) -> None:
        current = self.endpoints.get(key)
        wanted = endpoint_pods.wanted_labels(service)
        annotations = dict(annotations_of(current)) if current is not None else {}
        over = (
            sum(len(s.get("addresses") or ()) + len(s.get("notReadyAddresses") or ()) for s in subsets) > MAX_ADDRESSES
        )
        if over:
            subsets = _truncated(subsets)
        if current is not None and (
            current.get("subsets", []) == subsets
            and labels_of(current) == wanted
            and (annotations.get(OVER_CAPACITY) == "truncated") == over
        ):
            return
        annotations.pop(OVER_CAPACITY, None)
        annotations.pop(endpoint_pods.TRIGGER_ANNOTATION, None)
        if trigger:
            annotations[endpoint_pods.TRIGGER_ANNOTATION] = trigger
        if over:
            annotations[OVER_CAPACITY] = "truncated"
        meta: dict[str, Any] = (
            dict(current["metadata"])
            if current is not None
            else {
                "name": service["metadata"]["name"],
                "namespace": service["metadata"]["namespace"],
            }
        )
        for field, value in (("labels", wanted), ("annotations", annotations)):
            meta.pop(field, None)
            if value:
                meta[field] = value
        obj: Obj = {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta}
        if subsets:
            obj["subsets"] = subsets
        ready = sum(len(s.get("addresses") or ()) for s in subsets)
        self.trace.note(f"{key}: {ready} ready addresses in {len(subsets)} subsets")
        if current is None:
            self.client.create("endpoints", obj)
        else:
            self.client.update("endpoints", obj)


def subsets_of(service: Obj, pods: list[Obj]) -> list[Obj]:
    """Addresses grouped by the ports that they have, ready and not ready. Follows syncService and RepackSubsets."""
    publish_all = bool(service["spec"].get("publishNotReadyAddresses"))
    headless = endpoint_pods.is_headless(service)
    groups: dict[Ports, tuple[list[Obj], list[Obj]]] = {}
    for pod in pods:
        if not endpoint_pods.belongs(pod, publish_all):
            continue
        address = _address(pod, endpoint_pods.hostname_of(pod, service) if headless else "")
        ready = publish_all or is_pod_ready(pod)
        for ports in _port_sets(service, pod, headless):
            group = groups.setdefault(ports, ([], []))
            group[0 if ready else 1].append(address)
    subsets = []
    for key, (ready_list, waiting) in _repacked(groups).items():
        subset: Obj = {}
        if ready_list:
            subset["addresses"] = sorted(ready_list, key=_by_ip)
        if waiting:
            subset["notReadyAddresses"] = sorted(waiting, key=_by_ip)
        if key:
            by_hash = partial(endpoint_pods.port_hash, pointers=False)
            subset["ports"] = sorted((dict(port) for port in key), key=by_hash)
        subsets.append(subset)
    return subsets


def _port_sets(service: Obj, pod: Obj, headless: bool) -> list[Ports]:
    """The single ports of a pod that the Service offers; one empty set for a headless Service without ports."""
    service_ports = service["spec"].get("ports") or ()
    if not service_ports:
        return [()] if headless else []
    found: list[Ports] = []
    for service_port in service_ports:
        number = endpoint_pods.find_port(pod, service_port)
        if number is None:
            continue
        port = {"name": service_port.get("name"), "port": number, "protocol": service_port.get("protocol", "TCP")}
        port["appProtocol"] = service_port.get("appProtocol")
        found.append((tuple((field, value) for field, value in port.items() if value),))
    return found


def _repacked(
    groups: dict[Ports, tuple[list[Obj], list[Obj]]],
) -> dict[Ports, tuple[list[Obj], list[Obj]]]:
    """Joins the ports of equal sets of addresses, so that each address is listed once with all of its ports."""
    if len(groups) == 1:
        return groups
    by_address: dict[tuple[str, bool], tuple[Obj, list[Any]]] = {}
    for ports, (ready, waiting) in groups.items():
        for is_ready, addresses in ((True, ready), (False, waiting)):
            for address in addresses:
                entry = by_address.setdefault((address["targetRef"]["uid"], is_ready), (address, []))
                entry[1].extend(ports)
    joined: dict[Ports, tuple[list[Obj], list[Obj]]] = {}
    for (_, is_ready), (address, ports_of_address) in by_address.items():
        group = joined.setdefault(tuple(ports_of_address), ([], []))
        group[0 if is_ready else 1].append(address)
    return joined


def _address(pod: Obj, hostname: str) -> Obj:
    meta = pod["metadata"]
    address: Obj = {"hostname": hostname} if hostname else {}
    address["ip"] = pod["status"]["podIP"]
    if pod["spec"].get("nodeName"):
        address["nodeName"] = pod["spec"]["nodeName"]
    address["targetRef"] = {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}
    return address


def _by_ip(address: Obj) -> tuple[tuple[int, ...], str]:
    return tuple(map(int, address["ip"].split("."))), address["targetRef"]["uid"]


def _truncated(subsets: list[Obj]) -> list[Obj]:
    """At most a thousand addresses, ready ones first. Follows truncateEndpoints."""
    left = MAX_ADDRESSES
    kept: list[Obj] = [dict(subset) for subset in subsets]
    for field in ("addresses", "notReadyAddresses"):
        for subset in kept:
            if field in subset:
                subset[field] = subset[field][:left]
                left -= len(subset[field])
                if not subset[field]:
                    del subset[field]
    return [subset for subset in kept if "addresses" in subset or "notReadyAddresses" in subset]
