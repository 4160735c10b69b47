"""From a URL to a `Request`. Follows k8s.io/apiserver/pkg/endpoints/request/requestinfo.go."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.scheme import Resource, Scheme
from cluster_engine.apiserver.request import FieldValidation, PatchType, Propagation, Request, Verb
from cluster_engine.http import body as bodies
from cluster_engine.http.message import HttpRequest
from cluster_engine.http.negotiate import accepted_form

_PATCH_TYPES: dict[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_VERBS: dict[str, tuple[Verb, Verb]] = {
    # method: (verb on one object, verb on a collection)
    "GET": ("get", "list"),
    "HEAD": ("get", "list"),
    "POST": ("create", "create"),
    "PUT": ("update", "update"),
    "PATCH": ("patch", "patch"),
    "DELETE": ("delete", "deletecollection"),
}
_DEFAULT_NAMESPACE_SUBRESOURCES = ("status", "finalize")


class Target:
    """What a resource path names: the resource, a namespace, an object, a subresource."""

    __slots__ = ("name", "namespace", "resource", "subresource", "watch")

    def __init__(self, resource: Resource, namespace: str, name: str, subresource: str, watch: bool) -> None:
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
        self.watch = watch


def target_of(path: str, scheme: Scheme) -> Target | None:
    """What a path names, or None when it is no resource path or names a resource that there is not."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    if (
        rest[0] == "namespaces"
        and len(rest) > 2
        and not (len(rest) == 3 and rest[2] in _DEFAULT_NAMESPACE_SUBRESOURCES)
    ):
        namespace, rest = rest[1], rest[2:]
    resource = scheme.get(f"{rest[0]}.{group}" if group else rest[0])
    if resource is None or resource.version != version or (namespace and not resource.namespaced):
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    if resource.namespaced and name and not namespace:
        return None
    return Target(resource, namespace, name, subresource, watch)


def request_of(http: HttpRequest, target: Target) -> Request:
    """The `Request` of an HTTP request to a resource; `ApiError` where a parameter or the body does not parse."""
    if http.method not in _VERBS:
        raise errors.method_not_allowed(http.method.lower(), target.resource.plural)
    parameters = http.parameters()
    verb = _VERBS[http.method][0 if target.name else 1]
    if verb in ("list", "get") and (target.watch or parameters.get("watch") in ("true", "1")):
        verb = "watch"
    form, include = accepted_form(http.headers.get("accept", "")), parameters.get("includeObject", "Metadata")
    request = Request(
        verb=verb,
        resource=target.resource.group_resource,
        namespace=target.namespace,
        name=target.name,
        subresource=target.subresource,
        user=http.user,
        field_manager=parameters.get("fieldManager") or manager_of(http.headers.get("user-agent", "")),
        dry_run=_dry_run(parameters),
        force=parameters.get("force") in ("true", "1"),
        field_validation=_field_validation(parameters),
        label_selector=parameters.get("labelSelector", ""),
        field_selector=parameters.get("fieldSelector", ""),
        limit=_integer(parameters, "limit"),
        continue_token=parameters.get("continue", ""),
        resource_version=_resource_version(parameters),
        resource_version_match=parameters.get("resourceVersionMatch", ""),
        accept=form,
        include_object=cast(Any, include if include in ("Metadata", "Object", "None") else "Metadata"),
        timeout_seconds=float(_integer(parameters, "timeoutSeconds")) or None,
        allow_bookmarks=parameters.get("allowWatchBookmarks") in ("true", "1"),
        send_initial_events=parameters.get("sendInitialEvents") in ("true", "1"),
    )
    if verb == "watch" and target.name:
        request.name = target.name
    if verb in ("create", "update"):
        request.body = bodies.decode(http, target.resource)
    elif verb == "patch":
        request.patch_type = _patch_type(http)
        request.body = bodies.decode_patch(http, request.patch_type)
    elif verb in ("delete", "deletecollection"):
        _delete_options(request, http, parameters)
    return request


def manager_of(user_agent: str) -> str:
    """The field manager of a client that gave none: the user agent up to the first slash."""
    return user_agent.split("/", 1)[0][:128] or "unknown"


def _patch_type(http: HttpRequest) -> PatchType:
    media = http.headers.get("content-type", "").split(";")[0].strip()
    if media not in _PATCH_TYPES:
        known = ", ".join(_PATCH_TYPES)
        raise errors.unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: {known}"
        )
    return _PATCH_TYPES[media]


def _integer(parameters: dict[str, str], name: str) -> int:
    text = parameters.get(name) or "0"
    try:
        value = int(text)
    except ValueError:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if abs(value) >= 2**63:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return max(value, 0)


def _resource_version(parameters: dict[str, str]) -> int | None:
    text = parameters.get("resourceVersion", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        fault = errors.invalid_value("resourceVersion", text, f'strconv.ParseUint: parsing "{text}": invalid syntax')
        raise errors.bad_request(f"invalid resource version: {fault}")
    return int(text)


def _dry_run(parameters: dict[str, str]) -> bool:
    value = parameters.get("dryRun", "")
    if value not in ("", "All"):
        fault = errors.not_supported("dryRun", value, ["All"])
        raise errors.invalid("Options", "meta.k8s.io", "", [fault])
    return value == "All"


def _field_validation(parameters: dict[str, str]) -> FieldValidation:
    value = parameters.get("fieldValidation") or "Warn"
    if value not in ("Strict", "Warn", "Ignore"):
        fault = errors.not_supported("fieldValidation", value, ["Ignore", "Strict", "Warn"])
        raise errors.invalid("Options", "meta.k8s.io", "", [fault])
    return cast(FieldValidation, value)


def _delete_options(request: Request, http: HttpRequest, parameters: dict[str, str]) -> None:
    """Delete options come in the body, or as parameters where there is none."""
    options: dict[str, Any] = bodies.decode_options(http)
    policy = options.get("propagationPolicy") or parameters.get("propagationPolicy") or None
    orphan = options.get("orphanDependents", parameters.get("orphanDependents"))
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan in (True, "true", "1") else "Background"
    if policy not in (None, "Orphan", "Background", "Foreground"):
        fault = errors.not_supported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"])
        raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [fault])
    request.propagation_policy = cast("Propagation | None", policy)
    grace = options.get("gracePeriodSeconds", parameters.get("gracePeriodSeconds"))
    if grace not in (None, ""):
        try:
            request.grace_period_seconds = int(cast(Any, grace))
        except (TypeError, ValueError):
            raise errors.bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax') from None
    preconditions = options.get("preconditions")
    if isinstance(preconditions, dict):
        request.preconditions = {key: str(value) for key, value in preconditions.items() if value is not None}
    if options.get("dryRun"):
        request.dry_run = True
