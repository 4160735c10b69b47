"""What a plugin is, and what it is told. Follows pkg/scheduler/framework/interface.go.

A plugin may take part in pre-filter (once a pod), filter (once a node) and score (once a node that passed), and says
which cluster events may make a pod schedulable that it has refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.informer import InformerFactory
from cluster_engine.scheduler.cache import Cache, NodeInfo
from cluster_engine.scheduler.resources import PodResources

MAX_NODE_SCORE = 100

ClusterEvent = Literal["node", "pod-deleted", "pod-added", "pod-changed", "claim", "volume", "class"]
Scores = dict[str, int]


@dataclass(frozen=True, slots=True)
class ClusterChange:
    """What has changed in the cluster: the object as it is (or last was), and as it was before, where it was."""

    event: ClusterEvent
    obj: Obj
    old: Obj | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plugin refuses a node, or (from pre-filter) every node.

    `resolvable` says whether evicting pods could help.
    """

    reasons: tuple[str, ...]
    resolvable: bool = True


class Skip(Enum):
    """What pre-filter says when a plugin does not concern a pod: it filters no node for it."""

    SKIP = "skip"


SKIP = Skip.SKIP


@dataclass(frozen=True, slots=True)
class OnlyNodes:
    """What pre-filter says when the pod can go to certain nodes alone: the others are not asked about."""

    names: frozenset[str]


PreFilterAnswer = Refusal | OnlyNodes | Skip | None


@dataclass(slots=True)
class CycleState:
    """One attempt: the pod, what it needs, and what plugins keep from one stage for the next."""

    pod: Obj
    resources: PodResources
    kept: dict[str, Any] = field(default_factory=dict)
    # Plugins that do not concern the pod, and those that filter nodes for it.
    skipped: set[str] = field(default_factory=set)
    filters: list[Plugin] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Handle:
    """What plugins may look at."""

    cache: Cache
    informers: InformerFactory


class Plugin:
    """Base of the plugins; every stage is optional."""

    name: ClassVar[str]
    # How much its score counts; 0 for a plugin that only filters.
    weight: ClassVar[int] = 0
    events: ClassVar[frozenset[ClusterEvent]] = frozenset()

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        """Refuses the pod wherever it might go, or says where alone it may go, or that the plugin is not concerned."""
        return None

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        """Refuses one node."""
        return None

    def copy_kept(self, kept: Any) -> Any:
        """What pre-filter kept, for a trial in which pods come and go; a copy where those change it."""
        return kept

    def pod_changed(self, state: CycleState, pod: Obj, node: NodeInfo, sign: int) -> None:
        """In a trial, a pod has come to a node (1) or has left it (-1). Follows PreFilterExtensions."""

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """Whether a change of the plugin's `events` may let in a pod that it has refused (a QueueingHintFn)."""
        return True

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        """0 to 100 for each node that passed, normalised; None where the plugin has no opinion about this pod."""
        return None


def normalise(scores: Mapping[str, int], *, reverse: bool = False) -> Scores:
    """Scales to 0..100 by the highest; `reverse` makes less better. Follows helper.DefaultNormalizeScore."""
    highest = max(scores.values(), default=0)
    if highest == 0:
        return dict.fromkeys(scores, MAX_NODE_SCORE if reverse else 0)
    scaled = {name: MAX_NODE_SCORE * score // highest for name, score in scores.items()}
    return {name: MAX_NODE_SCORE - score for name, score in scaled.items()} if reverse else scaled
