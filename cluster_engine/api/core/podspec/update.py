"""What may change in a pod that exists. Follows validation.ValidatePodUpdate and ValidatePodStatusUpdate (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.containers import image_whitespace
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, required
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj

_UPDATABLE = ",".join((
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
))  # fmt: skip
_MAX_INT32 = 2**31 - 1
_SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")


def validate_pod_update(new: Obj, old: Obj) -> Errors:
    """The faults of a change of a pod's spec. An unchanged spec costs nothing."""
    new_spec, old_spec = new["spec"], old["spec"]
    if new_spec is old_spec:
        return []
    errors: Errors = []
    for field in ("containers", "initContainers"):
        containers = new_spec.get(field) or []
        if len(containers) != len(old_spec.get(field) or ()):
            return [*errors, forbidden_field(f"spec.{field}", "pod updates may not add or remove containers")]
        for index, container in enumerate(containers):
            if not container.get("image"):
                errors.append(required(f"spec.{field}[{index}].image"))
            errors += image_whitespace(f"spec.{field}[{index}]", container)
    faults, stop = _deadline(new_spec.get("activeDeadlineSeconds"), old_spec.get("activeDeadlineSeconds"))
    errors += faults
    if stop:
        return errors
    errors += _only_added_tolerations(new_spec.get("tolerations") or [], old_spec.get("tolerations") or [])
    errors += _only_deleted_gates(new_spec.get("schedulingGates") or [], old_spec.get("schedulingGates") or [])
    munged = _munged(new_spec, old_spec)
    if old_spec.get("schedulingGates"):
        errors += _gated_node_selector(munged, old_spec)
    if not checks.same(munged, old_spec):
        words = f"pod updates may not change fields other than {_UPDATABLE}\n{spec_diff(old_spec, munged)}"
        errors.append(forbidden_field("spec", words))
    return errors


def _deadline(new: int | None, old: int | None) -> tuple[Errors, bool]:
    """The faults, and whether they end the validation. A deadline may be set, and brought forward."""
    path = "spec.activeDeadlineSeconds"
    if new is None:
        if old is None:
            return [], False
        return [invalid_value(path, None, "must not update from a positive integer to nil value")], False
    if not 0 <= new <= _MAX_INT32:
        return [invalid_value(path, new, f"must be between 0 and {_MAX_INT32}, inclusive")], True
    if old is not None and old < new:
        return [invalid_value(path, new, "must be less than or equal to previous value")], True
    return [], False


def _only_added_tolerations(new: list[Obj], old: list[Obj]) -> Errors:
    def key(toleration: Obj) -> tuple[str, ...]:
        return tuple(toleration.get(field) or "" for field in ("key", "operator", "value", "effect"))

    kept = {key(toleration) for toleration in new}
    if all(key(toleration) in kept for toleration in old):
        return []
    return [forbidden_field("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")]


def _only_deleted_gates(new: list[Obj], old: list[Obj]) -> Errors:
    before = {gate.get("name") for gate in old}
    return [
        forbidden_field(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
        )
        for index, gate in enumerate(new)
        if gate.get("name") not in before
    ]


def _munged(new: Obj, old: Obj) -> Obj:
    """The new spec with everything that may change put back, so that what differs is what may not."""
    munged = dict(new)
    for field in ("containers", "initContainers"):
        if new.get(field):
            pairs = zip(new[field], old[field], strict=True)
            munged[field] = [{**container, "image": before.get("image")} for container, before in pairs]
    for field in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        munged.pop(field, None)
        if field in old:
            munged[field] = old[field]
    if old.get("terminationGracePeriodSeconds", 0) < 0 and new.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    return munged


def _gated_node_selector(munged: Obj, old: Obj) -> Errors:
    """A pod with scheduling gates may get more node selectors. Puts the old ones back into `munged`, which is ours."""
    new_selector, old_selector = munged.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    munged["nodeSelector"] = old_selector
    if all(new_selector.get(key) == value for key, value in old_selector.items()):
        return []
    detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
    return [invalid_value("spec.nodeSelector", new_selector, detail)]


def spec_diff(old: Obj, new: Obj) -> str:
    """The differing fields of two specs, in the manner of go-cmp: `-` old, `+` new, the rest counted."""
    lines = ["  core.PodSpec{"]
    identical = 0
    for field in sorted({**old, **new}):
        before, after = old.get(field), new.get(field)
        if checks.same(before, after):
            identical += 1
            continue
        if identical:
            lines.append(f"  \t... // {identical} identical fields")
            identical = 0
        name = field[0].upper() + field[1:]
        lines.append(f"- \t{name}: {_go_value(before)},")
        lines.append(f"+ \t{name}: {_go_value(after)},")
    if identical:
        lines.append(f"  \t... // {identical} identical fields")
    return "\n".join([*lines, "  }", ""])


def _go_value(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{key[:1].upper()}{key[1:]}: {_go_value(item)}" for key, item in sorted(value.items()))
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"{{{', '.join(map(_go_value, value))}}}"
    return str(value)


def validate_pod_status_update(new: Obj, old: Obj) -> Errors:
    """The faults of a change of a pod's status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors: Errors = []
    for index, condition in enumerate(status.get("conditions") or ()):
        kind = condition.get("type") or ""
        if kind not in _SYSTEM_CONDITIONS:
            errors += checks.qualified_name(f"status.conditions[{index}].Type", kind)
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        errors += checks.dns_subdomain("status.nominatedNodeName", nominated)
    if before.get("qosClass") and status.get("qosClass") != before["qosClass"]:
        errors += checks.immutable("status.qosClass", status.get("qosClass") or "", before["qosClass"])
    restart_policy = old["spec"].get("restartPolicy")
    if restart_policy != "Always":
        for field in ("containerStatuses", "initContainerStatuses"):
            errors += _restarts(f"status.{field}", status.get(field) or [], before.get(field) or [], restart_policy)
    return errors


def _restarts(path: str, new: list[Obj], old: list[Obj], restart_policy: str | None) -> Errors:
    """A container that ended and is not to be started again stays ended."""
    errors: Errors = []
    present = {status.get("name"): status.get("state") or {} for status in new}
    for index, status in enumerate(old):
        terminated = (status.get("state") or {}).get("terminated")
        if terminated is None or (terminated.get("exitCode") and restart_policy == "OnFailure"):
            continue
        state = present.get(status.get("name"))
        if state is not None and state.get("terminated") is None:
            errors.append(forbidden_field(f"{path}[{index}].state", "may not be transitioned to non-terminated state"))
    return errors


def validate_ephemeral_update(new: Obj, old: Obj) -> Errors:
    """Ephemeral containers may be added, and are never changed or taken away. Follows
    validation.ValidatePodEphemeralContainersUpdate.
    """
    path = "spec.ephemeralContainers"
    errors: Errors = []
    if "kubernetes.io/config.mirror" in (old["metadata"].get("annotations") or {}):
        errors.append(forbidden_field("", "static pods do not support ephemeral containers"))
    named = {container.get("name"): container for container in new["spec"].get("ephemeralContainers") or ()}
    for container in old["spec"].get("ephemeralContainers") or ():
        name = container["name"]
        changed = named.get(name)
        if changed is None:
            errors.append(forbidden_field(path, f"existing ephemeral containers {quote(name)} may not be removed\n"))
        elif not checks.same(changed, container):
            words = f"existing ephemeral containers {quote(name)} may not be changed\n"
            errors.append(forbidden_field(path, words + spec_diff(container, changed)))
    return errors
