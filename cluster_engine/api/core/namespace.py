"""Namespaces. Follows pkg/registry/core/namespace/strategy.go (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import tables
from cluster_engine.api.checks import Errors, qualified_name
from cluster_engine.api.metadata import kube_finalizer
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import invalid_value
from cluster_engine.apimachinery.meta import Obj, labels_of, with_labels
from cluster_engine.apimachinery.scheme import Resource

# A namespace has no deletecollection.
_VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")
_NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    """The rules of namespaces."""

    resource = Resource(
        "", "v1", "Namespace", "namespaces", namespaced=False, singular="namespace", short_names=("ns",),
        subresources=("finalize", "status"), verbs=_VERBS,
    )  # fmt: skip
    name_rule = "dns_label"
    columns = (NAME, Column("Status"), AGE)

    def default(self, obj: Obj) -> Obj:
        name = obj["metadata"].get("name")
        if name and labels_of(obj).get(_NAME_LABEL) != name:
            obj = with_labels(obj, **{_NAME_LABEL: name})
        return obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        """A new namespace is active, and Kubernetes' own finalizer is in its spec (not in its metadata)."""
        spec = obj.get("spec") or {}
        finalizers = spec.get("finalizers") or []
        if "kubernetes" not in finalizers:
            spec = {**spec, "finalizers": [*finalizers, "kubernetes"]}
        return {**obj, "spec": spec, "status": {"phase": "Active"}}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        # Finalizers change through the `finalize` subresource only.
        return {**new, "spec": old.get("spec", {}), "status": old.get("status", {"phase": "Active"})}

    def validate(self, obj: Obj) -> Errors:
        errors: Errors = []
        for finalizer in (obj.get("spec") or {}).get("finalizers") or ():
            errors += qualified_name("spec.finalizers", finalizer) + kube_finalizer("spec.finalizers", finalizer)
        return errors

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        phase = (new.get("status") or {}).get("phase") or ""
        if not new["metadata"].get("deletionTimestamp"):
            if phase != "Active":
                detail = "may only be 'Active' if `deletionTimestamp` is empty"
                return [invalid_value("status.Phase", phase, detail)]
        elif phase != "Terminating":
            detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            return [invalid_value("status.Phase", phase, detail)]
        return []

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], (obj.get("status") or {}).get("phase") or "", tables.created(obj, now_us)]

    def fields(self, obj: Obj) -> dict[str, str]:
        return {"status.phase": (obj.get("status") or {}).get("phase") or ""}
