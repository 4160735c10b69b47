"""Containers of a pod: names, images, ports, mounts, and how the lists of containers go together.

Follows validation.validateContainers, validateInitContainers and validateContainerCommon (v1.32). Environment, probes,
resources and security have files of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.env import validate_env, validate_env_from
from cluster_engine.api.core.podspec.probes import validate_lifecycle, validate_probes
from cluster_engine.api.core.podspec.resources import validate_resources
from cluster_engine.api.core.podspec.security import validate_container_security
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import (
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_field,
    not_supported,
    required,
)
from cluster_engine.apimachinery.meta import Obj

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_INIT_FORBIDDEN = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_NOT_EPHEMERAL = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy")
_MAX_REMEMBERED = 4096

# Containers that were found valid but for their mounts, which depend on the pod: the values of all other fields, by
# identity. Pods of one template share these values even where admission gave each container a mount of its own.
_valid_parts: dict[tuple[object, ...], tuple[object, ...]] = {}


@dataclass(frozen=True, slots=True)
class PodContext:
    """What containers need to know of their pod."""

    volumes: dict[str, Obj]
    restart_policy: str
    grace_period_seconds: int
    host_users: bool = True


def validate_containers(path: str, containers: list[Obj], context: PodContext) -> Errors:
    if not containers:
        return [required(path)]
    errors: Errors = []
    seen: set[str] = set()
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        key = _parts(container, context)
        if key in _valid_parts:
            errors += _mounts(at, container, context.volumes)
            faults: Errors = []
        else:
            faults = _common(at, container, context)
        name = container.get("name") or ""
        if name in seen:
            faults.append(duplicate(f"{at}.name", name))
        seen.add(name)
        if key not in _valid_parts:
            if container.get("lifecycle") is not None:
                faults += validate_lifecycle(f"{at}.lifecycle", container["lifecycle"], context.grace_period_seconds)
            faults += validate_probes(at, container)
            if container.get("restartPolicy") is not None:
                faults.append(forbidden_field(f"{at}.restartPolicy", "may not be set for non-init containers"))
            if not faults:
                _remember(key, container)
        errors += faults
    return errors + _host_ports(path, containers)


def validate_init_containers(path: str, containers: list[Obj], regular: list[Obj], context: PodContext) -> Errors:
    errors: Errors = []
    seen = {container.get("name") or "" for container in regular}
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        errors += _common(at, container, context)
        policy = container.get("restartPolicy")
        if policy is not None and policy != "Always":
            errors.append(not_supported(f"{at}.restartPolicy", policy, ("Always",)))
        name = container.get("name") or ""
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        elif name:
            seen.add(name)
        errors += _host_ports(path, [container])
        if policy == "Always":
            if container.get("lifecycle") is not None:
                errors += validate_lifecycle(f"{at}.lifecycle", container["lifecycle"], context.grace_period_seconds)
            errors += validate_probes(at, container)
        else:
            words = "may not be set for init containers without restartPolicy=Always"
            errors += [
                forbidden_field(f"{at}.{field}", words) for field in _INIT_FORBIDDEN if container.get(field) is not None
            ]
    return errors


def validate_ephemeral_containers(path: str, containers: list[Obj], others: list[Obj], context: PodContext) -> Errors:
    errors: Errors = []
    other_names = {container.get("name") or "" for container in others}
    seen = set(other_names)
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        errors += _common(at, container, context)
        errors += image_whitespace(at, container)
        name = container.get("name") or ""
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        seen.add(name)
        target = container.get("targetContainerName")
        if target and target not in other_names:
            errors.append(not_found_field(f"{at}.targetContainerName", target))
        words = "cannot be set for an Ephemeral Container"
        errors += [forbidden_field(f"{at}.{field}", words) for field in _NOT_EPHEMERAL if container.get(field)]
        if container.get("resources"):
            errors.append(forbidden_field(f"{at}.resources", words))
    return errors


def image_whitespace(path: str, container: Obj) -> Errors:
    image = container.get("image") or ""
    if image == image.strip():
        return []
    return [invalid_value(f"{path}.image", image, "must not have leading or trailing whitespace")]


def _parts(container: Obj, context: PodContext) -> tuple[object, ...]:
    """The identities of everything that validation looks at, but for the mounts."""
    parts: list[object] = [context.restart_policy, context.grace_period_seconds, context.host_users]
    for field, value in container.items():
        if field not in ("volumeMounts", "volumeDevices"):
            parts.append(field)
            parts.append(id(value))
    return tuple(parts)


def _remember(key: tuple[object, ...], container: Obj) -> None:
    if len(_valid_parts) >= _MAX_REMEMBERED:
        _valid_parts.clear()
    # The values are held, so that no other object can get their identities.
    _valid_parts[key] = tuple(container.values())


def _common(path: str, container: Obj, context: PodContext) -> Errors:
    """What holds for containers of every sort, in the order in which Kubernetes looks."""
    name = container.get("name") or ""
    errors = checks.dns_label(f"{path}.name", name) if name else [required(f"{path}.name")]
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    errors += checks.enum(
        f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), _MESSAGE_POLICIES
    )
    errors += _ports(f"{path}.ports", container.get("ports") or ())
    errors += validate_env(f"{path}.env", container.get("env") or [])
    errors += validate_env_from(f"{path}.envFrom", container.get("envFrom") or [])
    errors += _mounts(path, container, context.volumes)
    errors += checks.enum(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    errors += validate_resources(f"{path}.resources", container.get("resources") or {})
    errors += _resize_policy(f"{path}.resizePolicy", container.get("resizePolicy") or (), context.restart_policy)
    security = container.get("securityContext")
    if security:
        errors += validate_container_security(f"{path}.securityContext", security, host_users=context.host_users)
    return errors


def _ports(path: str, ports: Sequence[Obj]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        name = port.get("name")
        if name:
            faults = checks.by_rule(names.port_name, f"{at}.name", name)
            if not faults and name in seen:
                faults = [duplicate(f"{at}.name", name)]
            seen.add(name)
            errors += faults
        number = port.get("containerPort") or 0
        errors += checks.port_number(f"{at}.containerPort", number) if number else [required(f"{at}.containerPort")]
        if port.get("hostPort"):
            errors += checks.port_number(f"{at}.hostPort", port["hostPort"])
        errors += checks.enum(f"{at}.protocol", port.get("protocol"), checks.PROTOCOLS)
    return errors


def _host_ports(path: str, containers: list[Obj]) -> Errors:
    """No two ports of the node may be asked for twice."""
    errors: Errors = []
    seen: set[str] = set()
    for index, container in enumerate(containers):
        for port_index, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            asked = f"{port.get('protocol') or ''}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if asked in seen:
                errors.append(duplicate(f"{path}[{index}].ports[{port_index}].hostPort", asked))
            seen.add(asked)
    return errors


def _mounts(path: str, container: Obj, volumes: dict[str, Obj]) -> Errors:
    """Follows ValidateVolumeMounts and ValidateVolumeDevices."""
    mounts, devices = container.get("volumeMounts") or (), container.get("volumeDevices") or ()
    errors: Errors = []
    device_names = {device.get("name") for device in devices}
    device_paths = {device.get("devicePath") for device in devices}
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        at = f"{path}.volumeMounts[{index}]"
        name, mount_path = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            errors.append(required(f"{at}.name"))
        if name not in volumes:
            errors.append(not_found_field(f"{at}.name", name))
        if not mount_path:
            errors.append(required(f"{at}.mountPath"))
        if mount_path in seen:
            errors.append(invalid_value(f"{at}.mountPath", mount_path, "must be unique"))
        seen.add(mount_path)
        if name in device_names:
            errors.append(invalid_value(f"{at}.name", name, "must not already exist in volumeDevices"))
        if mount_path in device_paths:
            errors.append(
                invalid_value(f"{at}.mountPath", mount_path, "must not already exist as a path in volumeDevices")
            )
        if "subPath" in mount or "subPathExpr" in mount or "mountPropagation" in mount:
            errors += _mount_options(f"{path}.volumeMounts", at, mount, container)
    return errors + _devices(path, container, volumes) if devices else errors


def _mount_options(list_path: str, path: str, mount: Obj, container: Obj) -> Errors:
    """The faults of a sub-path lie, as Kubernetes reports them, at the list and not at the mount."""
    errors: Errors = []
    sub_path, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if sub_path:
        errors += checks.local_descending_path(f"{list_path}.subPath", sub_path)
    if expression:
        if sub_path:
            detail = "subPathExpr and subPath are mutually exclusive"
            errors.append(invalid_value(f"{path}.subPathExpr", expression, detail))
        errors += checks.local_descending_path(f"{list_path}.subPathExpr", expression)
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        at = f"{list_path}.mountPropagation"
        if propagation not in _PROPAGATIONS:
            errors.append(not_supported(at, propagation, _PROPAGATIONS))
        elif propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
            errors.append(
                forbidden_field(at, "Bidirectional mount propagation is available only to privileged containers")
            )
    return errors


def _devices(path: str, container: Obj, volumes: dict[str, Obj]) -> Errors:
    errors: Errors = []
    mounts = {mount.get("name"): mount.get("mountPath") for mount in container.get("volumeMounts") or ()}
    seen_names: set[str] = set()
    seen_paths: set[str] = set()
    for index, device in enumerate(container["volumeDevices"]):
        at = f"{path}.volumeDevices[{index}]"
        name, device_path = device.get("name") or "", device.get("devicePath") or ""
        volume = volumes.get(name)
        if not name:
            errors.append(required(f"{at}.name"))
        if name in seen_names:
            errors.append(invalid_value(f"{at}.name", name, "must be unique"))
        if volume is not None and not (volume.get("persistentVolumeClaim") or volume.get("ephemeral")):
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid_value(f"{at}.name", name, detail))
        if volume is None:
            errors.append(not_found_field(f"{at}.name", name))
        if not device_path:
            errors.append(required(f"{at}.devicePath"))
        if device_path in seen_paths:
            errors.append(invalid_value(f"{at}.devicePath", device_path, "must be unique"))
        if checks.no_backsteps(at, device_path):
            errors.append(invalid_value(f"{at}.devicePath", device_path, "can not contain backsteps ('..')"))
        if name in mounts:
            errors.append(invalid_value(f"{at}.name", name, "must not already exist in volumeMounts"))
        if device_path in mounts.values():
            errors.append(
                invalid_value(f"{at}.devicePath", device_path, "must not already exist as a path in volumeMounts")
            )
        seen_names.add(name)
        seen_paths.add(device_path)
    return errors


def _resize_policy(path: str, policies: Sequence[Obj], restart_policy: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name = policy.get("resourceName") or ""
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
        errors += checks.enum(path, name, ("cpu", "memory"))
        errors += checks.enum(path, policy.get("restartPolicy"), ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and policy.get("restartPolicy") != "NotRequired":
            detail = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            errors.append(invalid_value(path, policy.get("restartPolicy") or "", detail))
    return errors
