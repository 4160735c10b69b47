"""A terminal between a person and the processes of an exec: echo, line editing, Ctrl-C and Ctrl-D."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.containers.pipe import Pipe
from cluster_engine.containers.process import SIGINT, SIGQUIT
from cluster_engine.containers.runner import Waitable

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_INTERRUPT, _END, _QUIT, _ERASE, _ERASE_LINE, _ERASE_WORD = 0x03, 0x04, 0x1C, (0x7F, 0x08), 0x15, 0x17


class Terminal:
    """What is typed goes in at `type_`, what is shown comes out at `show`; processes read `stdin`, write to it."""

    broken = False
    room: Waitable | None = None

    def __init__(self, show: Callable[[bytes], None]) -> None:
        self.stdin = Pipe()
        self._show = show
        self._line = bytearray()
        self._escape = False
        self.columns, self.rows = 80, 24
        # The first process: Ctrl-C goes to it and to all that it has started.
        self.leader: Process | None = None

    def write(self, data: bytes) -> None:
        """Output of a process."""
        self._show(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    def type_(self, data: bytes) -> None:
        """Input of a person, key by key."""
        for byte in data:
            self._key(byte)

    def hang_up(self) -> None:
        """The person is gone."""
        self.stdin.close()

    def _key(self, byte: int) -> None:
        if self._escape:
            # The rest of an arrow key or the like: `ESC [ A`.
            self._escape = byte in b"[O;" or 0x30 <= byte <= 0x39
            return
        if byte == 0x1B:
            self._escape = True
        elif byte in (_INTERRUPT, _QUIT):
            self._show(b"^C\r\n" if byte == _INTERRUPT else b"^\\\r\n")
            self._line.clear()
            self._interrupt(SIGINT if byte == _INTERRUPT else SIGQUIT)
        elif byte == _END:
            if self._line:
                self._send()
            else:
                self.stdin.close()
        elif byte in _ERASE:
            if self._line:
                while self._line and self._line.pop() & 0xC0 == 0x80:
                    pass
                self._show(b"\b \b")
        elif byte in (_ERASE_LINE, _ERASE_WORD):
            keep = 0 if byte == _ERASE_LINE else self._line.rstrip().rfind(b" ") + 1
            self._show(b"\b \b" * (len(self._line) - keep))
            del self._line[keep:]
        elif byte in b"\r\n":
            self._line += b"\n"
            self._show(b"\r\n")
            self._send()
        else:
            self._line.append(byte)
            self._show(bytes([byte]))

    def _send(self) -> None:
        self.stdin.write(bytes(self._line))
        self._line.clear()

    def _interrupt(self, signal: int) -> None:
        leader = self.leader
        if leader is None:
            return
        others = [p for p in leader.pod.processes.values() if p.terminal is self and p is not leader]
        for process in others:
            process.signal(signal)
        leader.signal(signal)
        # A shell that was waiting for a line shows its prompt anew: for it, an empty one has been typed.
        if leader.alive and SIGINT in leader.handlers and not others:
            self.stdin.write(b"\n")
