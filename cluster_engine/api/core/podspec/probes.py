"""Probes and lifecycle hooks of a container. Follows validateProbe, validateHandler and validateLifecycle (v1.32)."""

from __future__ import annotations

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.meta import Obj

_SCHEMES = ("HTTP", "HTTPS")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def validate_probes(path: str, container: Obj) -> Errors:
    """The three probes of a container."""
    errors: Errors = []
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if probe is None:
            continue
        at = f"{path}.{field}"
        errors += _probe(at, probe)
        if field != "readinessProbe":
            if probe.get("successThreshold", 0) != 1:
                errors.append(invalid_value(f"{at}.successThreshold", probe.get("successThreshold", 0), "must be 1"))
        elif probe.get("terminationGracePeriodSeconds") is not None:
            seconds = probe["terminationGracePeriodSeconds"]
            errors.append(
                invalid_value(f"{at}.terminationGracePeriodSeconds", seconds, "must not be set for readinessProbes")
            )
    return errors


def _probe(path: str, probe: Obj) -> Errors:
    errors = _handler(path, probe, ("exec", "httpGet", "tcpSocket", "grpc"), 0)
    for field in _COUNTS:
        errors += checks.nonnegative(f"{path}.{field}", probe.get(field))
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        errors.append(invalid_value(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0"))
    return errors


def validate_lifecycle(path: str, lifecycle: Obj, grace_period_seconds: int) -> Errors:
    errors: Errors = []
    for field in ("postStart", "preStop"):
        handler = lifecycle.get(field)
        if handler is not None:
            errors += _handler(
                f"{path}.{field}", handler, ("exec", "httpGet", "tcpSocket", "sleep"), grace_period_seconds
            )
    return errors


def _handler(path: str, handler: Obj, kinds: tuple[str, ...], grace_period_seconds: int) -> Errors:
    errors: Errors = []
    count = 0
    for kind in kinds:
        action = handler.get(kind)
        if action is None:
            continue
        if count:
            errors.append(forbidden_field(f"{path}.{kind}", "may not specify more than 1 handler type"))
            continue
        count += 1
        errors += _action(f"{path}.{kind}", kind, action, grace_period_seconds)
    if not count:
        errors.append(required(path, "must specify a handler type"))
    return errors


def _action(path: str, kind: str, action: Obj, grace_period_seconds: int) -> Errors:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{path}.command")]
    if kind == "httpGet":
        return _http_get(path, action)
    if kind in ("tcpSocket", "grpc"):
        return checks.port_number_or_name(f"{path}.port", action.get("port", 0))
    seconds = action.get("seconds", 0)
    if 0 < seconds <= grace_period_seconds:
        return []
    detail = f"must be greater than 0 and less than terminationGracePeriodSeconds ({grace_period_seconds})"
    return [invalid_value(path, seconds, detail)]


def _http_get(path: str, action: Obj) -> Errors:
    errors = [] if action.get("path") else [required(f"{path}.path")]
    errors += checks.port_number_or_name(f"{path}.port", action.get("port", 0))
    scheme = action.get("scheme") or ""
    if scheme not in _SCHEMES:
        errors.append(not_supported(f"{path}.scheme", scheme, _SCHEMES))
    for header in action.get("httpHeaders") or ():
        errors += checks.by_rule(names.http_header_name, f"{path}.httpHeaders", header.get("name") or "")
    return errors
