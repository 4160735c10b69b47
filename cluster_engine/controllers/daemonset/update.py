"""How a new template reaches the nodes: a few at a time. Follows rollingUpdate of pkg/controller/daemon/update.go."""

from __future__ import annotations

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import Obj, annotations_of, deleting, dig
from cluster_engine.controllers.daemonset.manage import Plan, Situation
from cluster_engine.controllers.daemonset.revisions import GENERATION_ANNOTATION, is_pod_updated


def allowances(ds: Obj, desired: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) for that many nodes; both are rounded up, and they are never both 0."""
    rolling = dig(ds, "spec", "updateStrategy", "rollingUpdate", default={})
    surge = scaled_value(rolling.get("maxSurge", 0), desired, round_up=True)
    unavailable = scaled_value(rolling.get("maxUnavailable", 1), desired, round_up=True)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, unavailable


def allows_surge(ds: Obj) -> bool:
    strategy = ds["spec"].get("updateStrategy") or {}
    return strategy.get("type") == "RollingUpdate" and allowances(ds, 100)[0] > 0


def rolling_update(situation: Situation) -> tuple[Plan, str]:
    """What to replace now, and why in words. `situation.pods` must be as they are after `manage`."""
    desired = sum(verdict.run for verdict in situation.verdicts.values())
    surge, unavailable = allowances(situation.ds, desired)
    pods = {name: situation.pods.get(name, []) for name, verdict in situation.verdicts.items() if verdict.run}
    pods.update({name: found for name, found in situation.pods.items() if name not in pods})
    by_node = {name: _old_and_new(situation, found) for name, found in pods.items()}
    if surge == 0:
        return _replace(situation, by_node, unavailable)
    return _surge(situation, by_node, surge)


Pair = tuple[Obj | None, Obj | None]


def _old_and_new(situation: Situation, pods: list[Obj]) -> Pair | None:
    """(old, new) pod of a node; None where there are two of a sort, which `manage` has to put right first."""
    generation = annotations_of(situation.ds).get(GENERATION_ANNOTATION)
    old: Obj | None = None
    new: Obj | None = None
    for pod in pods:
        if deleting(pod):
            continue
        if is_pod_updated(pod, situation.hash, generation):
            if new is not None:
                return None
            new = pod
        else:
            if old is not None:
                return None
            old = pod
    return old, new


def _replace(situation: Situation, by_node: dict[str, Pair | None], max_unavailable: int) -> tuple[Plan, str]:
    """Deletes old pods: all that are unavailable anyway, and as many others as may be unavailable."""
    down = 0
    broken: list[Obj] = []
    candidates: list[Obj] = []
    for pair in by_node.values():
        old, new = pair or (None, None)
        if old is None and new is not None:
            down += not situation.available(new)
        elif old is not None and new is None:
            if situation.available(old):
                candidates.append(old)
            else:
                broken.append(old)
                down += 1
        else:
            down += 1
    doomed = broken + candidates[: max(max_unavailable - down, 0)]
    why = f"{down} nodes lack an available pod, {max_unavailable} may: replaces {len(doomed)} old pods"
    return Plan(doomed=doomed), why if doomed else ""


def _surge(situation: Situation, by_node: dict[str, Pair | None], max_surge: int) -> tuple[Plan, str]:
    """Creates new pods beside old ones, and deletes an old one when the new one is available."""
    surging = 0
    doomed: list[Obj] = []
    urgent: list[str] = []
    candidates: list[str] = []
    for node, pair in by_node.items():
        if pair is None:
            surging += 1
            continue
        old, new = pair
        if old is None:
            continue
        if new is None:
            verdict = situation.verdicts.get(node)
            if verdict is None or not verdict.run:
                continue
            (candidates if situation.available(old) else urgent).append(node)
        elif not situation.available(old):
            doomed.append(old)
        else:
            surging += 1
            if situation.available(new):
                doomed.append(old)
    nodes = urgent + candidates[: max(max_surge - surging, 0)]
    why = f"{surging} of {max_surge} extra pods exist: creates {len(nodes)} new pods, deletes {len(doomed)} old ones"
    return Plan(nodes=nodes, doomed=doomed), why if nodes or doomed else ""
