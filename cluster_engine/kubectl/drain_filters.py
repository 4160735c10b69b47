"""Which pods of a node `drain` may take away. Follows k8s.io/kubectl/pkg/drain/filters.go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, controller_of, dig, namespace_of
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import Aggregate, CommandError
from cluster_engine.kubectl.resource.builder import is_not_found

MIRROR = "kubernetes.io/config.mirror"
_DAEMON_SET_FATAL = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"
_DAEMON_SET_WARNING = "ignoring DaemonSet-managed Pods"
_STORAGE_FATAL = "Pods with local storage (use --delete-emptydir-data to override)"
_STORAGE_WARNING = "deleting Pods with local storage"
_UNMANAGED_FATAL = "Pods that declare no controller (use --force to override)"
_UNMANAGED_WARNING = "deleting Pods that declare no controller"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a pod, and why."""

    goes: bool
    kind: Literal["", "warning", "error"] = ""
    text: str = ""


_GOES = Verdict(True)


@dataclass(slots=True)
class Found:
    """The pods of a node with their verdicts."""

    items: list[tuple[Obj, Verdict]] = field(default_factory=list)

    def pods(self) -> list[Obj]:
        return [pod for pod, verdict in self.items if verdict.goes]

    def warnings(self) -> str:
        return "; ".join(f"{text}: {', '.join(names)}" for text, names in self._grouped("warning").items())

    def raise_errors(self) -> None:
        grouped = self._grouped("error")
        if grouped:
            raise Aggregate(
                [CommandError(f"cannot delete {text}: {', '.join(names)}") for text, names in grouped.items()]
            )

    def _grouped(self, kind: str) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for pod, verdict in self.items:
            if verdict.kind == kind:
                groups.setdefault(verdict.text, []).append(f"{namespace_of(pod)}/{pod['metadata']['name']}")
        return groups


def pods_of(call: Invocation, node: str) -> Found:
    """The pods of a node, judged."""
    pods = call.factory.list(
        "pods", label_selector=call.flags.string("pod-selector"), field_selector=f"spec.nodeName={node}"
    )
    return Found([(pod, _verdict(call, pod)) for pod in pods])


def _verdict(call: Invocation, pod: Obj) -> Verdict:
    """The last filter's word counts, but for one that keeps the pod."""
    verdict = _GOES
    for judge in (_long_deleted, _daemon_set, _mirror, _local_storage, _unmanaged):
        verdict = judge(call, pod)
        if not verdict.goes:
            return verdict
    return verdict


def _long_deleted(call: Invocation, pod: Obj) -> Verdict:
    seconds, stamp = call.flags.number("skip-wait-for-delete-timeout"), pod["metadata"].get("deletionTimestamp")
    if seconds > 0 and stamp and (call.factory.now_us - parse_time(stamp)) // SECOND_US > seconds:
        return Verdict(False)
    return _GOES


def _finished(pod: Obj) -> bool:
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


def _daemon_set(call: Invocation, pod: Obj) -> Verdict:
    owner = controller_of(pod)
    if owner is None or (owner["kind"], owner["apiVersion"]) != ("DaemonSet", "apps/v1") or _finished(pod):
        return _GOES
    resource = call.factory.mapper.get("daemonsets.apps")
    try:
        if resource is not None:
            call.factory.get(resource, namespace_of(pod), owner["name"])
    except ApiError as error:
        if is_not_found(error) and call.flags.on("force"):
            return Verdict(True, "warning", error.message)
        return Verdict(False, "error", error.message)
    if not call.flags.on("ignore-daemonsets"):
        return Verdict(False, "error", _DAEMON_SET_FATAL)
    return Verdict(False, "warning", _DAEMON_SET_WARNING)


def _mirror(_: Invocation, pod: Obj) -> Verdict:
    return Verdict(False) if MIRROR in annotations_of(pod) else _GOES


def _local_storage(call: Invocation, pod: Obj) -> Verdict:
    if _finished(pod) or all(volume.get("emptyDir") is None for volume in pod["spec"].get("volumes") or ()):
        return _GOES
    if not call.flags.on("delete-emptydir-data"):
        return Verdict(False, "error", _STORAGE_FATAL)
    return Verdict(True, "warning", _STORAGE_WARNING)


def _unmanaged(call: Invocation, pod: Obj) -> Verdict:
    if _finished(pod) or controller_of(pod) is not None:
        return _GOES
    if call.flags.on("force"):
        return Verdict(True, "warning", _UNMANAGED_WARNING)
    return Verdict(False, "error", _UNMANAGED_FATAL)
