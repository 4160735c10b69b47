"""ControllerRevisions. Follows pkg/registry/apps/controllerrevision/strategy.go and apps/validation (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import invalid_value, required
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj, controller_of
from cluster_engine.apimachinery.scheme import Resource


class ControllerRevisionStrategy(Strategy):
    """The rules of ControllerRevisions: a revision's data never changes."""

    resource = Resource("apps", "v1", "ControllerRevision", "controllerrevisions", singular="controllerrevision")
    columns = (NAME, Column("Controller"), Column("Revision"), AGE)

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        errors = [] if obj.get("data") is not None else [required("data", "data is mandatory")]
        return errors + checks.nonnegative("revision", obj.get("revision"))

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        if checks.same(new.get("data"), old.get("data")):
            return []
        return [invalid_value("data", GoText("runtime.RawExtension{...}"), checks.IMMUTABLE)]

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], _controller(obj), obj.get("revision") or 0, tables.created(obj, now_us)]


def _controller(obj: Obj) -> str:
    """The controller as `statefulset.apps/web`."""
    reference = controller_of(obj)
    if reference is None:
        return tables.NONE
    group = reference.get("apiVersion", "").rpartition("/")[0]
    kind = str(reference.get("kind", "")).lower()
    return f"{kind}.{group}/{reference.get('name')}" if group else f"{kind}/{reference.get('name')}"
