"""What a new cluster has before anybody asks for anything: the system namespaces and the `kubernetes` Service.

Follows pkg/controlplane/controller/{systemnamespaces,kubernetesservice}.
"""

from __future__ import annotations

from cluster_engine.client.client import Client

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
API_SERVER_ADDRESS = "192.168.0.1"
KUBERNETES_SERVICE_ADDRESS = "10.96.0.1"
_PROVIDER = {"component": "apiserver", "provider": "kubernetes"}


def create_system_objects(client: Client) -> None:
    """Creates them, once, in a cluster that has nothing."""
    for name in SYSTEM_NAMESPACES:
        client.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    meta = {"name": "kubernetes", "namespace": "default", "labels": _PROVIDER}
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    spec = {
        "clusterIP": KUBERNETES_SERVICE_ADDRESS,
        "clusterIPs": [KUBERNETES_SERVICE_ADDRESS],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ports": [port],
    }
    client.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    mirrored = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    subset = {"addresses": [{"ip": API_SERVER_ADDRESS}], "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]}
    client.create(
        "endpoints",
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": "kubernetes", "namespace": "default", "labels": mirrored},
            "subsets": [subset],
        },
    )
    client.create(
        "endpointslices.discovery.k8s.io",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "addressType": "IPv4",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "endpoints": [{"addresses": [API_SERVER_ADDRESS], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        },
    )
