"""What a kustomization does to every object: names, namespace, labels, annotations, images, replicas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_engine.apimachinery.meta import Obj

CLUSTER_KINDS = frozenset({
    "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass", "PriorityClass",
    "CustomResourceDefinition", "IngressClass", "APIService", "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration", "RuntimeClass",
})  # fmt: skip
_UNPREFIXED = frozenset({"Namespace", "CustomResourceDefinition", "APIService"})
_WORKLOADS = frozenset(
    {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job", "CronJob"}
)
_SCALED = frozenset({"Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"})
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def edit(obj: Any, path: tuple[str, ...], change: Callable[[Any], Any], *, create: bool = True) -> Any:
    """The object with the value at a path changed (`*` stands for every item of a list)."""
    if not path:
        return change(obj)
    head, rest = path[0], path[1:]
    if head == "*":
        return [edit(item, rest, change, create=create) for item in obj] if isinstance(obj, list) else obj
    if not isinstance(obj, dict) or (head not in obj and not create):
        return obj
    return {**obj, head: edit(obj.get(head), rest, change, create=create)}


def template_path(obj: Obj) -> tuple[str, ...]:
    """Where a workload keeps its pod template; () for anything else."""
    if obj["kind"] not in _WORKLOADS:
        return ()
    return ("spec", "jobTemplate", "spec", "template") if obj["kind"] == "CronJob" else ("spec", "template")


def spec_path(obj: Obj) -> tuple[str, ...]:
    """Where an object keeps a pod spec; () where it has none."""
    if obj["kind"] == "Pod":
        return ("spec",)
    path = template_path(obj)
    return (*path, "spec") if path else ()


def with_namespace(obj: Obj, namespace: str) -> Obj:
    if obj["kind"] == "Namespace":
        return edit(obj, ("metadata", "name"), lambda _: namespace)  # type: ignore[no-any-return]
    if obj["kind"] not in CLUSTER_KINDS:
        obj = edit(obj, ("metadata", "namespace"), lambda _: namespace)
    if obj["kind"] in ("RoleBinding", "ClusterRoleBinding"):
        obj = edit(obj, ("subjects", "*"), lambda one: _subject(one, namespace), create=False)
    return obj


def _subject(one: Obj, namespace: str) -> Obj:
    if one.get("kind") == "ServiceAccount" and one.get("name") == "default":
        return {**one, "namespace": namespace}
    return one


def renamed(obj: Obj, prefix: str, suffix: str) -> Obj:
    if obj["kind"] in _UNPREFIXED:
        return obj
    return edit(obj, ("metadata", "name"), lambda name: f"{prefix}{name}{suffix}")  # type: ignore[no-any-return]


def with_labels(obj: Obj, labels: Mapping[str, str], *, selectors: bool, templates: bool) -> Obj:
    def add(present: Any) -> Obj:
        return {**(present or {}), **labels}

    obj = edit(obj, ("metadata", "labels"), add)
    path = template_path(obj)
    if selectors or templates:
        if path:
            obj = edit(obj, (*path, "metadata", "labels"), add)
        if obj["kind"] == "StatefulSet" and "volumeClaimTemplates" in obj.get("spec", {}):
            obj = edit(obj, ("spec", "volumeClaimTemplates", "*", "metadata", "labels"), add)
    return _with_selectors(obj, add) if selectors else obj


def _with_selectors(obj: Obj, add: Callable[[Any], Obj]) -> Obj:
    if obj["kind"] in ("Service", "ReplicationController") and (obj.get("spec") or {}).get("selector"):
        return edit(obj, ("spec", "selector"), add)  # type: ignore[no-any-return]
    if obj["kind"] in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"):
        return edit(obj, ("spec", "selector", "matchLabels"), add)  # type: ignore[no-any-return]
    if obj["kind"] == "PodDisruptionBudget":
        return edit(obj, ("spec", "selector", "matchLabels"), add, create=False)  # type: ignore[no-any-return]
    if obj["kind"] == "NetworkPolicy":
        return edit(obj, ("spec", "podSelector", "matchLabels"), add, create=False)  # type: ignore[no-any-return]
    return obj


def with_annotations(obj: Obj, annotations: Mapping[str, str]) -> Obj:
    def add(present: Any) -> Obj:
        return {**(present or {}), **annotations}

    obj = edit(obj, ("metadata", "annotations"), add)
    path = template_path(obj)
    return edit(obj, (*path, "metadata", "annotations"), add) if path else obj


def with_image(obj: Obj, image: Obj) -> Obj:
    """`name` becomes `newName:newTag` or `newName@digest` in every container."""
    path = spec_path(obj)
    if not path:
        return obj
    for field in _CONTAINERS:
        obj = edit(obj, (*path, field, "*", "image"), lambda text: _image(text, image), create=False)
    return obj


def _image(text: Any, image: Obj) -> Any:
    if not isinstance(text, str):
        return text
    name, tag = _split_image(text)
    if name != image.get("name"):
        return text
    name = image.get("newName") or name
    if image.get("digest"):
        return f"{name}@{image['digest']}"
    if image.get("newTag"):
        return f"{name}:{image['newTag']}"
    return name + tag


def _split_image(text: str) -> tuple[str, str]:
    """(name, `:tag` or `@digest`)."""
    at = text.find("@")
    if at >= 0:
        return text[:at], text[at:]
    colon = text.find(":", text.rfind("/") + 1)
    return (text, "") if colon < 0 else (text[:colon], text[colon:])


def with_replicas(obj: Obj, replicas: Obj, name: str) -> Obj:
    if obj["kind"] in _SCALED and name == replicas.get("name"):
        return edit(obj, ("spec", "replicas"), lambda _: replicas.get("count", 0))  # type: ignore[no-any-return]
    return obj
