"""What a container printed: the last part of it, line by line with its time. Follows the CRI log format."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from cluster_engine.clock import SECOND_US, rfc3339_of_second

MAX_BYTES = 256 * 1024
# What a line may hold before it is cut, as containerd does.
MAX_LINE = 16 * 1024


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of a log is asked for; None where nothing is said. Times are virtual microseconds."""

    since_us: int | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None
    timestamps: bool = False
    stream: str = "All"


@dataclass(frozen=True, slots=True)
class LogLine:
    time_us: int
    stream: str
    data: bytes


class LogRing:
    """The log of one run of a container, bounded: the oldest lines go first."""

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque()
        self._bytes = 0
        # Lines that have gone already: a reader's place counts from the first line ever.
        self._dropped = 0
        self._partial: dict[str, bytes] = {}
        self.listeners: list[Callable[[], None]] = []

    @property
    def end(self) -> int:
        """The number of lines ever written."""
        return self._dropped + len(self._lines)

    def write(self, stream: str, data: bytes, now_us: int) -> None:
        """Adds output; a line counts from its newline on."""
        data = self._partial.pop(stream, b"") + data
        *whole, rest = data.split(b"\n")
        for line in whole:
            self._add(stream, line + b"\n", now_us)
        while len(rest) > MAX_LINE:
            self._add(stream, rest[:MAX_LINE], now_us)
            rest = rest[MAX_LINE:]
        if rest:
            self._partial[stream] = rest
        if whole:
            for listener in tuple(self.listeners):
                listener()

    def flush(self, now_us: int) -> None:
        """The container has ended: what has no newline counts as it is."""
        for stream, data in self._partial.items():
            self._add(stream, data, now_us)
        self._partial.clear()
        for listener in tuple(self.listeners):
            listener()

    def _add(self, stream: str, data: bytes, now_us: int) -> None:
        self._lines.append(LogLine(now_us, stream, data))
        self._bytes += len(data)
        while self._bytes > MAX_BYTES:
            self._bytes -= len(self._lines.popleft().data)
            self._dropped += 1

    def since(self, place: int) -> tuple[list[LogLine], int]:
        """(the lines from that place on, the place after them); a place of 0 is the beginning."""
        start = max(place - self._dropped, 0)
        return list(islice(self._lines, start, None)), self.end

    def select(self, options: LogOptions) -> tuple[list[LogLine], int]:
        """The lines that are asked for, and the place from which to follow. `limit_bytes` is the caller's."""
        lines = [
            line
            for line in self._lines
            if (options.since_us is None or line.time_us >= options.since_us)
            and (options.stream == "All" or line.stream == options.stream.lower())
        ]
        if options.tail_lines is not None:
            lines = lines[-options.tail_lines :] if options.tail_lines > 0 else []
        return lines, self.end


def rfc3339_nano(time_us: int) -> str:
    """A time with nine digits after the point, as the kubelet prints it."""
    second, micro = divmod(time_us, SECOND_US)
    return f"{rfc3339_of_second(second)[:-1]}.{micro:06d}000Z"


def render(lines: list[LogLine], options: LogOptions) -> bytes:
    """The bytes of some lines."""
    if not options.timestamps:
        return b"".join(line.data for line in lines)
    return b"".join(f"{rfc3339_nano(line.time_us)} ".encode() + line.data for line in lines)
