"""What every cluster has before anybody asks for anything: system namespaces, and the `kubernetes` Service."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
API_SERVER_ADDRESS = "192.168.0.1"
KUBERNETES_SERVICE_ADDRESS = "10.96.0.1"


def system_objects() -> list[tuple[str, Obj]]:
    """(group resource, object) of each, in an order in which they can be created."""
    meta = {"name": "kubernetes", "namespace": "default"}
    port = {"name": "https", "port": 6443, "protocol": "TCP"}
    service_spec = {
        "clusterIP": KUBERNETES_SERVICE_ADDRESS,
        "clusterIPs": [KUBERNETES_SERVICE_ADDRESS],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
    }
    return [
        *(
            ("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            for name in SYSTEM_NAMESPACES
        ),
        (
            "services",
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {**meta, "labels": {"component": "apiserver", "provider": "kubernetes"}},
                "spec": service_spec,
            },
        ),
        (
            "endpoints",
            {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "metadata": {**meta, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
                "subsets": [{"addresses": [{"ip": API_SERVER_ADDRESS}], "ports": [port]}],
            },
        ),
        (
            "endpointslices.discovery.k8s.io",
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "addressType": "IPv4",
                "metadata": {**meta, "labels": {"kubernetes.io/service-name": "kubernetes"}},
                "endpoints": [{"addresses": [API_SERVER_ADDRESS], "conditions": {"ready": True}}],
                "ports": [port],
            },
        ),
    ]
