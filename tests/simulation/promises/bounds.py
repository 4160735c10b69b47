"""What bounds pods: quotas, budgets, autoscalers, nodes; and what follows them: endpoints."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.labels import from_label_selector, from_map
from cluster_engine.apimachinery.meta import condition_is, controller_of, deleting, labels_of
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.etcd.store import Commit
from tests.simulation.promises.view import Promise, broken

Obj = dict[str, Any]
ENDED = ("Succeeded", "Failed")
SLICES = "endpointslices.discovery.k8s.io"
EVICTED = "EvictionByEvictionAPI"


def phase_of(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


class Quotas(Promise):
    """No pod is let in beyond a quota that has been counted, and the count is right in the end."""

    def _used(self) -> int:
        """Pods that have ended do not count, nor those that should long be gone (QuotaV1Pod)."""
        now_us = self.view.cluster.clock.now_us
        return sum(phase_of(pod) not in ENDED and not _overdue(pod, now_us) for pod in self.view.list("pods"))

    def on_commit(self, commit: Commit) -> None:
        if commit.type != "ADDED" or not commit.key.startswith("/registry/pods/default/"):
            return
        for quota in self.view.list("resourcequotas"):
            hard = int(quota["spec"]["hard"]["pods"])
            if self._used() > hard:
                raise broken(f"{commit.key} was let in: {self._used()} pods, the quota is {hard}")

    def on_settled(self) -> None:
        for quota in self.view.list("resourcequotas"):
            used = int(quota["status"]["used"]["pods"])
            if used != self._used():
                raise broken(f"the quota says that {used} pods are used, and {self._used()} are")


def _overdue(pod: Obj, now_us: int) -> bool:
    meta = pod["metadata"]
    grace_us = (meta.get("deletionGracePeriodSeconds") or 0) * SECOND_US
    return deleting(pod) and parse_time(meta["deletionTimestamp"]) + grace_us < now_us


class Budgets(Promise):
    """An eviction leaves as many healthy pods as the budget wants."""

    def on_commit(self, commit: Commit) -> None:
        old, new = self.view.last.get(commit.key), commit.value
        if not commit.key.startswith("/registry/pods/default/") or self.view.broken:
            return
        if old is None or new is None or not _is_evicted(new) or _is_evicted(old) or not _is_healthy(old):
            return
        for budget in self.view.list("poddisruptionbudgets.policy"):
            selector = from_label_selector(budget["spec"]["selector"])
            if selector.matches(labels_of(old)):
                self._check(budget, [pod for pod in self.view.list("pods") if selector.matches(labels_of(pod))], old)

    def _check(self, budget: Obj, pods: list[Obj], evicted: Obj) -> None:
        healthy = sum(_is_healthy(pod) and not _is_evicted(pod) for pod in pods)
        desired = budget["spec"].get("minAvailable")
        if isinstance(desired, int) and healthy < desired:
            name = evicted["metadata"]["name"]
            raise broken(f"the eviction of {name} leaves {healthy} healthy pods, the budget wants {desired}")

    def on_settled(self) -> None:
        for budget in self.view.list("poddisruptionbudgets.policy"):
            selector = from_label_selector(budget["spec"]["selector"])
            pods = [p for p in self.view.list("pods") if selector.matches(labels_of(p)) and phase_of(p) not in ENDED]
            healthy = sum(condition_is(pod, "Ready") and not deleting(pod) for pod in pods)
            status = budget.get("status") or {}
            if status.get("currentHealthy") != healthy:
                raise broken(f"budget {budget['metadata']['name']} has {healthy} healthy pods, and says {status}")
            desired = budget["spec"].get("minAvailable")
            # Of pods without a controller nobody knows how many there should be.
            if isinstance(desired, str) and all(controller_of(pod) for pod in pods):
                desired = scaled_value(desired, status["expectedPods"], True)
                if status["desiredHealthy"] != desired:
                    raise broken(f"budget {budget['metadata']['name']} wants {desired}, and says {status}")


def _is_evicted(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "DisruptionTarget" and c.get("reason") == EVICTED for c in conditions)


def _is_healthy(pod: Obj) -> bool:
    return condition_is(pod, "Ready") and not deleting(pod) and phase_of(pod) == "Running"


class Autoscalers(Promise):
    """A target is scaled within its bounds."""

    def on_settled(self) -> None:
        for autoscaler in self.view.list("horizontalpodautoscalers.autoscaling"):
            spec = autoscaler["spec"]
            target = self.view.get("deployments.apps", spec["scaleTargetRef"]["name"])
            if target is None:
                continue
            replicas = target["spec"]["replicas"]
            if replicas and not spec["minReplicas"] <= replicas <= spec["maxReplicas"]:
                raise broken(f"{spec['scaleTargetRef']['name']} has {replicas} replicas, its autoscaler says {spec}")


class Nodes(Promise):
    """The scheduler puts nothing on a node that is cordoned, as far as it can see."""

    def on_commit(self, commit: Commit) -> None:
        if self.view.writer != "scheduler" or not commit.key.startswith("/registry/pods/") or commit.value is None:
            return
        node = commit.value["spec"].get("nodeName")
        found = self.view.get("nodes", node, "") if node else None
        if found is None or not self.view.cluster.scheduler.informers.connected:
            return
        tolerations = commit.value["spec"].get("tolerations") or ()
        tolerant = any(toleration.get("key") == "node.kubernetes.io/unschedulable" for toleration in tolerations)
        if found["spec"].get("unschedulable") and not tolerant:
            old = self.view.last.get(commit.key)
            if old is not None and not old["spec"].get("nodeName"):
                raise broken(f"{commit.value['metadata']['name']} was put on {node}, which is cordoned")


class Endpoints(Promise):
    """In the end a Service's slices have the addresses of its ready pods, and no other that is ready."""

    def on_settled(self) -> None:
        for service in self.view.list("services"):
            selector = service["spec"].get("selector")
            if not selector:
                continue
            name = service["metadata"]["name"]
            wanted = sorted(
                pod["status"]["podIP"]
                for pod in self.view.list("pods")
                if from_map(selector).matches(labels_of(pod)) and condition_is(pod, "Ready") and not deleting(pod)
            )
            found = sorted(
                endpoint["addresses"][0]
                for found in self.view.list(SLICES)
                if labels_of(found).get("kubernetes.io/service-name") == name
                for endpoint in found.get("endpoints") or ()
                if endpoint["conditions"]["ready"]
            )
            if wanted != found:
                raise broken(f"Service {name} has the endpoints {found}, its ready pods are {wanted}")
