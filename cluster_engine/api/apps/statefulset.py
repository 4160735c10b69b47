"""StatefulSets. Follows pkg/registry/apps/statefulset/strategy.go and apps/validation.ValidateStatefulSet (v1.32)."""

from __future__ import annotations

from typing import Any, ClassVar

from cluster_engine.api import checks, tables
from cluster_engine.api.apps.deployment import number_of, validate_int_or_percent
from cluster_engine.api.apps.workload import (
    validate_collision_count,
    validate_counts,
    validate_selector,
    validate_template_for,
)
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.persistentvolumeclaim import default_claim
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.memo import IdentityMemo
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, required
from cluster_engine.apimachinery.gotext import GoText, int_or_string, quote
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_DEFAULTS = {"podManagementPolicy": "OrderedReady", "replicas": 1, "revisionHistoryLimit": 10}
_RETENTION = {"whenDeleted": "Retain", "whenScaled": "Retain"}
_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
_FORBIDDEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_COUNTS = (
    "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration",
    "collisionCount",
)  # fmt: skip
_claims: IdentityMemo[list[Obj]] = IdentityMemo()


class StatefulSetStrategy(Strategy):
    """The rules of StatefulSets."""

    resource = Resource(
        "apps", "v1", "StatefulSet", "statefulsets", singular="statefulset", short_names=("sts",), categories=("all",),
        subresources=("scale", "status"),
    )  # fmt: skip
    tracks_generation = True
    name_rule = "dns_label"
    columns: ClassVar[tuple[Column, ...]] = (NAME, Column("Ready"), AGE, *tables.WIDE_CONTAINERS)

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {field: value for field, value in _DEFAULTS.items() if spec.get(field) in (None, "")}
        strategy = spec.get("updateStrategy") or {}
        if (new := _default_update_strategy(strategy)) is not spec.get("updateStrategy"):
            changes["updateStrategy"] = new
        retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
        missing = {field: value for field, value in _RETENTION.items() if not retention.get(field)}
        if missing:
            changes["persistentVolumeClaimRetentionPolicy"] = {**retention, **missing}
        template = default_template(spec.get("template"))
        if template is not spec.get("template"):
            changes["template"] = template
        claims = spec.get("volumeClaimTemplates")
        if claims and (defaulted := _default_claims(claims)) is not claims:
            changes["volumeClaimTemplates"] = defaulted
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {"replicas": 0, "availableReplicas": 0}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        policy = spec.get("podManagementPolicy") or ""
        errors: Errors = []
        if not policy:
            errors.append(required("spec.podManagementPolicy"))
        elif policy not in ("OrderedReady", "Parallel"):
            errors.append(invalid_value("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
        errors += _validate_update_strategy(spec.get("updateStrategy") or {})
        retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
        for field in ("whenDeleted", "whenScaled"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
            errors += checks.optional_enum(path, retention.get(field), ("Retain", "Delete"))
        for field in ("replicas", "minReadySeconds"):
            errors += checks.nonnegative(f"spec.{field}", spec.get(field))
        errors += checks.nonnegative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
        errors += validate_selector(spec.get("selector"), "statefulset")
        return errors + validate_template_for(spec, "StatefulSet", bad_selector="")

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = new["spec"], old["spec"]
        if after is before:
            return []
        fields = {*after, *before}.difference(_MUTABLE)
        if all(checks.same(after.get(field), before.get(field)) for field in fields):
            return []
        return [forbidden_field("spec", _FORBIDDEN)]

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        status = new.get("status") or {}
        parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
        errors = validate_counts(status, _COUNTS, parts, ready_words="status.readyReplicas")
        return errors + validate_collision_count(status, old.get("status") or {})

    def warnings(self, obj: Obj) -> list[str]:
        found = template_warnings(obj["spec"]["template"], "spec.template")
        limit = obj["spec"].get("revisionHistoryLimit")
        if limit is not None and limit < 0:
            found.append(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
                "a value >= 0 is recommended"
            )
        return found

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        return [
            obj["metadata"]["name"],
            f"{status.get('readyReplicas') or 0}/{spec.get('replicas', 0)}",
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
        ]


def _default_update_strategy(strategy: Obj) -> Obj:
    changes: Obj = {}
    if not strategy.get("type"):
        changes["type"] = "RollingUpdate"
    if (strategy.get("type") or "RollingUpdate") == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        if rolling.get("partition") is None:
            changes["rollingUpdate"] = {**rolling, "partition": 0}
    return {**strategy, **changes} if changes else strategy


def _default_claims(claims: list[Obj]) -> list[Obj]:
    """Claim templates as the API gives them back: with a kind, an empty creation time and a status."""
    found = _claims.get(claims)
    if found is None:
        found = [_default_claim_template(claim) for claim in claims]
        if all(new is old for new, old in zip(found, claims, strict=True)):
            found = claims
        _claims.put(claims, found)
        _claims.put(found, found)
    return found


def _default_claim_template(claim: Obj) -> Obj:
    changes: Obj = {}
    if not claim.get("apiVersion") or not claim.get("kind"):
        changes = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    meta = claim.get("metadata") or {}
    if "creationTimestamp" not in meta:
        changes["metadata"] = {"creationTimestamp": None, **meta}
    return default_claim({**claim, **changes} if changes else claim)


def _validate_rolling(path: str, rolling: Obj) -> Errors:
    """`maxUnavailable` is followed where it is given, as with the feature gate MaxUnavailableStatefulSet."""
    errors = checks.nonnegative(f"{path}.partition", rolling.get("partition"))
    value = rolling.get("maxUnavailable")
    if value is None:
        return errors
    path = f"{path}.maxUnavailable"
    errors += validate_int_or_percent(path, value)
    if number_of(value) == 0:
        errors.append(invalid_value(path, int_or_string(value), "cannot be 0"))
    if isinstance(value, str) and number_of(value) > 100:
        errors.append(invalid_value(path, int_or_string(value), "must not be greater than 100%"))
    return errors


def _validate_update_strategy(strategy: Obj) -> Errors:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    path = "spec.updateStrategy"
    if not kind:
        return [required(path)]
    if kind == "OnDelete":
        if rolling is None:
            return []
        # The whole structure is printed; its second field is a pointer that nobody sets.
        shown = (
            f"apps.RollingUpdateStatefulSetStrategy{{Partition:{rolling.get('partition') or 0}, MaxUnavailable:<nil>}}"
        )
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [invalid_value(f"{path}.rollingUpdate", GoText(shown), detail)]
    if kind == "RollingUpdate":
        return _validate_rolling(f"{path}.rollingUpdate", rolling or {})
    pointer = "nil" if rolling is None else "0xc000000000"
    shown = (
        f"apps.StatefulSetUpdateStrategy{{Type:{quote(kind)}, "
        f"RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)({pointer})}}"
    )
    return [invalid_value(path, GoText(shown), "must be 'RollingUpdate' or 'OnDelete'")]
