"""Follows pkg/controller/namespace/{namespace_controller,deletion/namespaced_resources_deleter,deletion/status_conditio
n_utils}.go.
"""

from __future__ import annotations

from collections import Counter

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, get_condition
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

FINALIZER = "kubernetes"
# The name by which its handlers are known in the controller manager.
SUBSCRIBER = "namespace"


class NamespaceController(Controller):
    """One key is one namespace."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("namespace-controller", context)
        self.namespaces = self.enqueue_on("namespaces")
        scheme = self.client.server.scheme
        self.resources: list[Resource] = []
        # Namespaces that are being emptied: only for those does the content matter.
        self._emptying: set[str] = set()
        for resource in scheme:
            self._follow(resource)
        self._unsubscribe = scheme.on_change(self._on_scheme_change)

    def stop(self) -> None:
        super().stop()
        self._unsubscribe()

    def _on_scheme_change(self, resource: Resource, added: bool) -> None:
        """A custom resource has come or gone."""
        if added:
            with self.context.informers.subscribing(SUBSCRIBER):
                self._follow(resource)
        else:
            self.resources = [r for r in self.resources if r.group_resource != resource.group_resource]
            self.context.informers.forget(resource.group_resource)

    def _follow(self, resource: Resource) -> None:
        if not resource.namespaced or not {"list", "delete"} <= set(resource.verbs):
            return
        self.resources.append(resource)
        if "watch" in resource.verbs and resource.kind != "Event":
            self.informer(resource.group_resource).add_handler(self._on_content)

    def _on_content(self, type_: EventType, obj: Obj, old: Obj | None, cause: Cause) -> None:
        if self._emptying and (namespace := obj["metadata"].get("namespace")) in self._emptying and type_ != "ADDED":
            self.queue.add(namespace, cause)

    def sync(self, key: str) -> None:
        namespace = self.namespaces.get(key)
        if namespace is None or not deleting(namespace):
            self._emptying.discard(key)
            return
        if FINALIZER not in ((namespace.get("spec") or {}).get("finalizers") or ()):
            return
        self._emptying.add(key)
        failures = self._delete_content(key)
        remaining, finalizers = self._remaining(key)
        namespace = self._set_conditions(namespace, failures, remaining, finalizers)
        if remaining or failures:
            # What is left goes by itself (pods within their grace) or when somebody takes a finalizer away: both are
            # events.
            return
        self._emptying.discard(key)
        self.trace.note(f"{key} is empty")
        kept = [name for name in namespace["spec"]["finalizers"] if name != FINALIZER]
        self.client.update(
            "namespaces", {**namespace, "spec": {**namespace["spec"], "finalizers": kept}}, subresource="finalize"
        )

    def _delete_content(self, namespace: str) -> list[str]:
        failures = []
        for resource in self.resources:
            present = self.client.list(resource.group_resource, namespace).items
            if not present or all(deleting(obj) for obj in present):
                continue
            try:
                self.client.request(
                    "deletecollection", resource.group_resource, namespace, propagation_policy="Background"
                )
            except ApiError as error:
                failures.append(error.message)
        return failures

    def _remaining(self, namespace: str) -> tuple[Counter[str], Counter[str]]:
        """How many objects of each resource are left, and how many of them wait for each finalizer."""
        remaining: Counter[str] = Counter()
        finalizers: Counter[str] = Counter()
        for resource in self.resources:
            for obj in self.client.list(resource.group_resource, namespace).items:
                remaining[f"{resource.plural}.{resource.group}"] += 1
                finalizers.update(obj["metadata"].get("finalizers") or ())
        return remaining, finalizers

    def _set_conditions(
        self, namespace: Obj, failures: list[str], remaining: Counter[str], finalizers: Counter[str]
    ) -> Obj:
        status = namespace.get("status") or {}
        old = status.get("conditions")
        conditions = []
        for type_, is_true, reason, message in _verdicts(failures, remaining, finalizers):
            before = get_condition(old, type_)
            value = "True" if is_true else "False"
            since = before["lastTransitionTime"] if before and before["status"] == value else self.clock.rfc3339()
            conditions.append(
                {
                    "lastTransitionTime": since,
                    "message": message,
                    "reason": reason,
                    "status": value,
                    "type": type_,
                }
            )
        if conditions == old:
            return namespace
        return self.client.update_status("namespaces", {**namespace, "status": {**status, "conditions": conditions}})


def _verdicts(
    failures: list[str], remaining: Counter[str], finalizers: Counter[str]
) -> list[tuple[str, bool, str, str]]:
    """(type, whether True, reason, message) of each condition, in the controller's order."""
    failed = f"Failed to delete all resource types, {len(failures)} remaining: {', '.join(failures)}"
    left = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(remaining.items()))
    held = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
    return [
        ("NamespaceDeletionDiscoveryFailure", False, "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        ("NamespaceDeletionContentFailure", True, "ContentDeletionFailed", failed)
        if failures
        else (
            "NamespaceDeletionContentFailure",
            False,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        ("NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {left}")
        if remaining
        else (
            "NamespaceContentRemaining",
            False,
            "ContentRemoved",
            "All content successfully removed",
        ),
        (
            "NamespaceFinalizersRemaining",
            True,
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {held}",
        )
        if finalizers
        else (
            "NamespaceFinalizersRemaining",
            False,
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ]
