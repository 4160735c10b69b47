"""Which describer is whose, and the whole text of one object."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe import (
    autoscaler,
    configuration,
    daemonset,
    deployment,
    endpoints,
    events,
    generic,
    ingress,
    job,
    namespace,
    networkpolicy,
    node,
    pod,
    policy,
    rbac,
    replicaset,
    service,
    statefulset,
    storage,
)
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory

Describer = Callable[[Factory, Obj, Writer], None]

DESCRIBERS: dict[str, Describer] = {
    "pods": pod.describe,
    "services": service.describe,
    "nodes": node.describe,
    "namespaces": namespace.describe,
    "configmaps": configuration.config_map,
    "secrets": configuration.secret,
    "serviceaccounts": configuration.service_account,
    "endpoints": endpoints.describe,
    "endpointslices.discovery.k8s.io": endpoints.describe_slice,
    "persistentvolumes": storage.volume,
    "persistentvolumeclaims": storage.claim,
    "replicationcontrollers": replicaset.describe,
    "deployments.apps": deployment.describe,
    "replicasets.apps": replicaset.describe,
    "statefulsets.apps": statefulset.describe,
    "daemonsets.apps": daemonset.describe,
    "jobs.batch": job.describe,
    "cronjobs.batch": job.describe_cron_job,
    "horizontalpodautoscalers.autoscaling": autoscaler.describe,
    "poddisruptionbudgets.policy": policy.budget,
    "resourcequotas": policy.quota,
    "limitranges": policy.limit_range,
    "priorityclasses.scheduling.k8s.io": policy.priority_class,
    "ingresses.networking.k8s.io": ingress.describe,
    "ingressclasses.networking.k8s.io": ingress.describe_class,
    "networkpolicies.networking.k8s.io": networkpolicy.describe,
    "storageclasses.storage.k8s.io": storage.storage_class,
    "roles.rbac.authorization.k8s.io": rbac.role,
    "clusterroles.rbac.authorization.k8s.io": rbac.role,
    "rolebindings.rbac.authorization.k8s.io": rbac.binding,
    "clusterrolebindings.rbac.authorization.k8s.io": rbac.binding,
}
# These never show events.
_SILENT = {
    "namespaces",
    "secrets",
    "resourcequotas",
    "limitranges",
    "networkpolicies.networking.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
}


def text_of(factory: Factory, group_resource: str, obj: Obj, *, show_events: bool = True) -> str:
    """What `describe` prints for one object."""
    writer = Writer()
    DESCRIBERS.get(group_resource, generic.describe)(factory, obj, writer)
    if show_events and group_resource not in _SILENT:
        found = events.search(factory, obj)
        if obj["kind"] == "Node":
            # Kubelets write the node's name where its uid should be.
            found = [*found, *events.search(factory, obj, uid=obj["metadata"]["name"])]
        events.describe(found, writer, factory.now_us)
    return writer.text
