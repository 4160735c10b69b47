"""Roles. Follows pkg/registry/rbac/role/strategy.go and rbac/validation.ValidateRole (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api.checks import Errors
from cluster_engine.api.rbac.rules import GROUP, validate_rules
from cluster_engine.api.strategy import NAME, Column, Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource


class RoleStrategy(Strategy):
    """The rules of Roles."""

    resource = Resource(GROUP, "v1", "Role", "roles", singular="role")
    name_rule = "path_segment"
    columns = (NAME, Column("Created At", "date"))

    def default(self, obj: Obj) -> Obj:
        return obj if "rules" in obj else {**obj, "rules": None}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        return validate_rules(obj.get("rules") or (), namespaced=True)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or ""]
