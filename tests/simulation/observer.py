"""Watches a cluster through its history, and asks every promise whether it still holds."""

from __future__ import annotations

from cluster_engine.cluster import Cluster
from cluster_engine.etcd.store import Commit
from tests.simulation.promises import Promise, View
from tests.simulation.promises.bounds import Autoscalers, Budgets, Endpoints, Nodes, Quotas
from tests.simulation.promises.daemons_and_jobs import DaemonSets, Jobs
from tests.simulation.promises.deployments import Deployments, ReplicaSets
from tests.simulation.promises.history import History, Identity
from tests.simulation.promises.ownership import Ownership
from tests.simulation.promises.stateful_sets import Claims, StatefulSets
from tests.simulation.saboteur import Saboteur

KINDS = (Identity, Deployments, ReplicaSets, StatefulSets, Claims, DaemonSets, Jobs)
BOUNDS = (Quotas, Budgets, Autoscalers, Nodes, Endpoints)


class Observer:
    """Every commit and every step, and the whole at each quiet moment.

    `revocable` says that data may be taken back to an earlier moment, after which only what settles can be promised.
    """

    def __init__(
        self, cluster: Cluster, let_go: set[str], saboteur: Saboteur | None = None, *, revocable: bool = False
    ) -> None:
        self.view = View(cluster, saboteur)
        self.history = History(self.view)
        others: list[Promise] = [promise(self.view) for promise in (*KINDS, *BOUNDS)]
        self._settled = [self.history, *others, Ownership(self.view, let_go)]
        self._promises: list[Promise] = [self.history] if revocable else self._settled
        self.attach(cluster)

    def attach(self, cluster: Cluster) -> None:
        """Watches a cluster from now on; after a sleep it is another one, over the same data."""
        self.view.cluster = cluster
        for step in cluster.trace.steps:
            self.history.steps[step.number] = step
        for commit in cluster.store.history_since(self.history.last_revision):
            self._remember(commit)
        cluster.store.on_commit(self._on_commit)
        cluster.trace.on_step.append(self.history.on_step)

    def _remember(self, commit: Commit) -> None:
        """A revision that was written while the cluster awoke."""
        self.history.on_commit(commit)
        self._keep(commit)

    def _on_commit(self, commit: Commit) -> None:
        for promise in self._promises:
            promise.on_commit(commit)
        self._keep(commit)

    def _keep(self, commit: Commit) -> None:
        if commit.value is None:
            self.view.last.pop(commit.key, None)
        else:
            self.view.last[commit.key] = commit.value

    def check(self, disturbed: set[str]) -> None:
        """What holds between two moments. `disturbed`: whose promises people have broken for now."""
        self.view.disturbed = disturbed
        for promise in self._promises:
            promise.on_quiet()

    def check_settled(self) -> None:
        """With every image there and nobody interfering, everything gets what it asks for."""
        for promise in self._settled:
            promise.on_settled()
