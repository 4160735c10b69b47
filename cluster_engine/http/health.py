"""Health checks and figures: /healthz, /livez, /readyz and /metrics, in the API server's own form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from cluster_engine.apimachinery import errors
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.http.message import HttpRequest, HttpResponse, text_response

_HOOKS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "aggregator-reload-proxy-client-cert",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
)
_CHECKS = (
    "ping",
    "log",
    "etcd",
    *(f"poststarthook/{hook}" for hook in _HOOKS),
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
)
# Only the API server's own log has the reason.
_REASON = "reason withheld"
HEALTH = ("healthz", "livez", "readyz")


def health(http: HttpRequest, failing: Collection[str] = ()) -> HttpResponse:
    """`ok`, or with `?verbose` or where a check fails every check. Follows k8s.io/apiserver/pkg/server/healthz."""
    name, _, check = http.path.strip("/").partition("/")
    if check:
        if check not in _CHECKS:
            raise errors.page_not_found()
        return text_response(f"internal server error: {_REASON}\n", 500) if check in failing else text_response("ok")
    left_out = set(http.parameter_list("exclude"))
    failed = [check for check in _CHECKS if check in failing and check not in left_out]
    if "verbose" not in http.parameters() and not failed:
        return text_response("ok")
    lines = [_line(check, check in failed, check in left_out) for check in _CHECKS]
    if failed:
        return text_response("\n".join([*lines, f"{name} check failed", ""]), 500)
    return text_response("\n".join([*lines, f"{name} check passed", ""]))


def _line(check: str, failed: bool, left_out: bool) -> str:
    if failed:
        return f"[-]{check} failed: {_REASON}"
    return f"[+]{check} excluded: ok" if left_out else f"[+]{check} ok"


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
