"""Deployments. Follows pkg/registry/apps/deployment/strategy.go and apps/validation.ValidateDeployment (v1.32)."""

from __future__ import annotations

from typing import Any, ClassVar

from cluster_engine.api import checks, tables
from cluster_engine.api.apps.workload import (
    validate_collision_count,
    validate_counts,
    validate_selector,
    validate_template_for,
)
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy, without
from cluster_engine.apimachinery import intstr, names
from cluster_engine.apimachinery.errors import FieldError, forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText, int_or_string, label_selector
from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_DEFAULTS = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}
_COUNTS = (
    "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas",
    "collisionCount",
)  # fmt: skip


class DeploymentStrategy(Strategy):
    """The rules of Deployments."""

    resource = Resource(
        "apps", "v1", "Deployment", "deployments", singular="deployment", short_names=("deploy",), categories=("all",),
        subresources=("scale", "status"),
    )  # fmt: skip
    tracks_generation = True
    columns: ClassVar[tuple[Column, ...]] = (
        NAME,
        Column("Ready"),
        Column("Up-to-date"),
        Column("Available"),
        AGE,
        *tables.WIDE_CONTAINERS,
        tables.WIDE_SELECTOR,
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {field: value for field, value in _DEFAULTS.items() if spec.get(field) is None}
        strategy = spec.get("strategy") or {}
        if (new := _default_strategy(strategy)) is not spec.get("strategy"):
            changes["strategy"] = new
        template = default_template(spec.get("template"))
        if template is not spec.get("template"):
            changes["template"] = template
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {}}

    def prepare_for_status_update(self, new: Obj, old: Obj) -> Obj:
        """Keeps the labels as well. Follows pkg/registry/apps/deployment/strategy.go (deploymentStatusStrategy)."""
        meta, labels = new["metadata"], old["metadata"].get("labels")
        if meta.get("labels") != labels:
            meta = without(meta, "labels") if labels is None else {**meta, "labels": labels}
            new = {**new, "metadata": meta}
        return super().prepare_for_status_update(new, old)

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        # Annotations are carried over to ReplicaSets, so that a change of them is work for the controller.
        if new.get("spec") != old.get("spec"):
            return True
        return not checks.same(new["metadata"].get("annotations"), old["metadata"].get("annotations"))

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        errors = checks.nonnegative("spec.replicas", spec.get("replicas"))
        errors += validate_selector(spec.get("selector"), "deployment")
        errors += validate_template_for(spec, "Deployment")
        errors += _validate_strategy(spec.get("strategy") or {})
        for field in ("minReadySeconds", "revisionHistoryLimit"):
            errors += checks.nonnegative(f"spec.{field}", spec.get(field))
        deadline = spec.get("progressDeadlineSeconds")
        if deadline is not None:
            path = "spec.progressDeadlineSeconds"
            errors += checks.nonnegative(path, deadline)
            if deadline <= (spec.get("minReadySeconds") or 0):
                errors.append(invalid_value(path, deadline, "must be greater than minReadySeconds"))
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = new["spec"].get("selector"), old["spec"].get("selector")
        if after is before or checks.same(after, before):
            return []
        return [selector_is_immutable(after)]

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        parts = ("updatedReplicas", "readyReplicas", "availableReplicas")
        errors = validate_counts(status, _COUNTS, parts, ready_words="readyReplicas")
        return errors + validate_collision_count(status, old.get("status") or {})

    def warnings(self, obj: Obj) -> list[str]:
        return template_warnings(obj["spec"]["template"], "spec.template")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        return [
            obj["metadata"]["name"],
            f"{status.get('readyReplicas') or 0}/{spec.get('replicas', 0)}",
            status.get("updatedReplicas") or 0,
            status.get("availableReplicas") or 0,
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
            format_label_selector(spec.get("selector")),
        ]


def selector_is_immutable(selector: Obj | None) -> FieldError:
    return invalid_value("spec.selector", label_selector(selector or {}), checks.IMMUTABLE)


def _default_strategy(strategy: Obj) -> Obj:
    kind = strategy.get("type") or "RollingUpdate"
    changes: Obj = {} if strategy.get("type") else {"type": kind}
    if kind == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        missing = {field: value for field, value in _ROLLING.items() if rolling.get(field) is None}
        if missing:
            changes["rollingUpdate"] = {**rolling, **missing}
    return {**strategy, **changes} if changes else strategy


def _validate_strategy(strategy: Obj) -> Errors:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is None:
            return []
        words = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_field("spec.strategy.rollingUpdate", words)]
    if kind == "RollingUpdate":
        if rolling is None:
            return [required("spec.strategy.rollingUpdate", "this should be defaulted and never be nil")]
        return _validate_rolling(rolling)
    pointer = "nil" if rolling is None else "0xc000000000"
    shown = GoText(
        f'apps.DeploymentStrategy{{Type:"{kind}", RollingUpdate:(*apps.RollingUpdateDeployment)({pointer})}}'
    )
    return [not_supported("spec.strategy", shown, ("Recreate", "RollingUpdate"))]


def _validate_rolling(rolling: Obj) -> Errors:
    path = "spec.strategy.rollingUpdate"
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    errors = validate_int_or_percent(f"{path}.maxUnavailable", unavailable)
    errors += validate_int_or_percent(f"{path}.maxSurge", surge)
    if number_of(unavailable) == 0 and number_of(surge) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid_value(f"{path}.maxUnavailable", int_or_string(unavailable), detail))
    if isinstance(unavailable, str) and not names.percent(unavailable) and int(unavailable[:-1]) > 100:
        errors.append(
            invalid_value(f"{path}.maxUnavailable", int_or_string(unavailable), "must not be greater than 100%")
        )
    return errors


def validate_int_or_percent(path: str, value: int | str) -> Errors:
    """A count that is not negative, or a percentage."""
    if isinstance(value, str):
        return [invalid_value(path, int_or_string(value), fault) for fault in names.percent(value)]
    return checks.nonnegative(path, value)


def number_of(value: int | str) -> int:
    """The number in a count or percentage; what is neither counts as 0."""
    if isinstance(value, str) and not names.percent(value):
        return int(value[:-1])
    return intstr.int_value(value)
