"""The one family of errors: `ApiError` with a Kubernetes `Status`, and the field errors that make up an `Invalid`.

Words follow k8s.io/apimachinery/pkg/api/errors and pkg/util/validation/field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cluster_engine.apimachinery.gotext import GoText, quote, string_map, string_slice

Obj = dict[str, Any]


class ApiError(Exception):
    """A refusal by the API server: an HTTP code, a machine-readable reason, and words for the person who reads them."""

    # How long the client waits until it is told.
    after_seconds: float = 0.0

    def __init__(self, code: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        # The Status's own metadata: an expired list says there how it can go on.
        self.metadata: Obj = {}

    def status(self) -> Obj:
        """The `v1.Status` object that a client gets."""
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            body["details"] = self.details
        body["code"] = self.code
        if not self.reason:
            del body["reason"]
        return body


class ConnectionLost(ApiError):
    """No server has answered: the client's own words about the connection.

    Over HTTP, where somebody has to answer all the same, it is a 503.
    """

    def __init__(self, message: str, after_seconds: float = 0.0) -> None:
        super().__init__(503, "ServiceUnavailable", message)
        self.after_seconds = after_seconds


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of one field. `type` is what a person reads ("Required value"), `cause` the reason a machine reads."""

    type: str
    path: str
    message: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def _shown(value: Any) -> str:
    """A bad value as Kubernetes prints it: strings quoted, maps and lists of strings as Go does, `GoText` as it is."""
    if isinstance(value, GoText):
        return str(value)
    if value is None:
        return '"null"'
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return string_map(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return string_slice(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def required(path: str, detail: str = "") -> FieldError:
    return FieldError("Required value", path, _join("Required value", detail), "FieldValueRequired")


def invalid_value(path: str, value: Any, detail: str) -> FieldError:
    return FieldError("Invalid value", path, _join(f"Invalid value: {_shown(value)}", detail), "FieldValueInvalid")


def not_supported(path: str, value: Any, allowed: Sequence[str]) -> FieldError:
    """`allowed` in the order in which Kubernetes lists them: sets are sorted there, lists of constants are not."""
    detail = "supported values: " + ", ".join(map(quote, allowed)) if allowed else ""
    message = _join(f"Unsupported value: {_shown(value)}", detail)
    return FieldError("Unsupported value", path, message, "FieldValueNotSupported")


def forbidden_field(path: str, detail: str) -> FieldError:
    return FieldError("Forbidden", path, _join("Forbidden", detail), "FieldValueForbidden")


def duplicate(path: str, value: Any, detail: str = "") -> FieldError:
    return FieldError(
        "Duplicate value", path, _join(f"Duplicate value: {_shown(value)}", detail), "FieldValueDuplicate"
    )


def not_found_field(path: str, value: Any, detail: str = "") -> FieldError:
    return FieldError("Not found", path, _join(f"Not found: {_shown(value)}", detail), "FieldValueNotFound")


def too_long(path: str, max_length: int) -> FieldError:
    return FieldError("Too long", path, f"Too long: may not be more than {max_length} bytes", "FieldValueTooLong")


def too_many(path: str, count: int, max_count: int) -> FieldError:
    return FieldError("Too many", path, f"Too many: {count}: must have at most {max_count} items", "FieldValueTooMany")


def _join(head: str, detail: str) -> str:
    return f"{head}: {detail}" if detail else head


def not_found(resource: str, group: str, name: str) -> ApiError:
    full = f"{resource}.{group}" if group else resource
    details = {"name": name, "group": group, "kind": resource}
    return ApiError(404, "NotFound", f'{full} "{name}" not found', _clean(details))


def already_exists(resource: str, group: str, name: str) -> ApiError:
    full = f"{resource}.{group}" if group else resource
    details = {"name": name, "group": group, "kind": resource}
    return ApiError(409, "AlreadyExists", f'{full} "{name}" already exists', _clean(details))


OBJECT_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, group: str, name: str, why: str = OBJECT_MODIFIED) -> ApiError:
    full = f"{resource}.{group}" if group else resource
    details = {"name": name, "group": group, "kind": resource}
    return ApiError(409, "Conflict", f'Operation cannot be fulfilled on {full} "{name}": {why}', _clean(details))


def invalid(kind: str, group: str, name: str, errors: Sequence[FieldError]) -> ApiError:
    """422 with every field's fault, as errors.NewInvalid words it."""
    full = f"{kind}.{group}" if group else kind
    texts = list(dict.fromkeys(str(error) for error in errors))
    body = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": error.cause, "message": error.message, "field": error.path or "<nil>"} for error in errors]
    details = _clean({"name": name, "group": group, "kind": kind, "causes": causes})
    return ApiError(422, "Invalid", f'{full} "{name}" is invalid: {body}', details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: str, group: str, name: str, why: str) -> ApiError:
    full = f"{resource}.{group}" if group else resource
    target = f'{full} "{name}"' if name else full
    details = {"name": name, "group": group, "kind": resource}
    return ApiError(403, "Forbidden", f"{target} is forbidden: {why}", _clean(details))


def method_not_allowed(verb: str, resource: str) -> ApiError:
    return ApiError(405, "MethodNotAllowed", f'{verb} is not supported on resources of kind "{resource}"')


def gone(message: str) -> ApiError:
    """410: the history that was asked for is compacted; list again."""
    return ApiError(410, "Expired", message)


def too_large_resource_version(asked: int, current: int) -> ApiError:
    """504: a revision was asked for that has not been yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def too_large(message: str) -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", message)


def unsupported_media_type(message: str) -> ApiError:
    return ApiError(415, "UnsupportedMediaType", message)


def page_not_found() -> ApiError:
    """404 for a path or resource that the server does not know."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def service_unavailable(message: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", message)


def connection_refused() -> ConnectionLost:
    """Nobody listens at the API server's address. Follows cmdutil.CheckErr."""
    return ConnectionLost(
        "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?"
    )


def etcd_error(message: str, after_seconds: float = 0.0) -> ApiError:
    """What etcd said, passed on: the API server has no words of its own for it."""
    error = ApiError(500, "", message)
    error.after_seconds = after_seconds
    return error


def aggregate(errors: Iterable[FieldError]) -> str:
    return ", ".join(str(error) for error in errors)


def _clean(details: Obj) -> Obj:
    return {key: value for key, value in details.items() if value}
