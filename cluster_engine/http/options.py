"""The query's parameters that say how a request is meant: ListOptions, CreateOptions and their kin.

Follows k8s.io/apimachinery/pkg/apis/meta: conversion of parameters, internalversion/validation and v1/validation.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import FieldError
from cluster_engine.apiserver.request import FieldValidation, Request

_EXACT = "Exact"
_NOT_OLDER_THAN = "NotOlderThan"
_MATCH = "resourceVersionMatch"
_INITIAL = "sendInitialEvents"
_WRITES = ("create", "update", "patch")


def apply(request: Request, parameters: dict[str, str]) -> None:
    """Puts the parameters into the request. Raises `ApiError` for what does not parse or does not go together."""
    if request.verb in ("list", "watch", "deletecollection"):
        _list_options(request, parameters)
    elif request.verb == "get" and "resourceVersion" in parameters:
        request.resource_version = _resource_version(parameters)
    if "dryRun" in parameters:
        request.dry_run = is_dry_run([parameters["dryRun"]], "Options")
    if request.verb in _WRITES:
        request.force = flag(parameters, "force")
        if request.force and request.verb != "patch":
            request.force = False
    include = parameters.get("includeObject", "")
    if include:
        if include not in ("Metadata", "Object", "None"):
            fault = errors.not_supported("includeObject", include, ["Metadata", "None", "Object"])
            raise errors.invalid("TableOptions", "meta.k8s.io", "", [fault])
        request.include_object = cast('Literal["Metadata", "Object", "None"]', include)
    request.field_validation = _field_validation(parameters)


def _list_options(request: Request, parameters: dict[str, str]) -> None:
    request.label_selector = parameters.get("labelSelector", "")
    request.field_selector = parameters.get("fieldSelector", "")
    request.limit = max(integer(parameters.get("limit") or "0"), 0)
    request.continue_token = parameters.get("continue", "")
    request.resource_version = _resource_version(parameters)
    request.resource_version_match = parameters.get(_MATCH, "")
    request.timeout_seconds = float(max(integer(parameters.get("timeoutSeconds") or "0"), 0)) or None
    request.allow_bookmarks = flag(parameters, "allowWatchBookmarks")
    if _INITIAL in parameters:
        request.send_initial_events = flag(parameters, _INITIAL)
    faults = _watch_faults(request) if request.verb == "watch" else _list_faults(request)
    if faults:
        raise errors.invalid("ListOptions", "meta.k8s.io", "", faults)


def _list_faults(request: Request) -> list[FieldError]:
    faults = []
    match = request.resource_version_match
    if match:
        if request.resource_version is None:
            faults.append(errors.forbidden_field(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided"))
        if request.continue_token:
            faults.append(errors.forbidden_field(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
        if match not in (_EXACT, _NOT_OLDER_THAN):
            faults.append(errors.not_supported(_MATCH, match, [_EXACT, _NOT_OLDER_THAN]))
        if match == _EXACT and request.resource_version == 0:
            words = f'{_MATCH} "exact" is forbidden for resourceVersion "0"'
            faults.append(errors.forbidden_field(_MATCH, words))
    if request.send_initial_events is not None:
        faults.append(errors.forbidden_field(_INITIAL, f"{_INITIAL} is forbidden for list"))
    return faults


def _watch_faults(request: Request) -> list[FieldError]:
    faults = []
    match = request.resource_version_match
    if request.send_initial_events is not None and match != _NOT_OLDER_THAN:
        words = f"{_INITIAL} requires setting {_MATCH} to {_NOT_OLDER_THAN}"
        faults.append(errors.forbidden_field(_MATCH, words))
    if match:
        if request.send_initial_events is None:
            words = f"{_MATCH} is forbidden for watch unless {_INITIAL} is provided"
            faults.append(errors.forbidden_field(_MATCH, words))
        if match != _NOT_OLDER_THAN:
            faults.append(errors.not_supported(_MATCH, match, [_NOT_OLDER_THAN]))
        if request.continue_token:
            faults.append(errors.forbidden_field(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
    return faults


def flag(parameters: dict[str, str], name: str) -> bool:
    """A boolean parameter: whatever is there and is neither "false" nor "0" is true."""
    return parameters.get(name, "0").lower() not in ("false", "0")


def integer(text: str) -> int:
    """A whole number of 64 bits; BadRequest with Go's words otherwise."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()):
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(digits) > 40 or not -(2**63) <= int(text) < 2**63:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _resource_version(parameters: dict[str, str]) -> int | None:
    text = parameters.get("resourceVersion", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        fault = errors.invalid_value("resourceVersion", text, f'strconv.ParseUint: parsing "{text}": invalid syntax')
        raise errors.bad_request(f"invalid resource version: {fault}")
    return int(text)


def is_dry_run(values: Any, kind: str) -> bool:
    """Whether `dryRun` is set; Invalid for a value that there is not."""
    wrong = [value for value in values if value != "All"] if isinstance(values, list) else [values]
    if wrong and wrong != [""]:
        raise errors.invalid(kind, "meta.k8s.io", "", [errors.not_supported("dryRun", wrong, ["All"])])
    return bool(values) and not wrong


def _field_validation(parameters: dict[str, str]) -> FieldValidation:
    value = parameters.get("fieldValidation") or "Warn"
    if value not in ("Strict", "Warn", "Ignore"):
        fault = errors.not_supported("fieldValidation", value, ["Ignore", "Strict", "Warn"])
        raise errors.invalid("Options", "meta.k8s.io", "", [fault])
    return cast(FieldValidation, value)
