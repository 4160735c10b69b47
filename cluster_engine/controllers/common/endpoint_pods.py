"""Which pods stand behind a Service, and which ports: what both endpoint controllers need.

Follows pkg/controller/util/endpoint and k8s.io/endpointslice/util.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.meta import Obj, deleting, key_of, labels_of
from cluster_engine.client.informer import EventType, Informer
from cluster_engine.controllers.common.pods import is_pod_ready, phase_of, ready_condition

HEADLESS_LABEL = "service.kubernetes.io/headless"
TRIGGER_ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time"
# The real controllers work at once and are slowed down by their rate limits; this is `--endpoint-updates-batch-period`.
# Pods that become ready together are written together, instead of one write of the whole list for each of them.
BATCH_SECONDS = 0.3


def selected_pods(pods: Informer, service: Obj) -> list[Obj]:
    """The pods of the Service's namespace that its selector chooses, by name."""
    selector = labels.from_map(service["spec"]["selector"])
    namespace = service["metadata"]["namespace"]
    found = [pod for pod in pods.by_index("namespace", namespace) if selector.matches(labels_of(pod))]
    return sorted(found, key=lambda pod: pod["metadata"]["name"])


def services_of(services: Informer, pod: Obj) -> list[str]:
    """The keys of the Services that select the pod."""
    own = labels_of(pod)
    found = []
    for service in services.by_index("namespace", pod["metadata"].get("namespace", "")):
        selector = service["spec"].get("selector")
        if selector and all(own.get(key) == value for key, value in selector.items()):
            found.append(key_of(service))
    return found


def touched_services(services: Informer, type_: EventType, pod: Obj, old: Obj | None) -> list[str]:
    """The Services whose endpoints a pod event may change; none when it changes nothing that endpoints show."""
    if not len(services) or (type_ == "MODIFIED" and old is not None and not endpoints_differ(old, pod)):
        return []
    found = services_of(services, pod)
    if old is not None and labels_of(old) != labels_of(pod):
        found += [key for key in services_of(services, old) if key not in found]
    return found


def endpoints_differ(old: Obj, new: Obj) -> bool:
    """Whether a pod's change shows in endpoints. Follows podEndpointsChanged."""
    before, after = old.get("status") or {}, new.get("status") or {}
    return (
        labels_of(old) != labels_of(new)
        or deleting(old) != deleting(new)
        or before.get("podIP") != after.get("podIP")
        or old["spec"].get("nodeName") != new["spec"].get("nodeName")
        or phase_of(old) != phase_of(new)
        or is_pod_ready(old) != is_pod_ready(new)
    )


def belongs(pod: Obj, include_terminating: bool) -> bool:
    """Whether a pod is in the endpoints at all: it has an address, has not ended, and is not going away."""
    if phase_of(pod) in ("Succeeded", "Failed") or not (pod.get("status") or {}).get("podIP"):
        return False
    return include_terminating or not deleting(pod)


def hostname_of(pod: Obj, service: Obj) -> str:
    """The name under which a headless Service knows the pod, or ""."""
    spec = pod["spec"]
    return spec.get("hostname", "") if spec.get("subdomain") == service["metadata"]["name"] else ""


def find_port(pod: Obj, service_port: Obj) -> int | None:
    """The pod's port behind a Service port; None where the pod has no port of that name."""
    target = service_port.get("targetPort", service_port.get("port"))
    if isinstance(target, int):
        return target or service_port["port"]
    for container in (*pod["spec"]["containers"], *_sidecars(pod)):
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == service_port.get("protocol", "TCP"):
                return int(port["containerPort"])
    return None


def _sidecars(pod: Obj) -> Iterable[Obj]:
    return [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]


def is_headless(service: Obj) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def wanted_labels(service: Obj, **others: str) -> dict[str, str]:
    """The Service's labels, the headless mark where it is due, and `others`."""
    wanted = {key: value for key, value in labels_of(service).items() if key != HEADLESS_LABEL}
    if is_headless(service):
        wanted[HEADLESS_LABEL] = ""
    return {**wanted, **others}


def port_hash(port: Obj, *, pointers: bool) -> str:
    """By what ports are ordered: the MD5 of how Go prints the port. `pointers` is the form of EndpointSlices."""
    star = "*" if pointers else ""
    app = port.get("appProtocol")
    shown_app = f"(*string){app}" if app else "(*string)<nil>"
    name = f"Name:({star}string){port.get('name', '')}"
    number = f"Port:({star}int32){port['port']}"
    protocol = f"Protocol:({star}v1.Protocol){port['protocol']}"
    middle = f"{protocol} {number}" if pointers else f"{number} {protocol}"
    text = f"(v1.EndpointPort){{{name} {middle} AppProtocol:{shown_app}}}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class TriggerTimes:
    """When the change happened that a write of endpoints shows.

    Follows k8s.io/endpointslice/trigger_time_tracker.go.
    """

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, str]] = {}
        self._services: dict[str, str] = {}

    def compute(self, service: Obj, pods: list[Obj]) -> str:
        """The earliest change since the last call, an RFC 3339 time; "" when there is none."""
        key = key_of(service)
        first = key not in self._services
        before = self._pods.get(key, {})
        times = {pod["metadata"]["name"]: _trigger_time(pod) for pod in pods}
        changed = [time for name, time in times.items() if time and time > before.get(name, "")]
        created = service["metadata"]["creationTimestamp"]
        if created > self._services.get(key, ""):
            changed.append(created)
        self._pods[key], self._services[key] = times, created
        return created if first else min(changed, default="")

    def forget(self, key: str) -> None:
        self._pods.pop(key, None)
        self._services.pop(key, None)


def _trigger_time(pod: Obj) -> str:
    condition = ready_condition(pod)
    since = condition.get("lastTransitionTime") if condition else None
    return since or pod["metadata"].get("creationTimestamp") or ""
