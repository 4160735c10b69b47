"""Watches: what comes first, what comes after, and how they end."""

# ruff: noqa: E501 - one whole message a line
from __future__ import annotations

import base64
import json

import pytest

from cluster_engine.apiserver import request as requests
from cluster_engine.http import stream as streams
from tests.api.harness import POD, Api, watching

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def told(event: dict) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"].get("name", "")


async def test_a_watch_without_a_version_starts_with_what_is_there(api: Api) -> None:
    async with watching(api, f"{MAPS}?watch=true") as stream:
        assert told(await stream.event()) == ("ADDED", "kube-root-ca.crt")
        api.config_map("a")
        api.call("PUT", f"{MAPS}/a", {"metadata": {"name": "a"}, "data": {"x": "y"}})
        api.call("DELETE", f"{MAPS}/a")
        assert [told(e) for e in await stream.events(3)] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_a_watch_from_a_version_starts_after_it(api: Api) -> None:
    version = api.get(MAPS)["metadata"]["resourceVersion"]
    api.config_map("a")
    async with watching(api, f"{MAPS}?watch=1&resourceVersion={version}") as stream:
        assert told(await stream.event()) == ("ADDED", "a")
        api.config_map("b")
        assert told(await stream.event()) == ("ADDED", "b")


async def test_one_object_is_watched_by_a_field_selector_and_by_the_old_path(api: Api) -> None:
    for url in (f"{MAPS}?watch=true&fieldSelector=metadata.name%3Da", "/api/v1/watch/namespaces/default/configmaps/a"):
        async with watching(api, url) as stream:
            api.config_map("b")
            api.config_map("a")
            assert told(await stream.event()) == ("ADDED", "a")
        api.call("DELETE", f"{MAPS}/a")
        api.call("DELETE", f"{MAPS}/b")


async def test_an_object_that_stops_matching_is_deleted_for_the_watcher(api: Api) -> None:
    api.post("/api/v1/namespaces/default/pods", POD)
    async with watching(api, "/api/v1/pods?watch=true&labelSelector=app%3Dp") as stream:
        assert told(await stream.event()) == ("ADDED", "p")
        patch = b'{"metadata":{"labels":{"app":"q"}}}'
        api.call("PATCH", "/api/v1/namespaces/default/pods/p", patch, content_type="application/merge-patch+json")
        assert told(await stream.event()) == ("DELETED", "p")


async def test_initial_events_end_with_a_bookmark_that_says_so(api: Api) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with watching(api, f"{MAPS}?{query}") as stream:
        assert told(await stream.event()) == ("ADDED", "kube-root-ca.crt")
        bookmark = await stream.event()
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert bookmark["object"]["metadata"]["resourceVersion"] == str(api.cluster.store.revision)
        api.config_map("a")
        assert told(await stream.event()) == ("ADDED", "a")


async def test_without_initial_events_only_what_is_new_comes(api: Api) -> None:
    query = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
    async with watching(api, f"{MAPS}?{query}") as stream:
        await stream.message()
        api.config_map("a")
        assert told(await stream.event()) == ("ADDED", "a")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sendInitialEvents=true", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ("resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
        ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"),
    ],
)
def test_initial_events_need_their_other_options(api: Api, query: str, message: str) -> None:
    answer = api.call("GET", f"{MAPS}?watch=true&{query}")
    assert (answer.code, answer.message) == (422, f'ListOptions.meta.k8s.io "" is invalid: {message}')


def test_initial_events_of_a_version_that_has_not_been_are_too_large(api: Api) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999"
    assert api.call("GET", f"{MAPS}?{query}").code == 504


async def test_a_watch_from_a_forgotten_version_tells_so_in_an_event(api: Api) -> None:
    api.config_map("a")
    api.cluster.store.compact(api.cluster.store.revision)
    async with watching(api, f"{MAPS}?watch=true&resourceVersion=1") as stream:
        event = await stream.event()
        assert event["type"] == "ERROR"
        assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
        assert event["object"]["message"] == f"too old resource version: 1 ({api.cluster.store.revision})"
        assert await stream.event() is None


