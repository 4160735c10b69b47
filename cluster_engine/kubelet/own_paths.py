"""What a kubelet answers to at paths of its own: its health, its pods, the logs of their containers.

Follows pkg/kubelet/server/server.go. Its figures (/metrics, /stats) are not simulated.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import key_of
from cluster_engine.client.kubelet_api import ByteStream, LogQuery, ProxyAnswer, ProxyCall

if TYPE_CHECKING:
    from cluster_engine.kubelet.server import KubeletServer

_TEXT = "text/plain; charset=utf-8"


def answer(server: KubeletServer, call: ProxyCall) -> ProxyAnswer:
    """The answer to one request; 404 for a path that there is not."""
    path, _, query = call.path.partition("?")
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if call.method not in ("GET", "HEAD"):
        return _text(405, "Method not allowed")
    match parts:
        case ["healthz"]:
            return _text(200, "ok")
        case ["pods"]:
            pods = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": server.pods()}
            return ProxyAnswer(200, (("Content-Type", "application/json"),), json.dumps(pods).encode())
        case ["containerLogs", namespace, name, container]:
            return _log(server, f"{namespace}/{name}", container, parse_qs(query))
    return _text(404, "404 page not found\n")


def _log(server: KubeletServer, key: str, container: str, query: dict[str, list[str]]) -> ProxyAnswer:
    pod = next((pod for pod in server.pods() if key_of(pod) == key), None)
    if pod is None:
        return _text(404, f'pod "{key.partition("/")[2]}" does not exist\n')
    tail = query.get("tailLines", [""])[0]
    asked = LogQuery(
        previous=query.get("previous") == ["true"],
        timestamps=query.get("timestamps") == ["true"],
        tail_lines=int(tail) if tail.isascii() and tail.isdigit() else None,
    )
    try:
        text = server.logs(pod, container, asked)
    except ApiError as error:
        return _text(error.code, error.message)
    return _text(200, "" if isinstance(text, ByteStream) else text)


def _text(status: int, text: str) -> ProxyAnswer:
    return ProxyAnswer(status, (("Content-Type", _TEXT),), text.encode())
