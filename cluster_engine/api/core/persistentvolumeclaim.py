"""PersistentVolumeClaims. Follows validation.ValidatePersistentVolumeClaim and its update (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import canonical_amounts
from cluster_engine.api.core.podspec.update import spec_diff
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, required
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.scheme import Resource

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
VOLUME_MODES = ("Block", "Filesystem")
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


class PersistentVolumeClaimStrategy(Strategy):
    """The rules of PersistentVolumeClaims."""

    resource = Resource(
        "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", singular="persistentvolumeclaim",
        short_names=("pvc",), subresources=("status",),
    )  # fmt: skip
    columns = (
        NAME,
        Column("Status"),
        Column("Volume"),
        Column("Capacity"),
        Column("Access Modes"),
        Column("StorageClass"),
        Column("VolumeAttributesClass"),
        AGE,
        Column("VolumeMode", priority=1),
    )

    def default(self, obj: Obj) -> Obj:
        return default_claim(obj)

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {"phase": "Pending"}}

    def validate(self, obj: Obj) -> Errors:
        return validate_claim_spec("spec", obj["spec"])

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        errors: Errors = []
        after, before = dict(new["spec"]), old["spec"]
        annotation = annotations_of(new).get(CLASS_ANNOTATION, "")
        if annotation != annotations_of(old).get(CLASS_ANNOTATION, ""):
            errors.append(invalid_value(f"metadata.annotations.{CLASS_ANNOTATION}", annotation, checks.IMMUTABLE))
        if not before.get("volumeName"):
            # The controller binds a claim once.
            after.pop("volumeName", None)
        bound = (new.get("status") or {}).get("phase") == "Bound"
        if before.get("storageClassName") is None and after.get("storageClassName") and not bound:
            # A class that became the default after the claim was made may still be given.
            after.pop("storageClassName")
        if bound:
            after["resources"] = _with_storage_of(after.get("resources") or {}, before.get("resources") or {})
            after["volumeAttributesClassName"] = before.get("volumeAttributesClassName")
        if not checks.same(after, before):
            diff = spec_diff(before, after).replace("core.PodSpec", "core.PersistentVolumeClaimSpec")
            errors.append(forbidden_field("spec", f"{_IMMUTABLE}\n{diff}"))
        return errors + _shrinking(new, old)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase") or ""
        bound = bool(spec.get("volumeName"))
        return [
            obj["metadata"]["name"],
            phase,
            spec.get("volumeName") or "",
            (status.get("capacity") or {}).get("storage", "0") if bound else "",
            tables.access_modes(status.get("accessModes")) if bound else "",
            claim_class(obj),
            _or_unset(spec.get("volumeAttributesClassName")),
            tables.created(obj, now_us),
            _or_unset(spec.get("volumeMode")),
        ]


def default_claim(obj: Obj) -> Obj:
    """A claim with its defaults, also inside a StatefulSet's volumeClaimTemplates."""
    spec = obj.get("spec") or {}
    changes: Obj = {}
    if not spec.get("volumeMode"):
        changes["volumeMode"] = "Filesystem"
    resources = spec.get("resources")
    if resources is None:
        changes["resources"] = {}
    elif resources:
        new = {field: canonical_amounts(amounts) for field, amounts in resources.items() if isinstance(amounts, dict)}
        if any(new[field] is not resources[field] for field in new):
            changes["resources"] = {**resources, **new}
    if changes:
        obj = {**obj, "spec": {**spec, **changes}}
    if not (obj.get("status") or {}).get("phase"):
        obj = {**obj, "status": {**(obj.get("status") or {}), "phase": "Pending"}}
    return obj


def claim_class(obj: Obj) -> str:
    """The storage class a claim or volume asks for: the old annotation goes first."""
    annotation = annotations_of(obj).get(CLASS_ANNOTATION)
    if annotation is not None:
        return annotation
    return (obj.get("spec") or {}).get("storageClassName") or ""


def _or_unset(value: str | None) -> str:
    return tables.UNSET if value is None else value


def _with_storage_of(resources: Obj, old: Obj) -> Obj:
    """`resources` with the size that `old` asks for."""
    requests = dict(resources.get("requests") or {})
    size = (old.get("requests") or {}).get("storage")
    if size is not None:
        requests["storage"] = size
    return {**resources, "requests": requests}


def _shrinking(new: Obj, old: Obj) -> Errors:
    """A claim may ask for more than before, and for less only down to what it has."""
    after = ((new["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    before = ((old["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    if after is None or before is None or quantity.compare(after, before) >= 0:
        return []
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage")
    if capacity is not None and quantity.compare(after, capacity) > 0:
        return []
    return [forbidden_field("spec.resources.requests.storage", "field can not be less than status.capacity")]


def access_mode_errors(path: str, modes: list[str]) -> Errors:
    errors: Errors = []
    for mode in modes:
        errors += checks.optional_enum(path, mode, checks.ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(m in checks.ACCESS_MODES and m != "ReadWriteOncePod" for m in modes):
        errors.append(forbidden_field(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def validate_claim_spec(path: str, spec: Obj) -> Errors:
    modes = spec.get("accessModes") or []
    errors = [] if modes else [required(f"{path}.accessModes", "at least 1 access mode is required")]
    errors += checks.label_selector(f"{path}.selector", spec.get("selector"))
    errors += access_mode_errors(f"{path}.accessModes", modes)
    at = f"{path}.resources[storage]"
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    errors += [required(at)] if size is None else checks.positive_quantity(at, size)
    if spec.get("storageClassName"):
        errors += checks.dns_subdomain(f"{path}.storageClassName", spec["storageClassName"])
    errors += checks.optional_enum(f"{path}.volumeMode", spec.get("volumeMode"), VOLUME_MODES)
    for field in ("dataSource", "dataSourceRef"):
        if spec.get(field) is not None:
            errors += _data_source(f"{path}.{field}", spec[field])
    return errors


def _data_source(path: str, source: Obj) -> Errors:
    errors = [required(f"{path}.{field}") for field in ("name", "kind") if not source.get(field)]
    group = source.get("apiGroup") or ""
    if group:
        return errors + checks.dns_subdomain(f"{path}.apiGroup", group)
    kind = source.get("kind") or ""
    if kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid_value(path, kind, detail))
    return errors
