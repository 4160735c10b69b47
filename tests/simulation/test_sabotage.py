"""Each promise is worth something: an engine that breaks it is caught by some seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cluster_engine.apiserver import eviction, write
from cluster_engine.client.informer import InformerFactory
from cluster_engine.cluster import Cluster
from cluster_engine.controllers.common import ref_manager
from cluster_engine.controllers.common.replica_controller import ReplicaController
from cluster_engine.controllers.daemonset import controller as daemonset
from cluster_engine.controllers.deployment import rolling, sync
from cluster_engine.controllers.endpointslice.controller import EndpointSliceController
from cluster_engine.controllers.garbagecollector.controller import GarbageCollector
from cluster_engine.controllers.horizontalpodautoscaler.controller import HorizontalController
from cluster_engine.controllers.job import manage
from cluster_engine.controllers.resourcequota import controller as resourcequota
from cluster_engine.controllers.statefulset import control
from cluster_engine.controllers.statefulset.pod_control import StatefulPodControl
from cluster_engine.controllers.tainteviction.controller import TaintEvictionController
from cluster_engine.kubelet import recovery
from cluster_engine.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cluster_engine.scheduler.plugins.taint_toleration import TaintToleration
from cluster_engine.scheduler.scheduler import Scheduler
from tests.simulation.people import Focus
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.run import simulate

Obj = dict[str, Any]
Patch = pytest.MonkeyPatch
Sabotage = Callable[[Patch], None]
MOST_SEEDS = 120


@dataclass(frozen=True)
class Case:
    """What is said of a sabotage, and in which histories it is found soon."""

    words: str
    kinds: str = ""
    deeds: str = ""
    # Every other history is one with faults.
    first: int = 2
    step: int = 2

    @property
    def focus(self) -> Focus:
        return Focus(tuple(self.kinds.split()), tuple(self.deeds.split()))


def found(case: Case) -> str:
    """The first broken promise of some histories that says so, "" when all are kept."""
    for seed in range(case.first, case.first + MOST_SEEDS, case.step):
        try:
            simulate(seed, case.focus)
        except BrokenPromiseError as error:
            if case.words in str(error):
                return str(error)
    return ""


def evicts_by_force(patch: Patch) -> None:
    """An eviction that does not wait for the node lets a StatefulSet have two pods of one name."""
    evict = TaintEvictionController._evict

    def evict_by_force(self: TaintEvictionController, key: str, pod: Obj) -> None:
        evict(self, key, pod)
        meta = pod["metadata"]
        self.client.delete("pods", meta["name"], meta["namespace"], grace_period_seconds=0)

    patch.setattr(TaintEvictionController, "_evict", evict_by_force)


def goes_on_after_its_end(patch: Patch) -> None:
    for owner, name in ((Scheduler, "stop"), (InformerFactory, "stop"), (InformerFactory, "unsubscribe")):
        patch.setattr(owner, name, lambda *_: None)


def forgets_restarts(patch: Patch) -> None:
    restore = recovery._restore

    def without_count(worker: Any, container: Any, entry: Obj) -> None:
        restore(worker, container, {**entry, "restartCount": 0})

    patch.setattr(recovery, "_restore", without_count)


def takes_all_old_pods(patch: Patch) -> None:
    patch.setattr(rolling.util, "max_unavailable", lambda d: d["spec"]["replicas"])


def grows_beyond_the_surge(patch: Patch) -> None:
    patch.setattr(rolling.util, "new_rs_new_replicas", lambda d, _all, _new: d["spec"]["replicas"])


def keeps_all_history(patch: Patch) -> None:
    for module in (sync, rolling):
        patch.setattr(module, "cleanup_deployment", lambda _: None)


def makes_one_more(patch: Patch) -> None:
    create = ReplicaController._create_pods
    patch.setattr(ReplicaController, "_create_pods", lambda self, key, rs, count: create(self, key, rs, count + 1))


def does_not_wait_for_ordinals(patch: Patch) -> None:
    patch.setattr(control._Step, "_waits_for", lambda *_: False)
    patch.setattr(control._Step, "_create", _create_and_go_on)


def _create_and_go_on(step: Any, pod: Obj) -> bool:
    step.pod_control.create_stateful_pod(step.set, pod)
    return True


def scales_away_from_below(patch: Patch) -> None:
    sort = control._Step._sort_pods

    def upside_down(step: Any) -> None:
        sort(step)
        step.condemned.reverse()

    patch.setattr(control._Step, "_sort_pods", upside_down)


def updates_all_at_once(patch: Patch) -> None:
    patch.setattr(control._Step, "_unavailable", lambda *_: False)


def ignores_the_partition(patch: Patch) -> None:
    patch.setattr(control.util, "partition_of", lambda _: 0)


def ignores_on_delete(patch: Patch) -> None:
    patch.setattr(control.util, "is_rolling_update", lambda _: True)


def deletes_claims_with_pods(patch: Patch) -> None:
    delete = StatefulPodControl.delete_stateful_pod

    def with_claims(self: StatefulPodControl, set_: Obj, pod: Obj) -> None:
        delete(self, set_, pod)
        for volume in pod["spec"].get("volumes") or ():
            if "persistentVolumeClaim" in volume:
                self._client.delete("persistentvolumeclaims", volume["persistentVolumeClaim"]["claimName"], "default")

    patch.setattr(StatefulPodControl, "delete_stateful_pod", with_claims)


def does_not_wait_for_daemons_to_end(patch: Patch) -> None:
    plan = daemonset.plan

    def without_terminating(situation: Any, backoff: Any) -> Any:
        for node, pods in list(situation.pods.items()):
            situation.pods[node] = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return plan(situation, backoff)

    patch.setattr(daemonset, "plan", without_terminating)


def ignores_parallelism(patch: Patch) -> None:
    patch.setattr(manage, "_wanted_active", lambda ctx: 1 + ctx.spec.get("parallelism", 1))


def releases_everything(patch: Patch) -> None:
    claim = ref_manager.ControllerRefManager._claim_one

    def release(self: Any, obj: Obj, also: Any) -> bool:
        kept = claim(self, obj, also)
        if kept and "tier" in obj["metadata"].get("labels", {}) and obj["kind"] == "Pod":
            self._release(obj)
        return kept

    patch.setattr(ref_manager.ControllerRefManager, "_claim_one", release)


def leaves_garbage(patch: Patch) -> None:
    patch.setattr(GarbageCollector, "_is_dangling", lambda *_: False)


def adopts_nothing(patch: Patch) -> None:
    patch.setattr(ref_manager.ControllerRefManager, "_adopt", lambda *_: False)


def lets_in_beyond_the_quota(patch: Patch) -> None:
    patch.setattr(write.quota, "charge", lambda *_args, **_options: None)


def forgets_what_is_freed(patch: Patch) -> None:
    patch.setattr(resourcequota.ResourceQuotaController, "_replenish", lambda *_: lambda *_: None)


def evicts_beyond_the_budget(patch: Patch) -> None:
    patch.setattr(eviction, "_check_and_decrement", lambda *_: None)


def does_not_scale(patch: Patch) -> None:
    patch.setattr(HorizontalController, "sync", lambda *_: None)


def schedules_on_cordoned_nodes(patch: Patch) -> None:
    """Neither the field nor the taint that follows it counts."""
    for plugin in (NodeUnschedulable, TaintToleration):
        patch.setattr(plugin, "filter", lambda *_: None)


def keeps_old_endpoints(patch: Patch) -> None:
    patch.setattr(EndpointSliceController, "_apply", lambda *_: None)


def loses_the_last_writes(patch: Patch) -> None:
    """A sleep from which a cluster wakes at an older revision."""
    snapshot = Cluster.snapshot

    def older(cluster: Cluster) -> Any:
        taken = snapshot(cluster)
        object.__setattr__(taken.store, "revision", taken.store.revision - 1)
        return taken

    patch.setattr(Cluster, "snapshot", older)


BROKEN = {"first": 1}
SABOTAGES: dict[Sabotage, Case] = {
    evicts_by_force: Case("run at once", "StatefulSet", "scale", **BROKEN),
    goes_on_after_its_end: Case("a scheduler that does not run looked at", "Deployment", "scale", **BROKEN),
    forgets_restarts: Case("went back", "Deployment StatefulSet", "scale", **BROKEN),
    takes_all_old_pods: Case("were promised", "Deployment", "pause"),
    grows_beyond_the_surge: Case("its surge allows", "Deployment", "pause"),
    keeps_all_history: Case("old ReplicaSets, its limit is", "Deployment", "limit_history"),
    makes_one_more: Case("wanted ones", "Deployment ReplicaSet", "scale"),
    does_not_wait_for_ordinals: Case("was made before", "StatefulSet", "scale"),
    scales_away_from_below: Case("was scaled away before", "StatefulSet", "scale"),
    updates_all_at_once: Case("was updated before", "StatefulSet", "label_template"),
    ignores_the_partition: Case("below the partition", "StatefulSet", "edit_strategy"),
    ignores_on_delete: Case("was deleted under OnDelete", "StatefulSet", "edit_strategy"),
    deletes_claims_with_pods: Case("which was to be retained", "StatefulSet", "scale"),
    does_not_wait_for_daemons_to_end: Case("was made on k8s-node", "DaemonSet", "kill_a_pod"),
    ignores_parallelism: Case("pods at once", "Job", "resize_job"),
    releases_everything: Case("without a cause", "Deployment DaemonSet", "label_template"),
    leaves_garbage: Case("outlived its", "Deployment ReplicaSet", "delete"),
    adopts_nothing: Case("was not adopted by", "Deployment ReplicaSet", "delete relabel_a_pod"),
    lets_in_beyond_the_quota: Case("was let in", "Deployment StatefulSet", "create_bounds scale"),
    forgets_what_is_freed: Case("the quota says that", "Deployment", "create_bounds scale"),
    evicts_beyond_the_budget: Case("the budget wants", "Deployment", "create_bounds drain evict_a_pod"),
    does_not_scale: Case("its autoscaler says", "Deployment", "create_bounds scale"),
    schedules_on_cordoned_nodes: Case("which is cordoned", "Deployment", "drain scale"),
    keeps_old_endpoints: Case("has the endpoints", "Deployment", "create_bounds scale"),
    loses_the_last_writes: Case("revision", "Deployment", "scale", **BROKEN),
}


@pytest.mark.parametrize("sabotage", list(SABOTAGES), ids=lambda sabotage: sabotage.__name__)
def test_an_engine_that_breaks_a_promise_is_caught(monkeypatch: Patch, sabotage: Sabotage) -> None:
    sabotage(monkeypatch)
    case = SABOTAGES[sabotage]
    assert case.words in found(case)
