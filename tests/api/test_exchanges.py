"""Websockets that carry bytes both ways: the channels that exec and attach speak over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cluster_engine.apiserver.streams import ByteStream, Exchange
from cluster_engine.http import websocket
from cluster_engine.http.message import BytesResponse, ExchangeResponse, HttpResponse
from cluster_engine.http.stream import Client
from tests.api.harness import Api, Stream


class Echo:
    """An exchange that gives back what it gets."""

    def __init__(self) -> None:
        self.closed: list[int] = []
        self.stopped = 0
        self.exchange = Exchange(self.take, self.close, self.stop)

    def take(self, channel: int, data: bytes) -> None:
        self.exchange.write(Exchange.STDOUT, b"%d:%s" % (channel, data))

    def close(self, channel: int) -> None:
        self.closed.append(channel)
        self.exchange.write(Exchange.ERROR, b'{"status":"Success"}')
        self.exchange.end()

    def stop(self) -> None:
        self.stopped += 1


async def start(response: Any, protocols: list[str], api: Api) -> tuple[Stream, asyncio.Task[None]]:
    stream = Stream()
    client = Client(stream.to_app.get, "websocket.disconnect")

    async def run() -> None:
        listener = asyncio.ensure_future(client.listen())
        try:
            await websocket.serve(response, api, protocols, client, stream.send)
        finally:
            listener.cancel()

    return stream, asyncio.ensure_future(run())


@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
async def test_bytes_go_both_ways_by_channel(api: Api, protocol: str) -> None:
    echo = Echo()
    stream, task = await start(ExchangeResponse(echo.exchange), ["other", protocol], api)
    assert await stream.message() == {"type": "websocket.accept", "subprotocol": protocol}
    if protocol.startswith("v4"):
        # Before v5 an empty message says that all is well.
        assert (await stream.message())["bytes"] == b"\x01"
    stream.to_app.put_nowait({"type": "websocket.receive", "bytes": b"\x00hello"})
    assert (await stream.message())["bytes"] == b"\x010:hello"
    stream.to_app.put_nowait({"type": "websocket.receive", "bytes": b"\xff\x00"})
    if protocol.startswith("v5"):
        assert (await stream.message())["bytes"] == b'\x03{"status":"Success"}'
        assert await stream.message() == {"type": "websocket.close", "code": 1000}
        assert echo.closed == [0]
    else:
        # Before v5 nothing can be closed: 255 is a channel that there is not.
        stream.to_app.put_nowait({"type": "websocket.receive", "bytes": b"\x00again"})
        assert (await stream.message())["bytes"] == b"\x010:again"
        assert echo.closed == []
        stream.to_app.put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait_for(task, 5)
    assert echo.stopped == 1


async def test_v5_is_preferred(api: Api) -> None:
    protocols = ["v4.channel.k8s.io", "v5.channel.k8s.io"]
    stream, task = await start(ExchangeResponse(Echo().exchange), protocols, api)
    assert (await stream.message())["subprotocol"] == "v5.channel.k8s.io"
    stream.to_app.put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait_for(task, 5)


async def test_an_exchange_in_no_known_protocol_is_refused(api: Api) -> None:
    echo = Echo()
    stream, task = await start(ExchangeResponse(echo.exchange), ["v9.channel.k8s.io"], api)
    assert await stream.message() == {"type": "websocket.close", "code": 4000}
    await asyncio.wait_for(task, 5)
    assert echo.stopped == 1


async def test_an_error_before_the_stream_comes_over_the_error_channel(api: Api) -> None:
    stream, task = await start(HttpResponse(400, b'{"kind":"Status"}'), ["v5.channel.k8s.io"], api)
    assert (await stream.message())["type"] == "websocket.accept"
    assert (await stream.message())["bytes"] == b'\x03{"kind":"Status"}'
    assert (await stream.message())["type"] == "websocket.close"
    await asyncio.wait_for(task, 5)


async def test_a_text_that_goes_on_ends_when_it_is_over(api: Api) -> None:
    text = ByteStream()
    text.write(b"one\n")
    stream, task = await start(BytesResponse(text), [], api)
    assert (await stream.message())["type"] == "websocket.accept"
    assert (await stream.message())["bytes"] == b"one\n"
    text.write(b"two\n")
    assert (await stream.message())["bytes"] == b"two\n"
    text.end()
    assert (await stream.message())["type"] == "websocket.close"
    await asyncio.wait_for(task, 5)


def test_a_reader_that_is_too_slow_loses_the_stream() -> None:
    stopped: list[bool] = []
    text = ByteStream(lambda: stopped.append(True))
    for _ in range(5):
        text.write(b"x" * 1024 * 1024)
    assert (text.ended, stopped) == (True, [True])


def test_exec_without_an_upgrade_is_refused(api: Api) -> None:
    answer = api.call("POST", "/api/v1/namespaces/default/pods/p/exec?command=ls")
    assert (answer.code, answer.message) == (400, "Upgrade request required")
