"""Which nodes a DaemonSet's pod belongs on, and how a pod says so. Pure functions.

Follows pkg/controller/daemon/util/daemonset_util.go, and NodeShouldRunDaemonPod of daemon_controller.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, dig, labels_of
from cluster_engine.apimachinery.node_fit import required_matches, untolerated

NODE_NAME_FIELD = "metadata.name"
# (taint, effect) that daemons put up with: they run on nodes that others have to leave or stay away from.
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_NETWORK_TOLERATED = ("node.kubernetes.io/network-unavailable", "NoSchedule")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a node should get a daemon pod, and whether one that is there may stay."""

    run: bool
    stay: bool


def daemon_tolerations(spec: Obj) -> list[Obj]:
    """The tolerations of a pod spec with those that every daemon has."""
    wanted = [*_TOLERATED, _NETWORK_TOLERATED] if spec.get("hostNetwork") else list(_TOLERATED)
    present: list[Obj] = spec.get("tolerations") or []
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in wanted]
    return [*present, *(toleration for toleration in added if toleration not in present)]


def verdict(spec: Obj, tolerations: list[Obj], node: Obj) -> Verdict:
    """What a template's pod spec and its daemon tolerations mean for one node."""
    name = node["metadata"]["name"]
    if spec.get("nodeName", name) != name or not required_matches(spec, labels_of(node), name):
        return Verdict(run=False, stay=False)
    taints = dig(node, "spec", "taints", default=())
    if not taints or untolerated(taints, tolerations, ("NoSchedule", "NoExecute")) is None:
        return Verdict(run=True, stay=True)
    return Verdict(run=False, stay=untolerated(taints, tolerations, ("NoExecute",)) is None)


def spec_for_node(spec: Obj, node_name: str) -> Obj:
    """The pod spec with an affinity for that one node, which takes the place of required terms that were there."""
    affinity: Obj = spec.get("affinity") or {}
    node_affinity: Obj = affinity.get("nodeAffinity") or {}
    term = {"matchFields": [{"key": NODE_NAME_FIELD, "operator": "In", "values": [node_name]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {**spec, "affinity": {**affinity, "nodeAffinity": {**node_affinity, **required}}}


def target_node(pod: Obj) -> str:
    """The node that a daemon pod is on or waits for; "" for a pod that names none."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    required = dig(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in (required or {}).get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == NODE_NAME_FIELD and field["operator"] == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""
