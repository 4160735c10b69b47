"""What `kubectl debug --profile` gives a container, and takes from a copied pod. Follows pkg/cmd/debug/profiles.go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.errors import CommandError

Style = Literal["ephemeral", "copy", "node"]
PROFILES = ("baseline", "general", "legacy", "netadmin", "restricted", "sysadmin")
_HOST_ROOT = "host-root"
_ADDED = {"general": ("SYS_PTRACE",), "netadmin": ("NET_ADMIN", "NET_RAW")}
_KEPT_PROBES = (("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe"))


@dataclass(frozen=True, slots=True)
class Keep:
    """What a copy keeps of the pod."""

    labels: bool = False
    annotations: bool = False
    liveness: bool = False
    readiness: bool = False
    startup: bool = False
    init_containers: bool = True


def check(profile: str) -> None:
    """Raises CommandError for a profile that there is not."""
    if profile not in PROFILES:
        raise CommandError(f"unknown profile: {profile}")


def container_with(profile: str, style: Style, container: Obj) -> Obj:
    """The container with the rights of the profile."""
    if profile == "legacy":
        return container
    if profile in ("baseline", "restricted") or (profile == "general" and style == "node"):
        container = {key: value for key, value in container.items() if key != "securityContext"}
    context = dict(container.get("securityContext") or {})
    if profile == "restricted":
        context |= {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    elif profile == "sysadmin":
        context["privileged"] = True
    elif profile in _ADDED and not (profile == "general" and style == "node"):
        capabilities = context.get("capabilities") or {}
        context["capabilities"] = {**capabilities, "add": [*(capabilities.get("add") or ()), *_ADDED[profile]]}
    return {**container, "securityContext": context} if context else container


def pod_with(profile: str, style: Style, pod: Obj, container: str, keep: Keep) -> Obj:
    """The pod that is made for debugging: on a node, or as a copy of another."""
    pod = _rights(profile, style, pod, container)
    return _on_host(profile, pod, container) if style == "node" else _copied(profile, pod, keep)


def _rights(profile: str, style: Style, pod: Obj, container: str) -> Obj:
    spec = dict(pod["spec"])
    for field in ("containers", "initContainers"):
        if field in spec:
            spec[field] = [container_with(profile, style, c) if c["name"] == container else c for c in spec[field]]
    return {**pod, "spec": spec}


def _on_host(profile: str, pod: Obj, container: str) -> Obj:
    spec = pod["spec"]
    if profile in ("legacy", "general", "netadmin", "sysadmin"):
        spec = {**spec, "hostIPC": True, "hostNetwork": True, "hostPID": True}
    if profile in ("legacy", "general", "sysadmin"):
        mount = {"mountPath": "/host", "name": _HOST_ROOT}
        volume = {"hostPath": {"path": "/"}, "name": _HOST_ROOT}
        containers = [
            {**one, "volumeMounts": [*(one.get("volumeMounts") or ()), mount]} if one["name"] == container else one
            for one in spec["containers"]
        ]
        spec = {**spec, "containers": containers, "volumes": [*(spec.get("volumes") or ()), volume]}
    return {**pod, "spec": spec}


def _copied(profile: str, pod: Obj, keep: Keep) -> Obj:
    meta, spec = dict(pod["metadata"]), dict(pod["spec"])
    if profile == "legacy" or not keep.labels:
        meta.pop("labels", None)
    if profile == "legacy":
        return {**pod, "metadata": meta}
    if not keep.annotations:
        meta.pop("annotations", None)
    gone = {field for name, field in _KEPT_PROBES if not getattr(keep, name)}
    spec["containers"] = [{key: value for key, value in c.items() if key not in gone} for c in spec["containers"]]
    if not keep.init_containers:
        spec.pop("initContainers", None)
    spec.setdefault("shareProcessNamespace", True)
    return {**pod, "metadata": meta, "spec": spec}
