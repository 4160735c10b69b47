"""From a URL to a `Request`. Follows k8s.io/apiserver/pkg/endpoints/request/requestinfo.go and installer.go."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.scheme import Resource, Scheme
from cluster_engine.apiserver.auth.users import User
from cluster_engine.apiserver.request import Accept, PatchType, Propagation, Request, Verb
from cluster_engine.http import body as bodies
from cluster_engine.http import options, proxying
from cluster_engine.http.message import HttpRequest
from cluster_engine.http.negotiate import Encoding, accepted, not_acceptable

_PATCH_TYPES: dict[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
# Which methods a collection, an object and each subresource take, and the verb that each means.
_COLLECTION: dict[str, Verb] = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "deletecollection"}
_OBJECT: dict[str, Verb] = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_CHANGED: dict[str, Verb] = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch"}
_READ: dict[str, Verb] = {"GET": "get", "HEAD": "get"}
_POSTED: dict[str, Verb] = {"POST": "create"}
_CONNECTED: dict[str, Verb] = {"GET": "get", "POST": "create"}
_SUBRESOURCES: dict[str, dict[str, Verb]] = {
    "binding": _POSTED,
    "eviction": _POSTED,
    "token": _POSTED,
    "finalize": {"PUT": "update"},
    "log": _READ,
    "exec": _CONNECTED,
    "attach": _CONNECTED,
    "portforward": _CONNECTED,
    "proxy": cast("dict[str, Verb]", proxying.METHODS),
}
CONNECTED = frozenset({"exec", "attach", "portforward"})
# What may go on for long.
STREAMED = CONNECTED | {"log"}
_CLUSTER_SUBRESOURCES_OF_NAMESPACES = ("status", "finalize")


class Target:
    """What a resource path names: the resource, a namespace, an object, a subresource; behind a proxy, `rest`."""

    __slots__ = ("name", "namespace", "resource", "rest", "subresource", "watch")

    def __init__(
        self, resource: Resource, namespace: str, name: str, subresource: str, watch: bool, rest: str = ""
    ) -> None:
        self.rest = rest
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
        self.watch = watch


def target_of(path: str, scheme: Scheme) -> Target | None:
    """What a path names, or None when it is no resource path or names a resource that there is not."""
    behind = ""
    if "/proxy" in path and (found := proxying.split(path)) is not None:
        path, behind = found
    parts = path.strip("/").split("/")
    if "%" in path:
        parts = [unquote(part) for part in parts]
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
    of_namespace = len(rest) == 3 and rest[2] in _CLUSTER_SUBRESOURCES_OF_NAMESPACES
    if rest[0] == "namespaces" and len(rest) > 2 and not of_namespace:
        namespace, rest = rest[1], rest[2:]
    resource = scheme.at(group, version, rest[0])
    if resource is None or (namespace and not resource.namespaced):
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    if resource.namespaced and name and not namespace:
        return None
    return Target(resource, namespace, name, subresource, watch, behind)


def request_of(http: HttpRequest, target: Target, user: User) -> tuple[Request, Encoding]:
    """The `Request` of an HTTP request to a resource, without its body, and the encoding of the answer.

    Raises `ApiError` for a method that the resource does not take, or a parameter that does not parse.
    """
    parameters = http.parameters()
    verb = _verb(http.method, target, options.flag(parameters, "watch"))
    form, encoding = _form(http, target, verb)
    request = Request(
        verb=verb,
        resource=target.resource.group_resource,
        namespace=target.namespace,
        name=target.name,
        subresource=target.subresource,
        user=user.name,
        groups=user.groups,
        user_uid=user.uid,
        user_extra=user.extra or None,
        field_manager=manager_of(http, parameters),
        field_validation="Warn",
        accept=form,
    )
    if parameters:
        options.apply(request, parameters)
    return request, encoding


def _form(http: HttpRequest, target: Target, verb: Verb) -> tuple[Accept, Encoding]:
    if target.subresource in ("log", "proxy"):
        return "object", "json"  # plain text, whatever is asked for
    found = accepted(http.headers.get("accept", ""))
    if found is None or (verb == "watch" and found[1] != "json"):
        raise not_acceptable()
    return found


def read_body(request: Request, http: HttpRequest, target: Target) -> None:
    """Puts what the body says into the request. Raises `ApiError` where it cannot be read."""
    if target.subresource in CONNECTED:
        return
    if target.subresource == "proxy":
        request.body = proxying.call_of(http, target.rest)
        return
    if request.verb in ("create", "update"):
        kind, version = target.resource.kind, target.resource.version
        request.body, request.duplicates = bodies.decode(http, kind, version)
    elif request.verb == "patch":
        request.patch_type = _patch_type(http)
        request.body, request.duplicates = bodies.decode_patch(http, request.patch_type)
    elif request.verb in ("delete", "deletecollection"):
        _delete_options(request, http)


def _verb(method: str, target: Target, watch: bool) -> Verb:
    if target.subresource:
        verbs = _SUBRESOURCES.get(target.subresource, _CHANGED)
    else:
        verbs = _OBJECT if target.name else _COLLECTION
    verb = verbs.get(method)
    if verb is None:
        raise method_not_allowed()
    if not target.subresource and verb in ("get", "list") and (watch or target.watch):
        return "watch"
    return verb


def method_not_allowed() -> errors.ApiError:
    words = "the server does not allow this method on the requested resource"
    return errors.ApiError(405, "MethodNotAllowed", words, {})


def manager_of(http: HttpRequest, parameters: dict[str, str]) -> str:
    """The field manager: as it was given, else the user agent up to the first slash."""
    given = parameters.get("fieldManager", "")
    if not given:
        return http.headers.get("user-agent", "").split("/", 1)[0][:128] or "unknown"
    faults = []
    if len(given.encode()) > 128:
        faults.append(errors.too_long("fieldManager", 128))
    if not given.isprintable():
        faults.append(errors.invalid_value("fieldManager", given, "should only contain printable characters"))
    if faults:
        raise errors.invalid("Options", "meta.k8s.io", "", faults)
    return given


def _patch_type(http: HttpRequest) -> PatchType:
    media = bodies.media_type(http)
    if media not in _PATCH_TYPES:
        known = ", ".join(_PATCH_TYPES)
        raise errors.unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: {known}"
        )
    return _PATCH_TYPES[media]


def _delete_options(request: Request, http: HttpRequest) -> None:
    """Delete options come in the body, or as parameters where there is none."""
    parameters = http.parameters()
    given: dict[str, Any] = bodies.decode_options(http)
    policy = given.get("propagationPolicy") or parameters.get("propagationPolicy") or None
    orphan = given.get("orphanDependents", parameters.get("orphanDependents"))
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan in (True, "true", "1") else "Background"
    if policy not in (None, "Orphan", "Background", "Foreground"):
        fault = errors.not_supported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"])
        raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [fault])
    request.propagation_policy = cast("Propagation | None", policy)
    request.grace_period_seconds = _grace(given.get("gracePeriodSeconds", parameters.get("gracePeriodSeconds")))
    preconditions = given.get("preconditions")
    if isinstance(preconditions, dict):
        request.preconditions = {key: str(value) for key, value in preconditions.items() if value is not None}
    if given.get("dryRun"):
        request.dry_run = options.is_dry_run(given["dryRun"], "DeleteOptions")


def _grace(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise errors.bad_request(
            'DeleteOptions in version "v1" cannot be handled as a DeleteOptions: json: cannot unmarshal '
            f"{type(value).__name__} into Go struct field DeleteOptions.gracePeriodSeconds of type int64"
        )
    seconds = options.integer(str(value))
    if seconds < 0:
        fault = errors.invalid_value("gracePeriodSeconds", seconds, "must be greater than or equal to 0")
        raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [fault])
    return seconds
