"""Keeps the number of pods that each ReplicaSet asks for. Follows pkg/controller/replicaset/replica_set.go."""

from __future__ import annotations

from cluster_engine.client.controller import ControllerContext
from cluster_engine.controllers.common.replica_controller import ReplicaController


class ReplicaSetController(ReplicaController):
    """Replicas of ReplicaSets, which a Deployment usually owns."""

    kind = "ReplicaSet"
    resource = "replicasets.apps"

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("replicaset-controller", context)
