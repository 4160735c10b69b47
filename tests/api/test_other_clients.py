"""What k9s and Headlamp ask for, as their sources say, by hand: the requests of their start and of their main views.

Follows derailed/k9s internal/client/client.go and internal/dao/{dynamic,port_forwarder}.go, and headlamp-k8s/headlamp
frontend/src/lib/k8s (cluster.ts, pod.ts, api/v1/streamingApi.ts, api/v2/useKubeObjectList.ts).
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.api.harness import Api, Stream, watching

POD: dict[str, Any] = {
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]},
}
PODS = "/api/v1/namespaces/default/pods"
TABLES = (
    "application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json"
)
AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
# Offered in this order by Headlamp's streams.
BASE64 = "base64.binary.k8s.io"
CHANNELS = f"{BASE64},v4.channel.k8s.io,v3.channel.k8s.io,v2.channel.k8s.io,channel.k8s.io"


@pytest.fixture
def peopled(api: Api) -> Api:
    api.post(PODS, POD)
    api.cluster.run_for(3)
    return api


def test_k9s_at_its_start(peopled: Api) -> None:
    assert peopled.get("/version?timeout=15s")["gitVersion"] == "v1.32.4"
    groups = peopled.get("/apis", accept=AGGREGATED)
    # Without a metrics server k9s shows no usage; it looks for this group.
    assert "metrics.k8s.io" not in [item["metadata"]["name"] for item in groups["items"]]
    for verb in ("get", "list", "watch"):
        attributes = {"namespace": "", "version": "v1", "resource": "namespaces", "verb": verb}
        body: dict[str, Any] = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
        body |= {"spec": {"resourceAttributes": attributes}}
        answer = peopled.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
        assert answer["status"]["allowed"] is True
    assert "default" in [item["metadata"]["name"] for item in peopled.get("/api/v1/namespaces")["items"]]


def test_k9s_shows_any_resource_as_a_table_with_whole_objects(peopled: Api) -> None:
    shown = peopled.get(f"{PODS}?includeObject=Object", accept=TABLES)
    assert (shown["kind"], shown["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert shown["rows"][0]["cells"][:4] == ["p", "1/1", "Running", "0"]
    assert shown["rows"][0]["object"]["spec"]["containers"][0]["name"] == "c"
    for resource in _listable(peopled):
        table = peopled.get(f"{resource}?includeObject=Object&limit=5", accept=TABLES)
        assert table["kind"] == "Table", resource
        assert all(len(row["cells"]) == len(table["columnDefinitions"]) for row in table["rows"]), resource


def _listable(api: Api) -> list[str]:
    """The paths of all collections, as the aggregated discovery names them."""
    found = []
    for root in ("/api", "/apis"):
        for group in api.get(root, accept=AGGREGATED)["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                base = f"{root}/{name}/{version['version']}" if name else f"{root}/{version['version']}"
                found += [f"{base}/{one['resource']}" for one in version["resources"] if "list" in one["verbs"]]
    return found


async def test_an_informer_of_a_new_client_starts_with_a_watch(peopled: Api) -> None:
    query = "allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&watch=true"
    async with watching(peopled, f"/api/v1/pods?{query}&timeoutSeconds=400") as stream:
        added, bookmark = await stream.events(2)
        assert (added["type"], added["object"]["metadata"]["name"]) == ("ADDED", "p")
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_headlamp_at_its_start(peopled: Api) -> None:
    assert peopled.get("/version")["major"] == "1"
    assert peopled.call("GET", "/healthz").body == b"ok"
    review = {"spec": {"namespace": "default"}}
    rules = peopled.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)["status"]["resourceRules"]
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in rules
    # It goes on without these.
    assert peopled.call("GET", "/apis/metrics.k8s.io/v1beta1/nodes").code == 404
    assert "io.k8s.api.core.v1.Pod" in peopled.get("/openapi/v2")["definitions"]


async def test_headlamp_watches_over_a_websocket(peopled: Api) -> None:
    version = peopled.get("/api/v1/pods")["metadata"]["resourceVersion"]
    async with opened(peopled, f"/api/v1/pods?watch=1&resourceVersion={version}", BASE64) as stream:
        assert await stream.message() == {"type": "websocket.accept", "subprotocol": BASE64}
        peopled.post(PODS, {**POD, "metadata": {"name": "q"}})
        event = json.loads(base64.b64decode((await stream.message())["text"]))
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "q")


@pytest.mark.parametrize("follow", ["true", "false"])
async def test_headlamp_reads_logs_over_a_websocket(peopled: Api, follow: str) -> None:
    url = f"{PODS}/p/log?container=c&previous=false&timestamps=false&follow={follow}&tailLines=1"
    async with opened(peopled, url, BASE64) as stream:
        assert await stream.message() == {"type": "websocket.accept", "subprotocol": BASE64}
        line = base64.b64decode((await stream.message())["text"]).decode()
        assert line.endswith("\n")
        if follow == "false":
            assert (await stream.message())["type"] == "websocket.close"


async def test_headlamps_terminal(peopled: Api) -> None:
    url = f"{PODS}/p/exec?container=c&command=sh&stdin=1&stderr=1&stdout=1&tty=1"
    async with opened(peopled, url, CHANNELS) as stream:
        assert await stream.message() == {"type": "websocket.accept", "subprotocol": "v4.channel.k8s.io"}
        assert (await stream.message())["bytes"] == b"\x01"
        stream.to_app.put_nowait({"type": "websocket.receive", "bytes": b'\x04{"Width":80,"Height":24}'})
        stream.to_app.put_nowait({"type": "websocket.receive", "bytes": b"\x00echo $((40 + 2))\r"})
        seen = b""
        while b"\r\n42\r\n" not in seen:
            seen += (await said(peopled, stream))[1:]


async def test_a_terminal_in_a_browser_that_takes_text_alone(peopled: Api) -> None:
    url = f"{PODS}/p/exec?container=c&command=echo&command=hi&stdout=true"
    async with opened(peopled, url, "base64.channel.k8s.io") as stream:
        assert (await stream.message())["subprotocol"] == "base64.channel.k8s.io"
        peopled.cluster.run_for(0.1)
        assert [(await stream.message())["text"] for _ in range(2)] == ["1", "1" + base64.b64encode(b"hi\n").decode()]
        # Before v4 success is told by the end alone.
        assert (await stream.message())["type"] == "websocket.close"


@asynccontextmanager
async def opened(api: Api, url: str, protocols: str) -> AsyncIterator[Stream]:
    async with watching(api, url, websocket=True, sec_websocket_protocol=protocols) as stream:
        yield stream


async def said(api: Api, stream: Stream) -> bytes:
    """The next message, while the cluster goes on."""
    while stream.from_app.empty():
        api.cluster.run_for(0.1)
        await stream.pause()
    data: bytes = (await stream.message())["bytes"]
    return data
