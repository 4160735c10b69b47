"""A program on a terminal: typed into, and read until it says something."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Sequence

READ_SECONDS = 30.0


class Pseudoterminal:
    """Runs a program on a terminal of 111 columns and 40 rows."""

    def __init__(self, program: Sequence[str], environment: dict[str, str]) -> None:
        self._seen = ""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            try:
                os.execvpe(program[0], list(program), {**environment, "TERM": "xterm"})  # noqa: S606
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 111, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def read_until(self, words: str) -> str:
        """What has been shown up to those words; fails when they do not come."""
        end = time.monotonic() + READ_SECONDS
        while words not in self._seen and time.monotonic() < end and self._more():
            pass
        assert words in self._seen, self._seen
        before, found, self._seen = self._seen.partition(words)
        return before + found

    def finish(self) -> tuple[str, int]:
        """(what was shown until the program ended, its exit code)."""
        end = time.monotonic() + READ_SECONDS
        while time.monotonic() < end and self._more():
            pass
        os.close(self._fd)
        _, status = os.waitpid(self._pid, 0)
        return self._seen, os.waitstatus_to_exitcode(status)

    def _more(self) -> bool:
        """Waits for a moment; False when the program has closed its terminal."""
        ready, _, _ = select.select([self._fd], [], [], 0.2)
        if not ready:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self._seen += data.decode(errors="replace")
        return bool(data)
