"""Faults of an object's metadata, the same for every kind. The API server asks before it asks the kind's Strategy.

Follows apimachinery/pkg/api/validation/objectmeta.go and core/validation.ValidateObjectMeta (v1.32).
"""

from __future__ import annotations

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, required
from cluster_engine.apimachinery.gotext import GoText, quote, string_slice
from cluster_engine.apimachinery.meta import Obj

STANDARD_FINALIZERS = ("foregroundDeletion", "kubernetes", "orphan")
_IMMUTABLE_FIELDS = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def validate_object_meta(obj: Obj, strategy: Strategy) -> Errors:
    """The faults of a new object's metadata, its name already generated."""
    meta, rule = obj["metadata"], strategy.name_rule
    errors: Errors = []
    generate_name = meta.get("generateName")
    if generate_name:
        faults = names.name_faults(rule, generate_name, prefix=True)
        errors += [invalid_value("metadata.generateName", generate_name, fault) for fault in faults]
    name = meta.get("name")
    if not name:
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        errors += [invalid_value("metadata.name", name, fault) for fault in names.name_faults(rule, name)]
    namespace = meta.get("namespace")
    if strategy.resource.namespaced:
        errors += checks.dns_label("metadata.namespace", namespace) if namespace else [required("metadata.namespace")]
    elif namespace:
        errors.append(forbidden_field("metadata.namespace", "not allowed on this type"))
    errors += checks.nonnegative("metadata.generation", meta.get("generation"))
    errors += _common(meta)
    if not meta.get("finalizers"):
        return errors
    return errors + _finalizers(meta) + (_kube_finalizers(meta["finalizers"]) if strategy.checks_finalizers else [])


def validate_object_meta_update(new_obj: Obj, old_obj: Obj, *, checks_finalizers: bool = True) -> Errors:
    """The faults of a change of metadata; the new object must carry what the server keeps (uid, creationTimestamp)."""
    new, old = new_obj["metadata"], old_obj["metadata"]
    errors: Errors = []
    if old.get("deletionTimestamp") is not None:
        extra = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if extra:
            words = "no new finalizers can be added if the object is being deleted, found new finalizers"
            errors.append(forbidden_field("metadata.finalizers", f"{words} {string_slice(extra)}"))
    for field in _IMMUTABLE_FIELDS:
        if new.get(field) != old.get(field):
            errors += checks.immutable(f"metadata.{field}", new.get(field), old.get(field))
    errors += _common(new)
    return errors + (_kube_finalizers(new.get("finalizers")) if checks_finalizers else [])


def _common(meta: Obj) -> Errors:
    errors = checks.labels("metadata.labels", meta.get("labels"))
    if meta.get("annotations"):
        errors += checks.annotation_map("metadata.annotations", meta["annotations"])
    if meta.get("ownerReferences"):
        errors += _owner_references(meta["ownerReferences"])
    return errors


def _owner_references(references: list[Obj]) -> Errors:
    errors: Errors = []
    path = "metadata.ownerReferences"
    first_controller = ""
    for reference in references:
        api_version = reference.get("apiVersion") or ""
        if not api_version.rpartition("/")[2]:
            errors.append(invalid_value(f"{path}.apiVersion", api_version, "version must not be empty"))
        for field in ("kind", "name", "uid"):
            if not reference.get(field):
                errors.append(invalid_value(f"{path}.{field}", "", f"{field} must not be empty"))
        if api_version == "v1" and reference.get("kind") == "Event":
            errors.append(invalid_value(path, _shown(reference), "/v1, Kind=Event is disallowed from being an owner"))
        if reference.get("controller"):
            controller = f"{reference.get('kind')}/{reference.get('name')}"
            if first_controller:
                detail = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {first_controller} and {controller}'
                )
                shown = GoText(f"[]v1.OwnerReference{{{', '.join(map(_shown, references))}}}")
                errors.append(invalid_value(path, shown, detail))
            else:
                first_controller = controller
    return errors


def _shown(reference: Obj) -> GoText:
    """An owner reference as `%#v` prints it; the addresses of the two pointers are left out."""
    fields = ", ".join(
        f"{name}:{quote(reference.get(field) or '')}"
        for name, field in (("APIVersion", "apiVersion"), ("Kind", "kind"), ("Name", "name"), ("UID", "uid"))
    )
    pointers = ", ".join(
        f"{name}:(*bool)({'nil' if reference.get(field) is None else '0x0'})"
        for name, field in (("Controller", "controller"), ("BlockOwnerDeletion", "blockOwnerDeletion"))
    )
    return GoText(f"v1.OwnerReference{{{fields}, {pointers}}}")


def _finalizers(meta: Obj) -> Errors:
    finalizers = meta.get("finalizers") or []
    path = "metadata.finalizers"
    errors = [error for finalizer in finalizers for error in checks.qualified_name(path, finalizer)]
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        errors.append(
            invalid_value(path, string_slice(finalizers), "finalizer orphan and foregroundDeletion cannot be both set")
        )
    return errors


def _kube_finalizers(finalizers: list[str] | None) -> Errors:
    return [
        error
        for index, finalizer in enumerate(finalizers or ())
        for error in kube_finalizer(f"metadata.finalizers[{index}]", finalizer)
    ]


def kube_finalizer(path: str, finalizer: str) -> Errors:
    """A finalizer without a domain must be one of Kubernetes' own."""
    if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        return [invalid_value(path, finalizer, detail)]
    return []
