"""ReplicationControllers. Follows pkg/registry/core/replicationcontroller/strategy.go and validation.go (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.apps.workload import validate_counts
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.validation import validate_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import string_map
from cluster_engine.apimachinery.meta import Obj, labels_of, with_meta
from cluster_engine.apimachinery.scheme import Resource

_COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")


class ReplicationControllerStrategy(Strategy):
    """The rules of ReplicationControllers, whose selector is a plain map."""

    resource = Resource(
        "", "v1", "ReplicationController", "replicationcontrollers", singular="replicationcontroller",
        short_names=("rc",), categories=("all",), subresources=("scale", "status"),
    )  # fmt: skip
    tracks_generation = True
    # What came before the garbage collector leaves its pods behind unless a delete says otherwise.
    default_propagation = "Orphan"
    columns = (
        NAME,
        Column("Desired", "integer"),
        Column("Current", "integer"),
        Column("Ready", "integer"),
        AGE,
        *tables.WIDE_CONTAINERS,
        tables.WIDE_SELECTOR,
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {} if spec.get("replicas") is not None else {"replicas": 1}
        if spec.get("template") is not None:
            template = default_template(spec["template"])
            if template is not spec["template"]:
                changes["template"] = template
            template_labels = (template.get("metadata") or {}).get("labels")
            if template_labels and not spec.get("selector"):
                changes["selector"] = template_labels
            if template_labels and not labels_of(obj):
                obj = with_meta(obj, labels=template_labels)
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {"replicas": 0}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        errors = checks.nonnegative("spec.minReadySeconds", spec.get("minReadySeconds"))
        if not spec.get("selector"):
            errors.append(required("spec.selector"))
        errors += checks.nonnegative("spec.replicas", spec.get("replicas"))
        if spec.get("template") is None:
            return [*errors, required("spec.template")]
        return errors + _template(spec.get("selector"), spec["template"])

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        return validate_counts(new.get("status") or {}, _COUNTS, parts, ready_words="readyReplicas")

    def warnings(self, obj: Obj) -> list[str]:
        return template_warnings(obj["spec"]["template"], "spec.template")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        return [
            obj["metadata"]["name"],
            spec.get("replicas", 0),
            status.get("replicas") or 0,
            status.get("readyReplicas") or 0,
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
            labels.format_labels(spec.get("selector")),
        ]

    def fields(self, obj: Obj) -> dict[str, str]:
        return {"status.replicas": str((obj.get("status") or {}).get("replicas") or 0)}

    def scale(self, obj: Obj) -> Obj:
        selector = {"matchLabels": (obj.get("spec") or {}).get("selector") or {}}
        return super().scale({**obj, "spec": {**(obj.get("spec") or {}), "selector": selector}})


def _template(selector: Obj | None, template: Obj) -> Errors:
    errors: Errors = []
    template_labels = (template.get("metadata") or {}).get("labels") or {}
    if selector and not labels.from_map(selector).matches(template_labels):
        shown, detail = string_map(template_labels or None), "`selector` does not match template `labels`"
        errors.append(invalid_value("spec.template.metadata.labels", shown, detail))
    errors += validate_template("spec.template", template)
    pod_spec = template.get("spec") or {}
    policy = pod_spec.get("restartPolicy") or ""
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if pod_spec.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in ReplicationController is not Supported"
        errors.append(forbidden_field("spec.template.spec.activeDeadlineSeconds", detail))
    return errors
