"""Enqueues Deployments and dispatches each to what it needs.

Follows pkg/controller/deployment/deployment_controller.go.
"""

from __future__ import annotations

from cluster_engine.apimachinery.labels import from_label_selector
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, key_of, labels_of, namespace_of
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common.owners import index_by_owner, orphans_in, owned_by, resolve_controller
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.common.ref_manager import ControllerRefManager
from cluster_engine.controllers.common.waits import Waits
from cluster_engine.controllers.deployment import sync as syncing
from cluster_engine.controllers.deployment import util
from cluster_engine.controllers.deployment.recreate import rollout_recreate
from cluster_engine.controllers.deployment.rolling import rollout_rolling
from cluster_engine.controllers.deployment.rollout import Rollout
from cluster_engine.trace import Cause

KIND = "Deployment"


FINISHED = ("Failed", "Succeeded")


class DeploymentController(Controller):
    """Brings the ReplicaSets of each Deployment to what its template, size and strategy ask for."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("deployment-controller", context)
        self.waits = Waits(context.trace)
        self.deployments = self.enqueue_on("deployments.apps")
        self.replica_sets = index_by_owner(self.informer("replicasets.apps"))
        self.pods = index_by_owner(self.informer("pods"))
        self.replica_sets.add_handler(self._on_replica_set)
        self.pods.add_handler(self._on_pod)

    # What happens elsewhere.

    def _on_replica_set(self, type_: EventType, rs: Obj, old: Obj | None, cause: Cause) -> None:
        d = resolve_controller(self.deployments, rs, KIND)
        if d is not None:
            self.queue.add(key_of(d), cause)
        if type_ == "DELETED":
            return
        changed_hands = old is not None and controller_of(rs) != controller_of(old)
        if changed_hands and old is not None:
            former = resolve_controller(self.deployments, old, KIND)
            if former is not None:
                self.queue.add(key_of(former), cause)
        # An orphan: whoever selects it may want to adopt it.
        if controller_of(rs) is None and not deleting(rs):
            if old is None or changed_hands or labels_of(rs) != labels_of(old):
                self._enqueue_matching(rs, cause)

    def _enqueue_matching(self, rs: Obj, cause: Cause) -> None:
        for d in self.deployments.by_index("namespace", namespace_of(rs)):
            if from_label_selector(d["spec"].get("selector")).matches(labels_of(rs)):
                self.queue.add(key_of(d), cause)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        """Recreate waits for the last old pod to go, and only pods tell of that.

        Finished pods (evicted ones stay in the API) are not waited for. The real controller counts them here, and comes
        back all the same: past the deadline it looks again and again at a rollout that was complete before.
        """
        if type_ != "DELETED":
            return
        rs = resolve_controller(self.replica_sets, pod, "ReplicaSet")
        d = resolve_controller(self.deployments, rs, KIND) if rs is not None else None
        if d is None or util.is_rolling_update(d):
            return
        if all(phase_of(other) in FINISHED for pods in self._pods_by_rs(d).values() for other in pods):
            self.queue.add(key_of(d), cause)

    # The reconcile.

    def sync(self, key: str) -> None:
        """Follows syncDeployment: deleted, paused, scaled, else one step of the strategy."""
        d = self.deployments.get(key)
        if d is None:
            self.waits.forget(key)
            return
        if d["spec"].get("selector") == {}:
            self._refuse_selecting_all(d)
            return
        rollout = Rollout(self.context, self.replica_sets, self.waits, d, self._claim_replica_sets(d))
        self._dispatch(rollout)
        if rollout.check_after_seconds == 0:
            self.queue.add_rate_limited(key)
        elif rollout.check_after_seconds is not None:
            self.queue.add_after(key, rollout.check_after_seconds, Cause("timer", f"progress deadline of {key}"))

    def _dispatch(self, rollout: Rollout) -> None:
        if deleting(rollout.d):
            syncing.sync_status_only(rollout)
            return
        syncing.check_paused_conditions(rollout)
        if rollout.d["spec"].get("paused") or syncing.is_scaling_event(rollout):
            syncing.sync(rollout)
        elif util.is_rolling_update(rollout.d):
            rollout_rolling(rollout)
        else:
            rollout_recreate(rollout, self._pods_by_rs(rollout.d))

    def _refuse_selecting_all(self, d: Obj) -> None:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self.recorder.event(d, "Warning", "SelectingAll", message)
        status, generation = d.get("status") or {}, d["metadata"].get("generation", 0)
        if status.get("observedGeneration", 0) < generation:
            changed = {**d, "status": {**status, "observedGeneration": generation}}
            self.client.update_status("deployments.apps", changed)

    def _claim_replica_sets(self, d: Obj) -> list[Obj]:
        """The Deployment's ReplicaSets, with those that it adopts, without those that it releases."""
        selector = from_label_selector(d["spec"].get("selector"))
        candidates = [*owned_by(self.replica_sets, d), *orphans_in(self.replica_sets, namespace_of(d))]
        manager = ControllerRefManager(self.client, self.trace, "replicasets.apps", d, "deployments.apps", selector)
        claimed = manager.claim(candidates)
        # An adopted one has changed: read it anew.
        return [self.replica_sets.get(key_of(rs)) or rs for rs in claimed]

    def _pods_by_rs(self, d: Obj) -> dict[str, list[Obj]]:
        """All pods of the Deployment's ReplicaSets, finished ones too, by the uid of the ReplicaSet."""
        return {rs["metadata"]["uid"]: owned_by(self.pods, rs) for rs in owned_by(self.replica_sets, d)}
