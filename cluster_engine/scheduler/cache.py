"""What is on the nodes: kept up to date by informer events and by the scheduler's own bindings.

Follows pkg/scheduler/backend/cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.scheduler.resources import PodResources, pod_resources

# How many selectors are counted on at once; beyond it the oldest is counted anew when it is asked for again.
MAX_COUNTED_SELECTORS = 64


class NodeInfo:
    """One node: what it can hold, and the sum of what its pods ask for (thousandths of a core, bytes)."""

    __slots__ = (
        "allocatable_ephemeral",
        "allocatable_memory",
        "allocatable_milli_cpu",
        "allocatable_pods",
        "allocatable_scalars",
        "images",
        "labels",
        "name",
        "node",
        "pods",
        "requested_ephemeral",
        "requested_memory",
        "requested_milli_cpu",
        "requested_scalars",
        "scored_memory",
        "scored_milli_cpu",
        "taints",
        "unschedulable",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Obj | None = None
        self.labels: dict[str, str] = {}
        # Name of an image -> bytes.
        self.images: dict[str, int] = {}
        self.taints: list[Obj] = []
        self.unschedulable = False
        self.pods: dict[str, Obj] = {}
        self.allocatable_milli_cpu = self.allocatable_memory = self.allocatable_ephemeral = self.allocatable_pods = 0
        self.allocatable_scalars: dict[str, int] = {}
        self.requested_milli_cpu = self.requested_memory = self.requested_ephemeral = 0
        self.requested_scalars: dict[str, int] = {}
        self.scored_milli_cpu = self.scored_memory = 0

    def set_node(self, node: Obj) -> None:
        self.node = node
        self.labels = node["metadata"].get("labels") or {}
        spec = node.get("spec") or {}
        self.taints = spec.get("taints") or []
        self.unschedulable = bool(spec.get("unschedulable"))
        status = node.get("status") or {}
        self.images = {
            name: image.get("sizeBytes") or 0 for image in status.get("images") or () for name in image["names"]
        }
        amounts = dict(status.get("allocatable") or {})
        self.allocatable_milli_cpu = quantity.milli_value(amounts.pop("cpu", "0"))
        self.allocatable_memory = quantity.value(amounts.pop("memory", "0"))
        self.allocatable_ephemeral = quantity.value(amounts.pop("ephemeral-storage", "0"))
        self.allocatable_pods = quantity.value(amounts.pop("pods", "0"))
        self.allocatable_scalars = {name: quantity.value(text) for name, text in amounts.items()}

    def copy(self) -> NodeInfo:
        """The same node for a trial: pods can be added and removed without a trace."""
        twin = NodeInfo(self.name)
        for slot in NodeInfo.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin.pods = dict(self.pods)
        twin.requested_scalars = dict(self.requested_scalars)
        return twin

    def add_pod(self, pod: Obj) -> None:
        self.pods[key_of(pod)] = pod
        self.count(pod_resources(pod), 1)

    def remove_pod(self, pod: Obj) -> None:
        del self.pods[key_of(pod)]
        self.count(pod_resources(pod), -1)

    def count(self, resources: PodResources, sign: int) -> None:
        """Adds (1) or takes away (-1) what a pod asks for."""
        self.requested_milli_cpu += sign * resources.milli_cpu
        self.requested_memory += sign * resources.memory
        self.requested_ephemeral += sign * resources.ephemeral_storage
        self.scored_milli_cpu += sign * resources.scored_milli_cpu
        self.scored_memory += sign * resources.scored_memory
        for name, amount in resources.scalars.items():
            self.requested_scalars[name] = self.requested_scalars.get(name, 0) + sign * amount


class AffinityGroup:
    """Pods of a namespace that share their affinity to other pods, as those of a template do; how many on each node."""

    __slots__ = ("affinity", "by_node", "namespace")

    def __init__(self, namespace: str, affinity: Obj) -> None:
        self.namespace = namespace
        # Keeping it alive keeps its identity from being used again.
        self.affinity = affinity
        self.by_node: dict[str, int] = {}


class Cache:
    """All nodes with their pods, and how many pods of each node certain selectors match."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        # Pod key -> (node, the pod as it was counted).
        self._placed: dict[str, tuple[str, Obj]] = {}
        # (namespace, selector, whether pods that are being deleted count too) -> node -> matching pods.
        self._counts: dict[tuple[str, Selector, bool], dict[str, int]] = {}
        # (namespace, identity of spec.affinity) -> the pods with that affinity to other pods.
        self.affinity_groups: dict[tuple[str, int], AffinityGroup] = {}
        # Name of an image -> how many nodes have it.
        self.images: dict[str, int] = {}

    def __iter__(self) -> Iterator[NodeInfo]:
        """The nodes that exist, by name."""
        return iter([info for _, info in sorted(self._nodes.items()) if info.node is not None])

    def __len__(self) -> int:
        return sum(info.node is not None for info in self._nodes.values())

    def get(self, name: str) -> NodeInfo | None:
        info = self._nodes.get(name)
        return info if info is not None and info.node is not None else None

    def set_node(self, node: Obj) -> None:
        info = self._info(node["metadata"]["name"])
        self._count_images(info, -1)
        info.set_node(node)
        self._count_images(info, 1)

    def _count_images(self, info: NodeInfo, sign: int) -> None:
        for name in info.images:
            self.images[name] = self.images.get(name, 0) + sign
            if not self.images[name]:
                del self.images[name]

    def remove_node(self, name: str) -> None:
        """The node is gone; pods that are still counted on it stay counted until they are gone too."""
        info = self._nodes.get(name)
        if info is None:
            return
        info.node = None
        self._count_images(info, -1)
        info.images = {}
        if not info.pods:
            del self._nodes[name]

    def place(self, pod: Obj, node: str, key: str = "") -> bool:
        """Counts a pod on a node, anew where it is counted already; whether it was not counted anywhere before."""
        key = key or key_of(pod)
        before = self._placed.get(key)
        if before is not None:
            if before[0] == node and _alike(before[1], pod):
                self._placed[key] = (node, pod)
                self._nodes[node].pods[key] = pod
                return False
            self.remove(key)
        self._info(node).add_pod(pod)
        self._placed[key] = (node, pod)
        self._recount(pod, node, 1)
        return before is None

    def remove(self, key: str) -> bool:
        """Stops counting a pod; False where it was not counted."""
        placed = self._placed.pop(key, None)
        if placed is None:
            return False
        node, pod = placed
        info = self._nodes[node]
        info.remove_pod(pod)
        self._recount(pod, node, -1)
        if info.node is None and not info.pods:
            del self._nodes[node]
        return True

    def placed(self) -> Iterator[tuple[str, Obj]]:
        """(node, pod) of every pod that is counted; also those of nodes that are gone."""
        return iter(self._placed.values())

    def matching(self, namespace: str, selector: Selector, *, with_deleting: bool = False) -> dict[str, int]:
        """How many pods of the namespace the selector matches, by node; nodes without any are left out.

        Pods that are being deleted count only where `with_deleting` says so.
        """
        asked = (namespace, selector, with_deleting)
        counted = self._counts.get(asked)
        if counted is None:
            if len(self._counts) >= MAX_COUNTED_SELECTORS:
                del self._counts[next(iter(self._counts))]
            counted = self._counts[asked] = {}
            for node, pod in self._placed.values():
                if _counts_for(pod, *asked):
                    counted[node] = counted.get(node, 0) + 1
        return counted

    def _recount(self, pod: Obj, node: str, sign: int) -> None:
        for asked, counted in self._counts.items():
            if _counts_for(pod, *asked):
                counted[node] = counted.get(node, 0) + sign
        affinity = pod["spec"].get("affinity")
        if affinity and ("podAffinity" in affinity or "podAntiAffinity" in affinity):
            self._regroup(pod["metadata"]["namespace"], affinity, node, sign)

    def _regroup(self, namespace: str, affinity: Obj, node: str, sign: int) -> None:
        key = (namespace, id(affinity))
        group = self.affinity_groups.get(key)
        if group is None:
            group = self.affinity_groups[key] = AffinityGroup(namespace, affinity)
        count = group.by_node.get(node, 0) + sign
        if count:
            group.by_node[node] = count
            return
        del group.by_node[node]
        if not group.by_node:
            del self.affinity_groups[key]

    def _info(self, name: str) -> NodeInfo:
        info = self._nodes.get(name)
        if info is None:
            info = self._nodes[name] = NodeInfo(name)
        return info


def _counts_for(pod: Obj, namespace: str, selector: Selector, with_deleting: bool) -> bool:
    meta = pod["metadata"]
    if meta.get("namespace") != namespace or (meta.get("deletionTimestamp") and not with_deleting):
        return False
    return selector.matches(meta.get("labels") or {})


def _alike(before: Obj, after: Obj) -> bool:
    """Whether a pod counts the same as before: same requests, labels, affinity and fate."""
    old, new = before["metadata"], after["metadata"]
    if old.get("uid") != new.get("uid") or bool(old.get("deletionTimestamp")) != bool(new.get("deletionTimestamp")):
        return False
    if old.get("labels") is not new.get("labels") and old.get("labels") != new.get("labels"):
        return False
    was, is_ = before["spec"], after["spec"]
    if was is is_:
        return True
    same = was["containers"] is is_["containers"] or was["containers"] == is_["containers"]
    return same and was.get("affinity") is is_.get("affinity")
