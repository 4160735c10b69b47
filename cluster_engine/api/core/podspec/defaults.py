"""Defaults of pod specs and pod templates. A spec that has them all comes back as the very same dict.

Follows pkg/apis/core/v1/defaults.go, and the values that Go's structs show when they are written out again
(`resources: {}`, a template's `creationTimestamp: null`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_engine.api.memo import IdentityMemo
from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj

_SPEC_DEFAULTS: Obj = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
# 0644: what files of these volumes get.
_DEFAULT_MODE = 420
_MODE_SOURCES = ("secret", "configMap", "downwardAPI", "projected")

_containers: IdentityMemo[list[Obj]] = IdentityMemo()
_volumes: IdentityMemo[list[Obj]] = IdentityMemo()
_requests: IdentityMemo[list[Obj]] = IdentityMemo()
_pod_specs: IdentityMemo[Obj] = IdentityMemo()


def default_template(template: Obj | None) -> Obj:
    """A pod template with its defaults."""
    template = template or {}
    meta = template.get("metadata") or {}
    spec = template.get("spec") or {}
    new_meta = meta if "creationTimestamp" in meta else {"creationTimestamp": None, **meta}
    new_spec = default_pod_spec(spec)
    if new_meta is template.get("metadata") and new_spec is template.get("spec"):
        return template
    return {**template, "metadata": new_meta, "spec": new_spec}


def default_pod_spec(spec: Obj) -> Obj:
    """A pod spec with the defaults that pods and templates share. Follows SetDefaults_PodSpec and those below it."""
    changes: Obj = {}
    for field, value in _SPEC_DEFAULTS.items():
        if spec.get(field) in (None, ""):
            changes[field] = value
    if spec.get("securityContext") is None:
        changes["securityContext"] = {}
    # The old name of the field is kept in step by the conversion to v1.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account and not (spec.get("serviceAccountName") == account == spec.get("serviceAccount")):
        changes["serviceAccountName"] = changes["serviceAccount"] = account
    for field in _CONTAINER_LISTS:
        _replace(spec, changes, field, _containers, default_container)
    _replace(spec, changes, "volumes", _volumes, default_volume)
    return {**spec, **changes} if changes else spec


def default_pod(spec: Obj) -> Obj:
    """A pod's own spec: the shared defaults, requests from limits, host ports. Follows SetDefaults_Pod.

    Pods that are made of one spec get one and the same defaulted spec.
    """
    found = _pod_specs.get(spec)
    if found is None:
        found = _default_pod(spec)
        if found is not spec:
            _pod_specs.put(spec, found)
    return found


def _default_pod(spec: Obj) -> Obj:
    spec = default_pod_spec(spec)
    changes: Obj = {}
    if spec.get("enableServiceLinks") is None:
        changes["enableServiceLinks"] = True
    for field in ("containers", "initContainers"):
        _replace(spec, changes, field, _requests, _with_requests)
        if spec.get("hostNetwork"):
            containers = changes.get(field, spec.get(field)) or []
            mapped = _mapped(containers, _with_host_ports)
            if mapped is not containers:
                changes[field] = mapped
    return {**spec, **changes} if changes else spec


def _replace(
    owner: Obj, changes: Obj, field: str, memo: IdentityMemo[list[Obj]], function: Callable[[Obj], Obj]
) -> None:
    """Puts the list with `function` applied to its items into `changes`, unless nothing changes."""
    items = owner.get(field)
    if not items:
        return
    found = memo.get(items)
    if found is None:
        found = memo.put(items, _mapped(items, function))
        memo.put(found, found)
    if found is not items:
        changes[field] = found


def _mapped(items: list[Obj], function: Callable[[Obj], Obj]) -> list[Obj]:
    """`function` of each item; the same list when no item changes."""
    mapped = [function(item) for item in items]
    return items if all(new is old for new, old in zip(mapped, items, strict=True)) else mapped


def _with(obj: Obj, changes: Obj) -> Obj:
    return {**obj, **changes} if changes else obj


def default_container(container: Obj) -> Obj:
    """One container. Follows SetDefaults_Container."""
    changes: Obj = {}
    if not container.get("imagePullPolicy"):
        changes["imagePullPolicy"] = "Always" if _is_latest(container.get("image") or "") else "IfNotPresent"
    if not container.get("terminationMessagePath"):
        changes["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        changes["terminationMessagePolicy"] = "File"
    resources = container.get("resources")
    if resources is None:
        changes["resources"] = {}
    elif (new := default_resources(resources)) is not resources:
        changes["resources"] = new
    _list(container, changes, "ports", _default_port)
    _list(container, changes, "env", _default_env)
    for field in _PROBES:
        probe = container.get(field)
        if probe is not None and (new := _default_probe(probe)) is not probe:
            changes[field] = new
    lifecycle = container.get("lifecycle")
    if lifecycle and (new := _default_lifecycle(lifecycle)) is not lifecycle:
        changes["lifecycle"] = new
    return _with(container, changes)


def _list(owner: Obj, changes: Obj, field: str, function: Callable[[Obj], Obj]) -> None:
    items = owner.get(field)
    if items and (mapped := _mapped(items, function)) is not items:
        changes[field] = mapped


def _is_latest(image: str) -> bool:
    """Whether the image's tag is `latest`, as it is when the name has neither tag nor digest."""
    if "@" in image:
        image = image.partition("@")[0]
        return image.rpartition("/")[2].partition(":")[2] == "latest"
    tag = image.rpartition("/")[2].partition(":")[2]
    return bool(image) and tag in ("", "latest")


