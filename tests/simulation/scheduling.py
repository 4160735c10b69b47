"""Random histories of small, crowded clusters, and what a scheduler owes at every moment, worked out the slow way.

Whenever a pod gets a node, it must fit there as things are; whenever the cluster is at rest, no waiting pod may fit on
any node, nor would it if the pods of lower priority left it. The rules are written down here once more, without any of
the scheduler's caches and hints.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.apimachinery import labels, quantity
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.node_fit import required_matches, untolerated
from cluster_engine.client.client import Client
from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster, ClusterConfig
from tests.simulation.promises import BrokenPromiseError

Obj = dict[str, Any]
HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
REQUIRED, PREFERRED = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("required", "preferred"))
CLASSES = {"low": -5, "middle": 100, "high": 1000}
APPS = ("a", "b", "c")
DEEDS = 24
MAX_STEPS = 40_000
# The longest that a pod waits for its next attempt is five minutes, and some then make room for others.
SETTLE_SECONDS = 1000


# The rules.


def labels_of(obj: Obj) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("labels") or {}
    return found


def means(term: Obj, pod: Obj) -> bool:
    """Whether a term of affinity means a pod; all are of one namespace here."""
    return labels.from_label_selector(term.get("labelSelector")).matches(labels_of(pod))


def required_terms(pod: Obj, kind: str) -> list[Obj]:
    found: list[Obj] = ((pod["spec"].get("affinity") or {}).get(kind) or {}).get(REQUIRED) or []
    return found


def same_place(one: Obj, other: Obj, key: str) -> bool:
    return key in labels_of(one) and labels_of(one)[key] == labels_of(other).get(key)


@dataclass
class Situation:
    """Nodes by name, and the pods that are on them."""

    nodes: dict[str, Obj]
    pods: list[Obj]

    def on(self, node: Obj) -> list[Obj]:
        return [pod for pod in self.pods if pod["spec"]["nodeName"] == node["metadata"]["name"]]

    def node_of(self, pod: Obj) -> Obj | None:
        return self.nodes.get(pod["spec"]["nodeName"])

    def fits(self, pod: Obj, node: Obj) -> bool:
        return (
            self._may_be_there(pod, node)
            and self._has_room(pod, node)
            and self.is_near(pod, node)
            and self._keeps_away(pod, node)
            and self._is_spread(pod, node)
        )

    def _may_be_there(self, pod: Obj, node: Obj) -> bool:
        spec, meta = node["spec"], node["metadata"]
        if spec.get("unschedulable") or not required_matches(pod["spec"], labels_of(node), meta["name"]):
            return False
        tolerations = pod["spec"].get("tolerations") or ()
        return untolerated(spec.get("taints") or (), tolerations, ("NoSchedule", "NoExecute")) is None

    def _has_room(self, pod: Obj, node: Obj) -> bool:
        together = [*self.on(node), pod]
        allocatable = node["status"]["allocatable"]
        if len(together) > int(allocatable["pods"]):
            return False
        if cpu_of(pod) and sum(map(cpu_of, together)) > quantity.milli_value(allocatable["cpu"]):
            return False
        taken = [port for one in together for port in ports_of(one)]
        return not ports_of(pod) or len(set(taken)) == len(taken)

    def is_near(self, pod: Obj, node: Obj) -> bool:
        terms = required_terms(pod, "podAffinity")
        if any(term["topologyKey"] not in labels_of(node) for term in terms):
            return False
        meant = [one for one in self.pods if all(means(term, one) for term in terms)]
        places = [(self.node_of(one), term) for one in meant for term in terms]
        there = [
            (place, term) for place, term in places if place is not None and term["topologyKey"] in labels_of(place)
        ]
        if not there and all(means(term, pod) for term in terms):
            return True
        return all(
            any(same_place(node, place, term["topologyKey"]) for place, its in there if its is term) for term in terms
        )

    def _keeps_away(self, pod: Obj, node: Obj) -> bool:
        for one in self.pods:
            place = self.node_of(one)
            if place is None:
                continue
            mine = [term for term in required_terms(pod, "podAntiAffinity") if means(term, one)]
            theirs = [term for term in required_terms(one, "podAntiAffinity") if means(term, pod)]
            if any(same_place(place, node, term["topologyKey"]) for term in [*mine, *theirs]):
                return False
        return True

    def _is_spread(self, pod: Obj, node: Obj) -> bool:
        hard = [
            c for c in pod["spec"].get("topologySpreadConstraints") or () if c["whenUnsatisfiable"] == "DoNotSchedule"
        ]
        keys = {constraint["topologyKey"] for constraint in hard}
        if not keys <= set(labels_of(node)):
            return False
        counting = [
            one
            for one in self.nodes.values()
            if keys <= set(labels_of(one)) and required_matches(pod["spec"], labels_of(one), one["metadata"]["name"])
        ]
        for constraint in hard:
            key = constraint["topologyKey"]
            counts = dict.fromkeys((labels_of(one)[key] for one in counting), 0)
            for one in counting:
                alive = [p for p in self.on(one) if not p["metadata"].get("deletionTimestamp")]
                counts[labels_of(one)[key]] += sum(means(constraint, p) for p in alive)
            least = min(counts.values()) if counts else 0
            if counts.get(labels_of(node)[key], 0) + means(constraint, pod) - least > constraint["maxSkew"]:
                return False
        return True


def cpu_of(pod: Obj) -> int:
    """Thousandths of a core; pods here have one container."""
    requests = pod["spec"]["containers"][0].get("resources", {}).get("requests", {})
    return quantity.milli_value(requests.get("cpu", "0"))


def ports_of(pod: Obj) -> list[int]:
    return [port["hostPort"] for port in pod["spec"]["containers"][0].get("ports") or () if port.get("hostPort")]


def priority_of(pod: Obj) -> int:
    return pod["spec"].get("priority") or 0


# What people do.


@dataclass
class Crowd:
    """Makes and changes workloads and nodes at random."""

    client: Client
    dice: random.Random
    log: list[str] = field(default_factory=list)
    made: int = 0

    def act(self) -> None:
        deeds = [self.deployment, self.deployment, self.pod, self.pod, self.scale, self.delete, self.node, self.node]
        try:
            self.dice.choice([*deeds, self.ungate, self.kill, self.budget])()
        except ApiError as error:
            self.log.append(f"refused: {error.message}")

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    def spec(self, *, few: bool) -> Obj:
        """A random pod's spec. With `few` some rules are left out that would keep all but one pod of a kind waiting."""
        container: Obj = {"name": "c", "image": "nginx:1.7.9"}
        if self._chance(0.8):
            container["resources"] = {"requests": {"cpu": self.dice.choice(["250m", "500m", "1", "1500m", "2"])}}
        if few and self._chance(0.2):
            container["ports"] = [{"containerPort": 80, "hostPort": self.dice.choice([80, 81])}]
        spec: Obj = {"containers": [container], "terminationGracePeriodSeconds": self.dice.choice([0, 2, 30])}
        if self._chance(0.7):
            spec["priorityClassName"] = self.dice.choice([*CLASSES, "polite"])
        if self._chance(0.2):
            spec["nodeSelector"] = {"disk": self.dice.choice(["ssd", "slow"])}
        if self._chance(0.3):
            spec["tolerations"] = [{"key": "k", "operator": "Exists"}]
        if self._chance(0.5):
            spec["affinity"] = self._affinity()
        if self._chance(0.3):
            spec["topologySpreadConstraints"] = [self._constraint() for _ in range(self.dice.choice([1, 1, 2]))]
            keys = [(c["topologyKey"], c["whenUnsatisfiable"]) for c in spec["topologySpreadConstraints"]]
            if len(set(keys)) < len(keys):
                del spec["topologySpreadConstraints"][1:]
        return spec

    def _selector(self) -> Obj:
        return {"matchLabels": {"app": self.dice.choice(APPS)}}

    def _affinity(self) -> Obj:
        found: Obj = {}
        for kind in ("podAffinity", "podAntiAffinity"):
            terms = [{"labelSelector": self._selector(), "topologyKey": self.dice.choice([HOSTNAME, ZONE])}]
            if self._chance(0.4):
                found[kind] = {REQUIRED: terms}
            elif self._chance(0.5):
                found[kind] = {PREFERRED: [{"weight": self.dice.randrange(1, 100), "podAffinityTerm": terms[0]}]}
        return found

    def _constraint(self) -> Obj:
        return {
            "maxSkew": self.dice.choice([1, 1, 2]),
            "topologyKey": self.dice.choice([HOSTNAME, ZONE]),
            "whenUnsatisfiable": self.dice.choice(["DoNotSchedule", "DoNotSchedule", "ScheduleAnyway"]),
            "labelSelector": self._selector(),
        }

    def _name(self) -> str:
        self.made += 1
        return f"x{self.made}"

    def deployment(self) -> None:
        name, app = self._name(), self.dice.choice(APPS)
        marks = {"app": app, "of": name}
        template = {"metadata": {"labels": marks}, "spec": self.spec(few=False)}
        replicas = self.dice.randrange(1, 5)
        spec = {"replicas": replicas, "selector": {"matchLabels": {"of": name}}, "template": template}
        self.log.append(f"create Deployment {name} replicas={replicas} app={app} {template['spec']}")
        meta = {"name": name, "namespace": "default"}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
        self.client.create("deployments.apps", body)

    def pod(self) -> None:
        name, spec = self._name(), self.spec(few=True)
        if self._chance(0.2):
            spec["schedulingGates"] = [{"name": "example.com/wait"}]
        app = self.dice.choice(APPS)
        self.log.append(f"create Pod {name} app={app} {spec}")
        meta = {"name": name, "namespace": "default", "labels": {"app": app}}
        self.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

    def _pick(self, resource: str) -> Obj | None:
        found = self.client.list(resource, "default" if resource != "nodes" else "").items
        return self.dice.choice(found) if found else None

    def scale(self) -> None:
        picked = self._pick("deployments.apps")
        if picked is not None:
            replicas = self.dice.randrange(5)
            self.log.append(f"scale {picked['metadata']['name']} to {replicas}")
            patch = {"spec": {"replicas": replicas}}
            self.client.patch("deployments.apps", picked["metadata"]["name"], patch, "default", patch_type="merge")

    def delete(self) -> None:
        picked = self._pick("deployments.apps")
        if picked is not None:
            self.log.append(f"delete {picked['metadata']['name']}")
            self.client.delete(
                "deployments.apps", picked["metadata"]["name"], "default", propagation_policy="Background"
            )

    def kill(self) -> None:
        picked = self._pick("pods")
        if picked is not None:
            self.log.append(f"delete pod {picked['metadata']['name']}")
            self.client.delete("pods", picked["metadata"]["name"], "default")

    def ungate(self) -> None:
        for pod in self.client.list("pods", "default").items:
            if pod["spec"].get("schedulingGates"):
                self.log.append(f"ungate {pod['metadata']['name']}")
                patch: Obj = {"spec": {"schedulingGates": []}}
                self.client.patch("pods", pod["metadata"]["name"], patch, "default", patch_type="merge")

    def budget(self) -> None:
        selector = {"matchLabels": {"app": self.dice.choice(APPS)}}
        spec = {"maxUnavailable": self.dice.choice([0, 1]), "selector": selector}
        meta = {"name": self._name(), "namespace": "default"}
        self.log.append(f"create PodDisruptionBudget {spec}")
        body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec}
        self.client.create("poddisruptionbudgets.policy", body)

    def node(self) -> None:
        picked = self._pick("nodes")
        if picked is None:
            return
        name = picked["metadata"]["name"]
        choices: list[Obj] = [
            {"spec": {"unschedulable": not picked["spec"].get("unschedulable", False)}},
            {"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}},
            {"spec": {"taints": []}},
            {"spec": {"taints": [], "unschedulable": False}},
            {"metadata": {"labels": {"disk": self.dice.choice(["ssd", "slow"])}}},
            {"metadata": {"labels": {ZONE: self.dice.choice(["x", "y", None])}}},
        ]
        patch = self.dice.choice(choices)
        self.log.append(f"node {name} {patch}")
        self.client.patch("nodes", name, patch, patch_type="merge")


# The history.


def simulate_scheduling(seed: int) -> None:
    """Runs the history of a seed; raises `BrokenPromiseError` with the seed and what people did."""
    dice = random.Random(seed)
    nodes = dice.choice([1, 2, 3, 4])
    cluster = Cluster(
        ClusterConfig(seed=seed, nodes=nodes, node_cpu="4", node_pods=8, start_seconds=0.5, stop_seconds=0.5)
    )
    client = cluster.client("kubectl")
    crowd = Crowd(client, dice)
    cluster.run_until_idle(5)
    for name, value in (*CLASSES.items(), ("polite", 500)):
        policy = {"preemptionPolicy": "Never"} if name == "polite" else {}
        meta = {"name": name}
        body = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": meta,
            "value": value,
            **policy,
        }
        client.create("priorityclasses.scheduling.k8s.io", body)
    for index in range(nodes):
        marks = {ZONE: "xyx"[index % 3], "disk": "ssd" if index % 2 else "slow"}
        client.patch("nodes", f"k8s-node{index + 1:02}", {"metadata": {"labels": marks}}, patch_type="merge")
    watch = Watcher(cluster)
    try:
        for _ in range(DEEDS):
            crowd.act()
            watch.run(dice.choice([0.1, 1, 10]))
        crowd.log.append("everybody waits")
        watch.run(SETTLE_SECONDS)
        watch.check_rest()
    except BrokenPromiseError as error:
        history = "\n  ".join(crowd.log)
        raise BrokenPromiseError(f"seed {seed}: {error}\nwhat people did:\n  {history}") from error


