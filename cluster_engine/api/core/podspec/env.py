"""Environment variables of a container. Follows validation.ValidateEnv and ValidateEnvFrom (v1.32)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import invalid_value, not_supported, required
from cluster_engine.apimachinery.meta import Obj

ENV_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_HUGEPAGES = ("limits.hugepages-", "requests.hugepages-")
# Field labels that v1 pods have, whether or not an environment variable may use them.
_KNOWN_FIELDS = frozenset(
    (*ENV_FIELDS, "metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase")
)
_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_SUBSCRIPT = re.compile(r"(.*)\['(.*)'\]")


def validate_env(path: str, variables: list[Obj]) -> Errors:
    errors: Errors = []
    for index, variable in enumerate(variables):
        at = f"{path}[{index}]"
        name = variable.get("name") or ""
        # Since v1.32 any printable ASCII but `=` may stand in a name (RelaxedEnvironmentVariableValidation).
        errors += checks.by_rule(names.relaxed_env_var_name, f"{at}.name", name) if name else [required(f"{at}.name")]
        source = variable.get("valueFrom")
        if source is not None:
            errors += _value_from(f"{at}.valueFrom", source, variable.get("value") or "")
    return errors


def _value_from(path: str, source: Obj, value: str) -> Errors:
    errors: Errors = []
    count = 0
    for field in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"):
        reference = source.get(field)
        if reference is None:
            continue
        count += 1
        at = f"{path}.{field}"
        if field == "fieldRef":
            errors += field_reference(at, reference, ENV_FIELDS)
        elif field == "resourceFieldRef":
            errors += resource_reference(at, reference)
        else:
            errors += _key_reference(at, reference)
    if not count:
        detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        errors.append(invalid_value(path, "", detail))
    elif value:
        errors.append(invalid_value(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(invalid_value(path, "", "may not have more than one field specified at a time"))
    return errors


def _key_reference(path: str, reference: Obj) -> Errors:
    errors = checks.dns_subdomain(f"{path}.name", reference.get("name") or "")
    key = reference.get("key")
    return errors + (checks.config_map_key(f"{path}.key", key) if key else [required(f"{path}.key")])


def field_reference(path: str, reference: Obj, allowed: Sequence[str]) -> Errors:
    """A field of the pod, e.g. `metadata.name` or `metadata.labels['app']`."""
    if not reference.get("apiVersion"):
        return [required(f"{path}.apiVersion")]
    field = reference.get("fieldPath")
    if not field:
        return [required(f"{path}.fieldPath")]
    subscripted = _SUBSCRIPT.fullmatch(field)
    base = subscripted[1] if subscripted else field
    if base not in _KNOWN_FIELDS:
        words = (
            f"field label not supported: {field}"
            if not subscripted
            else f"field label does not support subscript: {field}"
        )
        return [invalid_value(f"{path}.fieldPath", field, f"error converting fieldPath: {words}")]
    if subscripted:
        if base == "metadata.annotations":
            return checks.qualified_name(path, subscripted[2].lower())
        if base == "metadata.labels":
            return checks.qualified_name(path, subscripted[2])
        detail = f"error converting fieldPath: field label does not support subscript: {field}"
        return [invalid_value(f"{path}.fieldPath", field, detail)]
    return [] if field in allowed else [not_supported(f"{path}.fieldPath", field, allowed)]


def resource_reference(path: str, reference: Obj, *, in_volume: bool = False) -> Errors:
    """A container's request or limit, e.g. `limits.cpu`."""
    errors: Errors = []
    resource = reference.get("resource") or ""
    if in_volume and not reference.get("containerName"):
        errors.append(required(f"{path}.containerName"))
    elif not resource:
        errors.append(required(f"{path}.resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGEPAGES):
        errors.append(not_supported(f"{path}.resource", resource, _RESOURCES))
    divisor = reference.get("divisor")
    if divisor is not None and not quantity.parse(divisor).is_zero:
        errors += _divisor(path, resource, quantity.canonical(divisor))
    return errors


def _divisor(path: str, resource: str, divisor: str) -> Errors:
    kind = resource.partition(".")[2]
    if kind == "cpu":
        allowed: Sequence[str] = ("1m", "1")
        words = "only divisor's values 1m and 1 are supported with the cpu resource"
    else:
        shown = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(kind, "hugepages")
        allowed = _DIVISORS
        words = f"only divisor's values {', '.join(_DIVISORS)} are supported with the {shown} resource"
    return [] if divisor in allowed else [invalid_value(f"{path}.divisor", resource, words)]


def validate_env_from(path: str, sources: list[Obj]) -> Errors:
    errors: Errors = []
    for index, source in enumerate(sources):
        at = f"{path}[{index}]"
        prefix = source.get("prefix") or ""
        if prefix:
            errors += checks.by_rule(names.relaxed_env_var_name, f"{at}.prefix", prefix)
        count = 0
        for field in ("configMapRef", "secretRef"):
            reference = source.get(field)
            if reference is None:
                continue
            count += 1
            name = reference.get("name") or ""
            if not name:
                errors.append(required(f"{at}.{field}.name"))
            else:
                faults = names.name_faults("dns_subdomain", name, prefix=True)
                errors += [invalid_value(f"{at}.{field}.name", name, fault) for fault in faults]
        if not count:
            errors.append(invalid_value(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif count > 1:
            errors.append(invalid_value(path, "", "may not have more than one field specified at a time"))
    return errors
