"""Follows pkg/controller/disruption/disruption.go."""

from __future__ import annotations

from cluster_engine.apimachinery.disruption import sync_failed_condition
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.labels import from_label_selector
from cluster_engine.apimachinery.meta import Obj, controller_of, dig, key_of, labels_of, namespace_of
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.controllers.common.pods import is_pod_ready
from cluster_engine.controllers.disruption.budget import (
    Numbers,
    budget_status,
    count_healthy,
    desired_healthy,
    disrupted_pods,
    needs_scale,
)
from cluster_engine.trace import Cause

RESOURCE = "poddisruptionbudgets.policy"
# Changes of pods are gathered for so long, so that a roll-out of hundreds does not count them anew for each.
BATCH_SECONDS = 0.1


class ExpectedScaleError(Exception):
    """How many pods there should be cannot be told; the message is Kubernetes' own."""


class DisruptionController(Controller):
    """One key is one PodDisruptionBudget."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("disruption-controller", context)
        self.recorder = EventRecorder(context.client, context.clock, context.trace, "controllermanager")
        self.scheme = self.client.server.scheme
        self.pods = self.informer("pods")
        self.replica_sets = self.informer("replicasets.apps")
        self.budgets = self.enqueue_on(RESOURCE)
        self.pods.add_handler(self._on_pod)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if not len(self.budgets) or (type_ == "MODIFIED" and old is not None and _alike(old, pod)):
            return
        for budget in self.budgets.by_index("namespace", namespace_of(pod)):
            selector = from_label_selector(budget["spec"].get("selector"))
            if selector.matches(labels_of(pod)) or (old is not None and selector.matches(labels_of(old))):
                self.queue.add_after(key_of(budget), BATCH_SECONDS, cause)

    def sync(self, key: str) -> None:
        """Follows trySync; what cannot be told is a budget that allows nothing, so that nothing breaks by mistake."""
        pdb = self.budgets.get(key)
        if pdb is None:
            return
        selector = from_label_selector(pdb["spec"].get("selector"))
        pods = [pod for pod in self.pods.by_index("namespace", namespace_of(pdb)) if selector.matches(labels_of(pod))]
        if not pods:
            self.recorder.event(pdb, "Normal", "NoPods", "No matching pods found")
        try:
            expected = self._expected(pdb, pods)
        except ExpectedScaleError as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            self.recorder.event(pdb, "Warning", "CalculateExpectedPodCountFailed", message)
            self._fail_safe(pdb, str(error))
            return
        noted: dict[str, str] = dig(pdb, "status", "disruptedPods", default={})
        disrupted, stayed, recheck = disrupted_pods(pods, noted, self.clock.now_us)
        for pod in stayed:
            message = f"Pod was expected by PDB {key} to be deleted but it wasn't"
            self.recorder.event(pod, "Warning", "NotDeleted", message)
        numbers = Numbers(expected, desired_healthy(pdb["spec"], expected), count_healthy(pods, disrupted))
        status = budget_status(pdb, numbers, disrupted, self.clock.rfc3339())
        if status != pdb.get("status"):
            self.trace.note(
                f"{numbers.healthy} of {expected} pods are healthy, {numbers.desired} have to be: "
                f"{numbers.allowed} may be disrupted"
            )
            self.client.update_status(RESOURCE, {**pdb, "status": status})
        if recheck is not None:
            self.queue.add_after(key, recheck, Cause("timer", f"evictions under {key}"))

    def _fail_safe(self, pdb: Obj, message: str) -> None:
        generation = pdb["metadata"].get("generation", 0)
        old: Obj = {"currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0, **(pdb.get("status") or {})}
        status = {
            **old,
            "conditions": sync_failed_condition(old.get("conditions"), message, generation, self.clock.rfc3339()),
            "disruptionsAllowed": 0,
            "observedGeneration": generation,
        }
        if status != pdb.get("status"):
            self.client.update_status(RESOURCE, {**pdb, "status": status})

    def _expected(self, pdb: Obj, pods: list[Obj]) -> int:
        """How many pods there should be. Raises `ExpectedScaleError`."""
        if not needs_scale(pdb["spec"]):
            return len(pods)
        scales: dict[str, int] = {}
        seen: set[str] = set()
        unmanaged = False
        for pod in pods:
            reference = controller_of(pod)
            if reference is None:
                unmanaged = True
            elif reference["uid"] not in seen:
                seen.add(reference["uid"])
                uid, scale = self._scale_of(pod, reference)
                scales[uid] = scale
        if unmanaged:
            shown = _shown_selector(pdb["spec"].get("selector"))
            message = (
                f"Pods selected by this PodDisruptionBudget (selector: {shown}) were found to be unmanaged. As a "
                "result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "
                'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
            )
            self.recorder.event(pdb, "Warning", "UnmanagedPods", message)
        return sum(scales.values())

    def _scale_of(self, pod: Obj, reference: Obj) -> tuple[str, int]:
        """(uid, replicas wanted) of the controller above the pod: a ReplicaSet's Deployment, else the owner itself."""
        namespace = namespace_of(pod)
        if reference["kind"] == "ReplicaSet":
            owner = self.replica_sets.get(f"{namespace}/{reference['name']}")
            above = controller_of(owner) if owner is not None else None
            if above is not None and above["kind"] == "Deployment":
                reference = above
        resource = self.scheme.for_kind(reference["apiVersion"], reference["kind"])
        if resource is None:
            raise ExpectedScaleError(
                f'no matches for kind "{reference["kind"]}" in version "{reference["apiVersion"]}"'
            )
        if "scale" not in resource.subresources:
            raise ExpectedScaleError(f"{resource.group_resource} does not implement the scale subresource")
        try:
            scale = self.client.get(resource.group_resource, reference["name"], namespace, subresource="scale")
        except ApiError as error:
            if error.code != 404:
                raise
            scale = {}
        if dig(scale, "metadata", "uid") != reference["uid"]:
            raise ExpectedScaleError(f'found no controllers for pod "{pod["metadata"]["name"]}"')
        return reference["uid"], dig(scale, "spec", "replicas", default=0)


def _alike(old: Obj, new: Obj) -> bool:
    """Whether a change of a pod is nothing to a budget."""
    return (
        is_pod_ready(old) == is_pod_ready(new)
        and labels_of(old) == labels_of(new)
        and old["metadata"].get("deletionTimestamp") == new["metadata"].get("deletionTimestamp")
        and old["metadata"].get("ownerReferences") == new["metadata"].get("ownerReferences")
    )


def _shown_selector(selector: Obj | None) -> str:
    """The selector as Go prints it into the event."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    requirements = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},"
        f"Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{requirements}}},}}"
    )
