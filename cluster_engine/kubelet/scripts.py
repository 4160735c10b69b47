"""What a simple command line does: how long it runs, how it ends, which files it makes on the way.

Only the shapes that people type into manifests are understood (`sleep 30`, `sh -c "echo hi; exit 1"`, `while true; do
…`). Anything else keeps running, which is what a server does.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from functools import lru_cache

SHELLS = frozenset({"sh", "bash", "ash", "dash"})
# Programs that do their work and end at once, with success.
QUICK = frozenset(
    {
        "true",
        ":",
        "echo",
        "printf",
        "date",
        "env",
        "printenv",
        "ls",
        "cat",
        "cp",
        "mv",
        "mkdir",
        "chmod",
        "chown",
        "touch",
        "rm",
        "wget",
        "curl",
        "nslookup",
        "dig",
        "ping",
        "hostname",
        "uname",
        "id",
        "whoami",
        "pwd",
        "cd",
        "export",
        "set",
        "ln",
        "test",
        "[",
        "sed",
        "awk",
        "grep",
        "head",
        "wc",
        "seq",
        "expr",
        "kubectl",
        "mysqladmin",
        "pg_isready",
        "redis-cli",
        "python",
        "python3",
        "perl",
    }
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PERL_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a container's process does. `exits_after_seconds` None means that it runs until it is stopped."""

    exits_after_seconds: float | None = None
    exit_code: int = 0
    # (seconds after the start, path, whether the file is there from then on)
    files: tuple[tuple[float, str, bool], ...] = ()
    # How long it takes to end after SIGTERM; None means that it does not listen and is killed at the end of the grace.
    stops_after_seconds: float | None = 0.2
    stop_exit_code: int = 0
    # The program is not in the image: the container cannot even start.
    missing_program: str = ""

    def file_exists(self, path: str, seconds: float) -> bool:
        """Whether a file that the script makes is there, so long after the start."""
        there = False
        for when, name, exists in self.files:
            if name == path and when <= seconds:
                there = exists
        return there


# What a server does: it runs until it is told to stop.
SERVES = Behaviour()


@dataclass(slots=True)
class _Run:
    """The state of a script that is followed line by line."""

    seconds: float = 0.0
    exit_code: int = 0
    ended: bool = False
    forever: bool = False
    trapped: bool = False
    files: list[tuple[float, str, bool]] = field(default_factory=list)


def base_name(program: str) -> str:
    return program.rsplit("/", 1)[-1]


def seconds_of(words: list[str]) -> float | None:
    """What `sleep WORDS` waits; None for `infinity`."""
    total = 0.0
    for word in words:
        found = _DURATION.fullmatch(word)
        if found is None:
            return None
        total += float(found[1]) * _UNIT_SECONDS[found[2]]
    return total


@lru_cache(maxsize=1024)
def behaviour_of(argv: tuple[str, ...]) -> Behaviour | None:
    """What that command line does, or None where it is not a simple one (a server, say)."""
    program = base_name(argv[0])
    if program in SHELLS:
        for index, word in enumerate(argv[1:], start=1):
            if word.startswith("-") and word.endswith("c") and index + 1 < len(argv):
                return _follow(argv[index + 1])
        # A shell without a script reads its standard input, which is empty.
        return Behaviour(exits_after_seconds=0.05) if len(argv) == 1 else None
    run = _Run()
    known = _simple(run, list(argv))
    if not known and not run.ended:
        return None
    # The first process of a container ignores SIGTERM unless it handles it; sleep does not.
    return Behaviour(
        exits_after_seconds=None if run.forever else max(run.seconds, 0.05),
        exit_code=run.exit_code,
        files=tuple(run.files),
        stops_after_seconds=None,
        stop_exit_code=137,
    )


def _follow(script: str) -> Behaviour:
    """A shell script, taken apart at `;`, `&&` and new lines."""
    run = _Run()
    body = script.strip()
    loop = re.search(r"\bwhile\b|\buntil\b|\bfor\s*\(\(\s*;;", body)
    head = body[: loop.start()] if loop else body
    for statement in re.split(r";|\n|&&", head):
        if run.ended or run.forever:
            break
        _statement(run, statement.strip())
    if loop and not run.ended:
        run.forever = True
    return Behaviour(
        exits_after_seconds=None if run.forever else max(run.seconds, 0.05),
        exit_code=run.exit_code,
        files=tuple(run.files),
        stops_after_seconds=0.2 if run.trapped else None,
        stop_exit_code=0 if run.trapped else 137,
    )


def _statement(run: _Run, statement: str) -> None:
    if not statement or statement.startswith("#"):
        return
    try:
        words = shlex.split(statement.split("||", maxsplit=1)[0])
    except ValueError:
        run.exit_code, run.ended = 2, True
        return
    if not words:
        return
    if words[0] == "exec" and len(words) > 1:
        words = words[1:]
    if words[0] == "trap":
        run.trapped = True
        return
    if ">" in words and words.index(">") + 1 < len(words):
        run.files.append((run.seconds, words[words.index(">") + 1], True))
    if not _simple(run, words) and not run.ended and "=" not in words[0]:
        # A program that we do not know, run by a shell, is taken for a server.
        run.forever = True


def _simple(run: _Run, words: list[str]) -> bool:
    """Runs one simple command; False where it is not known."""
    program, arguments = base_name(words[0]), words[1:]
    if program == "sleep":
        seconds = seconds_of(arguments)
        if seconds is None:
            run.forever = True
        else:
            run.seconds += seconds
            run.exit_code = 0
        return True
    if program == "exit":
        code = arguments[0] if arguments else str(run.exit_code)
        run.exit_code = int(code) & 255 if code.isdigit() else 2
        run.ended = True
        return True
    if program == "false":
        run.exit_code = 1
        return True
    if program == "tail" and any(word.startswith("-") and "f" in word.lower() for word in arguments):
        run.forever = True
        return True
    if program == "perl" and any("bpi" in word for word in arguments):
        run.seconds += _PERL_SECONDS
        return True
    if program in ("python", "python3", "perl") and not any(word.startswith("-") for word in arguments):
        return False
    if program in QUICK:
        paths = [word for word in arguments if not word.startswith("-")]
        if program in ("touch", "rm"):
            run.files.extend((run.seconds, path, program == "touch") for path in paths)
        run.exit_code = 0
        return True
    return False
