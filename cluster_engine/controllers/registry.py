"""Which controllers a cluster runs, by the names that kube-controller-manager gives them, in the order of starting."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.controllers.clusterroleaggregation.controller import ClusterRoleAggregationController
from cluster_engine.controllers.cronjob.controller import CronJobController
from cluster_engine.controllers.customresourcedefinition.controller import CustomResourceDefinitionController
from cluster_engine.controllers.daemonset.controller import DaemonSetsController
from cluster_engine.controllers.deployment.controller import DeploymentController
from cluster_engine.controllers.disruption.controller import DisruptionController
from cluster_engine.controllers.endpoints.controller import EndpointsController
from cluster_engine.controllers.endpointslice.controller import EndpointSliceController
from cluster_engine.controllers.ephemeral.controller import EphemeralVolumeController
from cluster_engine.controllers.garbagecollector.controller import GarbageCollector
from cluster_engine.controllers.horizontalpodautoscaler.controller import HorizontalController
from cluster_engine.controllers.job.controller import JobController
from cluster_engine.controllers.kubernetesservice.controller import KubernetesServiceController
from cluster_engine.controllers.namespace.controller import NamespaceController
from cluster_engine.controllers.nodelifecycle.controller import NodeLifecycleController
from cluster_engine.controllers.persistentvolume.controller import PersistentVolumeController
from cluster_engine.controllers.persistentvolume.protection import ClaimProtectionController, VolumeProtectionController
from cluster_engine.controllers.podgc.controller import PodGCController
from cluster_engine.controllers.replicaset.controller import ReplicaSetController
from cluster_engine.controllers.replicationcontroller.controller import ReplicationManager
from cluster_engine.controllers.resourcequota.controller import ResourceQuotaController
from cluster_engine.controllers.serviceaccount.controller import RootCACertPublisher, ServiceAccountController
from cluster_engine.controllers.statefulset.controller import StatefulSetController
from cluster_engine.controllers.tainteviction.controller import TaintEvictionController
from cluster_engine.controllers.ttlafterfinished.controller import TTLAfterFinishedController

# Each class takes a `ControllerContext` and nothing else. Those that every pod needs come first.
CONTROLLERS: dict[str, Callable[[ControllerContext], Controller]] = {
    "kubernetes-service": KubernetesServiceController,
    "customresourcedefinition": CustomResourceDefinitionController,
    "serviceaccount": ServiceAccountController,
    "root-ca-certificate-publisher": RootCACertPublisher,
    "clusterrole-aggregation": ClusterRoleAggregationController,
    "node-lifecycle": NodeLifecycleController,
    "taint-eviction": TaintEvictionController,
    # Of an event the first is told first, and takes its turn first: pods follow a ReplicaSet before its Deployment
    # looks at it again, as on a real cluster.
    "replicaset": ReplicaSetController,
    "deployment": DeploymentController,
    "statefulset": StatefulSetController,
    "replication": ReplicationManager,
    "daemonset": DaemonSetsController,
    "job": JobController,
    "cronjob": CronJobController,
    "ttl-after-finished": TTLAfterFinishedController,
    "disruption": DisruptionController,
    "horizontal-pod-autoscaler": HorizontalController,
    "resourcequota": ResourceQuotaController,
    "endpoints": EndpointsController,
    "endpointslice": EndpointSliceController,
    "persistentvolume-binder": PersistentVolumeController,
    "ephemeral-volume": EphemeralVolumeController,
    "persistentvolumeclaim-protection": ClaimProtectionController,
    "persistentvolume-protection": VolumeProtectionController,
    "pod-garbage-collector": PodGCController,
    "namespace": NamespaceController,
    "garbage-collector": GarbageCollector,
}
