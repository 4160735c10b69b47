"""RoleBindings. Follows pkg/registry/rbac/rolebinding/strategy.go (v1.32)."""

from __future__ import annotations

from cluster_engine.api.rbac.rules import GROUP, BindingStrategy
from cluster_engine.apimachinery.scheme import Resource


class RoleBindingStrategy(BindingStrategy):
    """The rules of RoleBindings."""

    resource = Resource(GROUP, "v1", "RoleBinding", "rolebindings", singular="rolebinding")
    role_kinds = ("Role", "ClusterRole")