def default_resources(resources: Obj) -> Obj:
    """Requests and limits with their quantities in canonical form (`1000m` is `1`)."""
    changes: Obj = {}
    for field in ("limits", "requests"):
        amounts = resources.get(field)
        if amounts and (new := canonical_amounts(amounts)) is not amounts:
            changes[field] = new
    return _with(resources, changes)


def canonical_amounts(amounts: Obj) -> Obj:
    """A resource list in canonical form; the same dict when it is."""
    new = {name: quantity.canonical(amount) for name, amount in amounts.items()}
    return amounts if new == amounts else new


def _default_port(port: Obj) -> Obj:
    return port if port.get("protocol") else {**port, "protocol": "TCP"}


def _default_env(variable: Obj) -> Obj:
    source = variable.get("valueFrom")
    if not source:
        return variable
    changes: Obj = {}
    reference = source.get("fieldRef")
    if reference and not reference.get("apiVersion"):
        changes["fieldRef"] = {"apiVersion": "v1", **{k: v for k, v in reference.items() if k != "apiVersion"}}
    reference = source.get("resourceFieldRef")
    if reference and reference.get("divisor") is None:
        changes["resourceFieldRef"] = {**reference, "divisor": "0"}
    return {**variable, "valueFrom": {**source, **changes}} if changes else variable


def _default_handler(handler: Obj) -> Obj:
    """The parts that probes and lifecycle hooks share."""
    changes: Obj = {}
    action = handler.get("httpGet")
    if action is not None:
        new: Obj = {}
        if not action.get("path"):
            new["path"] = "/"
        if not action.get("scheme"):
            new["scheme"] = "HTTP"
        if new:
            changes["httpGet"] = {**action, **new}
    grpc = handler.get("grpc")
    if grpc is not None and grpc.get("service") is None:
        changes["grpc"] = {**grpc, "service": ""}
    return _with(handler, changes)


def _default_probe(probe: Obj) -> Obj:
    handled = _default_handler(probe)
    return _with(handled, {field: value for field, value in _PROBE_DEFAULTS.items() if not probe.get(field)})


def _default_lifecycle(lifecycle: Obj) -> Obj:
    changes: Obj = {}
    for field in ("postStart", "preStop"):
        handler = lifecycle.get(field)
        if handler and (new := _default_handler(handler)) is not handler:
            changes[field] = new
    return _with(lifecycle, changes)


def default_volume(volume: Obj) -> Obj:
    """One volume; a volume without a source is an emptyDir. Follows SetDefaults_Volume and those below it."""
    sources = [field for field, value in volume.items() if field != "name" and value is not None]
    if not sources:
        return {"name": volume.get("name"), "emptyDir": {}}
    changes: Obj = {}
    for field in _MODE_SOURCES:
        source = volume.get(field)
        if source is not None and (new := _default_mode_source(field, source)) is not source:
            changes[field] = new
    host_path = volume.get("hostPath")
    if host_path is not None and host_path.get("type") is None:
        changes["hostPath"] = {**host_path, "type": ""}
    empty_dir = volume.get("emptyDir")
    if empty_dir and empty_dir.get("sizeLimit") is not None:
        size = quantity.canonical(empty_dir["sizeLimit"])
        if size != empty_dir["sizeLimit"]:
            changes["emptyDir"] = {**empty_dir, "sizeLimit": size}
    ephemeral = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if ephemeral and not (ephemeral.get("spec") or {}).get("volumeMode"):
        claim: Obj = {"metadata": {"creationTimestamp": None}, **ephemeral}
        claim["spec"] = {"volumeMode": "Filesystem", **(ephemeral.get("spec") or {})}
        changes["ephemeral"] = {**volume["ephemeral"], "volumeClaimTemplate": claim}
    return _with(volume, changes)


def _default_mode_source(field: str, source: Obj) -> Obj:
    changes: Obj = {}
    if source.get("defaultMode") is None:
        changes["defaultMode"] = _DEFAULT_MODE
    if field == "downwardAPI":
        _list(source, changes, "items", _default_downward_file)
    if field == "projected":
        _list(source, changes, "sources", _default_projection)
    return _with(source, changes)


def _default_downward_file(file: Obj) -> Obj:
    new: Any = _default_env({"valueFrom": file})["valueFrom"]
    return file if new is file else new  # type: ignore[no-any-return]


def _default_projection(source: Obj) -> Obj:
    changes: Obj = {}
    token = source.get("serviceAccountToken")
    if token is not None and token.get("expirationSeconds") is None:
        changes["serviceAccountToken"] = {"expirationSeconds": 3600, **token}
    downward = source.get("downwardAPI")
    if downward:
        new: Obj = {}
        _list(downward, new, "items", _default_downward_file)
        if new:
            changes["downwardAPI"] = {**downward, **new}
    return _with(source, changes)


def _with_requests(container: Obj) -> Obj:
    """Requests that are not given are the limits."""
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits"), resources.get("requests") or {}
    if not limits or all(name in requests for name in limits):
        return container
    return {**container, "resources": {**resources, "requests": {**limits, **requests}}}


def _with_host_ports(container: Obj) -> Obj:
    changes: Obj = {}
    _list(
        container,
        changes,
        "ports",
        lambda port: port if port.get("hostPort") else {**port, "hostPort": port.get("containerPort")},
    )
    return _with(container, changes)
