"""The API server's HTTP face: one request in, one response or watch stream out."""

from __future__ import annotations

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.auth.users import User
from cluster_engine.apiserver.kubelet_api import ProxyAnswer
from cluster_engine.apiserver.request import Request, Response, Watch
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.apiserver.streams import ByteStream, Exchange, PortForward
from cluster_engine.http import discovery, health, identify, negotiate, proxying
from cluster_engine.http.message import (
    AnyResponse,
    BytesResponse,
    ExchangeResponse,
    HttpRequest,
    HttpResponse,
    PortForwardResponse,
    WatchResponse,
    dumps,
    error_response,
    json_response,
)
from cluster_engine.http.openapi import OpenApi
from cluster_engine.http.route import (
    CONNECTED,
    STREAMED,
    Target,
    manager_of,
    method_not_allowed,
    read_body,
    request_of,
    target_of,
)
from cluster_engine.trace import Cause

DEFAULT_WATCH_SECONDS = 1800.0
# One cluster's clients may have as many streams at once.
MAX_STREAMS = 5000
_READS = ("get", "list", "watch")
_PATHS = [
    "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2",
    "/openapi/v3", "/readyz", "/version",
]  # fmt: skip


class Frontend:
    """HTTP for one API server. Every failure is a `Status` object, whatever was sent."""

    def __init__(self, server: ApiServer, max_streams: int = MAX_STREAMS) -> None:
        self.server = server
        self.metrics = health.Metrics()
        self._max_streams = max_streams
        self._openapi = OpenApi(server.scheme, server.strategies)

    def respond(self, http: HttpRequest) -> AnyResponse:
        """Answers one request; never raises for what a client sends."""
        try:
            response = self._respond(http)
        except ApiError as error:
            response = error_response(error)
        except Exception:
            # A defect of ours: recorded with its traceback, and answered as an API server answers.
            self.server.trace.fault("kube-apiserver", f"{http.method} {http.path}")
            words = "Internal error occurred: the request could not be answered; it has been recorded"
            response = error_response(ApiError(500, "InternalError", words))
        if http.method == "HEAD" and isinstance(response, HttpResponse):
            response.headers.append(("Content-Length", str(len(response.body))))
            response.body = b""
        return response

    def _respond(self, http: HttpRequest) -> AnyResponse:
        if self.server.down is not None:
            raise self.server.down
        user = identify.user_of(http, self.server)
        target = target_of(http.path, self.server.scheme)
        if target is None:
            return self._document(http, user)
        request, encoding = request_of(http, target, user)
        if not user.is_master:
            self.server.authorize(request)
        try:
            answer = self._answer(http, target, request, encoding)
        except ApiError as error:
            self.metrics.count(request.verb.upper(), target.resource.plural, error.code)
            raise
        code = answer.code if isinstance(answer, HttpResponse) else 200
        self.metrics.count(request.verb.upper(), target.resource.plural, code)
        return answer

    def _answer(
        self, http: HttpRequest, target: Target, request: Request, encoding: negotiate.Encoding
    ) -> AnyResponse:
        if request.verb == "watch" or target.subresource in STREAMED:
            self._check_streams()
        if target.subresource in CONNECTED and not http.upgrade:
            raise errors.bad_request("Upgrade request required")
        if target.subresource == "proxy" and not target.rest and http.method in ("GET", "HEAD"):
            return proxying.redirect(http)
        read_body(request, http, target)
        if target.subresource:
            request.parameters = http.parameter_lists()
        try:
            response = self._handle(http, request)
        except ApiError as error:
            if request.verb == "watch" and error.code == 410:
                return self._watch(request, None, error)
            raise
        match response.body:
            case Watch():
                return self._watch(request, response.body)
            case ByteStream():
                return BytesResponse(response.body)
            case Exchange():
                return ExchangeResponse(response.body)
            case PortForward():
                return PortForwardResponse(response.body)
            case ProxyAnswer():
                return proxying.answer_of(response.body, http, target.rest)
            case str():
                return HttpResponse(response.code, response.body.encode(), "text/plain")
        body = negotiate.in_version_asked(http.headers.get("accept", ""), response.body)
        return negotiate.encode(http, body, response.code, encoding, response.warnings)

    def _handle(self, http: HttpRequest, request: Request) -> Response:
        """Hands the request to the API server. A write is a step, which begins the chain of what follows from it."""
        if request.verb in _READS:
            return self.server.handle(request)
        name = f"{request.namespace}/{request.name}" if request.namespace else request.name
        subject = f"{request.verb} {request.resource} {name}".rstrip("/ ")
        trace = self.server.trace
        trace.begin(manager_of(http, {}), subject, Cause("input", request.user))
        try:
            return self.server.handle(request)
        finally:
            trace.end()

    def _check_streams(self) -> None:
        if self.metrics.watches >= self._max_streams:
            error = ApiError(429, "TooManyRequests", "too many requests, please try again later")
            error.details = {"retryAfterSeconds": 1}
            raise error

    def _document(self, http: HttpRequest, user: User) -> HttpResponse:
        """Discovery, OpenAPI, health, figures, or 404."""
        path = http.path
        self.server.authorize_path(user, "get" if http.method in ("GET", "HEAD") else http.method.lower(), path)
        response = self._found(http, path)
        if response is None:
            raise errors.page_not_found()
        if http.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        return response

    def _found(self, http: HttpRequest, path: str) -> HttpResponse | None:
        first = path.strip("/").partition("/")[0]
        if first in health.HEALTH:
            return health.health(http, self.server.failing_checks)
        if first == "openapi":
            return self._openapi.respond(http)
        if path.rstrip("/") == "":
            return json_response({"paths": _PATHS})
        if path == "/metrics":
            return self.metrics.respond(self.server)
        accept = http.headers.get("accept", "")
        aggregated = negotiate.wants_aggregated_discovery(accept)
        document = discovery.documents(self.server.scheme, path, aggregated)
        if document is None:
            return None
        if document.get("kind") == "APIGroupDiscoveryList":
            version = document["apiVersion"].rpartition("/")[2]
            media = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            return HttpResponse(200, dumps(document), media, [("Vary", "Accept")])
        return negotiate.encode(http, document, 200, "json", [])

    def _watch(self, request: Request, watch: Watch | None, error: ApiError | None = None) -> WatchResponse:
        resource = self.server.strategy(request.resource).resource
        kind, api_version = resource.kind, resource.api_version
        if request.accept == "table":
            kind, api_version = "Table", "meta.k8s.io/v1"
        elif request.accept == "partial":
            kind, api_version = "PartialObjectMetadata", "meta.k8s.io/v1"
        return WatchResponse(
            watch,
            kind,
            api_version,
            timeout_seconds=request.timeout_seconds or DEFAULT_WATCH_SECONDS,
            bookmarks=request.allow_bookmarks,
            initial_events_end=self.server.store.revision if request.send_initial_events else None,
            error=error,
        )


def event_bytes(type_: str, obj: Obj) -> bytes:
    """One event of a watch as a line of JSON."""
    return dumps({"type": type_, "object": obj})


def bookmark_bytes(stream: WatchResponse, revision: int, *, initial_events_end: bool = False) -> bytes:
    """A bookmark: the client has seen everything up to `revision`."""
    meta: Obj = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial_events_end:
        meta["annotations"] = {"k8s.io/initial-events-end": "true"}
    obj: Obj = {"kind": stream.kind, "apiVersion": stream.api_version, "metadata": meta}
    if stream.kind == "Table":
        obj |= {"columnDefinitions": [], "rows": []}
    return event_bytes("BOOKMARK", obj)


def expired_bytes(error: ApiError | None = None) -> bytes:
    """The last event of a watch that cannot go on: list again."""
    gone = error or errors.gone("The resourceVersion for the provided watch is too old.")
    return event_bytes("ERROR", gone.status())