async def test_a_watch_ends_after_its_timeout(api: Api) -> None:
    async with watching(api, f"{MAPS}?watch=true&timeoutSeconds=1") as stream:
        assert told(await stream.event()) == ("ADDED", "kube-root-ca.crt")
        assert await stream.event() is None


async def test_bookmarks_come_now_and_then_for_those_who_ask(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOOKMARK_SECONDS", 0.05)
    async with watching(api, f"{MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=0") as stream:
        await stream.event()
        bookmark = await stream.event()
        assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
        assert bookmark["object"]["metadata"]["resourceVersion"] == str(api.cluster.store.revision)


async def test_a_watch_of_tables_names_its_columns_once(api: Api) -> None:
    async with watching(api, "/api/v1/pods?watch=true", accept=TABLE) as stream:
        api.pods(2)
        first, second = await stream.events(2)
        assert first["object"]["kind"] == "Table"
        assert [c["name"] for c in first["object"]["columnDefinitions"]][:3] == ["Name", "Ready", "Status"]
        assert second["object"]["columnDefinitions"] == []
        assert second["object"]["rows"][0]["cells"][0] == "p001"
        assert second["object"]["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


async def test_a_watch_of_metadata_shows_nothing_else(api: Api) -> None:
    accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    async with watching(api, "/api/v1/pods?watch=true", accept=accept) as stream:
        api.pods(1)
        event = await stream.event()
        assert set(event["object"]) == {"kind", "apiVersion", "metadata"}
        assert event["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize("protocol", ["", "base64.binary.k8s.io"])
async def test_a_websocket_carries_one_event_a_message(api: Api, protocol: str) -> None:
    headers = {"sec_websocket_protocol": protocol} if protocol else {}
    async with watching(api, f"{MAPS}?watch=true", websocket=True, **headers) as stream:
        assert await stream.message() == {"type": "websocket.accept", "subprotocol": protocol or None}
        await stream.message()
        api.config_map("a")
        text = (await stream.message())["text"]
        event = json.loads(base64.b64decode(text) if protocol else text)
        assert told(event) == ("ADDED", "a")


async def test_a_websocket_to_nothing_is_closed(api: Api) -> None:
    async with watching(api, "/api/v1/nothing?watch=true", websocket=True) as stream:
        assert await stream.message() == {"type": "websocket.close", "code": 4000}


async def test_a_watcher_that_does_not_read_is_ended_and_harms_nobody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_WATCH_BUFFER", 20)
    async with watching(api, f"{MAPS}?watch=true") as slow, watching(api, f"{MAPS}?watch=true") as quick:
        assert told(await slow.event()) == told(await quick.event())
        slow.blocked.clear()
        for index in range(60):
            api.config_map(f"c{index:02d}")
            assert told(await quick.event()) == ("ADDED", f"c{index:02d}")
        slow.blocked.set()
        last = await slow.event()
        while last["type"] == "ADDED":
            last = await slow.event()
        assert (last["type"], last["object"]["code"]) == ("ERROR", 410)
        assert last["object"]["message"] == "The resourceVersion for the provided watch is too old."
        assert await slow.event() is None


async def test_what_one_watch_may_send_is_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_STREAM_BYTES", 10_000)
    async with watching(api, f"{MAPS}?watch=true") as stream:
        for index in range(30):
            api.config_map(f"c{index}", text="x" * 1000)
        events = []
        while (event := await stream.event()) is not None:
            events.append(event["type"])
        assert events[-1] == "ERROR"


async def test_a_client_that_leaves_leaves_nothing_behind(api: Api) -> None:
    watchers = api.cluster.store._watchers["/registry/configmaps/"]
    before = list(watchers)
    async with watching(api, f"{MAPS}?watch=true") as stream:
        await stream.event()
        assert api.frontend.metrics.watches == 1
        assert len(watchers) == len(before) + 1
    assert api.frontend.metrics.watches == 0
    assert watchers == before


async def test_there_is_a_bound_on_open_watches(api: Api) -> None:
    api.frontend._max_streams = 1
    async with watching(api, f"{MAPS}?watch=true") as stream:
        await stream.event()
        answer = api.call("GET", f"{MAPS}?watch=true")
        assert (answer.code, answer.body["reason"]) == (429, "TooManyRequests")
        assert answer.headers["Retry-After"] == "1"
