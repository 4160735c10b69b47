"""The API server's HTTP face: one request in, one response or watch stream out."""

from __future__ import annotations

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.request import Request, Watch
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.http import discovery
from cluster_engine.http.message import (
    HttpRequest,
    HttpResponse,
    WatchResponse,
    dumps,
    error_response,
    json_response,
    text_response,
)
from cluster_engine.http.negotiate import wants_aggregated_discovery
from cluster_engine.http.openapi import OpenApi
from cluster_engine.http.route import request_of, target_of

DEFAULT_WATCH_SECONDS = 1800.0
_HEALTH = ("/healthz", "/livez", "/readyz")


class Frontend:
    """HTTP for one API server. Every failure is a `Status` object, whatever was sent."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self._openapi = OpenApi(server.scheme)

    def respond(self, http: HttpRequest) -> HttpResponse | WatchResponse:
        """Answers one request; never raises for what a client sends."""
        try:
            return self._respond(http)
        except ApiError as error:
            return error_response(error)
        except Exception:
            # A defect of ours: recorded with its traceback, and answered as an API server answers.
            self.server.trace.fault("kube-apiserver", f"{http.method} {http.path}")
            words = "Internal error occurred: the request could not be answered; it has been recorded"
            return error_response(ApiError(500, "InternalError", words))

    def _respond(self, http: HttpRequest) -> HttpResponse | WatchResponse:
        path = http.path
        if path.rstrip("/") in _HEALTH or path.startswith(tuple(f"{check}/" for check in _HEALTH)):
            return text_response("ok")
        target = target_of(path, self.server.scheme)
        if target is None:
            return self._document(http)
        request = request_of(http, target)
        response = self.server.handle(request)
        if isinstance(response.body, Watch):
            return self._watch(request, response.body)
        return json_response(response.body, response.code, response.warnings)

    def _document(self, http: HttpRequest) -> HttpResponse:
        """Discovery, OpenAPI, or 404."""
        if http.method not in ("GET", "HEAD"):
            raise errors.page_not_found()
        if http.path.startswith("/openapi/"):
            return self._openapi.respond(http)
        if http.path.rstrip("/") == "":
            return json_response(
                {"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]}
            )
        aggregated = wants_aggregated_discovery(http.headers.get("accept", ""))
        document = discovery.documents(self.server.scheme, http.path, aggregated)
        if document is None:
            raise errors.page_not_found()
        response = json_response(document)
        if document["kind"] == "APIGroupDiscoveryList" if "kind" in document else False:
            version = document["apiVersion"].rpartition("/")[2]
            response.content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
        return response

    def _watch(self, request: Request, watch: Watch) -> WatchResponse:
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


def expired_bytes() -> bytes:
    """The last event of a watch that was too slow: list again."""
    return event_bytes("ERROR", errors.gone("The resourceVersion for the provided watch is too old.").status())
