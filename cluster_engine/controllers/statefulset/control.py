"""What happens to which pod, and in which order. Follows pkg/controller/statefulset/stateful_set_control.go."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.labels import from_label_selector
from cluster_engine.apimachinery.meta import Obj, deleting, key_of
from cluster_engine.client.controller import ControllerContext
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.common.waits import Waits
from cluster_engine.controllers.history import History
from cluster_engine.controllers.statefulset import util
from cluster_engine.controllers.statefulset.pod_control import StatefulPodControl
from cluster_engine.controllers.statefulset.revisions import (
    Revisions,
    get_stateful_set_revisions,
    template_of,
    truncate_history,
)
from cluster_engine.controllers.statefulset.status import compute_status, update_stateful_set_status


class StatefulSetControl:
    """Does one step for one StatefulSet: the ordered policy changes one pod at a time, the parallel one all it can."""

    def __init__(self, context: ControllerContext, pod_control: StatefulPodControl, history: History) -> None:
        self._context = context
        self._pod_control = pod_control
        self._history = history
        self.waits = Waits(context.trace)

    def update_stateful_set(self, set_: Obj, pods: list[Obj]) -> Obj:
        """Brings the pods closer to the set, writes the status and truncates the history; returns the status.

        Raises `ApiError` after the status has been written where a pod's change was refused.
        """
        selector = from_label_selector(set_["spec"].get("selector"))
        listed = self._history.list(set_, selector)
        revisions = get_stateful_set_revisions(self._history, self._context.trace, set_, listed)
        step = _Step(self._context, self._pod_control, self.waits, set_, revisions, pods)
        status = step.run()
        update_stateful_set_status(self._context.client, set_, status)
        truncate_history(self._history, set_, pods, listed, [revisions.current, revisions.update])
        if step.failure is not None:
            raise step.failure
        return status


class _Step:
    """One pass over the pods of one set."""

    def __init__(
        self,
        context: ControllerContext,
        pod_control: StatefulPodControl,
        waits: Waits,
        set_: Obj,
        revisions: Revisions,
        pods: list[Obj],
    ) -> None:
        self.context = context
        self.pod_control = pod_control
        self.waits = waits
        self.set = set_
        self.revisions = revisions
        self.pods = pods
        self.failure: ApiError | None = None
        self.now_us = context.clock.now_us
        self.min_ready_seconds = util.min_ready_seconds_of(set_)
        self.monotonic = not util.allows_burst(set_)
        self.replicas: list[Obj] = []
        self.condemned: list[Obj] = []

    def run(self) -> Obj:
        """Follows updateStatefulSet: replicas in order, then condemned pods from the top, then the rolling update."""
        if deleting(self.set):
            return self._status(self.pods)
        self._sort_pods()
        in_order = [*self.replicas, *reversed(self.condemned)]
        first_unavailable = next((pod for pod in in_order if self._unavailable(pod)), None)
        done = (
            self._for_all(self.replicas, self._process_replica)
            and self._for_all(self.condemned, self._fix_claims)
            and self._for_all(self.condemned, lambda pod: self._process_condemned(pod, first_unavailable))
        )
        status = self._status([*self.replicas, *self.condemned])
        if done and util.is_rolling_update(self.set):
            status["currentReplicas"] -= self._rolling_update()
        return status

    def _status(self, pods: list[Obj]) -> Obj:
        return compute_status(self.set, self.revisions, pods, self.now_us)

    def _note(self, text: str) -> None:
        self.context.trace.note(text)

    def _wait(self, text: str) -> None:
        self.waits.note(key_of(self.set), text)

    def _unavailable(self, pod: Obj) -> bool:
        return util.is_unavailable(pod, self.min_ready_seconds, self.now_us)

    def _sort_pods(self) -> None:
        """Replicas by ordinal, planned where they are missing; condemned ones from the highest ordinal down."""
        by_ordinal = {util.ordinal_of(pod): pod for pod in self.pods}
        start, count = util.start_ordinal(self.set), util.replicas_of(self.set)
        wanted = range(start, start + count)
        self.replicas = [by_ordinal.get(ordinal) or self._planned(ordinal) for ordinal in wanted]
        extra = sorted((ordinal for ordinal in by_ordinal if ordinal >= 0 and ordinal not in wanted), reverse=True)
        self.condemned = [by_ordinal[ordinal] for ordinal in extra]

    def _planned(self, ordinal: int) -> Obj:
        update, current = self.revisions.update, self.revisions.current
        if util.needs_current_revision(self.set, ordinal) and current is not update:
            template = template_of(current)
            return util.new_stateful_set_pod(self.set, template, current["metadata"]["name"], ordinal)
        return util.new_stateful_set_pod(self.set, self.set["spec"]["template"], update["metadata"]["name"], ordinal)

    def _for_all(self, pods: list[Obj], action: Callable[[Obj], bool]) -> bool:
        """Whether the pass may go on: ordered, it ends where `action` says so; parallel, only where one was refused.

        Parallel batches start with one pod and double, as in slowStartBatch: that of the first refusal is the last.
        """
        if self.monotonic:
            return all(self._try(action, pod) for pod in pods) and self.failure is None
        done, batch = 0, 1
        while done < len(pods) and self.failure is None:
            for pod in pods[done : done + batch]:
                self._try(action, pod)
            done += batch
            batch *= 2
        return self.failure is None

    def _try(self, action: Callable[[Obj], bool], pod: Obj) -> bool:
        try:
            return action(pod)
        except ApiError as error:
            self.failure = self.failure or error
            return False

    # Each of these says whether the ordered policy may go on to the next pod.

    def _process_replica(self, pod: Obj) -> bool:
        name = pod["metadata"]["name"]
        phase = phase_of(pod)
        if phase in ("Failed", "Succeeded"):
            if not util.is_terminating(pod):
                self._note(f"{name} has ended ({phase}): it is deleted, to be made anew under the same name")
                self.pod_control.delete_stateful_pod(self.set, pod)
            return False
        if not util.is_created(pod):
            return self._create(pod)
        if phase == "Pending":
            self.pod_control.create_missing_claims(self.set, pod)
        if self.monotonic and self._waits_for(pod):
            return False
        self._repair(pod)
        return True

    def _create(self, pod: Obj) -> bool:
        name = pod["metadata"]["name"]
        if self.pod_control.claim_is_stale(self.set, pod):
            self._wait(f"{name} waits until the claims of its predecessor are gone")
            return False
        self._note(f"{util.replicas_of(self.set)} pods wanted: creates {name} at {util.revision_of(pod)}")
        self.pod_control.create_stateful_pod(self.set, pod)
        return not self.monotonic

    def _waits_for(self, pod: Obj) -> bool:
        """In order means: not before this one is running, ready and available."""
        name = pod["metadata"]["name"]
        if util.is_terminating(pod):
            self._wait(f"waits for {name} to terminate")
        elif not util.is_running_and_ready(pod):
            self._wait(f"waits for {name} to be running and ready")
        elif not util.is_running_and_available(pod, self.min_ready_seconds, self.now_us):
            self._wait(f"waits for {name} to be available: ready for {self.min_ready_seconds} s")
        else:
            return False
        return True

    def _repair(self, pod: Obj) -> None:
        matches = util.identity_matches(self.set, pod) and util.storage_matches(self.set, pod)
        if not matches or not self.pod_control.claims_match_retention(self.set, pod):
            self.pod_control.update_stateful_pod(self.set, pod)

    def _fix_claims(self, pod: Obj) -> bool:
        """Sees to it that the claims of a pod that goes go with it, where the policy says so."""
        self.pod_control.update_claims_for_retention(self.set, pod)
        return True

    def _process_condemned(self, pod: Obj, first_unavailable: Obj | None) -> bool:
        name = pod["metadata"]["name"]
        if util.is_terminating(pod):
            if self.monotonic:
                self._wait(f"waits for {name} to terminate before it scales down further")
            return not self.monotonic
        available = util.is_running_and_available(pod, self.min_ready_seconds, self.now_us)
        if not available and self.monotonic and pod is not first_unavailable and first_unavailable is not None:
            waiting = first_unavailable["metadata"]["name"]
            self._wait(f"waits for {waiting} to be running and ready before it scales down")
            return False
        self._note(f"{util.replicas_of(self.set)} pods wanted: deletes {name}, the highest ordinal")
        self.pod_control.delete_stateful_pod(self.set, pod)
        return not self.monotonic

    def _rolling_update(self) -> int:
        """Deletes the pod of the highest ordinal that is not of the update, if all above it are available.

        Those below the partition stay. Returns by how many the pods of the current revision become fewer.
        """
        update = self.revisions.update["metadata"]["name"]
        partition = util.partition_of(self.set) or 0
        at_once = util.max_unavailable_of(self.set)
        if at_once is not None:
            return self._update_several(update, partition, at_once)
        for pod in reversed(self.replicas[partition:]):
            name = pod["metadata"]["name"]
            if util.revision_of(pod) != update and not util.is_terminating(pod):
                self._note(f"rolling update to {update}, from the highest ordinal down to {partition}: deletes {name}")
                try:
                    self.pod_control.delete_stateful_pod(self.set, pod)
                except ApiError as error:
                    if error.code != 404:
                        self.failure = error
                        return 0
                return 1
            if self._unavailable(pod):
                self._wait(f"rolling update to {update}: waits for {name}")
                return 0
        return 0

    def _update_several(self, update: str, partition: int, at_once: int) -> int:
        """Deletes old pods from the highest ordinal down, as many as may be unavailable beside those that are.

        Follows updateStatefulSetAfterInvariantEstablished with MaxUnavailableStatefulSet.
        """
        unavailable = sum(self._unavailable(pod) for pod in self.replicas)
        old = [pod for pod in reversed(self.replicas[partition:]) if util.revision_of(pod) != update]
        old = [pod for pod in old if not util.is_terminating(pod)]
        if old and unavailable >= at_once:
            self._wait(f"rolling update to {update}: {unavailable} pods are unavailable, {at_once} may be")
        deleted = 0
        for pod in old[: max(at_once - unavailable, 0)]:
            name = pod["metadata"]["name"]
            self._note(f"rolling update to {update}: {unavailable} of {at_once} are unavailable; deletes {name}")
            try:
                self.pod_control.delete_stateful_pod(self.set, pod)
            except ApiError as error:
                if error.code != 404:
                    self.failure = error
                    break
            deleted += 1
        return deleted
