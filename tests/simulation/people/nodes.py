"""What people do to nodes: cordon, drain within the budgets, evict, uncordon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import controller_of

if TYPE_CHECKING:
    from tests.simulation.people.people import Obj, People


def drain(people: People) -> None:
    """Cordons a node and asks once for the eviction of all that is on it, but what belongs to DaemonSets."""
    nodes = people.client.list("nodes").items
    if len([node for node in nodes if not node["spec"].get("unschedulable")]) < 2:
        return
    node = people.dice.choice(nodes)["metadata"]["name"]
    people.log.append(f"drain {node}")
    people.client.patch("nodes", node, {"spec": {"unschedulable": True}}, patch_type="merge")
    for pod in people.client.list("pods", "default").items:
        owner = controller_of(pod)
        if pod["spec"].get("nodeName") == node and not (owner and owner["kind"] == "DaemonSet"):
            people.attempt(lambda pod=pod: evict(people, pod))  # type: ignore[misc]


def evict_a_pod(people: People) -> None:
    pods = people.client.list("pods", "default").items
    if pods:
        evict(people, people.dice.choice(pods))


def evict(people: People, pod: Obj) -> None:
    meta = pod["metadata"]
    people.disturb_owner(pod)
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": meta["name"], "namespace": "default"}}
    try:
        people.client.request("create", "pods", "default", meta["name"], subresource="eviction", body=body)
    except ApiError as error:
        people.log.append(f"eviction of {meta['name']}: {error.message}")
        return
    people.log.append(f"evicted {meta['name']}")


def uncordon(people: People) -> None:
    cordoned = [node for node in people.client.list("nodes").items if node["spec"].get("unschedulable")]
    if cordoned:
        node = people.dice.choice(cordoned)["metadata"]["name"]
        people.log.append(f"uncordon {node}")
        people.client.patch("nodes", node, {"spec": {"unschedulable": None}}, patch_type="merge")


DEEDS = {drain: 2, uncordon: 1, evict_a_pod: 1}
