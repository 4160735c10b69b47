"""Which controllers a cluster runs, by the names that kube-controller-manager gives them, in the order of starting."""

from __future__ import annotations

from cluster_engine.client.controller import Controller
from cluster_engine.controllers.deployment.controller import DeploymentController
from cluster_engine.controllers.replicaset.controller import ReplicaSetController
from cluster_engine.controllers.statefulset.controller import StatefulSetController

# Each class takes a `ControllerContext` and nothing else.
CONTROLLERS: dict[str, type[Controller]] = {
    "deployment": DeploymentController,
    "replicaset": ReplicaSetController,
    "statefulset": StatefulSetController,
}
