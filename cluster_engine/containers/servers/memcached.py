"""memcached: its text protocol, over data in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.process import decode
from cluster_engine.containers.programs.options import arguments
from cluster_engine.containers.runner import Program
from cluster_engine.containers.servers.base import listen, run_until_stopped

if TYPE_CHECKING:
    from cluster_engine.containers.network.fabric import Connection
    from cluster_engine.containers.process import Process

MAX_ITEMS = 20_000
MAX_ITEM_BYTES = 1024 * 1024


class _Session:
    def __init__(self, connection: Connection, items: dict[str, tuple[str, bytes]], version: str) -> None:
        self._connection = connection
        self._items = items
        self._version = version
        self._buffer = b""
        # A `set` whose data has not come yet: (command, key, flags, bytes).
        self._open: tuple[str, str, str, int] | None = None

    def received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[: 2 * MAX_ITEM_BYTES]
        while True:
            if self._open is not None:
                command, key, flags, size = self._open
                if len(self._buffer) < size + 2:
                    return
                value, self._buffer = self._buffer[:size], self._buffer[size + 2 :]
                self._open = None
                self._store(command, key, flags, value)
                continue
            line, end, rest = self._buffer.partition(b"\n")
            if not end:
                return
            self._buffer = rest
            self._line(decode(line).strip().split())

    def ended(self) -> None:
        self._connection.close()

    def _say(self, text: str) -> None:
        self._connection.write(f"{text}\r\n".encode())

    def _store(self, command: str, key: str, flags: str, value: bytes) -> None:
        if (command == "add" and key in self._items) or (command == "replace" and key not in self._items):
            self._say("NOT_STORED")
        elif len(self._items) >= MAX_ITEMS:
            self._say("SERVER_ERROR out of memory storing object")
        else:
            self._items[key] = (flags, value)
            self._say("STORED")

    def _line(self, words: list[str]) -> None:
        match words:
            case [("set" | "add" | "replace") as command, key, flags, _, size, *_] if size.isdigit():
                if int(size) > MAX_ITEM_BYTES:
                    self._say("SERVER_ERROR object too large for cache")
                else:
                    self._open = (command, key, flags, int(size))
            case ["get" | "gets", *keys]:
                for key in keys:
                    if key in self._items:
                        flags, value = self._items[key]
                        self._connection.write(f"VALUE {key} {flags} {len(value)}\r\n".encode() + value + b"\r\n")
                self._say("END")
            case ["delete", key, *_]:
                self._say("DELETED" if self._items.pop(key, None) else "NOT_FOUND")
            case ["version"]:
                self._say(f"VERSION {self._version}")
            case ["stats", *_]:
                self._say(f"STAT version {self._version}\r\nSTAT curr_items {len(self._items)}\r\nEND")
            case ["flush_all", *_]:
                self._items.clear()
                self._say("OK")
            case ["quit"]:
                self._connection.close()
            case _:
                self._say("ERROR")


def memcached(process: Process) -> Program:
    words = arguments(process)
    version = process.container.plan.facts.get("version", "1.6.38")
    if "-V" in words or "--version" in words:
        process.out(f"memcached {version}\n")
        return 0
    port = words[words.index("-p") + 1] if "-p" in words[:-1] else "11211"
    items: dict[str, tuple[str, bytes]] = {}
    number = int(port) if port.isdigit() else 11211
    if listen(process, {number: lambda connection: _Session(connection, items, version)}) is not None:
        process.err(f"failed to listen on TCP port {number}: Address in use\n")
        return 71
    return (yield from run_until_stopped(process))
