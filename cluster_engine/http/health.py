"""Health checks and figures: /healthz, /livez, /readyz and /metrics, in the API server's own form."""

from __future__ import annotations

from collections import Counter

from cluster_engine.apimachinery import errors
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.http.message import HttpRequest, HttpResponse, text_response

_CHECKS = (
    "ping",
    "log",
    "etcd",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/start-system-namespaces-controller",
)
HEALTH = ("healthz", "livez", "readyz")


def health(http: HttpRequest) -> HttpResponse:
    """`ok`, or with `?verbose` every check. Follows k8s.io/apiserver/pkg/server/healthz."""
    name, _, check = http.path.strip("/").partition("/")
    if check:
        if check not in _CHECKS:
            raise errors.page_not_found()
        return text_response("ok")
    parameters = http.parameters()
    if "verbose" not in parameters:
        return text_response("ok")
    left_out = set(http.parameter_list("exclude"))
    lines = [f"[+]{check} excluded: ok" if check in left_out else f"[+]{check} ok" for check in _CHECKS]
    return text_response("\n".join([*lines, f"{name} check passed", ""]))


class Metrics:
    """Counts of requests, by verb, resource and code."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self.watches = 0

    def count(self, verb: str, resource: str, code: int) -> None:
        self._requests[(verb, resource, code)] += 1

    def respond(self, server: ApiServer) -> HttpResponse:
        """The figures in Prometheus' text form."""
        lines = ["# TYPE apiserver_request_total counter"]
        for (verb, resource, code), count in sorted(self._requests.items()):
            labels = f'code="{code}",resource="{resource}",verb="{verb}"'
            lines.append(f"apiserver_request_total{{{labels}}} {count}")
        lines += ["# TYPE apiserver_longrunning_requests gauge"]
        lines.append(f'apiserver_longrunning_requests{{verb="WATCH"}} {self.watches}')
        lines += ["# TYPE apiserver_storage_objects gauge"]
        for kind in server.scheme:
            if "list" in kind.verbs:
                count = server.store.count(kind.prefix)
                lines.append(f'apiserver_storage_objects{{resource="{kind.group_resource}"}} {count}')
        lines.append("")
        return HttpResponse(200, "\n".join(lines).encode(), "text/plain; version=0.0.4; charset=utf-8")
