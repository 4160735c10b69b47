"""`redis-cli`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from cluster_engine.containers.network.client import Timeout, connect
from cluster_engine.containers.network.fabric import ConnectFault, Connection
from cluster_engine.containers.pipe import read_line
from cluster_engine.containers.process import decode
from cluster_engine.containers.programs.network import BadAddress, resolve
from cluster_engine.containers.programs.options import arguments
from cluster_engine.containers.runner import Program
from cluster_engine.containers.servers.redis_data import Ok, RedisFault, Reply
from cluster_engine.containers.servers.redis_protocol import decode_reply, encode_reply

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

PORT = 6379


def show(reply: Reply, *, raw: bool, indent: str = "") -> str:
    """A reply as redis-cli prints it: at a terminal with types, into a pipe bare."""
    if isinstance(reply, list):
        if raw:
            return "".join(show(item, raw=True) for item in reply)
        if not reply:
            return "(empty array)\n"
        width = len(str(len(reply)))
        lines = []
        for index, item in enumerate(reply, 1):
            text = show(item, raw=False, indent=indent + " " * (width + 2))
            lines.append(f"{indent if index > 1 else ''}{index:>{width}}) {text}")
        return "".join(lines)
    if isinstance(reply, RedisFault):
        # Bare, an error has an empty line after it.
        return f"{reply}\n\n" if raw else f"(error) {reply}\n"
    if reply is None:
        return "\n" if raw else "(nil)\n"
    if isinstance(reply, int):
        return f"{reply}\n" if raw else f"(integer) {reply}\n"
    if raw or isinstance(reply, Ok) or "\r\n" in reply:
        return f"{reply}\n" if not reply.endswith("\n") else str(reply)
    return '"' + str(reply).replace("\\", "\\\\").replace('"', '\\"') + '"\n'


def redis_cli(process: Process) -> Program:
    host, port, password = "127.0.0.1", PORT, ""
    words: list[str] = []
    # An error reply is an exit code only where that is asked for.
    exits_with_errors = False
    queue = arguments(process)
    while queue:
        word = queue.pop(0)
        if word in ("-h", "-p", "-a", "-n", "-u", "-r", "-i") and queue and not words:
            value = queue.pop(0)
            host = value if word == "-h" else host
            port = int(value) if word == "-p" and value.isdigit() else port
            password = value if word == "-a" else password
        elif word == "-e" and not words:
            exits_with_errors = True
        elif word in ("--raw", "--no-raw", "--no-auth-warning", "-c") and not words:
            continue
        elif word in ("-v", "--version") and not words:
            process.out(f"redis-cli {process.container.plan.facts.get('version', '7.4.2')}\n")
            return 0
        else:
            words.append(word)
    try:
        address = yield from resolve(process, host)
        connection = yield from connect(process.pod, address, port)
    except BadAddress:
        process.err(f"Could not connect to Redis at {host}:{port}: Name or service not known\n")
        return 1
    except (ConnectFault, Timeout) as fault:
        kind = fault.kind if isinstance(fault, ConnectFault) else "timeout"
        reason = {"refused": "Connection refused", "timeout": "Connection timed out"}.get(kind, "No route to host")
        process.err(f"Could not connect to Redis at {host}:{port}: {reason}\n")
        return 1
    if password:
        connection.send(encode_reply(["AUTH", password]))
        connection.incoming.take()
    raw = process.terminal is None or "--raw" in process.argv
    if words:
        connection.send(encode_reply(words))
        failed = _print_replies(process, connection, raw=raw)
        connection.finish()
        return int(failed and exits_with_errors)
    return (yield from _converse(process, connection, f"{host}:{port}", raw=raw))


def _print_replies(process: Process, connection: Connection, *, raw: bool) -> bool:
    """Whether the last reply is an error."""
    data, failed = connection.incoming.take(), False
    while data and (found := decode_reply(data)) is not None:
        reply, data = found
        process.out(show(reply, raw=raw))
        failed = isinstance(reply, RedisFault)
    return failed


def _converse(process: Process, connection: Connection, where: str, *, raw: bool) -> Program:
    while True:
        if process.terminal is not None:
            process.out(f"{where}> ")
        line = decode((yield from read_line(process.stdin)))
        words = shlex.split(line) if line.count('"') % 2 == 0 and line.count("'") % 2 == 0 else []
        if not line or (words and words[0].lower() in ("quit", "exit")):
            connection.finish()
            return 0
        if words:
            connection.send(encode_reply(words))
            _print_replies(process, connection, raw=raw)
            if connection.incoming.closed:
                return 1