class Watcher:
    """Looks at every step: pods that have got a node must fit there."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client = cluster.client("kubectl")
        self._placed: set[str] = set()
        self._seen_revision = 0

    def run(self, seconds: float) -> None:
        clock = self.cluster.clock
        end_us = clock.now_us + round(seconds * SECOND_US)
        for _ in range(MAX_STEPS):
            if not len(self.cluster.turns):
                due_us = clock.next_timer_us()
                if due_us is None or due_us > end_us:
                    clock.advance_to(end_us)
                    return
            self.cluster.step()
            if self.cluster.revision != self._seen_revision:
                self._seen_revision = self.cluster.revision
                self._check_new()
        raise BrokenPromiseError(f"the cluster does not come to rest: {MAX_STEPS} steps in {seconds} s")

    def _situation(self) -> tuple[Situation, list[Obj]]:
        """What is on the nodes, and the pods without one."""
        pods = self.client.list("pods", "default").items
        alive = [pod for pod in pods if pod["status"].get("phase") not in ("Succeeded", "Failed")]
        nodes = {node["metadata"]["name"]: node for node in self.client.list("nodes").items}
        placed = [pod for pod in alive if pod["spec"].get("nodeName")]
        return Situation(nodes, placed), [pod for pod in alive if not pod["spec"].get("nodeName")]

    def _check_new(self) -> None:
        situation, _ = self._situation()
        for pod in situation.pods:
            uid = pod["metadata"]["uid"]
            if uid in self._placed:
                continue
            self._placed.add(uid)
            before = Situation(situation.nodes, [one for one in situation.pods if one is not pod])
            node = situation.nodes[pod["spec"]["nodeName"]]
            if not before.fits(pod, node):
                raise BrokenPromiseError(f"{pod['metadata']['name']} does not fit on {node['metadata']['name']}")

    def check_rest(self) -> None:
        """No pod waits without need."""
        if self.cluster.trace.faults:
            raise BrokenPromiseError(self.cluster.trace.faults[-1])
        situation, waiting = self._situation()
        if any(map(self._is_about_to_go, waiting)):
            return
        for pod in waiting:
            name = pod["metadata"]["name"]
            if pod["spec"].get("schedulingGates"):
                continue
            for node in situation.nodes.values():
                if situation.fits(pod, node):
                    raise BrokenPromiseError(f"{name} waits, and fits on {node['metadata']['name']}")
                if pod["spec"].get("preemptionPolicy") != "Never" and would_fit(situation, pod, node):
                    raise BrokenPromiseError(f"{name} waits, and could push others out of {node['metadata']['name']}")

    def _is_about_to_go(self, pod: Obj) -> bool:
        """Whether a pod has pushed others out and was tried a moment ago: then nothing is at rest.

        It may go on so for ever, as on a real cluster: what it pushed out is made anew and takes the place back, where
        only the rules of the nominated pod forbid the two to be together.
        """
        if not pod["status"].get("nominatedNodeName"):
            return False
        key = f"default/{pod['metadata']['name']}"
        tried = [
            step.time_us for step in self.cluster.trace.steps if step.subject == key and step.component == "scheduler"
        ]
        return bool(tried) and self.cluster.clock.now_us - tried[-1] < 15 * SECOND_US


def would_fit(situation: Situation, pod: Obj, node: Obj) -> bool:
    """Whether it would fit without the pods of lower priority; pods that it wants to be with must be there as it is."""
    if not situation.is_near(pod, node):
        return False
    lower = [one for one in situation.on(node) if priority_of(one) < priority_of(pod)]
    left: Sequence[Obj] = [one for one in situation.pods if one not in lower]
    return bool(lower) and Situation(situation.nodes, list(left)).fits(pod, node)
