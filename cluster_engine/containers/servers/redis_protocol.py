"""The protocol of Redis (RESP2)."""

from __future__ import annotations

import re
import shlex

from cluster_engine.containers.process import decode, encode
from cluster_engine.containers.servers.redis_data import Ok, RedisFault, Reply


def encode_reply(reply: Reply) -> bytes:
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, RedisFault):
        return f"-{reply}\r\n".encode()
    if isinstance(reply, Ok):
        return f"+{reply}\r\n".encode()
    if isinstance(reply, int):
        return f":{reply}\r\n".encode()
    if isinstance(reply, list):
        return f"*{len(reply)}\r\n".encode() + b"".join(encode_reply(item) for item in reply)
    data = encode(reply)
    return f"${len(data)}\r\n".encode() + data + b"\r\n"


def decode_reply(data: bytes) -> tuple[Reply, bytes] | None:
    """(the first reply in some bytes, what is left), or None while it is not whole."""
    line, found, rest = data.partition(b"\r\n")
    if not found:
        return None
    kind, text = line[:1], decode(line[1:])
    if kind == b"+":
        return Ok(text), rest
    if kind == b"-":
        return RedisFault(text), rest
    if kind == b":":
        return int(text), rest
    size = int(text) if re.fullmatch(r"-?\d+", text) else -1
    if size < 0:
        return None, rest
    if kind == b"$":
        return (decode(rest[:size]), rest[size + 2 :]) if len(rest) >= size + 2 else None
    items: list[Reply] = []
    for _ in range(size):
        inner = decode_reply(rest)
        if inner is None:
            return None
        items.append(inner[0])
        rest = inner[1]
    return items, rest


def parse_command(data: bytes) -> tuple[list[str], bytes] | None:
    """The first command in some bytes: an array, or a plain line."""
    if data.startswith(b"*"):
        found = decode_reply(data)
        return ([str(word) for word in found[0] or []], found[1]) if found is not None else None
    line, end, rest = data.partition(b"\n")
    if not end:
        return None
    try:
        return shlex.split(decode(line).strip()), rest
    except ValueError:
        return ["ERROR"], rest
