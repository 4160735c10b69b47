"""ClusterRoles. Follows pkg/registry/rbac/clusterrole/strategy.go and rbac/validation.ValidateClusterRole (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.rbac.rules import GROUP, validate_rules
from cluster_engine.api.strategy import NAME, Column, Strategy
from cluster_engine.apimachinery.errors import required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource


class ClusterRoleStrategy(Strategy):
    """The rules of ClusterRoles. Aggregation is kept as it is written; no controller fills in the rules."""

    resource = Resource(GROUP, "v1", "ClusterRole", "clusterroles", namespaced=False, singular="clusterrole")
    name_rule = "path_segment"
    columns = (NAME, Column("Created At", "date"))

    def default(self, obj: Obj) -> Obj:
        return obj if "rules" in obj else {**obj, "rules": None}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        errors = validate_rules(obj.get("rules") or (), namespaced=False)
        if obj.get("aggregationRule") is None:
            return errors
        path = "aggregationRule.clusterRoleSelectors"
        selectors = obj["aggregationRule"].get("clusterRoleSelectors") or []
        if not selectors:
            detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
            errors.append(required(path, detail))
        for index, selector in enumerate(selectors):
            errors += checks.label_selector(f"{path}[{index}]", selector)
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or ""]
