"""Follows pkg/controller/endpointslice/endpointslice_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, labels_of, owner_reference, with_meta
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common import endpoint_pods
from cluster_engine.controllers.endpointslice.reconciler import Slice, endpoint_of, pack, ports_of
from cluster_engine.trace import Cause

RESOURCE = "endpointslices.discovery.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER_NAME = "endpointslice-controller.k8s.io"
BY_SERVICE = "service"


def _service_of(slice_: Obj) -> list[str]:
    own = labels_of(slice_)
    if own.get(MANAGED_BY) != CONTROLLER_NAME:
        return []
    return [f"{slice_['metadata'].get('namespace', '')}/{own.get(SERVICE_NAME, '')}"]


class EndpointSliceController(Controller):
    """One key is one Service."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("endpointslice-controller", context)
        self.services = self.enqueue_on("services")
        self.slices = self.informer(RESOURCE)
        self.slices.add_index(BY_SERVICE, _service_of)
        self.nodes = self.informer("nodes")
        self.pods = self.informer("pods")
        self.pods.add_handler(self._on_pod)
        self.triggers = endpoint_pods.TriggerTimes()

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        for key in endpoint_pods.touched_services(self.services, type_, pod, old):
            self.queue.add_after(key, endpoint_pods.BATCH_SECONDS, cause)

    def sync(self, key: str) -> None:
        service = self.services.get(key)
        if service is None or service["spec"].get("type") == "ExternalName":
            # The garbage collector takes the slices of a Service that is gone.
            self.triggers.forget(key)
            return
        if not service["spec"].get("selector") or service["metadata"].get("deletionTimestamp"):
            return
        pods = endpoint_pods.selected_pods(self.pods, service)
        trigger = self.triggers.compute(service, pods)
        by_ports: dict[str, tuple[list[Obj], list[Obj]]] = {}
        for pod in pods:
            if not endpoint_pods.belongs(pod, include_terminating=True):
                continue
            ports = ports_of(service, pod)
            if ports is None:
                continue
            endpoint = endpoint_of(pod, service, self.nodes.get(pod["spec"].get("nodeName", "")))
            by_ports.setdefault(repr(ports), (ports, []))[1].append(endpoint)
        present = self.slices.by_index(BY_SERVICE, key)
        self._apply(service, key, pack(list(by_ports.values()), present), present, trigger)

    def _apply(self, service: Obj, key: str, wanted: list[Slice], present: list[Obj], trigger: str) -> None:
        by_name = {slice_["metadata"]["name"]: slice_ for slice_ in present}
        labels = endpoint_pods.wanted_labels(
            service, **{MANAGED_BY: CONTROLLER_NAME, SERVICE_NAME: service["metadata"]["name"]}
        )
        writes = 0
        for slice_ in wanted:
            old = by_name.pop(slice_.name, None) if slice_.name else None
            if old is None:
                self.client.create(RESOURCE, _new_slice(service, slice_, labels, trigger))
                writes += 1
            elif (old.get("endpoints") or [], old.get("ports") or [], labels_of(old)) != (
                slice_.endpoints,
                slice_.ports,
                labels,
            ):
                self.client.update(RESOURCE, _changed_slice(old, slice_, labels, trigger))
                writes += 1
        for name in by_name:
            self._delete(service["metadata"]["namespace"], name)
            writes += 1
        if writes:
            count = sum(len(slice_.endpoints) for slice_ in wanted)
            self.trace.note(f"{key}: {count} endpoints in {len(wanted)} slices, {writes} writes")

    def _delete(self, namespace: str, name: str) -> None:
        try:
            self.client.delete(RESOURCE, name, namespace)
        except ApiError as error:
            if error.reason != "NotFound":
                raise


def _new_slice(service: Obj, slice_: Slice, labels: dict[str, str], trigger: str) -> Obj:
    meta: Obj = {
        "generateName": f"{service['metadata']['name']}-",
        "namespace": service["metadata"]["namespace"],
        "labels": labels,
        "ownerReferences": [owner_reference(service)],
    }
    if trigger:
        meta["annotations"] = {endpoint_pods.TRIGGER_ANNOTATION: trigger}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": meta,
        "endpoints": slice_.endpoints,
        "ports": slice_.ports,
    }


def _changed_slice(old: Obj, slice_: Slice, labels: dict[str, str], trigger: str) -> Obj:
    annotations = {**annotations_of(old), endpoint_pods.TRIGGER_ANNOTATION: trigger}
    if not trigger:
        del annotations[endpoint_pods.TRIGGER_ANNOTATION]
    meta = {field: value for field, value in old["metadata"].items() if field != "annotations"}
    changes: Obj = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    return {**with_meta({**old, "metadata": meta}, **changes), "endpoints": slice_.endpoints, "ports": slice_.ports}
