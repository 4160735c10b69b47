"""What the promises are checked against: the objects as they are in etcd, and who writes them when."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.meta import controller_of
from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster
from cluster_engine.controllers.common.pods import is_pod_available
from cluster_engine.etcd.store import Commit
from tests.simulation.saboteur import Saboteur

Obj = dict[str, Any]
AFTERMATH_US = 120 * SECOND_US


class BrokenPromiseError(AssertionError):
    """An invariant does not hold."""


class View:
    """The cluster as etcd has it, whether or not anybody could read it."""

    def __init__(self, cluster: Cluster, saboteur: Saboteur | None) -> None:
        self.cluster = cluster
        self._saboteur = saboteur
        self.last: dict[str, Obj] = {}
        # Whose promises people have broken for now: `resource/name`, or "*".
        self.disturbed: set[str] = set()

    @property
    def broken(self) -> bool:
        """Whether a fault is in force, or was a moment ago."""
        if self._saboteur is None or not self._saboteur.last_us:
            return False
        since_us = self.cluster.clock.now_us - self._saboteur.last_us
        return bool(self.cluster.faults.active) or since_us < AFTERMATH_US

    @property
    def breakable(self) -> bool:
        """Whether there are faults in this history at all."""
        return self._saboteur is not None

    @property
    def controllers_see(self) -> bool:
        """Whether the controllers' caches follow etcd. One that has lost its connection decides on what it knew, and
        may write before it has listed anew: so do the real ones.
        """
        return self.cluster.controller_manager.informers.connected

    @property
    def writer(self) -> str:
        """Which component is writing, "" for a person."""
        step = self.cluster.trace.current
        return step.component if step is not None else ""

    def is_disturbed(self, resource: str, name: str) -> bool:
        return "*" in self.disturbed or f"{resource}/{name}" in self.disturbed

    def list(self, resource: str, namespace: str = "default") -> list[Obj]:
        prefix = f"/registry/{resource}/"
        return [item.value for item in self.cluster.store.range(prefix, f"{prefix}{namespace}/" if namespace else "")]

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj | None:
        prefix = f"/registry/{resource}/"
        item = self.cluster.store.get(f"{prefix}{namespace}/{name}" if namespace else prefix + name)
        return item.value if item is not None else None

    def owned(self, resource: str, uid: str) -> list[Obj]:
        """The objects whose controller that is."""
        return [obj for obj in self.list(resource) if (controller_of(obj) or {}).get("uid") == uid]

    def available(self, pod: Obj, owner: Obj) -> bool:
        return is_pod_available(pod, owner["spec"].get("minReadySeconds", 0), self.cluster.clock.now_us)


class Promise:
    """One group of invariants. Each method raises `BrokenPromiseError`; a history calls them as its time goes."""

    def __init__(self, view: View) -> None:
        self.view = view

    def on_commit(self, commit: Commit) -> None:
        """A revision has been written, by `view.writer`. `view.last` has the state before it."""

    def on_quiet(self) -> None:
        """Nobody wants a turn at this moment."""

    def on_settled(self) -> None:
        """The faults are over, people have put right what they broke, and time enough has passed."""


def broken(words: str) -> BrokenPromiseError:
    return BrokenPromiseError(words)
