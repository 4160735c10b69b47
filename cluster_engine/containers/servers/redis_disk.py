"""What Redis keeps on disk: a snapshot at its end, and a log of writes where it is told to keep one.

The files have the real ones' names and places. A snapshot holds JSON behind the real one's first letters, the log the
protocol's own words.
"""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING

from cluster_engine.containers.servers.redis_data import Data, Reply
from cluster_engine.containers.servers.redis_protocol import encode_reply, parse_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster_engine.containers.process import Process

_HEAD = b"REDIS0009"


class Disk:
    """The files of one server. `config` is the server's, by name."""

    def __init__(self, process: Process, config: dict[str, str], version: str) -> None:
        self._process = process
        self._config = config
        major = version.split(".", maxsplit=1)[0]
        # Since version 7 the log is a folder of files.
        self._log = "appendonlydir/appendonly.aof.1.incr.aof" if major.isdigit() and int(major) >= 7 else ""

    def _path(self, name: str) -> str:
        return posixpath.join(self._config["dir"], name)

    @property
    def _log_path(self) -> str:
        return self._path(self._log or self._config.get("appendfilename", "appendonly.aof"))

    @property
    def _snapshot_path(self) -> str:
        return self._path(self._config.get("dbfilename", "dump.rdb"))

    @property
    def _keeps_log(self) -> bool:
        return self._config["appendonly"] == "yes"

    def load(self, data: Data, run: Callable[[list[str]], Reply], log: Callable[[str], None]) -> None:
        """Fills the data with what an earlier server has left."""
        fs, cwd = self._process.fs, self._process.cwd
        if self._keeps_log:
            if fs.exists(self._log_path, cwd):
                rest = fs.read(self._log_path, cwd)
                while (found := parse_command(rest)) is not None:
                    words, rest = found
                    run(words)
                log("DB loaded from append only file: 0.000 seconds")
            return
        if not fs.exists(self._snapshot_path, cwd):
            return
        text = fs.read(self._snapshot_path, cwd).removeprefix(_HEAD)
        try:
            data.load(json.loads(text))
        except (ValueError, KeyError, TypeError):
            log("Wrong signature trying to load DB from file")
            return
        log("DB loaded from disk: 0.000 seconds")

    def append(self, words: list[str]) -> None:
        """Writes a command into the log, where there is one. A full disk loses it."""
        if not self._keeps_log:
            return
        fs, process = self._process.fs, self._process
        folder = posixpath.dirname(self._log_path)
        try:
            if not fs.is_directory(folder, process.cwd):
                fs.make_directory(folder, process.cwd, process.user, parents=True)
            fs.write(self._log_path, encode_reply(words), process.cwd, process.user, append=True)
        except OSError as error:
            process.out(f"Error writing to the AOF file: {error.strerror}\n")

    def save(self, data: Data) -> str:
        """Writes the snapshot; "" or why it cannot."""
        process = self._process
        try:
            content = _HEAD + json.dumps(data.dump()).encode()
            process.fs.write(self._snapshot_path, content, process.cwd, process.user)
        except OSError as error:
            name = posixpath.basename(self._snapshot_path)
            where = f"(in server root dir {self._config['dir']})"
            return f"Failed opening the RDB file {name} {where} for saving: {error.strerror}"
        return ""

    @property
    def saves_at_the_end(self) -> bool:
        return bool(self._config["save"].strip(" '\""))
