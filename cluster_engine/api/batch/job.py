"""Jobs. Follows pkg/registry/batch/job/strategy.go and batch/validation.ValidateJob (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.batch.jobspec import validate_job_spec
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.shown import invalid_without_value
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import names, times
from cluster_engine.apimachinery.errors import invalid_value, required
from cluster_engine.apimachinery.gotext import GoText, label_selector, string_map
from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj, condition_is, deleting, labels_of, with_meta
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.clock import SECOND_US

CONTROLLER_UID, JOB_NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME = "controller-uid", "job-name"
MAX_INT32 = 2**31 - 1
# The order in which the faults of a change are told.
_IMMUTABLE = (
    "completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy",
    "successPolicy",
)  # fmt: skip
_SCHEDULING = ("nodeSelector", "tolerations", "schedulingGates")
_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")


class JobStrategy(Strategy):
    """The rules of Jobs."""

    resource = Resource(
        "batch", "v1", "Job", "jobs", singular="job", categories=("all",), subresources=("status",)
    )  # fmt: skip
    tracks_generation = True
    # As of old: a delete that says nothing leaves the pods.
    default_propagation = "Orphan"
    columns = (
        NAME,
        Column("Status"),
        Column("Completions"),
        Column("Duration"),
        AGE,
        *tables.WIDE_CONTAINERS,
        tables.WIDE_SELECTOR,
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes = _spec_defaults(spec)
        template = default_template(spec.get("template"))
        if template is not spec.get("template"):
            changes["template"] = template
        labels = (template.get("metadata") or {}).get("labels")
        if labels and not labels_of(obj):
            obj = with_meta(obj, labels=labels)
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        obj = {**obj, "status": {}}
        if obj["spec"].get("manualSelector"):
            return obj
        obj = _with_generated_selector(obj)
        if not labels_of(obj):
            # Read back from etcd, a Job without labels of its own has those of its pods.
            obj = with_meta(obj, labels=obj["spec"]["template"]["metadata"]["labels"])
        return obj

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        errors = _generated_selector(obj)
        errors += validate_job_spec("spec", spec)
        selector = spec.get("selector")
        if selector is None:
            errors.append(required("spec.selector"))
        else:
            errors += checks.label_selector("spec.selector", selector)
        errors += _selects_template(spec)
        return errors + _hostnames(obj) if not obj["metadata"].get("resourceVersion") else errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = new["spec"], old["spec"]
        if after is before:
            return []
        errors: Errors = []
        for field in _IMMUTABLE:
            value, previous = after.get(field), before.get(field)
            if value is previous or checks.same(value, previous):
                continue
            if field == "completions":
                errors += _completions(after, value)
            elif field != "template":
                errors.append(invalid_value(f"spec.{field}", _shown(field, value), checks.IMMUTABLE))
            elif not _only_scheduling_changed(after, before, old):
                errors.append(invalid_value("spec.template", GoText("core.PodTemplateSpec{...}"), checks.IMMUTABLE))
        return errors

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        errors = [error for field in _COUNTS for error in checks.nonnegative(f"status.{field}", status.get(field))]
        if condition_is(new, "Complete") and condition_is(new, "Failed"):
            detail = "cannot set Complete=True and Failed=true conditions"
            errors.append(invalid_without_value("status.conditions", detail))
        for kind in ("Failed", "Complete", "FailureTarget"):
            if condition_is(old, kind) and not condition_is(new, kind):
                detail = f"cannot disable the terminal {kind}=True condition"
                errors.append(invalid_without_value("status.conditions", detail))
        return errors

    def warnings(self, obj: Obj) -> list[str]:
        found = []
        if faults := names.dns1123_label(obj["metadata"]["name"]):
            words = (
                "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; "
                "a DNS label is recommended: "
            )
            found.append(f"{words}[{' '.join(faults)}]")
        return found + template_warnings(obj["spec"]["template"], "spec.template")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        return [
            obj["metadata"]["name"],
            _status(obj),
            _progress(spec, status),
            _duration(status, now_us),
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
            format_label_selector(spec.get("selector")),
        ]

    def fields(self, obj: Obj) -> dict[str, str]:
        return {"status.successful": str((obj.get("status") or {}).get("succeeded") or 0)}


def _spec_defaults(spec: Obj) -> Obj:
    """Follows SetDefaults_Job."""
    wanted: Obj = {
        "parallelism": 1,
        "backoffLimit": 6 if spec.get("backoffLimitPerIndex") is None else MAX_INT32,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed",
        "manualSelector": False,
    }
    if spec.get("parallelism") is None:
        wanted["completions"] = 1
    changes = {field: value for field, value in wanted.items() if spec.get(field) is None}
    policy = spec.get("podFailurePolicy") or {}
    rules = [_default_rule(rule) for rule in policy.get("rules") or ()]
    if any(new is not old for new, old in zip(rules, policy.get("rules") or (), strict=True)):
        changes["podFailurePolicy"] = {**policy, "rules": rules}
    return changes


def _default_rule(rule: Obj) -> Obj:
    patterns = rule.get("onPodConditions") or []
    new = [pattern if pattern.get("status") else {**pattern, "status": "True"} for pattern in patterns]
    return rule if all(a is b for a, b in zip(new, patterns, strict=True)) else {**rule, "onPodConditions": new}


def _with_generated_selector(obj: Obj) -> Obj:
    """The Job with labels that only its own pods have, and a selector by its uid."""
    meta, spec = obj["metadata"], obj["spec"]
    template = spec.get("template") or {}
    template_meta = template.get("metadata") or {}
    own = {
        LEGACY_JOB_NAME: meta.get("name", ""), JOB_NAME: meta.get("name", ""),
        LEGACY_CONTROLLER_UID: meta["uid"], CONTROLLER_UID: meta["uid"],
    }  # fmt: skip
    labels = {**own, **(template_meta.get("labels") or {})}
    selector = spec.get("selector") or {}
    chosen = {CONTROLLER_UID: meta["uid"], **(selector.get("matchLabels") or {})}
    template = {**template, "metadata": {**template_meta, "labels": labels}}
    return {**obj, "spec": {**spec, "template": template, "selector": {**selector, "matchLabels": chosen}}}


def _generated_selector(obj: Obj) -> Errors:
    """What was generated must not be in conflict with what was given. Follows validateGeneratedSelector."""
    meta, spec = obj["metadata"], obj["spec"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    expected = {
        LEGACY_CONTROLLER_UID: meta.get("uid"), LEGACY_JOB_NAME: meta.get("name"),
        CONTROLLER_UID: meta.get("uid"), JOB_NAME: meta.get("name"),
    }  # fmt: skip
    errors: Errors = []
    for key, value in expected.items():
        path = "spec.template.metadata.labels"
        if key not in labels:
            errors.append(required(f"{path}[{key}]", f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(invalid_value(f"{path}[{key}]", string_map(labels), f"must be '{value}'"))
    parsed = checks.parsed_selector(spec["selector"])
    if parsed is not None and not parsed.matches({key: value or "" for key, value in expected.items()}):
        errors.append(invalid_value("spec.selector", label_selector(spec["selector"]), "`selector` not auto-generated"))
    return errors


def _selects_template(spec: Obj) -> Errors:
    parsed = checks.parsed_selector(spec.get("selector"))
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if parsed is None or parsed.matches(labels):
        return []
    detail = "`selector` does not match template `labels`"
    return [invalid_value("spec.template.metadata.labels", string_map(labels or None), detail)]


def _hostnames(obj: Obj) -> Errors:
    """An indexed Job's pods have its name and their index as hostname, which has to be a DNS label."""
    spec, name = obj["spec"], obj["metadata"].get("name") or ""
    if spec.get("completionMode") != "Indexed" or (spec.get("completions") or 0) <= 0:
        return []
    longest = f"{name}-{spec['completions'] - 1}"
    if not names.dns1123_label(longest):
        return []
    return [invalid_value("metadata.name", name, f"will not able to create pod with invalid DNS label: {longest}")]


