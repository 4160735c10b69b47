"""Somebody at a keyboard: one deed after another, each from the dice."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import controller_of
from cluster_engine.client.client import Client
from tests.simulation.people import edits, nodes, repair
from tests.simulation.people.manifests import RESOURCES, Manifests

Obj = dict[str, Any]
# Whatever was promised to anybody may be broken by this.
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Focus:
    """What a history is about: only these kinds, and only these deeds beside creating and changing images."""

    kinds: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()


@dataclass
class People:
    """Acts on a cluster and remembers what it disturbed: where somebody interfered, fewer promises hold."""

    client: Client
    dice: random.Random
    log: list[str] = field(default_factory=list)
    # Whose dependents were let go on purpose, by uid: owners that are orphaned, objects that are relabelled.
    orphaned: set[str] = field(default_factory=set)
    # The revisions of writes that the API server has confirmed.
    acknowledged: list[int] = field(default_factory=list)
    # Whose promises the last deeds have broken: `resource/name`.
    disturbed: set[str] = field(default_factory=set)
    focus: Focus = Focus()

    def __post_init__(self) -> None:
        self.manifests = Manifests(self.dice, self.focus.kinds)
        own = {People.create_bounds: 4, People.scale: 4, People.delete: 3, People.kill_a_pod: 3}
        others: dict[Callable[[People], None], int] = {**own, **edits.DEEDS, **nodes.DEEDS}
        names = self.focus.deeds
        # Each history has only some of the deeds, so that it goes into depth where another one goes into breadth.
        chosen = [deed for deed in others if (deed.__name__ in names if names else self.dice.random() < 0.6)]
        weighted = {People.create: 6, People.change_image: 6, **{deed: others[deed] for deed in chosen}}
        self._deeds = [deed for deed, weight in weighted.items() for _ in range(weight)]

    def act(self) -> None:
        """One random deed; a refusal by the API server is part of life."""
        self.disturbed = set()
        deed = self.dice.choice(self._deeds)
        self.attempt(lambda: deed(self))

    def attempt(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except ApiError as error:
            self.log.append(f"refused: {error.message}")

    def pick(self, *kinds: str) -> tuple[str, Obj] | None:
        """Some workload of one of those kinds (of all for none), as (resource, object)."""
        wanted = [RESOURCES[kind] for kind in kinds] or list(RESOURCES.values())
        found = [(r, obj) for r in wanted for obj in self.client.list(r, "default").items if not controller_of(obj)]
        return self.dice.choice(found) if found else None

    def confirm(self, obj: Obj) -> None:
        self.acknowledged.append(int(obj["metadata"]["resourceVersion"]))

    def patch(self, resource: str, obj: Obj, patch: Obj, what: str, *, disturbs: bool = True) -> None:
        """A merge patch. `disturbs` says that the object's promises do not hold until it is complete again."""
        name = obj["metadata"]["name"]
        self.log.append(f"{what} {resource}/{name} {patch}")
        if disturbs:
            self.disturbed.add(f"{resource}/{name}")
        self.confirm(self.client.patch(resource, name, patch, "default", patch_type="merge"))

    def create(self) -> None:
        resource, obj = self.manifests.workload()
        shown = {field: value for field, value in obj["spec"].items() if field not in ("template", "selector")}
        self.log.append(f"create {resource}/{obj['metadata']['name']} {shown}")
        self.confirm(self.client.create(resource, obj))

    def create_bounds(self) -> None:
        """A quota, a budget, an autoscaler or a Service; or the end of one."""
        what = self.dice.choice(["quota", "budget", "autoscaler", "service"])
        plural = {
            "quota": "resourcequotas",
            "budget": "poddisruptionbudgets.policy",
            "autoscaler": "horizontalpodautoscalers.autoscaling",
            "service": "services",
        }[what]
        there = [obj for obj in self.client.list(plural, "default").items if obj["metadata"]["name"] != "kubernetes"]
        if there and self.dice.random() < 0.4:
            name = self.dice.choice(there)["metadata"]["name"]
            self.log.append(f"delete {plural}/{name}")
            self.client.delete(plural, name, "default")
            return
        obj = getattr(self.manifests, what)()
        self.log.append(f"create {plural}/{obj['metadata']['name']} {obj['spec']}")
        if what == "autoscaler":
            self.disturbed.add(f"deployments.apps/{obj['metadata']['name']}")
        self.confirm(self.client.create(plural, obj, "default"))

    def change_image(self) -> None:
        picked = self.pick("Deployment", "StatefulSet", "DaemonSet")
        if picked is None:
            return
        resource, obj = picked
        containers = [{"name": "c", "image": self.manifests.image()}]
        self.patch(resource, obj, {"spec": {"template": {"spec": {"containers": containers}}}}, "edit", disturbs=False)

    def scale(self) -> None:
        picked = self.pick("Deployment", "Deployment", "StatefulSet", "StatefulSet", "ReplicaSet")
        if picked is not None:
            self.patch(*picked, {"spec": {"replicas": self.dice.randrange(8)}}, "scale")

    def delete(self) -> None:
        picked = self.pick()
        if picked is None or self.dice.random() < 0.4:
            return
        resource, obj = picked
        policy: Any = self.dice.choice(["Background", "Foreground", "Orphan"])
        self.log.append(f"delete {resource}/{obj['metadata']['name']} {policy}")
        if policy == "Orphan":
            self.let_go(obj)
        self.client.delete(resource, obj["metadata"]["name"], "default", propagation_policy=policy)

    def let_go(self, owner: Obj) -> None:
        """Its dependents may lose it."""
        self.orphaned.add(owner["metadata"]["uid"])

    def kill_a_pod(self) -> None:
        pods = self.client.list("pods", "default").items
        if not pods:
            return
        pod = self.dice.choice(pods)
        grace = self.dice.choice([None, None, 1])
        self.disturb_owner(pod)
        self.log.append(f"delete pod {pod['metadata']['name']} {grace}")
        self.client.delete("pods", pod["metadata"]["name"], "default", grace_period_seconds=grace)

    def disturb_owner(self, pod: Obj) -> None:
        owner = controller_of(pod)
        name = owner["name"].rpartition("-")[0] if owner and owner["kind"] == "ReplicaSet" else ""
        self.disturbed.add(f"deployments.apps/{name}" if name else EVERYBODY)

    def repair(self) -> None:
        """Puts right what keeps workloads from settling."""
        repair.repair(self)
