"""The conditions that a check can ask for by name, where a single field does not tell them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cluster_engine.apimachinery.meta import Obj, condition_is


@dataclass(frozen=True)
class Condition:
    """A named condition: `clause(obj, name)` gives a few words about what is missing, or None.

    `goal` says what objects that fulfil it do: "are ready".
    """

    clause: Callable[[Obj, str], str | None]
    goal: Promise

    def missing(self, obj: Obj, name: str) -> str | None:
        """Return what is missing as a sentence."""
        clause = self.clause(obj, name)
        return _("%(clause)s.") % {"clause": clause} if clause else None


def _ready(pod: Obj, name: str) -> str | None:
    """Whether a pod is ready and stays: one that is being deleted is not counted on."""
    if pod["metadata"].get("deletionTimestamp"):
        return _("%(name)s is being deleted") % {"name": name}
    if condition_is(pod, "Ready"):
        return None
    reason = _waiting_reason(pod)
    if reason:
        return _("%(name)s is not ready (%(reason)s)") % {"name": name, "reason": reason}
    return _("%(name)s is not ready") % {"name": name}


def _waiting_reason(pod: Obj) -> str:
    """Return why the pod's first waiting container waits, in Kubernetes' word for it, or the pod's phase."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if waiting := status.get("state", {}).get("waiting"):
            return str(waiting.get("reason", ""))
    return str(pod.get("status", {}).get("phase", ""))


def _failing_image(pod: Obj, name: str) -> str | None:
    if _waiting_reason(pod) in ("ErrImagePull", "ImagePullBackOff"):
        return None
    return _("%(name)s does not fail to pull its image") % {"name": name}


def _rolled_out(workload: Obj, name: str) -> str | None:
    """Whether a Deployment or StatefulSet has come to rest where its spec wants it. Follows kubectl rollout status."""
    spec, status = workload["spec"], workload.get("status", {})
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return _("%(name)s has a change that its controller has not seen yet") % {"name": name}
    desired = spec.get("replicas", 1)
    values = {"name": name, "desired": desired}
    if (updated := status.get("updatedReplicas", 0)) < desired:
        return _("%(name)s: %(n)s of %(desired)s pods are of the new revision") % {**values, "n": updated}
    if (total := status.get("replicas", 0)) > desired:
        return ngettext(
            "%(name)s: %(n)s old pod is on its way out",
            "%(name)s: %(n)s old pods are on their way out",
            total - desired,
        ) % {**values, "n": total - desired}
    ready = status.get("availableReplicas" if workload["kind"] == "Deployment" else "readyReplicas", 0)
    if ready < desired:
        return _("%(name)s: %(n)s of %(desired)s pods are available") % {**values, "n": ready}
    return None


CONDITIONS: dict[str, Condition] = {
    "ready": Condition(_ready, gettext_lazy("are ready")),
    "rolled-out": Condition(_rolled_out, gettext_lazy("are rolled out")),
    "failing-to-pull": Condition(_failing_image, gettext_lazy("fail to pull their image")),
}
