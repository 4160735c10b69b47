"""The `scale` subresource of a custom kind: where its definition says that the numbers are.

Follows k8s.io/apiextensions-apiserver/pkg/registry/customresource/{etcd,validator}.go.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import invalid_value
from cluster_engine.apimachinery.gotext import plain
from cluster_engine.apimachinery.meta import Obj

MAX_REPLICAS = 2**31 - 1
_GO_TYPES = {bool: "bool", int: "int64", float: "float64", str: "string", list: "[]interface {}", type(None): "<nil>"}


class WrongTypeError(ValueError):
    """What stands at a path is of another type; the message is Go's."""


def _split(path: str) -> list[str]:
    return path.removeprefix(".").split(".")


def look_up(obj: Obj, path: str, wanted: type, wanted_name: str) -> Any:
    """The value at a path such as `.spec.replicas`, None where there is none. Raises `WrongTypeError`."""
    value: Any = obj
    walked = ""
    for name in _split(path):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise WrongTypeError(_words(walked, value, "map[string]interface{}"))
        walked = f"{walked}.{name}"
        if name not in value:
            return None
        value = value[name]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise WrongTypeError(_words(path if path.startswith(".") else f".{path}", value, wanted_name))
    return value


def _words(path: str, value: Any, wanted: str) -> str:
    found = _GO_TYPES.get(type(value), "map[string]interface {}")
    return f"{path} accessor error: {plain(value)} is of the type {found}, expected {wanted}"


def replicas(obj: Obj, path: str) -> int:
    """The number at a path; 0 where there is none."""
    try:
        return look_up(obj, path, int, "int64") or 0
    except WrongTypeError:
        return 0


def selector(obj: Obj, path: str) -> str:
    try:
        return (look_up(obj, path, str, "string") or "") if path else ""
    except WrongTypeError:
        return ""


def put(obj: Obj, path: str, value: int) -> Obj:
    """The object with a number at a path, whatever stood on the way."""
    name, *rest = _split(path)
    if not rest:
        return {**obj, name: value}
    below = obj.get(name)
    return {**obj, name: put(below if isinstance(below, dict) else {}, ".".join(rest), value)}


def validate(obj: Obj, scale: Obj, *, spec: bool) -> Errors:
    """The faults of the numbers in the status, and in the spec if that may change."""
    errors = _count(obj, scale.get("specReplicasPath") or "") if spec else []
    errors += _count(obj, scale.get("statusReplicasPath") or "")
    path = scale.get("labelSelectorPath") or ""
    if path:
        try:
            look_up(obj, path, str, "string")
        except WrongTypeError as error:
            errors.append(invalid_value(path, "", str(error)))
    return errors


def _count(obj: Obj, path: str) -> Errors:
    try:
        value = look_up(obj, path, int, "int64") or 0
    except WrongTypeError as error:
        return [invalid_value(path, 0, str(error))]
    if value < 0:
        return [invalid_value(path, value, "should be a non-negative integer")]
    if value > MAX_REPLICAS:
        return [invalid_value(path, value, f"should be less than or equal to {MAX_REPLICAS}")]
    return []
