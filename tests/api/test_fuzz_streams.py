"""Whatever a client says to exec, attach, logs, ports and proxies: nothing inside fails, no answer is a 500 of ours."""

from __future__ import annotations

import json
import zlib
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_engine.apiserver.streams import Exchange, PortForward
from cluster_engine.http.channels import EXCHANGE_PROTOCOLS, PORT_PROTOCOLS, ExchangeSpeaker, PortSpeaker
from cluster_engine.http.message import (
    BytesResponse,
    ExchangeResponse,
    HttpRequest,
    HttpResponse,
    PortForwardResponse,
)
from cluster_engine.http.spdy import FIN, GOAWAY, PING, RST_STREAM, SYN_STREAM
from cluster_engine.http.spdy_dictionary import DICTIONARY
from cluster_engine.http.spdy_streams import EXEC_PROTOCOLS, SpdyExchange, SpdyPorts
from tests.api.harness import Api

TRIES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
PODS = "/api/v1/namespaces/default/pods"
POD: dict[str, Any] = {
    "metadata": {"name": "p"},
    "spec": {
        "containers": [
            {"name": "c", "image": "nginx:1.25", "ports": [{"name": "web", "containerPort": 80}]},
            {"name": "shell", "image": "busybox:1.36", "command": ["sh"], "stdin": True, "tty": True},
        ]
    },
}
SERVICE = {"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}}

flags = st.sampled_from(["true", "false", "1", "0", "", "yes"])
numbers = st.one_of(st.integers(-(2**66), 2**66).map(str), st.sampled_from(["", "+1", "٣", "1e3", "0x10", " 5"]))
times = st.sampled_from(
    ["", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999999Z", "yesterday", "0000-00-00T00:00:00Z"]
)
commands = st.one_of(
    st.sampled_from(["ls", "cat", "sh", "echo", "nosuch", "/etc", "/bin", "", "-", "env", "yes", "kill", "-9", "1"]),
    st.text(max_size=8),
)
containers = st.sampled_from(["c", "shell", "", "nope", "C", "c/../c"])
parameters = st.fixed_dictionaries(
    {},
    optional={
        "container": containers, "stdin": flags, "stdout": flags, "stderr": flags, "tty": flags, "follow": flags,
        "previous": flags, "timestamps": flags, "tailLines": numbers, "limitBytes": numbers, "sinceSeconds": numbers,
        "sinceTime": times, "stream": st.sampled_from(["All", "Stdout", "Stderr", "x"]),
        "command": st.lists(commands, max_size=4), "ports": st.lists(numbers | st.just("80,81"), max_size=3),
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def fuzzed() -> Api:
    api = Api()
    api.post(PODS, POD)
    api.post("/api/v1/namespaces/default/services", SERVICE)
    api.cluster.run_for(5)
    return api


def respond(api: Api, method: str, path: str, query: str = "", body: bytes = b"") -> Any:
    http = HttpRequest(method, path, query, {}, body, upgrade=True)
    response = api.frontend.respond(http)
    quiet(api)
    if isinstance(response, HttpResponse) and response.refusal is None:
        assert response.code != 500, response.body
    return response


def quiet(api: Api) -> None:
    """What was asked for goes on for a moment, and nothing inside fails."""
    api.cluster.run_for(0.2)
    faults = list(api.cluster.trace.faults)
    api.cluster.trace.faults.clear()
    assert faults == []


def leave(api: Api, response: Any) -> None:
    """The client goes."""
    if isinstance(response, BytesResponse):
        response.stream.read()
        response.stream.stop()
    elif isinstance(response, (ExchangeResponse, PortForwardResponse)):
        response.stop()
    quiet(api)


@TRIES
@given(st.sampled_from(["log", "exec", "attach", "portforward"]), parameters)
def test_any_parameters(fuzzed: Api, subresource: str, given_parameters: dict[str, Any]) -> None:
    query = urlencode(given_parameters, doseq=True)
    response = respond(fuzzed, "GET", f"{PODS}/p/{subresource}", query)
    if isinstance(response, PortForwardResponse):
        PortSpeaker(response.forward, PORT_PROTOCOLS[0]).take()
    leave(fuzzed, response)


@TRIES
@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    st.sampled_from(["pods/p", "pods/p:web", "pods/http:p:80", "pods/p:0", "pods/p:99999", "services/s:80"])
    | st.text(max_size=8).map(lambda text: f"pods/{quote(text, safe=':')}"),
    st.text(max_size=20),
    st.binary(max_size=50),
)
def test_anything_through_a_proxy(fuzzed: Api, method: str, target: str, path: str, body: bytes) -> None:
    url = f"/api/v1/namespaces/default/{target}/proxy/{quote(path)}"
    respond(fuzzed, method, url, quote(path), body)
    respond(fuzzed, method, f"/api/v1/nodes/k8s-node01/proxy/{quote(path)}", "", body)


EXEC = f"{PODS}/p/exec?container=c&command=sh&stdin=true&stdout=true&stderr=true".partition("?")
SAID = st.lists(
    st.binary(max_size=30)
    | st.builds(lambda channel, text: bytes([channel]) + text, st.integers(0, 5), st.binary(max_size=20))
    | st.sampled_from([
        b"\x00echo hi\n", b"\x00exit 1\n", b"\xff\x00", b"\xff", b"0ZWNobwo=", b"0?", b'\x04{"Width":-1,"Height":1e99}',
        b"\x04[]", b'\x04{"Width":null}', b'\x04{"Width":{"a":1}}', b'\x04{"Width":NaN,"Height":Infinity}',
    ]),
    max_size=6,
)  # fmt: skip


def exchange_of(api: Api, query: str) -> Exchange:
    response = respond(api, "GET", EXEC[0], query)
    assert isinstance(response, ExchangeResponse)
    return response.exchange


@TRIES
@given(st.sampled_from(EXCHANGE_PROTOCOLS), st.booleans(), SAID)
def test_any_messages_on_a_websocket(fuzzed: Api, protocol: str, tty: bool, messages: list[bytes]) -> None:
    exchange = exchange_of(fuzzed, EXEC[2] + ("&tty=true" if tty else ""))
    speak(fuzzed, ExchangeSpeaker(exchange, protocol), messages)


@TRIES
@given(st.sampled_from(PORT_PROTOCOLS), SAID)
def test_any_messages_for_ports_on_a_websocket(fuzzed: Api, protocol: str, messages: list[bytes]) -> None:
    speak(fuzzed, PortSpeaker(forward_of(fuzzed), protocol), messages)


def forward_of(api: Api) -> PortForward:
    response = respond(api, "GET", f"{PODS}/p/portforward", "ports=80&ports=81")
    assert isinstance(response, PortForwardResponse)
    return response.forward


def speak(api: Api, speaker: Any, messages: list[bytes]) -> None:
    for message in messages:
        if message and not speaker.over:
            speaker.hear(message)
        speaker.take()
        quiet(api)
    speaker.take()
    speaker.stop()
    quiet(api)


# SPDY: frames that are well formed, frames that are not, and both cut into pieces.


class Frames:
    """Makes a client's frames, with headers compressed as one stream."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 8, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)

    def headers(self, pairs: list[tuple[str, str]]) -> bytes:
        block = len(pairs).to_bytes(4, "big")
        for pair in pairs:
            for text in pair:
                block += len(text.encode()).to_bytes(4, "big") + text.encode()
        return self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def open(self, number: int, pairs: list[tuple[str, str]], flags: int = 0) -> bytes:
        return control(SYN_STREAM, flags, number.to_bytes(4, "big") + bytes(6) + self.headers(pairs))


def control(kind: int, flags: int, body: bytes) -> bytes:
    return (0x80030000 | kind).to_bytes(4, "big") + bytes([flags]) + len(body).to_bytes(3, "big") + body


def data(number: int, content: bytes, flags: int = 0) -> bytes:
    return number.to_bytes(4, "big") + bytes([flags]) + len(content).to_bytes(3, "big") + content


kinds = st.sampled_from(["stdin", "stdout", "stderr", "error", "resize", "data", "x", ""])
headers = st.tuples(kinds, st.sampled_from(["80", "81", "0", "x", "", "999999"]), st.sampled_from(["0", "1", ""]))
flag_bytes = st.sampled_from([0, FIN, 2, 255])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(0, 9), headers, flag_bytes),
        st.tuples(st.just("data"), st.integers(0, 9), st.binary(max_size=20), flag_bytes),
        st.tuples(st.just("control"), st.integers(0, 12), st.binary(max_size=12), flag_bytes),
        st.tuples(st.just("raw"), st.just(0), st.binary(max_size=20), st.just(0)),
    ),
    max_size=10,
)


def bytes_of(frames: list[tuple[str, int, Any, int]]) -> bytes:
    made, out = Frames(), b""
    for what, number, content, flags_ in frames:
        if what == "open":
            kind, port, request = content
            out += made.open(number, [("streamType", kind), ("port", port), ("requestID", request)], flags_)
        elif what == "data":
            out += data(number, content, flags_)
        elif what == "control":
            out += control(number, flags_, content)
        else:
            out += content
    return out


def cut(whole: bytes, size: int) -> list[bytes]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


@TRIES
@given(steps, st.sampled_from([1, 3, 1000]), st.sampled_from(EXEC_PROTOCOLS))
def test_any_frames_to_a_command(fuzzed: Api, frames: list[Any], size: int, protocol: str) -> None:
    speak(fuzzed, SpdyExchange(exchange_of(fuzzed, EXEC[2]), protocol), cut(bytes_of(frames), size)[:80])


@TRIES
@given(steps, st.sampled_from([1, 3, 1000]))
def test_any_frames_to_ports(fuzzed: Api, frames: list[Any], size: int) -> None:
    speak(fuzzed, SpdyPorts(forward_of(fuzzed)), cut(bytes_of(frames), size)[:80])


# What is well formed is understood, however it is cut.


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_command_over_spdy(fuzzed: Api, size: int) -> None:
    frames = Frames()
    streams = ["error", "stdin", "stdout", "stderr"]
    said = b"".join(frames.open(2 * n + 1, [("streamType", kind)]) for n, kind in enumerate(streams))
    said += data(3, b"echo out; echo err >&2; exit 5\n") + control(PING, 0, b"\0\0\0\1")
    speaker = SpdyExchange(exchange_of(fuzzed, EXEC[2]), "v4.channel.k8s.io")
    heard = b""
    for piece in cut(said, size):
        speaker.hear(piece)
        heard += b"".join(speaker.take())
    fuzzed.cluster.run_for(1)
    heard += b"".join(speaker.take())
    read = frames_of(heard)
    assert [number for number, _flags, _content in read if number < 0] == [-2, -2, -2, -2, -6]
    contents = dict.fromkeys((1, 3, 5, 7), b"")
    for number, _flags, content in read:
        if number > 0:
            contents[number] += content
    status = json.loads(contents[1])
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "5"}]
    assert (contents[5], contents[7], contents[3]) == (b"out\n", b"err\n", b"")
    assert {number for number, flags_, _content in read if flags_ & FIN} == {1, 3, 5, 7}
    speaker.stop()


def frames_of(sent: bytes) -> list[tuple[int, int, bytes]]:
    """(stream, or the control frame's type below 0; flags; content) of each frame."""
    found = []
    while sent:
        first, length = int.from_bytes(sent[:4], "big"), int.from_bytes(sent[5:8], "big")
        number = -(first & 0xFFFF) if first & 0x80000000 else first
        found.append((number, sent[4], sent[8 : 8 + length]))
        sent = sent[8 + length :]
    return found


def test_a_stream_of_no_known_kind_is_reset(fuzzed: Api) -> None:
    speaker = SpdyExchange(exchange_of(fuzzed, EXEC[2]), "v4.channel.k8s.io")
    speaker.hear(Frames().open(1, [("streamType", "nothing")]))
    assert frames_of(b"".join(speaker.take())) == [(-RST_STREAM, 0, b"\0\0\0\1\0\0\0\5")]
    speaker.stop()


def test_what_is_no_spdy_ends_the_session(fuzzed: Api) -> None:
    speaker = SpdyPorts(forward_of(fuzzed))
    speaker.hear(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    # As a frame of data it is for a stream that there is not, and does no harm.
    assert (speaker.over, speaker.take()) == (False, [])
    speaker.stop()
    speaker = SpdyPorts(forward_of(fuzzed))
    speaker.hear(b"\x80\x02\x00\x01\x00\x00\x00\x00" * 200_000)
    assert (speaker.over, frames_of(speaker.take()[0])) == (True, [(-GOAWAY, 0, b"\0\0\0\0\0\0\0\1")])
    speaker.stop()
