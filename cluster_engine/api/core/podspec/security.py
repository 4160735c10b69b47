"""Security contexts of pods and containers. Follows validation.ValidateSecurityContext and its pod counterpart (v1.32).

The simulated cluster runs Linux and allows privileged containers, as kubeadm's API server does.
"""

from __future__ import annotations

import re

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import duplicate, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj

_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_SYSCTL_MAX_LENGTH = 253


def validate_pod_security(path: str, context: Obj, spec: Obj) -> Errors:
    errors: Errors = []
    for field in ("fsGroup", "runAsUser", "runAsGroup"):
        if context.get(field) is not None:
            errors += checks.user_or_group_id(f"{path}.{field}", context[field])
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errors += checks.user_or_group_id(f"{path}.supplementalGroups[{index}]", group)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid_value(f"{path}.shareProcessNamespace", GoText("true"), detail))
    errors += _sysctls(f"{path}.sysctls", context.get("sysctls") or [])
    errors += checks.optional_enum(
        f"{path}.fsGroupChangePolicy", context.get("fsGroupChangePolicy"), ("Always", "OnRootMismatch")
    )
    errors += _seccomp(f"{path}.seccompProfile", context.get("seccompProfile"))
    errors += _app_armor(f"{path}.appArmorProfile", context.get("appArmorProfile"))
    return errors + checks.optional_enum(
        f"{path}.supplementalGroupsPolicy", context.get("supplementalGroupsPolicy"), ("Merge", "Strict")
    )


def validate_container_security(path: str, context: Obj, *, host_users: bool = True) -> Errors:
    errors: Errors = []
    for field in ("runAsUser", "runAsGroup"):
        if context.get(field) is not None:
            errors += checks.user_or_group_id(f"{path}.{field}", context[field])
    mount = context.get("procMount")
    if mount is not None and mount not in ("Default", "Unmasked"):
        errors.append(not_supported(f"{path}.procMount", mount, ("Default", "Unmasked")))
    if host_users and mount == "Unmasked":
        errors.append(invalid_value(f"{path}.procMount", mount, "`hostUsers` must be false to use `Unmasked`"))
    errors += _seccomp(f"{path}.seccompProfile", context.get("seccompProfile"))
    if context.get("allowPrivilegeEscalation") is False:
        # Kubernetes prints the whole context here; its pointers say nothing to anybody.
        shown = GoText("core.SecurityContext{...}")
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(invalid_value(path, shown, detail))
        for capability in (context.get("capabilities") or {}).get("add") or ():
            if capability == "CAP_SYS_ADMIN":
                detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
                errors.append(invalid_value(path, shown, detail))
    return errors + _app_armor(f"{path}.appArmorProfile", context.get("appArmorProfile"))


def _seccomp(path: str, profile: Obj | None) -> Errors:
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in _PROFILE_TYPES:
        errors.append(not_supported(f"{path}.type", kind, _PROFILE_TYPES))
    if kind == "Localhost":
        if local is None:
            errors.append(required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost"))
        else:
            errors += checks.local_descending_path(f"{path}.localhostProfile", local)
    elif local is not None:
        shown = GoText(f'core.SeccompProfile{{Type:"{kind}", LocalhostProfile:(*string)(0x0)}}')
        errors.append(
            invalid_value(f"{path}.localhostProfile", shown, "can only be set when seccomp type is Localhost")
        )
    return errors


def _app_armor(path: str, profile: Obj | None) -> Errors:
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    at = f"{path}.localhostProfile"
    if kind == "Localhost":
        if local is None or not local.strip():
            return [required(at, "must be set when AppArmor type is Localhost")]
        return [] if local == local.strip() else [invalid_value(at, local, "must not be padded with whitespace")]
    if kind in _PROFILE_TYPES:
        return [] if local is None else [invalid_value(at, local, "can only be set when AppArmor type is Localhost")]
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    return [not_supported(f"{path}.type", kind, _PROFILE_TYPES)]


def _sysctls(path: str, sysctls: list[Obj]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name = sysctl.get("name") or ""
        at = f"{path}[{index}].name"
        if not name:
            errors.append(required(at))
        elif len(name) > _SYSCTL_MAX_LENGTH or not re.fullmatch(_SYSCTL, name):
            detail = f"must have at most {_SYSCTL_MAX_LENGTH} characters and match regex {_SYSCTL}"
            errors.append(invalid_value(at, name, detail))
        elif name in seen:
            errors.append(duplicate(at, name))
        seen.add(name)
    return errors
