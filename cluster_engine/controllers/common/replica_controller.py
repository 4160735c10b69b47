"""Keeps the number of pods that each owner of replicas asks for: what ReplicaSets and ReplicationControllers share.

Follows pkg/controller/replicaset/replica_set.go. A controller of such a kind subclasses `ReplicaController`.
"""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, key_of, labels_of, namespace_of
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.controllers.common.owners import CONTROLLER_UID, orphans_in, owned_by
from cluster_engine.controllers.common.pod_control import PodControl, is_namespace_terminating, pod_from_template
from cluster_engine.controllers.common.pod_owner import PodOwnerController
from cluster_engine.controllers.common.pods import filter_active_pods, is_pod_active
from cluster_engine.controllers.common.ranking import pods_to_delete
from cluster_engine.controllers.common.ref_manager import ControllerRefManager
from cluster_engine.controllers.common.replica_status import calculate_status, update_replica_status
from cluster_engine.controllers.common.slow_start import slow_start_batch
from cluster_engine.controllers.common.tally import PodTally, ReplicaCounts, count_pods, template_labels_of
from cluster_engine.trace import Cause

# How many pods one sync creates or deletes at most.
BURST_REPLICAS = 500


class ReplicaController(PodOwnerController):
    """Creates, deletes, adopts and releases the pods of one kind's objects, and reports how many there are."""

    def __init__(self, name: str, context: ControllerContext) -> None:
        super().__init__(name, context)
        self.pod_control = PodControl(context.client, context.recorder)
        self.tally = PodTally(self.pods)
        self.watch()

    # What happens elsewhere.

    def on_owner(self, type_: EventType, owner: Obj, old: Obj | None, cause: Cause) -> None:
        super().on_owner(type_, owner, old, cause)
        if type_ == "DELETED" or (old is not None and old["metadata"]["uid"] != owner["metadata"]["uid"]):
            self.tally.forget((old or owner)["metadata"]["uid"])

    def on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        self.tally.observe(None if type_ == "DELETED" else pod, old)
        super().on_pod(type_, pod, old, cause)

    # The reconcile.

    def sync(self, key: str) -> None:
        """Follows syncReplicaSet: claim, manage, report. The status says what was there before this sync's changes."""
        rs = self.owners.get(key)
        if rs is None:
            self.expectations.forget(key)
            return
        may_manage = self.expectations.satisfied(key)
        counts = self._claim_pods(rs)
        failure: ApiError | None = None
        if may_manage and not deleting(rs):
            failure = self._manage_replicas(key, rs, counts.active)
        status = calculate_status(rs, counts, failure, self.clock.rfc3339())
        rs = update_replica_status(self.client, self.resource, rs, status)
        self._check_availability_later(key, rs, failure)
        if failure is not None:
            raise failure

    def _claim_pods(self, rs: Obj) -> ReplicaCounts:
        """Adopts and releases pods where there is cause to, and counts the ReplicaSet's active pods."""
        spec = rs["spec"]
        template_labels = template_labels_of(rs)
        min_ready_seconds = spec.get("minReadySeconds", 0)
        selector = self.selector_of(rs)
        counts = self.tally.of(rs["metadata"]["uid"], template_labels)
        orphans = self._adoptable(rs, selector)
        # Whoever has all labels of the template matches the selector, so only the others may have to be released.
        if counts.fully_labeled == counts.active and not orphans and not min_ready_seconds:
            return counts
        pods = self._active_pods(rs)
        if counts.fully_labeled != counts.active or orphans:
            manager = ControllerRefManager(self.client, self.trace, "pods", rs, self.resource, selector)
            pods = manager.claim([*pods, *orphans])
        return count_pods(pods, template_labels, min_ready_seconds, self.clock.now_us)

    def _adoptable(self, rs: Obj, selector: Selector) -> list[Obj]:
        orphans = orphans_in(self.pods, namespace_of(rs))
        return [pod for pod in orphans if selector.matches(labels_of(pod)) and is_pod_active(pod)]

    def _active_pods(self, rs: Obj) -> list[Obj]:
        return filter_active_pods(owned_by(self.pods, rs))

    def _manage_replicas(self, key: str, rs: Obj, active: int) -> ApiError | None:
        """Creates what is missing or deletes what is too much; returns the first refusal."""
        wanted = rs["spec"].get("replicas", 1)
        if active < wanted:
            return self._create_pods(key, rs, min(wanted - active, BURST_REPLICAS))
        if active > wanted:
            return self._delete_pods(key, rs, min(active - wanted, BURST_REPLICAS))
        return None

    def _create_pods(self, key: str, rs: Obj, count: int) -> ApiError | None:
        wanted = rs["spec"].get("replicas", 1)
        self.trace.note(f"too few pods: {wanted} wanted, creates {count}")
        self.expectations.expect_creations(key, count)
        pod = pod_from_template(rs["spec"]["template"], rs)

        def create() -> None:
            try:
                self.pod_control.create_pod(pod, rs)
            except ApiError as error:
                if not is_namespace_terminating(error):
                    raise

        created, failure = slow_start_batch(count, create)
        if created < count:
            self.trace.note(f"slow start: {created} of {count} pods created, then a refusal; the rest is for later")
            self.expectations.creation_observed(key, count - created)
        return failure

    def _delete_pods(self, key: str, rs: Obj, count: int) -> ApiError | None:
        pods = self._active_pods(rs)
        doomed = pods_to_delete(pods, self._co_location_ranks(rs), count, self.clock.now_us)[:count]
        names = ", ".join(pod["metadata"]["name"] for pod in doomed[:5]) + (" and more" if len(doomed) > 5 else "")
        self.trace.note(f"too many pods: {len(pods)} for {rs['spec'].get('replicas', 1)} wanted, deletes {names}")
        self.expectations.expect_deletions(key, [key_of(pod) for pod in doomed])
        failure: ApiError | None = None
        for pod in doomed:
            try:
                self.pod_control.delete_pod(pod, rs)
            except ApiError as error:
                self.expectations.deletion_observed(key, key_of(pod))
                if error.code != 404:
                    failure = failure or error
        return failure

    def _co_location_ranks(self, rs: Obj) -> dict[str, int]:
        """How many active pods of all ReplicaSets of the same Deployment, this one included, each node runs.

        Follows getIndirectlyRelatedPods and getPodsRankedByRelatedPodsOnSameNode.
        """
        reference = controller_of(rs)
        siblings = [rs] if reference is None else self.owners.by_index(CONTROLLER_UID, reference["uid"])
        ranks: dict[str, int] = {}
        for sibling in siblings:
            for node, count in self.tally.nodes_of(sibling).items():
                ranks[node] = ranks.get(node, 0) + count
        return ranks

    def _check_availability_later(self, key: str, rs: Obj, failure: ApiError | None) -> None:
        """Looks again after minReadySeconds where pods are ready and not yet available.

        Kubernetes does so only once all are ready; here a restart in the middle must not lose the wait either.
        """
        min_ready_seconds, status = rs["spec"].get("minReadySeconds", 0), rs.get("status") or {}
        if failure is None and min_ready_seconds:
            if status.get("readyReplicas", 0) != status.get("availableReplicas", 0):
                self.queue.add_after(key, min_ready_seconds, Cause("timer", f"minReadySeconds of {key}"))
