"""Pods. Follows pkg/registry/core/pod/strategy.go and validation.ValidatePod (v1.32)."""

from __future__ import annotations

from typing import Any, ClassVar

from cluster_engine.api.checks import Errors
from cluster_engine.api.core.pod_table import COLUMNS, pod_cells, pod_row_conditions
from cluster_engine.api.core.podspec.defaults import default_pod
from cluster_engine.api.core.podspec.label_keys import with_label_keys
from cluster_engine.api.core.podspec.resources import qos_class
from cluster_engine.api.core.podspec.update import validate_pod_status_update, validate_pod_update
from cluster_engine.api.core.podspec.validation import pod_annotations, validate_pod_only, validate_pod_spec
from cluster_engine.api.core.podspec.warnings import pod_warnings
from cluster_engine.api.memo import IdentityMemo
from cluster_engine.api.strategy import Column, Strategy
from cluster_engine.apimachinery.errors import forbidden_field
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_FINISHED = ("Failed", "Succeeded")
_GATED = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}


class PodStrategy(Strategy):
    """The rules of pods."""

    resource = Resource(
        "", "v1", "Pod", "pods", singular="pod", short_names=("po",), categories=("all",),
        subresources=(
            "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize",
            "status",
        ),
    )  # fmt: skip
    columns: ClassVar[tuple[Column, ...]] = COLUMNS

    # Specs of stored pods that were validated: an update of labels need not look at them again.
    _valid_specs: IdentityMemo[bool] = IdentityMemo()

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        new = default_pod(spec)
        return obj if new is obj.get("spec") else {**obj, "spec": new}

    def prepare_for_create(self, obj: Obj) -> Obj:
        spec = obj["spec"]
        status: Obj = {"phase": "Pending", "qosClass": qos_class(spec)}
        if spec.get("schedulingGates"):
            status["conditions"] = [{**_GATED, "lastTransitionTime": obj["metadata"].get("creationTimestamp")}]
        if "affinity" in spec:
            spec = with_label_keys(spec, obj["metadata"].get("labels") or {})
        return {**obj, "spec": spec, "status": status}

    def prepare_for_status_update(self, new: Obj, old: Obj) -> Obj:
        # The quality of service is the server's; owner references are not a kubelet's business.
        status = new.get("status") or {}
        qos = (old.get("status") or {}).get("qosClass")
        if qos and not status.get("qosClass"):
            status = {**status, "qosClass": qos}
        meta = new["metadata"]
        owners = old["metadata"].get("ownerReferences")
        if meta.get("ownerReferences") is not owners:
            meta = {field: value for field, value in meta.items() if field != "ownerReferences"}
            if owners is not None:
                meta["ownerReferences"] = owners
        return {**old, "metadata": meta, "status": status}

    def validate(self, obj: Obj) -> Errors:
        meta, spec = obj["metadata"], obj["spec"]
        errors: Errors = []
        if meta.get("annotations"):
            errors += pod_annotations("metadata.annotations", meta["annotations"], spec)
        if self._valid_specs.get(spec):
            return errors
        faults = validate_pod_spec("spec", spec, meta.get("name") or "")
        faults += validate_pod_only("spec", spec)
        if not meta.get("resourceVersion"):
            faults += _validate_create(spec)
        if not faults:
            self._valid_specs.put(spec, True)
        return errors + faults

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return validate_pod_update(new, old)

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        return validate_pod_status_update(new, old)

    def warnings(self, obj: Obj) -> list[str]:
        return pod_warnings(obj["spec"], "spec")

    def grace_period_seconds(self, obj: Obj, asked: int | None) -> int | None:
        """Nothing to wait for where no kubelet has the pod, or where it ended."""
        if not obj["spec"].get("nodeName") or (obj.get("status") or {}).get("phase") in _FINISHED:
            return 0
        seconds = obj["spec"].get("terminationGracePeriodSeconds", 0) if asked is None else asked
        return 1 if seconds < 0 else seconds

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return pod_cells(obj, now_us)

    def row_conditions(self, obj: Obj) -> list[Obj]:
        return pod_row_conditions(obj)

    def fields(self, obj: Obj) -> dict[str, str]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        addresses = status.get("podIPs") or ()
        return {
            "spec.nodeName": spec.get("nodeName") or "",
            "spec.restartPolicy": spec.get("restartPolicy") or "",
            "spec.schedulerName": spec.get("schedulerName") or "",
            "spec.serviceAccountName": spec.get("serviceAccountName") or "",
            "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
            "status.phase": status.get("phase") or "",
            "status.podIP": (addresses[0].get("ip") or "") if addresses else status.get("podIP") or "",
            "status.nominatedNodeName": status.get("nominatedNodeName") or "",
        }


def _validate_create(spec: Obj) -> Errors:
    errors: Errors = []
    if spec.get("ephemeralContainers"):
        errors.append(forbidden_field("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden_field("spec.nodeName", detail))
    return errors
