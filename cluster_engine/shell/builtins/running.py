"""`xargs`, `watch`, `timeout`, `time`, `nohup`, `yes`: commands that run others."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from datetime import UTC, datetime

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Output, Process, Stream, Wait, read_all
from cluster_engine.shell import programs
from cluster_engine.shell.builtins.arguments import OptionError, read
from cluster_engine.shell.builtins.basics import seconds_of
from cluster_engine.shell.environment import Environment, Streams

MAX_RUNS = 1000
TIMED_OUT = 124
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
_MIN_INTERVAL = 0.1


def xargs(env: Environment, args: list[str], streams: Streams) -> Process:
    options: dict[str, str] = {}
    queue = list(args)
    # Options end at the first word: what follows is the command's.
    while queue and queue[0].startswith("-") and len(queue[0]) > 1:
        arg = queue.pop(0)
        letter = {"--no-run-if-empty": "r", "--max-args": "n"}.get(arg, arg[1])
        if letter in "nILPd":
            value = arg[2:] if not arg.startswith("--") and len(arg) > 2 else (queue.pop(0) if queue else "")
            options[letter] = value
        elif letter in "rt0":
            options[letter] = ""
        else:
            streams.err.line(f"xargs: invalid option -- '{letter}'")
            return 1
    text = yield from read_all(streams.stdin)
    try:
        batches = _batches(text, options)
    except ValueError as error:
        streams.err.line(f"xargs: {error}")
        return 1
    command = queue or ["echo"]
    code = 0
    for batch in batches:
        words = [word.replace(options["I"], batch[0]) for word in command] if "I" in options else [*command, *batch]
        if "t" in options:
            streams.err.line(" ".join(words))
        inner = Streams(Stream(closed=True), streams.out, streams.err)
        if (yield from env.run_words(env, words, inner)):
            code = 123
    return code


def _batches(text: str, options: dict[str, str]) -> list[list[str]]:
    if "I" in options or "L" in options:
        items = [line.strip() for line in text.split("\n") if line.strip()]
    elif "d" in options:
        separator = {"\\n": "\n", "\\t": "\t", "\\0": "\0"}.get(options["d"], options["d"]) or "\n"
        items = [item for item in text.removesuffix("\n").split(separator) if item]
    elif "0" in options:
        items = [item for item in text.split("\0") if item]
    else:
        try:
            items = shlex.split(text)
        except ValueError:
            raise ValueError(
                "unmatched quote; by default quotes are special to xargs unless you use the -0 option"
            ) from None
    size = 1 if "I" in options or "L" in options else int(options["n"]) if options.get("n", "").isdigit() else 5000
    batches = [items[at : at + max(size, 1)] for at in range(0, len(items), max(size, 1))]
    if len(batches) > MAX_RUNS:
        raise ValueError(f"the command would be run {len(batches):,} times, at most {MAX_RUNS:,} are allowed")
    if not batches and "r" not in options and "I" not in options:
        return [[]]
    return batches


def watch(env: Environment, args: list[str], streams: Streams) -> Process:
    """Runs a line every two seconds and paints what it prints; Ctrl-C ends it."""
    interval, title = 2.0, True
    queue = list(args)
    while queue and queue[0].startswith("-"):
        arg = queue.pop(0)
        if arg.startswith(("-n", "--interval")):
            text = arg.removeprefix("--interval").removeprefix("-n").lstrip("=") or (queue.pop(0) if queue else "")
            seconds = seconds_of(text)
            if seconds is None:
                streams.err.line(f"watch: failed to parse argument: '{text}'")
                return 1
            interval = max(seconds, _MIN_INTERVAL)
        elif arg in ("-t", "--no-title"):
            title = False
        elif arg not in ("-d", "-c", "-b", "-x", "-e", "-g", "--color", "--differences"):
            streams.err.line(f"watch: invalid option -- '{arg.lstrip('-')}'")
            return 1
    if not queue:
        streams.err.line("Usage:\n watch [options] command")
        return 1
    line = " ".join(queue)
    clock = env.cluster.clock
    while True:
        parts: list[str] = []
        inside = Streams(Stream(closed=True), Output(parts.append), Output(parts.append))
        yield from programs.run_apart(env, line, "watch", [], inside)
        now = datetime.fromtimestamp(clock.now_us // SECOND_US, UTC)
        head = (
            f"Every {interval:.1f}s: {line}    podarium: {now:%a %b} {now.day:2d} {now:%H:%M:%S %Y}\n\n"
            if title
            else ""
        )
        # The clock of a frame does not count as output for ever: old frames are painted over.
        streams.out.write(_CLEAR + head + "".join(parts))
        deadline_us = clock.now_us + round(interval * SECOND_US)
        while clock.now_us < deadline_us:
            yield Wait(deadline_us=deadline_us)


def timeout(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        _, words = read(args[:1] if args[:1] and not args[0].startswith("-") else args, "v", "sk")
    except OptionError as error:
        streams.err.line(f"timeout: {error}")
        return 125
    rest = args[1:] if args[:1] == words else words[1:]
    seconds = seconds_of(words[0]) if words else None
    if seconds is None or not rest:
        streams.err.line(
            f"timeout: invalid time interval '{words[0]}'" if words and seconds is None else "timeout: missing operand"
        )
        return 125
    return (yield from _limited(env, seconds, env.run_words(env, rest, streams)))


def _limited(env: Environment, seconds: float, process: Process) -> Process:
    """Runs a process for so long at most."""
    clock = env.cluster.clock
    deadline_us = clock.now_us + round(seconds * SECOND_US)
    try:
        while True:
            try:
                wait = next(process)
            except StopIteration as done:
                return int(done.value or 0)
            if (yield from _until(wait, deadline_us, env)):
                return TIMED_OUT
    finally:
        process.close()


def _until(wait: Wait, deadline_us: int, env: Environment) -> Generator[Wait, None, bool]:
    """Waits for what a process waits for; whether the deadline came first."""
    own = wait.deadline_us
    if own is None and not wait.watches and not wait.streams:
        own = env.cluster.clock.now_us
    yield Wait(wait.watches, deadline_us if own is None else min(own, deadline_us), wait.streams)
    if any(len(one) or one.ended for one in wait.watches) or any(stream.ready for stream in wait.streams):
        return False
    return env.cluster.clock.now_us >= deadline_us and (wait.deadline_us is None or wait.deadline_us > deadline_us)


def nohup(env: Environment, args: list[str], streams: Streams) -> Process:
    return (yield from env.run_words(env, args, streams)) if args else 125


def yes(env: Environment, args: list[str], streams: Streams) -> Process:
    """Prints in pieces, so that `yes | head` ends and others have their turn."""
    line = (" ".join(args) or "y") + "\n"
    while True:
        streams.out.write(line * max(1, 1000 // len(line)))
        if env.budget.spend(50):
            yield Wait(deadline_us=env.cluster.clock.now_us + 1000)
