"""What an image or a simple command line says about a container's life, so that it need not be run.

Anything beyond these few shapes is run in the world inside the container (`inside/`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)([smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_KILLED = 137


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a container's main process lives. Seconds are virtual, counted from its start.

    `exits_after_seconds` None: it does not end by itself. `stops_after_seconds` None: it does not listen to SIGTERM.
    """

    exits_after_seconds: float | None = None
    exit_code: int = 0
    stops_after_seconds: float | None = 0.2
    stop_exit_code: int = 0


# What a server does: it runs until it is told to stop.
SERVES = Behaviour()


@lru_cache(maxsize=1024)
def simple_behaviour(argv: tuple[str, ...]) -> Behaviour | None:
    """What `sleep`, `true`, `false`, `pause` and `tail -f /dev/null` do; None for every other command line."""
    program, words = argv[0].rsplit("/", 1)[-1], argv[1:]
    if program == "sleep" and words:
        seconds = 0.0
        for word in words:
            if word in ("infinity", "inf"):
                return _deaf(None)
            found = _DURATION.fullmatch(word)
            if found is None:
                return None
            seconds += float(found[1]) * _UNIT_SECONDS[found[2]]
        return _deaf(seconds)
    if program in ("true", "false") and not words:
        return _deaf(0.0, int(program == "false"))
    if program == "tail" and "/dev/null" in words and any(word in ("-f", "-F") for word in words):
        return _deaf(None)
    return None


def _deaf(seconds: float | None, code: int = 0) -> Behaviour:
    """The first process of a container that does not listen to SIGTERM has to be killed."""
    return Behaviour(None if seconds is None else max(seconds, 0.05), code, None, _KILLED)
