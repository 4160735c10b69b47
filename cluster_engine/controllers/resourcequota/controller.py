"""Follows pkg/controller/resourcequota/{resource_quota_controller,resource_quota_monitor}.go."""

from __future__ import annotations

from cluster_engine.apimachinery import quota
from cluster_engine.apimachinery.meta import Obj, key_of, namespace_of
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType, Handler, Informer
from cluster_engine.controllers.common.pods import phase_of
from cluster_engine.trace import Cause

RESOURCE = "resourcequotas"
# The name by which its handlers are known in the controller manager.
SUBSCRIBER = "resourcequota"
# Deletions are gathered for so long, so that a namespace is not added up anew for each of many.
BATCH_SECONDS = 0.1


class ResourceQuotaController(Controller):
    """One key is one ResourceQuota."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("resourcequota-controller", context)
        self.informers: dict[str, Informer] = {}
        self.quotas = self.informer(RESOURCE)
        for resource in self.client.server.scheme:
            self._follow(resource)
        self.quotas.add_handler(self._on_quota)
        for name, informer in self.informers.items():
            informer.add_handler(self._replenish(name))
        self._unsubscribe = self.client.server.scheme.on_change(self._on_scheme_change)

    def stop(self) -> None:
        super().stop()
        self._unsubscribe()

    def _follow(self, resource: Resource) -> bool:
        name = resource.group_resource
        counted = resource.namespaced and name != "events" and {"list", "watch"} <= set(resource.verbs)
        if counted:
            self.informers[name] = self.informer(name)
        return counted

    def _on_scheme_change(self, resource: Resource, added: bool) -> None:
        """A custom resource has come or gone: the quotas that count it are added up."""
        name = resource.group_resource
        if added:
            with self.context.informers.subscribing(SUBSCRIBER):
                if self._follow(resource):
                    self.informers[name].add_handler(self._replenish(name))
        elif self.informers.pop(name, None) is None:
            return
        for limits in self.quotas.list():
            if name in quota.resources_of((limits.get("spec") or {}).get("hard") or {}):
                self.queue.add_after(key_of(limits), BATCH_SECONDS)

    def _on_quota(self, type_: EventType, limits: Obj, old: Obj | None, cause: Cause) -> None:
        """A charge of admission changes the status, and is right."""
        if type_ == "ADDED" or (old is not None and old.get("spec") != limits.get("spec")):
            self.queue.add(key_of(limits), cause)

    def _replenish(self, name: str) -> Handler:
        """When something goes, the quotas that count it have to be added up anew."""

        def on_event(type_: EventType, obj: Obj, old: Obj | None, cause: Cause) -> None:
            if not len(self.quotas) or type_ == "ADDED":
                return
            if type_ == "MODIFIED" and (old is None or not _frees(name, old, obj)):
                return
            for limits in self.quotas.by_index("namespace", namespace_of(obj)):
                if name in quota.resources_of((limits.get("spec") or {}).get("hard") or {}):
                    self.queue.add_after(key_of(limits), BATCH_SECONDS, cause)

        return on_event

    def sync(self, key: str) -> None:
        """Follows syncResourceQuota: what is used now, and which limits hold."""
        limits = self.quotas.get(key)
        if limits is None:
            return
        hard: dict[str, str] = (limits.get("spec") or {}).get("hard") or {}
        used = quota.total(self._usages(limits, hard), hard)
        status: Obj = {}
        if hard:
            status = {"hard": hard, "used": {name: str(amount) for name, amount in used.items()}}
        if status != (limits.get("status") or {}):
            self.trace.note("used: " + ", ".join(f"{name} {used[name]} of {hard[name]}" for name in sorted(hard)))
            self.client.update_status(RESOURCE, {**limits, "status": status})

    def _usages(self, limits: Obj, hard: dict[str, str]) -> list[quota.Amounts]:
        namespace, now_us = namespace_of(limits), self.clock.now_us
        found = []
        for name in sorted(quota.resources_of(hard)):
            informer = self.informers.get(name)
            for obj in informer.by_index("namespace", namespace) if informer is not None else ():
                if quota.matches(limits, name, obj):
                    found.append(quota.usage(name, obj, now_us))
        return found


def _frees(name: str, old: Obj, new: Obj) -> bool:
    """Whether a change may free something: a pod that ends, a Service of another type, a claim of another size."""
    if name == "pods":
        ended = ("Succeeded", "Failed")
        return phase_of(new) in ended and phase_of(old) not in ended
    return (
        name in ("services", "persistentvolumeclaims") and old["spec"] is not new["spec"] and old["spec"] != new["spec"]
    )
