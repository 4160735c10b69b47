"""Pod failure policy and success policy. Pure functions.

Follows pkg/controller/job/{pod_failure_policy,success_policy}.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.controllers.job import indexes
from cluster_engine.controllers.job.indexes import Interval


@dataclass(frozen=True, slots=True)
class Match:
    """What the failure policy says about a failed pod: the first rule that matches it, if any."""

    action: str = ""
    # Why the whole Job fails, where the action is FailJob.
    message: str = ""

    @property
    def counts(self) -> bool:
        """Whether the failure counts towards backoffLimit."""
        return self.action != "Ignore"


def match_failure(policy: Obj | None, pod: Obj) -> Match:
    for index, rule in enumerate((policy or {}).get("rules") or ()):
        action = rule["action"]
        if rule.get("onExitCodes"):
            container = _container_with_code(pod, rule["onExitCodes"])
            why = container and (
                f"Container {container['name']} for pod {_where(pod)} failed with exit code "
                f"{container['state']['terminated']['exitCode']}"
            )
        else:
            condition = _condition(pod, rule.get("onPodConditions") or ())
            why = condition and f"Pod {_where(pod)} has condition {condition['type']}"
        if why:
            message = f"{why} matching {action} rule at index {index}"
            return Match(action, message if action == "FailJob" else "")
    return Match()


def _where(pod: Obj) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _container_with_code(pod: Obj, requirement: Obj) -> Obj | None:
    status = pod.get("status") or {}
    for entry in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
        ended = (entry.get("state") or {}).get("terminated")
        if not ended or not ended.get("exitCode"):
            continue
        if requirement.get("containerName", entry["name"]) != entry["name"]:
            continue
        listed = ended["exitCode"] in requirement["values"]
        if listed == (requirement["operator"] == "In"):
            found: Obj = entry
            return found
    return None


def _condition(pod: Obj, patterns: Sequence[Obj]) -> Obj | None:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        for pattern in patterns:
            if condition["type"] == pattern["type"] and condition["status"] == pattern.get("status", "True"):
                found: Obj = condition
                return found
    return None


def only_replaces_failed(job: Obj) -> bool:
    """Whether a pod is replaced only when it has failed, not already when it is being deleted."""
    spec = job["spec"]
    return spec.get("podReplacementPolicy") == "Failed" or bool(spec.get("podFailurePolicy"))


def is_pod_failed(pod: Obj, job: Obj) -> bool:
    """Whether the pod counts as failed; a pod that is being deleted may never get so far by itself."""
    phase = phase_of(pod)
    if phase == "Failed" or only_replaces_failed(job):
        return phase == "Failed"
    return deleting(pod) and phase != "Succeeded"


def match_success(policy: Obj | None, completions: int, succeeded: list[Interval]) -> str:
    """Why the Job has succeeded before all its indexes have, or ""."""
    for position, rule in enumerate((policy or {}).get("rules") or ()):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes"):
            wanted = indexes.parse(rule["succeededIndexes"], completions)
            met = sum(indexes.contains(succeeded, i) for low, high in wanted for i in range(low, high + 1))
            needed = indexes.total(wanted) if count is None else count
        else:
            met, needed = indexes.total(succeeded), count or 0
        if met >= needed:
            return f"Matched rules at index {position}"
    return ""
