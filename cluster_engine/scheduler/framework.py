"""What a plugin is, and what it is told. Follows pkg/scheduler/framework/interface.go.

A plugin may take part in pre-filter (once a pod), filter (once a node) and score (once a node that passed), and says
which cluster events may make a pod schedulable that it has refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.informer import InformerFactory
from cluster_engine.scheduler.cache import Cache, NodeInfo
from cluster_engine.scheduler.resources import PodResources

MAX_NODE_SCORE = 100

ClusterEvent = Literal["node", "pod-deleted", "pod-added", "claim", "volume", "class"]
Scores = dict[str, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plugin refuses a node, or (from pre-filter) every node.

    `resolvable` says whether evicting pods could help.
    """

    reasons: tuple[str, ...]
    resolvable: bool = True


@dataclass(slots=True)
class CycleState:
    """One attempt: the pod, what it needs, and what plugins keep from one stage for the next."""

    pod: Obj
    resources: PodResources
    kept: dict[str, Any] = field(default_factory=dict)


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

    def pre_filter(self, state: CycleState) -> Refusal | None:
        """Refuses the pod wherever it might go."""
        return None

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        """Refuses one node."""
        return None

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
