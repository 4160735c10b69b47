"""StorageClasses. Follows pkg/registry/storage/storageclass/strategy.go and storage/validation (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, required, too_long
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.scheme import Resource

IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
IS_DEFAULT_BETA = "storageclass.beta.kubernetes.io/is-default-class"
MAX_PARAMETERS = 512
MAX_PARAMETERS_BYTES = 256 * 1024
RECLAIM_POLICIES = ("Delete", "Retain")
BINDING_MODES = ("Immediate", "WaitForFirstConsumer")


def is_default(obj: Obj) -> bool:
    """Whether claims that name no class get this one."""
    annotations = annotations_of(obj)
    return "true" in (annotations.get(IS_DEFAULT), annotations.get(IS_DEFAULT_BETA))


class StorageClassStrategy(Strategy):
    """The rules of StorageClasses."""

    resource = Resource(
        "storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False, singular="storageclass",
        short_names=("sc",),
    )  # fmt: skip
    columns = (
        NAME,
        Column("Provisioner"),
        Column("ReclaimPolicy"),
        Column("VolumeBindingMode"),
        Column("AllowVolumeExpansion"),
        AGE,
    )

    def default(self, obj: Obj) -> Obj:
        wanted = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}
        changes = {field: value for field, value in wanted.items() if obj.get(field) is None}
        return {**obj, **changes} if changes else obj

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        provisioner = obj.get("provisioner") or ""
        if provisioner:
            errors = checks.qualified_name("provisioner", provisioner.lower())
        else:
            errors = [required("provisioner")]
        errors += _parameters("parameters", obj.get("parameters") or {})
        if obj.get("reclaimPolicy"):
            errors += checks.optional_enum("reclaimPolicy", obj["reclaimPolicy"], RECLAIM_POLICIES)
        errors += checks.optional_enum("volumeBindingMode", obj.get("volumeBindingMode"), BINDING_MODES)
        return errors + _topologies("allowedTopologies", obj.get("allowedTopologies") or [])

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        errors: Errors = []
        if (new.get("parameters") or {}) != (old.get("parameters") or {}):
            errors.append(forbidden_field("parameters", "updates to parameters are forbidden."))
        for field in ("provisioner", "reclaimPolicy"):
            if new.get(field) != old.get(field):
                errors.append(forbidden_field(field, f"updates to {field} are forbidden."))
        mode = "volumeBindingMode"
        return errors + checks.immutable(mode, new.get(mode), old.get(mode))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        name = obj["metadata"]["name"]
        return [
            f"{name} (default)" if is_default(obj) else name,
            obj.get("provisioner") or "",
            obj.get("reclaimPolicy") or "Delete",
            obj.get("volumeBindingMode") or "Immediate",
            bool(obj.get("allowVolumeExpansion")),
            tables.created(obj, now_us),
        ]


def _parameters(path: str, parameters: dict[str, str]) -> Errors:
    if len(parameters) > MAX_PARAMETERS:
        return [too_long(path, MAX_PARAMETERS)]
    errors = [invalid_value(path, key, "field can not be empty.") for key in parameters if not key]
    if sum(checks.byte_length(k) + checks.byte_length(v) for k, v in parameters.items()) > MAX_PARAMETERS_BYTES:
        errors.append(too_long(path, MAX_PARAMETERS_BYTES))
    return errors


def _topologies(path: str, topologies: list[Obj]) -> Errors:
    errors: Errors = []
    earlier: list[dict[str, set[str]]] = []
    for index, term in enumerate(topologies):
        at = f"{path}[{index}].matchLabelExpressions"
        chosen: dict[str, set[str]] = {}
        for position, expression in enumerate(term.get("matchLabelExpressions") or ()):
            errors += _expression(f"{at}[{position}]", expression, chosen)
        if chosen in earlier:
            errors.append(duplicate(at, ""))
        earlier.append(chosen)
    return errors


def _expression(path: str, expression: Obj, chosen: dict[str, set[str]]) -> Errors:
    """The faults of one expression; its key and values join `chosen`."""
    key, values = expression.get("key") or "", expression.get("values") or []
    errors = [] if values else [required(f"{path}.values")]
    for index, value in enumerate(values):
        if value in values[:index]:
            errors.append(duplicate(f"{path}.values[{index}]", value))
    errors += checks.qualified_name(f"{path}.key", key)
    if key in chosen:
        errors.append(duplicate(f"{path}.key", key))
    chosen[key] = set(values)
    return errors
