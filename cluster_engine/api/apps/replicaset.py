"""ReplicaSets. Follows pkg/registry/apps/replicaset/strategy.go and apps/validation.ValidateReplicaSet (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.apps.deployment import selector_is_immutable
from cluster_engine.api.apps.workload import validate_counts, validate_selector, validate_template_for
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")


class ReplicaSetStrategy(Strategy):
    """The rules of ReplicaSets."""

    resource = Resource(
        "apps", "v1", "ReplicaSet", "replicasets", singular="replicaset", short_names=("rs",), categories=("all",),
        subresources=("scale", "status"),
    )  # fmt: skip
    tracks_generation = True
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
        template = default_template(spec.get("template"))
        if template is not spec.get("template"):
            changes["template"] = template
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {"replicas": 0}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        errors: Errors = []
        for field in ("replicas", "minReadySeconds"):
            errors += checks.nonnegative(f"spec.{field}", spec.get(field))
        errors += validate_selector(spec.get("selector"), "deployment")
        return errors + validate_template_for(spec, "ReplicaSet")

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = new["spec"].get("selector"), old["spec"].get("selector")
        if after is before or checks.same(after, before):
            return []
        return [selector_is_immutable(after)]

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
            format_label_selector(spec.get("selector")),
        ]

    def fields(self, obj: Obj) -> dict[str, str]:
        return {"status.replicas": str((obj.get("status") or {}).get("replicas") or 0)}
