"""A new cluster's first objects. Afterwards the `kubernetesservice` controller keeps them there."""

from __future__ import annotations

from cluster_engine.client.client import Client
from cluster_engine.client.system_objects import system_objects


def create_system_objects(client: Client) -> None:
    """Creates them, once, in a cluster that has nothing."""
    for resource, obj in system_objects():
        client.create(resource, obj)
