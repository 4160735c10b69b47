"""Which pod and which container a line means. Follows polymorphichelpers and pkg/cmd/util/podcmd."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.meta import Obj, annotations_of, condition_is, deleting, dig
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Wait

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_FIELDS = ("containers", "initContainers", "ephemeralContainers")
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
# How pods are ordered: the first one is taken.
Order = Callable[[Obj], Any]


def named(word: str) -> str:
    """`web-0` as `pods/web-0`; `deploy/web` as it is."""
    return word if "/" in word else f"pods/{word}"


def find_container(pod: Obj, name: str) -> tuple[Obj, str] | None:
    """(the container, the path of its field, e.g. `spec.containers{nginx}`), or None."""
    for field in _FIELDS:
        for container in pod["spec"].get(field) or ():
            if container["name"] == name:
                return container, f"spec.{field}{{{name}}}"
    return None


def all_names(pod: Obj) -> str:
    spec = pod["spec"]
    names = [container["name"] for container in spec.get("containers") or ()]
    names += [f"{container['name']} (ephem)" for container in spec.get("ephemeralContainers") or ()]
    names += [f"{container['name']} (init)" for container in spec.get("initContainers") or ()]
    return ", ".join(names)


def has_several(pod: Obj) -> bool:
    spec = pod["spec"]
    return len(spec["containers"]) > 1 or bool(spec.get("initContainers")) or bool(spec.get("ephemeralContainers"))


def container_for(factory: Factory, pod: Obj, name: str, *, quiet: bool) -> str:
    """The container's name: as given, else as the pod says, else the first, which is told. Raises CommandError."""
    if name:
        # Whether there is such a container is the server's to say.
        return name
    name = annotations_of(pod).get(DEFAULT_CONTAINER, "")
    if name:
        if find_container(pod, name) is None:
            raise CommandError(
                f"container {name} is not valid for pod {pod['metadata']['name']} out of: {all_names(pod)}"
            )
        return name
    first: str = pod["spec"]["containers"][0]["name"]
    if not quiet and has_several(pod):
        factory.err.line(f'Defaulted container "{first}" out of: {all_names(pod)}')
    return first


def selector_of(obj: Obj) -> str:
    """The selector of an object's pods. Raises CommandError for a kind that has none."""
    spec = obj.get("spec") or {}
    if obj["kind"] in ("ReplicationController", "Service"):
        if not spec.get("selector"):
            name = obj["metadata"]["name"]
            raise CommandError(f"invalid service '{name}': Service is defined without a selector")
        return ",".join(f"{key}={value}" for key, value in sorted(spec["selector"].items()))
    if obj["kind"] in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"):
        return labels.selector_text(spec.get("selector"))
    raise CommandError(f"selector for *{obj['apiVersion'].rpartition('/')[2]}.{obj['kind']} not implemented")


def pods_of(factory: Factory, obj: Obj, timeout_seconds: float, order: Order) -> Generator[Wait, None, list[Obj]]:
    """The pods of a workload in that order; waits for the first one. Raises CommandError when the time is over."""
    selector = selector_of(obj)
    namespace = obj["metadata"]["namespace"]
    deadline_us = factory.deadline_us(timeout_seconds)
    watch = None
    try:
        while True:
            pods = factory.list("pods", namespace, label_selector=selector)
            if pods:
                return sorted(pods, key=order)
            if factory.now_us >= deadline_us:
                raise CommandError("timed out waiting for the condition")
            if watch is None:
                watch = factory.request("watch", factory.mapper.resource("pods"), namespace, label_selector=selector)
            while watch.pop() is not None:
                pass
            yield Wait(watches=(watch,), deadline_us=deadline_us)
    finally:
        if watch is not None:
            watch.stop()


def by_logging(pod: Obj) -> tuple[Any, ...]:
    """The most interesting log first: assigned, running, ready, ready for longest, restarted most, created last."""
    return (*_state(pod), _ready_since(pod), -_restarts(pod), -_created(pod))


def by_activity(pod: Obj) -> tuple[Any, ...]:
    """The pod that works best first: assigned, running, ready, ready for longest, restarted least, created first."""
    return (*_state(pod), _ready_since(pod), _restarts(pod), _created(pod))


def _state(pod: Obj) -> tuple[Any, ...]:
    return (
        not pod["spec"].get("nodeName"),
        -_PHASES.get(dig(pod, "status", "phase", default=""), 0),
        not condition_is(pod, "Ready"),
        deleting(pod),
    )


def _ready_since(pod: Obj) -> int:
    for condition in dig(pod, "status", "conditions", default=()):
        if condition["type"] == "Ready" and condition["status"] == "True":
            stamp = condition.get("lastTransitionTime")
            return parse_time(stamp) if stamp else 0
    return 0


def _restarts(pod: Obj) -> int:
    return max((one.get("restartCount", 0) for one in dig(pod, "status", "containerStatuses", default=())), default=0)


def _created(pod: Obj) -> int:
    stamp = pod["metadata"].get("creationTimestamp")
    return parse_time(stamp) if stamp else 0
