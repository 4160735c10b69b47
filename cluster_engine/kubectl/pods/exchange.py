"""The exchange of bytes with a container, for exec, attach and cp. Follows client-go's tools/remotecommand."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.client.kubelet_api import translated
from cluster_engine.kubectl.errors import CommandError, ExitCode
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.pods.pollable import Pollable
from cluster_engine.kubectl.process import Process, Stream, Wait

# The channels of an exchange.
STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
# What becomes of what the container prints: (channel, bytes).
Sink = Callable[[int, bytes], None]


class Printed:
    """Shows what a container prints as text; a letter may come in two pieces."""

    def __init__(self, factory: Factory) -> None:
        self._outputs = {STDOUT: factory.out, STDERR: factory.err}
        self._decoders = {channel: codecs.getincrementaldecoder("utf-8")("replace") for channel in self._outputs}

    def __call__(self, channel: int, data: bytes) -> None:
        self._outputs[channel].write(self._decoders[channel].decode(data))


def converse(
    factory: Factory,
    pod: Obj,
    subresource: str,
    parameters: dict[str, list[str]],
    *,
    stdin: Stream | bytes | None,
    tty: bool = False,
    sink: Sink | None = None,
) -> Process:
    """Exchanges bytes with a container until it is over.

    0, or ExitCode for another code, which is told. Raises CommandError where it does not come to it.
    """
    exchange = _open(factory, pod, subresource, parameters, has_stdin=stdin is not None, tty=tty)
    pollable = Pollable(exchange)
    show = sink or Printed(factory)
    source = stdin if isinstance(stdin, Stream) else None
    if isinstance(stdin, bytes):
        exchange.receive(STDIN, stdin)
        exchange.close(STDIN)
    if tty and source is not None:
        _give_terminal(exchange, source)
    waiting, status = source, b""
    try:
        while True:
            pollable.look()
            ended = pollable.ended
            while (part := exchange.read()) is not None:
                channel, data = part
                if channel == ERROR:
                    status += data
                else:
                    show(channel, data)
            if ended:
                break
            if waiting is not None and waiting.ready:
                text = waiting.take()
                if text:
                    exchange.receive(STDIN, text.encode())
                elif waiting.closed:
                    exchange.close(STDIN)
                    waiting = None
                continue
            yield Wait(watches=(pollable,), streams=(waiting,) if waiting is not None else ())
    finally:
        pollable.stop()
        if source is not None:
            source.raw, source.on_resize = False, None
    return _exit_code(factory, status)


def _open(
    factory: Factory, pod: Obj, subresource: str, parameters: dict[str, list[str]], *, has_stdin: bool, tty: bool
) -> Any:
    if has_stdin:
        parameters = {**parameters, "stdin": ["true"]}
    # A terminal has one stream for both kinds of output.
    parameters = {**parameters, **({"tty": ["true"]} if tty else {"stderr": ["true"]})}
    try:
        return factory.request(
            "create",
            factory.mapper.resource("pods"),
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            subresource=subresource,
            parameters=parameters,
        )
    except ApiError as error:
        if error.reason == "Forbidden":
            raise
        # To a client that wants another protocol this is a refusal of the protocol, in the server's words.
        raise CommandError(error.message) from None


def _give_terminal(exchange: Any, stdin: Stream) -> None:
    """Every key goes to the container from now on, and so does the size of the window."""

    def resized(columns: int, rows: int) -> None:
        exchange.receive(RESIZE, json.dumps({"Width": columns, "Height": rows}).encode())

    stdin.raw, stdin.on_resize = True, resized
    resized(stdin.columns, stdin.rows)


def _exit_code(factory: Factory, status: bytes) -> int:
    """What the last message on the error channel says."""
    if not status:
        return 0
    try:
        said = json.loads(translated(status))
    except ValueError:
        raise CommandError(status.decode(errors="replace")) from None
    if said.get("status") == "Success":
        return 0
    if said.get("reason") == "NonZeroExitCode":
        causes = dig(said, "details", "causes", default=())
        code = next((int(one["message"]) for one in causes if one.get("reason") == "ExitCode"), 1)
        factory.err.line(f"command terminated with exit code {code}")
        raise ExitCode(code)
    raise CommandError(said.get("message", ""))