def _completions(spec: Obj, value: int | None) -> Errors:
    """An indexed Job may change completions together with parallelism."""
    if spec.get("completionMode") != "Indexed":
        return [invalid_value("spec.completions", value, checks.IMMUTABLE)]
    if value is None or value == spec.get("parallelism"):
        return []
    return [invalid_value("spec.completions", value, "can only be modified in tandem with spec.parallelism")]


def _only_scheduling_changed(after: Obj, before: Obj, old: Obj) -> bool:
    """Where its pods go may change in a Job that is suspended and has never started a pod."""
    if not before.get("suspend") or (old.get("status") or {}).get("startTime"):
        return False
    return checks.same(_without_scheduling(after["template"]), _without_scheduling(before["template"]))


def _without_scheduling(template: Obj) -> Obj:
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if k not in ("labels", "annotations")}
    spec = {k: v for k, v in (template.get("spec") or {}).items() if k not in _SCHEDULING}
    affinity = {k: v for k, v in (spec.get("affinity") or {}).items() if k != "nodeAffinity"}
    return {**template, "metadata": meta, "spec": {**spec, "affinity": affinity}}


def _shown(field: str, value: Any) -> Any:
    if field == "selector":
        return label_selector(value or {})
    types = {"podFailurePolicy": "batch.PodFailurePolicy", "successPolicy": "batch.SuccessPolicy"}
    return GoText(f"{types[field]}{{...}}") if field in types and value is not None else value


def _status(obj: Obj) -> str:
    for kind, words in (("Complete", "Complete"), ("Failed", "Failed")):
        if condition_is(obj, kind):
            return words
    if deleting(obj):
        return "Terminating"
    return next((kind for kind in ("Suspended", "FailureTarget") if condition_is(obj, kind)), "Running")


def _progress(spec: Obj, status: Obj) -> str:
    succeeded = status.get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(status: Obj, now_us: int) -> str:
    if not status.get("startTime"):
        return ""
    end_us = times.parse_time(status["completionTime"]) if status.get("completionTime") else now_us
    return times.human_duration((end_us - times.parse_time(status["startTime"])) / SECOND_US)
