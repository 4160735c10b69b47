"""Follows pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, deleting, name_of
from cluster_engine.apimachinery.policy_rules import aggregated_rules
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

RESOURCE = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregationController(Controller):
    """One key is one ClusterRole that collects rules."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("clusterrole-aggregation-controller", context)
        self.roles = self.informer(RESOURCE)
        self.roles.add_handler(self._on_role)

    def _on_role(self, type_: EventType, role: Obj, old: Obj | None, cause: Cause) -> None:
        """A change of any role may concern every role that collects; they are few."""
        for other in self.roles:
            if other.get("aggregationRule"):
                self.queue.add(name_of(other), cause)

    def sync(self, key: str) -> None:
        role = self.roles.get(key)
        if role is None or deleting(role) or not role.get("aggregationRule"):
            return
        rules = aggregated_rules(self.roles, role)
        if rules == (role.get("rules") or []):
            return
        self.trace.note(f"{key} collects {len(rules)} rules of other ClusterRoles")
        self.client.update(RESOURCE, {**role, "rules": rules})
