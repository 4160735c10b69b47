"""References by name: what was renamed is meant by its new name wherever it is mentioned."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.kustomize.transform import edit, spec_path

_CONTAINERS = ("containers", "initContainers")
# Below a pod spec: (path, the kind that is meant).
_IN_PODS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("volumes", "*", "configMap", "name"), "ConfigMap"),
    (("volumes", "*", "secret", "secretName"), "Secret"),
    (("volumes", "*", "persistentVolumeClaim", "claimName"), "PersistentVolumeClaim"),
    (("volumes", "*", "projected", "sources", "*", "configMap", "name"), "ConfigMap"),
    (("volumes", "*", "projected", "sources", "*", "secret", "name"), "Secret"),
    (("imagePullSecrets", "*", "name"), "Secret"),
    (("serviceAccountName",), "ServiceAccount"),
    (("priorityClassName",), "PriorityClass"),
    *(
        ((field, "*", *path), kind)
        for field in _CONTAINERS
        for path, kind in (
            (("envFrom", "*", "configMapRef", "name"), "ConfigMap"),
            (("envFrom", "*", "secretRef", "name"), "Secret"),
            (("env", "*", "valueFrom", "configMapKeyRef", "name"), "ConfigMap"),
            (("env", "*", "valueFrom", "secretKeyRef", "name"), "Secret"),
        )
    ),
)
# By the kind that mentions: (path, the kind that is meant).
_ELSEWHERE: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "Ingress": (
        (("spec", "defaultBackend", "service", "name"), "Service"),
        (("spec", "rules", "*", "http", "paths", "*", "backend", "service", "name"), "Service"),
        (("spec", "tls", "*", "secretName"), "Secret"),
    ),
    "StatefulSet": ((("spec", "serviceName"), "Service"),),
    "ServiceAccount": ((("imagePullSecrets", "*", "name"), "Secret"), (("secrets", "*", "name"), "Secret")),
    "PersistentVolumeClaim": ((("spec", "volumeName"), "PersistentVolume"),),
}
_BY_KIND = {
    "HorizontalPodAutoscaler": ("spec", "scaleTargetRef"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
}

# (kind, old name) -> new name
Renames = dict[tuple[str, str], str]


def updated(obj: Obj, renames: Renames) -> Obj:
    """The object with the new names of what it mentions."""
    pod = spec_path(obj)
    paths = [((*pod, *path), kind) for path, kind in _IN_PODS] if pod else []
    for path, kind in (*paths, *_ELSEWHERE.get(obj["kind"], ())):
        obj = edit(obj, path, _renamer(renames, kind), create=False)
    if obj["kind"] in _BY_KIND:
        obj = edit(obj, _BY_KIND[obj["kind"]], lambda reference: _reference(renames, reference), create=False)
    if obj["kind"] in ("RoleBinding", "ClusterRoleBinding"):
        obj = edit(obj, ("subjects", "*"), lambda reference: _reference(renames, reference), create=False)
    return obj


def _renamer(renames: Renames, kind: str) -> Callable[[object], object]:
    return lambda name: _new(renames, kind, name)


def _new(renames: Renames, kind: str, name: object) -> object:
    return renames.get((kind, name), name) if isinstance(name, str) else name


def _reference(renames: Renames, reference: object) -> object:
    if not isinstance(reference, dict):
        return reference
    return {**reference, "name": _new(renames, str(reference.get("kind")), reference.get("name"))}
