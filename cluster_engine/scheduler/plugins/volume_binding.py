"""VolumeBinding: a pod goes where its volumes can be had, and those that waited for it are bound for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, annotations_of, deleting, dig, with_annotations
from cluster_engine.apimachinery.volumes import (
    BOUND_BY_CONTROLLER,
    NO_PROVISIONER,
    SELECTED_NODE,
    claim_keys,
    claim_names,
    claim_reference,
    class_of,
    find_matching_volume,
    is_bound,
    is_made_for,
    reaches,
    requested_bytes,
    waits_for_consumer,
)
from cluster_engine.client.client import Client
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import (
    SKIP,
    ClusterChange,
    CycleState,
    Handle,
    Plugin,
    PreFilterAnswer,
    Refusal,
)

_UNBOUND = Refusal(("pod has unbound immediate PersistentVolumeClaims",), resolvable=False)
_NODE_CONFLICT = "node(s) had volume node affinity conflict"
_BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
_NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"

# A claim, and the free volume that it gets; None where one is to be made.
Plan = list[tuple[Obj, Obj | None]]


@dataclass(slots=True)
class Claims:
    """The claims of a pod: those that are bound, with the names of their volumes; those that wait for the pod; and
    what would become of these on each node.
    """

    volumes: list[str] = field(default_factory=list)
    waiting: list[Obj] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)


class VolumeBinding(Plugin):
    """Follows pkg/scheduler/framework/plugins/volumebinding."""

    name = "VolumeBinding"
    events = frozenset({"claim", "volume", "class", "node"})

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._claims = handle.informers.get("persistentvolumeclaims")
        self._volumes = handle.informers.get("persistentvolumes")
        self._classes = handle.informers.get("storageclasses.storage.k8s.io")

    # Filter.

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        pod = state.pod
        if not pod["spec"].get("volumes"):
            return SKIP
        found = Claims()
        any_claim, immediate = False, False
        for name, ephemeral in claim_names(pod):
            any_claim = True
            claim = self._claims.get(f"{pod['metadata']['namespace']}/{name}")
            words = _unusable(pod, name, claim, ephemeral)
            if words or claim is None:
                return Refusal((words,), resolvable=False)
            if is_bound(claim):
                found.volumes.append(claim["spec"]["volumeName"])
            elif waits_for_consumer(self._classes.get(class_of(claim))) and not claim["spec"].get("volumeName"):
                found.waiting.append(claim)
            else:
                immediate = True
        if not any_claim:
            return SKIP
        if immediate:
            return _UNBOUND
        # Small claims first, so that they take no volume which a larger one needs.
        found.waiting.sort(key=requested_bytes)
        state.kept[self.name] = found
        return None

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        claims: Claims = state.kept[self.name]
        reasons = []
        for name in claims.volumes:
            volume = self._volumes.get(name)
            if volume is None:
                reasons.append(_NO_VOLUME)
            elif not reaches(volume, node.labels, node.name):
                reasons.append(_NODE_CONFLICT)
        if claims.waiting:
            plan = self._plan(claims.waiting, node)
            if plan is None:
                reasons.append(_BIND_CONFLICT)
            else:
                claims.plans[node.name] = plan
        return Refusal(tuple(dict.fromkeys(reasons)), resolvable=False) if reasons else None

    def _plan(self, waiting: list[Obj], node: NodeInfo) -> Plan | None:
        """Which volume each claim would get on the node; None where one of them gets none."""
        plan: Plan = []
        for claim in waiting:
            selected = annotations_of(claim).get(SELECTED_NODE)
            if selected is not None and selected != node.name:
                return None
            volume = None
            if selected is None:
                taken = [chosen["metadata"]["name"] for _, chosen in plan if chosen is not None]
                volume = find_matching_volume(self._volumes, claim, node=(node.labels, node.name), excluded=taken)
            if volume is None and not self._can_be_made(claim, node):
                return None
            plan.append((claim, volume))
        return plan

    def _can_be_made(self, claim: Obj, node: NodeInfo) -> bool:
        """Whether the claim's class has a provisioner that makes volumes for that node."""
        class_ = self._classes.get(class_of(claim))
        if class_ is None or class_.get("provisioner") in (None, "", NO_PROVISIONER):
            return False
        terms = class_.get("allowedTopologies") or ()
        return not terms or any(_topology_matches(term, node) for term in terms)

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """Other pods' claims change nothing."""
        if change.event != "claim":
            return True
        return f"{change.obj['metadata']['namespace']}/{change.obj['metadata']['name']}" in claim_keys(pod)

    # Before the pod is bound.

    def pre_bind(self, state: CycleState, node: str, client: Client) -> list[str]:
        """Binds the claims that waited, or asks for their volumes; in words, what it did. Follows BindPodVolumes."""
        claims: Claims | None = state.kept.get(self.name)
        plan = claims.plans.get(node, []) if claims is not None else []
        told = []
        for claim, volume in plan:
            name = claim["metadata"]["name"]
            if volume is not None:
                if not volume["spec"].get("claimRef"):
                    volume = with_annotations(volume, {BOUND_BY_CONTROLLER: "yes"})
                changed = {**volume, "spec": {**volume["spec"], "claimRef": claim_reference(claim)}}
                client.update("persistentvolumes", changed)
                told.append(f"claim {name} gets volume {volume['metadata']['name']}")
            else:
                told.append(f"a volume for claim {name} is to be made for {node}")
                if SELECTED_NODE not in annotations_of(claim):
                    client.update("persistentvolumeclaims", with_annotations(claim, {SELECTED_NODE: node}))
        return told

    def all_bound(self, pod: Obj) -> bool:
        """Whether every claim of the pod has its volume."""
        claims = [self._claims.get(key) for key in claim_keys(pod)]
        return all(claim is not None and is_bound(claim) for claim in claims)


def _unusable(pod: Obj, name: str, claim: Obj | None, ephemeral: bool) -> str:
    """Why a claim cannot be used at all, "" where it can. Follows podHasPVCs."""
    if claim is None:
        if ephemeral:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if dig(claim, "status", "phase") == "Lost":
        volume = claim["spec"].get("volumeName", "")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if deleting(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    if ephemeral and not is_made_for(claim, pod):
        namespace = pod["metadata"]["namespace"]
        words = f"PVC {namespace}/{name} was not created for pod {namespace}/{pod['metadata']['name']}"
        return f"{words} (pod is not owner)"
    return ""


def _topology_matches(term: Obj, node: NodeInfo) -> bool:
    expressions = term.get("matchLabelExpressions") or ()
    return all(node.labels.get(one["key"]) in (one.get("values") or ()) for one in expressions)
