"""All kinds that the API server serves, in the order of discovery. A new kind is a line here.

Called when a cluster is put together, and by tools that need the names of resources.
"""

from __future__ import annotations

from functools import lru_cache

from cluster_engine.api.admissionregistration.webhooks import (
    MutatingWebhookConfigurationStrategy,
    ValidatingWebhookConfigurationStrategy,
)
from cluster_engine.api.apiextensions.customresourcedefinition import CustomResourceDefinitionStrategy
from cluster_engine.api.apiregistration.apiservice import APIServiceStrategy
from cluster_engine.api.apps.controllerrevision import ControllerRevisionStrategy
from cluster_engine.api.apps.daemonset import DaemonSetStrategy
from cluster_engine.api.apps.deployment import DeploymentStrategy
from cluster_engine.api.apps.replicaset import ReplicaSetStrategy
from cluster_engine.api.apps.statefulset import StatefulSetStrategy
from cluster_engine.api.authentication.reviews import SelfSubjectReviewStrategy, TokenReviewStrategy
from cluster_engine.api.authorization.reviews import (
    LocalSubjectAccessReviewStrategy,
    SelfSubjectAccessReviewStrategy,
    SelfSubjectRulesReviewStrategy,
    SubjectAccessReviewStrategy,
)
from cluster_engine.api.autoscaling.horizontalpodautoscaler import HorizontalPodAutoscalerStrategy
from cluster_engine.api.autoscaling.horizontalpodautoscaler_v1 import HorizontalPodAutoscalerV1Strategy
from cluster_engine.api.batch.cronjob import CronJobStrategy
from cluster_engine.api.batch.job import JobStrategy
from cluster_engine.api.coordination.lease import LeaseStrategy
from cluster_engine.api.core.binding import BindingStrategy
from cluster_engine.api.core.componentstatus import ComponentStatusStrategy
from cluster_engine.api.core.configmap import ConfigMapStrategy
from cluster_engine.api.core.endpoints import EndpointsStrategy
from cluster_engine.api.core.event import EventStrategy
from cluster_engine.api.core.limitrange import LimitRangeStrategy
from cluster_engine.api.core.namespace import NamespaceStrategy
from cluster_engine.api.core.node import NodeStrategy
from cluster_engine.api.core.persistentvolume import PersistentVolumeStrategy
from cluster_engine.api.core.persistentvolumeclaim import PersistentVolumeClaimStrategy
from cluster_engine.api.core.pod import PodStrategy
from cluster_engine.api.core.podtemplate import PodTemplateStrategy
from cluster_engine.api.core.replicationcontroller import ReplicationControllerStrategy
from cluster_engine.api.core.resourcequota import ResourceQuotaStrategy
from cluster_engine.api.core.secret import SecretStrategy
from cluster_engine.api.core.service import ServiceStrategy
from cluster_engine.api.core.serviceaccount import ServiceAccountStrategy
from cluster_engine.api.discovery.endpointslice import EndpointSliceStrategy
from cluster_engine.api.events.event import EventsEventStrategy
from cluster_engine.api.networking.ingress import IngressStrategy
from cluster_engine.api.networking.ingressclass import IngressClassStrategy
from cluster_engine.api.networking.networkpolicy import NetworkPolicyStrategy
from cluster_engine.api.policy.poddisruptionbudget import PodDisruptionBudgetStrategy
from cluster_engine.api.rbac.clusterrole import ClusterRoleStrategy
from cluster_engine.api.rbac.clusterrolebinding import ClusterRoleBindingStrategy
from cluster_engine.api.rbac.role import RoleStrategy
from cluster_engine.api.rbac.rolebinding import RoleBindingStrategy
from cluster_engine.api.scheduling.priorityclass import PriorityClassStrategy
from cluster_engine.api.storage.storageclass import StorageClassStrategy
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.scheme import Scheme

# The core group first, then the groups in the order of a real server's discovery; kinds by plural name within a group.
KINDS: tuple[type[Strategy], ...] = (
    BindingStrategy,
    ComponentStatusStrategy,
    ConfigMapStrategy,
    EndpointsStrategy,
    EventStrategy,
    LimitRangeStrategy,
    NamespaceStrategy,
    NodeStrategy,
    PersistentVolumeClaimStrategy,
    PersistentVolumeStrategy,
    PodStrategy,
    PodTemplateStrategy,
    ReplicationControllerStrategy,
    ResourceQuotaStrategy,
    SecretStrategy,
    ServiceAccountStrategy,
    ServiceStrategy,
    APIServiceStrategy,
    ControllerRevisionStrategy,
    DaemonSetStrategy,
    DeploymentStrategy,
    ReplicaSetStrategy,
    StatefulSetStrategy,
    EventsEventStrategy,
    SelfSubjectReviewStrategy,
    TokenReviewStrategy,
    LocalSubjectAccessReviewStrategy,
    SelfSubjectAccessReviewStrategy,
    SelfSubjectRulesReviewStrategy,
    SubjectAccessReviewStrategy,
    HorizontalPodAutoscalerStrategy,
    HorizontalPodAutoscalerV1Strategy,
    CronJobStrategy,
    JobStrategy,
    IngressClassStrategy,
    IngressStrategy,
    NetworkPolicyStrategy,
    PodDisruptionBudgetStrategy,
    ClusterRoleBindingStrategy,
    ClusterRoleStrategy,
    RoleBindingStrategy,
    RoleStrategy,
    StorageClassStrategy,
    MutatingWebhookConfigurationStrategy,
    ValidatingWebhookConfigurationStrategy,
    CustomResourceDefinitionStrategy,
    PriorityClassStrategy,
    LeaseStrategy,
    EndpointSliceStrategy,
)


@lru_cache(maxsize=1)
def _instances() -> tuple[Strategy, ...]:
    return tuple(kind() for kind in KINDS)


def strategies() -> dict[str, Strategy]:
    """The Strategy of each resource, by `group_resource`. Strategies have no state, so everybody shares them."""
    return {strategy.resource.group_resource: strategy for strategy in _instances()}


def scheme() -> Scheme:
    """The resources of an API server, in the order in which discovery lists them."""
    return Scheme(strategy.resource for strategy in _instances())
