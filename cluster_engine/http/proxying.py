"""The proxy subresource: an HTTP request that is handed on to a pod, and what comes back.

Follows k8s.io/apimachinery/pkg/util/proxy (UpgradeAwareHandler, Transport). Beyond that, cookies go neither way and
what comes back may run no scripts: a browser would take it for a page of the server that hands it on.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.kubelet_api import ProxyAnswer, ProxyCall
from cluster_engine.http.message import HttpRequest, HttpResponse

_NOT_HANDED_BACK = frozenset(
    ("set-cookie", "content-security-policy", "x-content-type-options", "content-length", "transfer-encoding")
)
# An attribute with a link to a path from the root: (all before it, the path).
_ATTRIBUTES = rb"href|src|action|formaction|poster|data|cite|background|codebase|longdesc|manifest|profile|icon|usemap"
_LINK = re.compile(
    rb"(<[a-z][^<>]{0,2000}?\s(?:%s)\s*=\s*[\"']?)(/(?![/\s>])[^\s\"'<>]*|/(?=[\s\"'>]))" % _ATTRIBUTES, re.IGNORECASE
)

METHODS = {
    "GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
    "OPTIONS": "get",
}  # fmt: skip
_BAD_GATEWAY = 502
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
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
    """What is handed back. What leads elsewhere within what is proxied leads through the proxy."""
    content_type = "application/octet-stream"
    headers = [("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff")]
    for name, value in answer.headers:
        lower = name.lower()
        if not _HEADER_NAME.fullmatch(name) or not value.isprintable():
            continue  # what no server may say
        if lower == "content-type":
            content_type = value
        elif lower == "location":
            headers.append((name, _location(value, http, rest)))
        elif lower not in _NOT_HANDED_BACK:
            headers.append((name, value))
    body = answer.body
    if content_type.partition(";")[0].strip() == "text/html" and not _is_encoded(answer):
        body = _LINK.sub(lambda found: found[1] + _within(found[2].decode("latin-1"), rest).encode("latin-1"), body)
    status = answer.status if 200 <= answer.status <= 599 else _BAD_GATEWAY
    return HttpResponse(status, body, content_type, headers)


def _is_encoded(answer: ProxyAnswer) -> bool:
    return any(name.lower() == "content-encoding" for name, _value in answer.headers)


def _location(value: str, http: HttpRequest, rest: str) -> str:
    try:
        url = urlsplit(value)
        elsewhere = url.netloc and url.hostname != urlsplit(f"//{http.headers.get('host', '')}").hostname
    except ValueError:
        words = f"Internal error occurred: error trying to parse Location header: {value}"
        raise ApiError(500, "InternalError", words) from None
    if elsewhere or not (url.netloc or url.path.startswith("/")):
        return value
    return _within((url.path or "/") + (f"?{url.query}" if url.query else ""), rest)


def _within(path: str, rest: str) -> str:
    """A path of what is proxied, seen from `rest`. Relative, for a client may know the proxy under a longer path."""
    return "../" * (rest.count("/") - 1) + (path[1:] or "./")
