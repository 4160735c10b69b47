"""The proxy subresource: an HTTP request that is handed on to a pod, and what comes back.

Follows k8s.io/apimachinery/pkg/util/proxy (UpgradeAwareHandler, Transport). Beyond that, cookies go neither way and
what comes back may run no scripts: a browser would take it for a page of the server that hands it on.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from cluster_engine.apiserver.kubelet_api import ProxyAnswer, ProxyCall
from cluster_engine.http.message import HttpRequest, HttpResponse

METHODS = {
    "GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
    "OPTIONS": "get",
}  # fmt: skip
_KEPT_BACK = frozenset(("authorization", "cookie", "connection", "upgrade", "transfer-encoding", "keep-alive", "te"))


def split(path: str) -> tuple[str, str] | None:
    """(path of the subresource, path behind it) of a percent-encoded path that leads through a proxy.

    The path behind begins with a slash, or is empty. None where the path is none of a proxy.
    """
    # api/v1/namespaces/NS/services/NAME/proxy/…, or api/v1/nodes/NAME/proxy/…
    parts = path.split("/", 8)
    for place in (7, 5):
        if len(parts) > place and parts[place] == "proxy" and parts[1:3] == ["api", "v1"]:
            named = parts[3] == "namespaces" if place == 7 else parts[3] == "nodes"
            if named:
                head = "/".join(parts[: place + 1])
                return head, path[len(head) :]
    return None


def call_of(http: HttpRequest, rest: str) -> ProxyCall:
    """What is handed on of a request."""
    target = (rest or "/") + (f"?{http.query}" if http.query else "")
    headers = [(name, value) for name, value in http.header_list if name not in _KEPT_BACK]
    forwarded = [
        ("x-forwarded-uri", http.path),
        ("x-forwarded-host", http.headers.get("host", "")),
        ("x-forwarded-proto", "http"),
    ]
    named = {name for name, _value in headers}
    headers += [(name, value) for name, value in forwarded if name not in named and value]
    return ProxyCall(http.method, target, tuple(headers), http.body)


def redirect(http: HttpRequest) -> HttpResponse:
    """A path that ends with `proxy` leads to the one with a slash, so that relative links are right."""
    query = f"?{http.query}" if http.query else ""
    # Relative: the client may see a prefix of the path that is not ours to know.
    return HttpResponse(301, b"", "text/plain; charset=utf-8", [("Location", f"proxy/{query}")])


def answer_of(answer: ProxyAnswer, http: HttpRequest, rest: str) -> HttpResponse:
    """What is handed back."""
    content_type = "application/octet-stream"
    headers = [("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff")]
    for name, value in answer.headers:
        lower = name.lower()
        if lower == "content-type":
            content_type = value
        elif lower == "location":
            headers.append((name, _location(value, http, rest)))
        elif lower not in ("set-cookie", "content-security-policy", "x-content-type-options", "content-length"):
            headers.append((name, value))
    return HttpResponse(answer.status, answer.body, content_type, headers)


def _location(value: str, http: HttpRequest, rest: str) -> str:
    """Where a redirection leads: within what is proxied it goes through the proxy, too."""
    url = urlsplit(value)
    if url.netloc and url.hostname != urlsplit(f"//{http.headers.get('host', '')}").hostname:
        return value
    head = http.path[: len(http.path) - len(rest)]
    path = url.path or "/"
    if url.netloc or path.startswith("/"):
        path = head + path
    return path + (f"?{url.query}" if url.query else "")
