"""A new cluster's first objects: those that a controller keeps there, the priority classes of the system, and a storage
class whose volumes are made on demand.

Follows pkg/registry/scheduling/rest and pkg/apis/scheduling/v1/helpers.go.
"""

from __future__ import annotations

from cluster_engine.client.client import Client
from cluster_engine.client.system_objects import system_objects

# Name, value and description of each.
SYSTEM_PRIORITY_CLASSES = (
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
)
# No claim gets it by default.
STORAGE_CLASS, PROVISIONER = "standard", "rancher.io/local-path"


def create_system_objects(client: Client) -> None:
    """Creates them, once, in a cluster that has nothing."""
    for resource, obj in system_objects():
        client.create(resource, obj)
    for name, value, description in SYSTEM_PRIORITY_CLASSES:
        priority_class = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
        client.create(
            "priorityclasses.scheduling.k8s.io", {**priority_class, "value": value, "description": description}
        )
    storage_class = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": STORAGE_CLASS}}
    client.create("storageclasses.storage.k8s.io", {**storage_class, "provisioner": PROVISIONER})
