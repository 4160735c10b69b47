"""DaemonSets. Follows pkg/registry/apps/daemonset/strategy.go and apps/validation.ValidateDaemonSet (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.apps.deployment import selector_is_immutable, validate_int_or_percent
from cluster_engine.api.apps.workload import validate_collision_count
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.validation import validate_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.shown import pointer
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import intstr
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText, int_or_string, label_selector, quote, string_map
from cluster_engine.apimachinery.labels import format_label_selector, format_labels
from cluster_engine.apimachinery.meta import Obj, annotations_of, with_annotations
from cluster_engine.apimachinery.scheme import Resource

# Where apps/v1 keeps what the internal type calls spec.templateGeneration.
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_ROLLING = {"maxUnavailable": 1, "maxSurge": 0}
_COUNTS = (
    "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
    "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
)  # fmt: skip
_EMPTY_STATUS = {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}


class DaemonSetStrategy(Strategy):
    """The rules of DaemonSets."""

    resource = Resource(
        "apps", "v1", "DaemonSet", "daemonsets", singular="daemonset", short_names=("ds",), categories=("all",),
        subresources=("status",),
    )  # fmt: skip
    tracks_generation = True
    columns = (
        NAME,
        Column("Desired", "integer"),
        Column("Current", "integer"),
        Column("Ready", "integer"),
        Column("Up-to-date", "integer"),
        Column("Available", "integer"),
        Column("Node Selector"),
        AGE,
        *tables.WIDE_CONTAINERS,
        tables.WIDE_SELECTOR,
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {} if spec.get("revisionHistoryLimit") is not None else {"revisionHistoryLimit": 10}
        strategy = spec.get("updateStrategy") or {}
        if (new := _default_strategy(strategy)) is not spec.get("updateStrategy"):
            changes["updateStrategy"] = new
        template = default_template(spec.get("template"))
        if template is not spec.get("template"):
            changes["template"] = template
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        asked = annotations_of(obj).get(TEMPLATE_GENERATION, "")
        number = int(asked) if asked.isascii() and asked.isdigit() else 0
        return with_annotations({**obj, "status": dict(_EMPTY_STATUS)}, {TEMPLATE_GENERATION: str(max(number, 1))})

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        """Counts the changes of the template in an annotation, which nobody else may change."""
        number = annotations_of(old).get(TEMPLATE_GENERATION, "0")
        if new["spec"].get("template") != old["spec"].get("template"):
            number = str(int(number if number.isdigit() else "0") + 1)
        if annotations_of(new).get(TEMPLATE_GENERATION) != number:
            new = with_annotations(new, {TEMPLATE_GENERATION: number})
        return super().prepare_for_update(new, old)

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        selector, template = spec.get("selector"), spec.get("template") or {}
        errors = checks.label_selector("spec.selector", selector)
        parsed = checks.parsed_selector(selector)
        labels = (template.get("metadata") or {}).get("labels") or {}
        if parsed is not None and not parsed.matches(labels):
            detail = "`selector` does not match template `labels`"
            errors.append(invalid_value("spec.template.metadata.labels", string_map(labels or None), detail))
        if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
            detail = "empty selector is invalid for daemonset"
            errors.append(invalid_value("spec.selector", label_selector(selector), detail))
        errors += validate_template("spec.template", template)
        errors += _always_running(template.get("spec") or {})
        errors += checks.nonnegative("spec.minReadySeconds", spec.get("minReadySeconds"))
        errors += _validate_strategy(spec.get("updateStrategy") or {})
        return errors + checks.nonnegative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = new["spec"].get("selector"), old["spec"].get("selector")
        if after is before or checks.same(after, before):
            return []
        return [selector_is_immutable(after)]

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        errors = [error for field in _COUNTS for error in checks.nonnegative(f"status.{field}", status.get(field))]
        return errors + validate_collision_count(status, old.get("status") or {})

    def warnings(self, obj: Obj) -> list[str]:
        return template_warnings(obj["spec"]["template"], "spec.template")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        pod_spec = (spec.get("template") or {}).get("spec") or {}
        counts = (
            "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled",
            "numberAvailable",
        )  # fmt: skip
        return [
            obj["metadata"]["name"],
            *(status.get(field) or 0 for field in counts),
            format_labels(pod_spec.get("nodeSelector")),
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
            format_label_selector(spec.get("selector")),
        ]


def _default_strategy(strategy: Obj) -> Obj:
    kind = strategy.get("type") or "RollingUpdate"
    changes: Obj = {} if strategy.get("type") else {"type": kind}
    if kind == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        missing = {field: value for field, value in _ROLLING.items() if rolling.get(field) is None}
        if missing:
            changes["rollingUpdate"] = {**rolling, **missing}
    return {**strategy, **changes} if changes else strategy


def _always_running(pod_spec: Obj) -> Errors:
    path, policy = "spec.template.spec", pod_spec.get("restartPolicy") or ""
    errors: Errors = []
    if policy != "Always":
        errors.append(not_supported(f"{path}.restartPolicy", policy, ("Always",)))
    if pod_spec.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in DaemonSet is not Supported"
        errors.append(forbidden_field(f"{path}.activeDeadlineSeconds", detail))
    return errors


def _validate_strategy(strategy: Obj) -> Errors:
    path, kind, rolling = "spec.updateStrategy", strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind == "RollingUpdate":
        return [required(f"{path}.rollingUpdate")] if rolling is None else _rolling(f"{path}.rollingUpdate", rolling)
    shown = f"apps.DaemonSetUpdateStrategy{{Type:{quote(kind)}, RollingUpdate:"
    shown += f"{pointer('apps.RollingUpdateDaemonSet', rolling)}}}"
    return [not_supported(path, GoText(shown), ("RollingUpdate", "OnDelete"))]


def _rolling(path: str, rolling: Obj) -> Errors:
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    errors: Errors = []
    for field, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        errors += validate_int_or_percent(f"{path}.{field}", value)
    for field, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        errors += not_more_than_100_percent(f"{path}.{field}", value)
    if _number(unavailable) and _number(surge):
        detail = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid_value(f"{path}.maxSurge", int_or_string(surge), detail))
    elif not _number(unavailable) and not _number(surge):
        errors.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


def not_more_than_100_percent(path: str, value: int | str) -> Errors:
    """At most all of them, where the value is a percentage."""
    percent = intstr.percentage(value)
    if percent is None or percent <= 100:
        return []
    return [invalid_value(path, int_or_string(value), "must not be greater than 100%")]


def _number(value: int | str) -> int:
    percent = intstr.percentage(value)
    return intstr.int_value(value) if percent is None else percent
