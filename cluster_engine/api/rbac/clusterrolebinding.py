"""ClusterRoleBindings. Follows pkg/registry/rbac/clusterrolebinding/strategy.go (v1.32)."""

from __future__ import annotations

from cluster_engine.api.rbac.rules import GROUP, BindingStrategy
from cluster_engine.apimachinery.scheme import Resource


class ClusterRoleBindingStrategy(BindingStrategy):
    """The rules of ClusterRoleBindings."""

    resource = Resource(
        GROUP, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False, singular="clusterrolebinding"
    )
    role_kinds = ("ClusterRole",)
