"""Short words for the tests of the scheduler."""

from __future__ import annotations

from typing import Any

from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]
NODES = ("k8s-node01", "k8s-node02", "k8s-node03")
HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NO_VICTIMS = "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
NOT_HELPFUL = "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."


def why(playground: Playground, pod: str, namespace: str = "default") -> str:
    """The message with which a pod waits."""
    conditions = playground.get("pods", pod, namespace)["status"]["conditions"]
    return str(next(c for c in conditions if c["type"] == "PodScheduled")["message"])


def node_of(playground: Playground, pod: str, namespace: str = "default") -> str | None:
    found: str | None = playground.get("pods", pod, namespace)["spec"].get("nodeName")
    return found


def requests(**amounts: str) -> Obj:
    return {"requests": amounts}


def change_node(playground: Playground, name: str, **spec: object) -> None:
    playground.client.patch("nodes", name, {"spec": spec}, patch_type="merge")


def label_node(playground: Playground, name: str, **labels: str | None) -> None:
    """Labels by keyword: a `__` in one stands for `.`, and `zone` for the well-known label."""
    known = {ZONE if key == "zone" else key.replace("__", "."): value for key, value in labels.items()}
    playground.client.patch("nodes", name, {"metadata": {"labels": known}}, patch_type="merge")


def zones(playground: Playground, *names: str) -> None:
    """Gives the nodes, in their order, these zones."""
    for node, zone in zip(NODES, names):
        label_node(playground, node, zone=zone)


def on(node: str) -> Obj:
    """What of a spec pins a pod to a node, by the scheduler's own rules."""
    return {"nodeSelector": {HOSTNAME: node}}


def priority_class(playground: Playground, name: str, value: int, **more: Any) -> None:
    playground.create("priorityclasses.scheduling.k8s.io", {"metadata": {"name": name}, "value": value, **more})


def decision(playground: Playground, pod: str) -> list[str]:
    """The notes of the last attempt to schedule a pod."""
    steps = [s for s in playground.cluster.trace.steps if s.component == "scheduler" and s.subject == f"default/{pod}"]
    return steps[-1].notes


def score(playground: Playground, pod: str, plugin: str) -> dict[str, int]:
    """What a plugin gave each node in the last decision about a pod, before its weight."""
    found = {}
    text = decision(playground, pod)[0].partition(" → ")[2]
    chosen = text.partition(":")[0]
    for index, part in enumerate(text.partition(": ")[2].split("; ")):
        node, terms = (chosen, part) if not index else part.split(": ", 1)
        for term in terms.partition(" = ")[0].split(" + "):
            name, _, points = term.partition(" ")
            if name == plugin:
                found[node] = int(points.partition("×")[2])
    return found
