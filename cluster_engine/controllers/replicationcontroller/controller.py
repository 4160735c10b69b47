"""Keeps the number of pods that each ReplicationController asks for.

Follows pkg/controller/replication/replication_controller.go, which is the ReplicaSet controller behind an adapter.
"""

from __future__ import annotations

from cluster_engine.apimachinery.labels import Selector, from_map
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.controller import ControllerContext
from cluster_engine.controllers.common.replica_controller import ReplicaController


class ReplicationManager(ReplicaController):
    """Replicas of ReplicationControllers."""

    kind = "ReplicationController"
    resource = "replicationcontrollers"

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("replication-controller", context)

    def selector_of(self, owner: Obj) -> Selector:
        return from_map(owner["spec"].get("selector"))
