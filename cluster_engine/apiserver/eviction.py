"""A pod's `eviction` subresource: a deletion that disruption budgets may refuse.

Follows pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from dataclasses import replace

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.disruption import (
    DISRUPTION_ALLOWED,
    SYNC_FAILED,
    allowed_condition,
    with_disruption_target,
)
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.labels import from_label_selector
from cluster_engine.apimachinery.meta import Obj, condition_is, deleting, get_condition, labels_of
from cluster_engine.apiserver import delete, read, write
from cluster_engine.apiserver.bodies import eviction
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response

BUDGETS = "poddisruptionbudgets.policy"
MAX_DISRUPTED_PODS = 2000
RETRY_SECONDS = 10
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Deletes the pod if its budget allows it; TooManyRequests if not now."""
    if request.verb != "create":
        raise errors.method_not_allowed(request.verb, strategy.resource.plural)
    body = eviction(request)
    if (body.get("metadata") or {}).get("name") != request.name:
        raise errors.bad_request("name in URL does not match name in Eviction object")
    pod = server.require(strategy.resource, request.namespace, request.name)
    options = body.get("deleteOptions") or {}
    dry_run = request.dry_run or bool(options.get("dryRun"))
    preconditions: dict[str, str] = dict(options.get("preconditions") or {})
    if _needs_budget(pod):
        unhealthy = _ask_budget(server, pod, dry_run)
        if unhealthy:
            # It was let through as not ready: it must still be so when it is deleted.
            preconditions.setdefault("resourceVersion", pod["metadata"]["resourceVersion"])
    if not dry_run and not deleting(pod):
        pod = _mark(server, strategy, pod, preconditions)
    request = replace(
        request,
        verb="delete",
        subresource="",
        body=None,
        dry_run=dry_run,
        grace_period_seconds=options.get("gracePeriodSeconds"),
        propagation_policy=options.get("propagationPolicy"),
        preconditions=preconditions or None,
    )
    delete.delete(server, strategy, request)
    return Response(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})


def _mark(server: ServerContext, strategy: Strategy, pod: Obj, preconditions: dict[str, str]) -> Obj:
    """Writes into the pod's status why it goes; preconditions on the pod before that hold for it afterwards."""
    meta = pod["metadata"]
    asked = preconditions.get("resourceVersion")
    if asked is not None and asked != meta["resourceVersion"]:
        return pod
    marked = with_disruption_target(pod, "EvictionByEvictionAPI", "Eviction API: evicting", server.clock.rfc3339())
    if marked is pod:
        return pod
    stored = write.store_object(server, strategy, marked, pod)
    if asked is not None:
        preconditions["resourceVersion"] = stored["metadata"]["resourceVersion"]
    return stored


def _needs_budget(pod: Obj) -> bool:
    """Pods that do not run yet or no more, or go already, disrupt nobody."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed", "Pending") and not deleting(pod)


def _ask_budget(server: ServerContext, pod: Obj, dry_run: bool) -> bool:
    """Takes the disruption from the pod's budget, or refuses; True for a pod that may go because it is not ready."""
    strategy = server.strategies.get(BUDGETS)
    if strategy is None:
        return False
    found = [
        pdb
        for pdb in read.select(server, strategy, pod["metadata"]["namespace"], "", "")
        if from_label_selector(pdb["spec"].get("selector")).matches(labels_of(pod))
    ]
    if len(found) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(500, "", message)
    if not found:
        return False
    pdb = found[0]
    status: Obj = pdb.get("status") or {}
    if not condition_is(pod, "Ready"):
        if pdb["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
            return True
        if status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0:
            return True
    _check_and_decrement(server, strategy, pdb, pod, dry_run)
    return False


def _check_and_decrement(server: ServerContext, strategy: Strategy, pdb: Obj, pod: Obj, dry_run: bool) -> None:
    meta, status = pdb["metadata"], pdb.get("status") or {}
    name = meta["name"]
    if status.get("observedGeneration", 0) < meta.get("generation", 0):
        raise _refusal(f"The disruption budget {name} is still being processed by the server.", RETRY_SECONDS)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise errors.forbidden("poddisruptionbudget", "policy", name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > MAX_DISRUPTED_PODS:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.forbidden("poddisruptionbudget", "policy", name, why)
    if allowed == 0:
        raise _refusal(_why_not(pdb))
    if dry_run:
        return
    now = server.clock.rfc3339()
    status = {
        **status,
        "disruptionsAllowed": allowed - 1,
        "disruptedPods": {**(status.get("disruptedPods") or {}), pod["metadata"]["name"]: now},
    }
    if allowed == 1:
        status["conditions"] = allowed_condition(status.get("conditions"), False, meta.get("generation", 0), now)
    write.store_object(server, strategy, {**pdb, "status": status}, pdb)


def _why_not(pdb: Obj) -> str:
    name, status = pdb["metadata"]["name"], pdb.get("status") or {}
    condition = get_condition(status.get("conditions"), DISRUPTION_ALLOWED) or {}
    reason, message = condition.get("reason"), condition.get("message")
    refused = bool(message) and condition.get("status") == "False"
    prefix = f"The disruption budget {name} does not allow evicting pods currently"
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if refused and reason == SYNC_FAILED:
        # First, since the numbers cannot be trusted then.
        return f"{prefix} because it failed sync: {message}"
    if healthy <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
    return f"{prefix} ({reason}): {message}" if refused else prefix


def _refusal(why: str, retry_seconds: int = 0) -> ApiError:
    details: Obj = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry_seconds:
        details["retryAfterSeconds"] = retry_seconds
    return ApiError(429, "TooManyRequests", REFUSED, details)
