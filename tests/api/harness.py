"""An API server in this process: HTTP requests as function calls, and streams without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.http.asgi import Found, KubeApi
from cluster_engine.http.frontend import Frontend
from cluster_engine.http.message import HttpRequest, HttpResponse

Obj = dict[str, Any]
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"app": "p"}},
    "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]},
}


@dataclass
class Answer:
    """A response, its body read as JSON where it is JSON."""

    code: int
    body: Any
    headers: dict[str, str]
    content_type: str

    @property
    def message(self) -> str:
        text: str = self.body["message"]
        return text


class Api:
    """A cluster and its HTTP face."""

    def __init__(self, **config: Any) -> None:
        self.cluster = Cluster(ClusterConfig(registry="any", start_seconds=1, stop_seconds=1, **config))
        self.cluster.run_for(2)
        self.frontend = Frontend(self.cluster.server)

    # The Backend of the ASGI application.

    async def before(self) -> None:
        pass

    async def after(self) -> None:
        pass

    async def resolve(self, path: str, headers: dict[str, str]) -> Found | None:
        return Found(self, path, headers)

    # Requests.

    def raw(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Any:
        path, _, query = url.partition("?")
        pairs = [(name.lower(), value) for name, value in (headers or {}).items()]
        http = HttpRequest(method, path, query, dict(pairs), body, header_list=pairs)
        return self.frontend.respond(http)

    def call(
        self, method: str, url: str, body: Any = None, *, token: str = "", **headers: str
    ) -> Answer:
        """One request; header names are written with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["authorization"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response = self.raw(method, url, data, sent)
        assert isinstance(response, HttpResponse), response
        is_json = response.content_type.startswith("application/json") and response.body
        found = dict(response.headers)
        if found.get("Content-Encoding") == "gzip":
            is_json = False
        parsed = json.loads(response.body) if is_json else response.body
        return Answer(response.code, parsed, found, response.content_type)

    def get(self, url: str, **headers: str) -> Any:
        answer = self.call("GET", url, **headers)
        assert answer.code == 200, answer.body
        return answer.body

    def post(self, url: str, body: Any, **headers: str) -> Any:
        answer = self.call("POST", url, body, **headers)
        assert answer.code in (200, 201), answer.body
        return answer.body

    def pods(self, count: int) -> None:
        for index in range(count):
            meta = {"name": f"p{index:03d}", "labels": {"number": str(index % 2)}}
            self.post("/api/v1/namespaces/default/pods", {**POD, "metadata": meta})

    def config_map(self, name: str, **data: str) -> Any:
        body = {"metadata": {"name": name}, "data": data}
        return self.post("/api/v1/namespaces/default/configmaps", body)

    def token(self, account: str = "default", **spec: Any) -> str:
        made = self.post(f"/api/v1/namespaces/default/serviceaccounts/{account}/token", {"spec": spec})
        token: str = made["status"]["token"]
        return token

    def grant(self, account: str, rules: list[Obj], name: str = "granted") -> None:
        """A Role of those rules in `default`, bound to a service account."""
        base = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        self.post(f"{base}/roles", {"metadata": {"name": name}, "rules": rules})
        subject = {"kind": "ServiceAccount", "name": account, "namespace": "default"}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        self.post(f"{base}/rolebindings", {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]})


class Stream:
    """A client of the ASGI application that reads a stream message by message."""

    def __init__(self) -> None:
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.blocked = asyncio.Event()
        self.blocked.set()
        self._lines: list[bytes] = []

    async def send(self, message: Any) -> None:
        await self.blocked.wait()
        self.from_app.put_nowait(message)

    async def pause(self) -> None:
        """Lets the application work."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def message(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.from_app.get(), 5)

    async def event(self) -> Any:
        """The next event of a chunked watch; None at its end."""
        while not self._lines:
            message = await self.message()
            if message["type"] == "http.response.start":
                continue
            if not message.get("more_body"):
                return None
            self._lines += [line for line in message["body"].split(b"\n") if line]
        return json.loads(self._lines.pop(0))

    async def events(self, count: int) -> list[Any]:
        return [await self.event() for _ in range(count)]


@asynccontextmanager
async def watching(api: Api, url: str, *, websocket: bool = False, **headers: str) -> AsyncIterator[Stream]:
    """A stream that is open while the block runs."""
    stream = Stream()
    path, _, query = url.partition("?")
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "websocket" if websocket else "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": pairs,
        "subprotocols": headers.get("sec_websocket_protocol", "").split(",") if websocket else [],
    }
    stream.to_app.put_nowait({"type": "websocket.connect"} if websocket else {"type": "http.request", "body": b""})
    task = asyncio.ensure_future(KubeApi(api.resolve)(scope, stream.to_app.get, stream.send))
    try:
        yield stream
    finally:
        stream.to_app.put_nowait({"type": "websocket.disconnect" if websocket else "http.disconnect"})
        await asyncio.wait_for(task, 5)
