"""`ls`, `cat`, `rm`, `tee`, `touch`, `date`: files, and the cluster's time."""

from __future__ import annotations

from datetime import UTC, datetime

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Process, read_all, read_chunks
from cluster_engine.shell.builtins.arguments import OptionError, read
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.files import tidy


def ls(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "l1aAhtr")
    except OptionError as error:
        streams.err.line(f"ls: {error}")
        return 2
    names = env.files.list()
    code = 0
    for word in words or ["."]:
        prefix = tidy(word)
        if prefix in names:
            found = [prefix]
        else:
            head = f"{prefix}/" if prefix else ""
            found = sorted({_first(name[len(head) :]) for name in names if name.startswith(head)})
            if prefix and not found:
                streams.err.line(f"ls: cannot access '{word}': No such file or directory")
                code = 2
        for name in found:
            size = len(env.files.read(name)) if name in names else 0
            streams.out.line(f"-rw-r--r-- 1 root root {size:7d} {name}" if "l" in options else name)
    return code
    yield


def _first(rest: str) -> str:
    head, slash, _ = rest.partition("/")
    return head + slash


def cat(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "n")
    except OptionError as error:
        streams.err.line(f"cat: {error}")
        return 1
    code = 0
    if not words and "n" not in options:
        while chunk := (yield from read_chunks(streams.stdin)):
            streams.out.write(chunk)
        return 0
    for word in words or ["-"]:
        try:
            text = (yield from read_all(streams.stdin)) if word == "-" else env.files.read(word)
        except FileNotFoundError:
            streams.err.line(f"cat: {word}: No such file or directory")
            code = 1
            continue
        if "n" in options:
            text = "".join(f"{number:6d}\t{line}" for number, line in enumerate(text.splitlines(keepends=True), 1))
        streams.out.write(text)
    return code


def rm(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "frRi")
    except OptionError as error:
        streams.err.line(f"rm: {error}")
        return 1
    if not words and "f" not in options:
        streams.err.line("rm: missing operand")
        return 1
    code = 0
    for word in words:
        name = tidy(word)
        inside = (
            [path for path in env.files.list() if path.startswith(f"{name}/")]
            if "r" in options or "R" in options
            else []
        )
        try:
            for path in inside or [name]:
                env.files.delete(path)
        except FileNotFoundError:
            if "f" not in options:
                streams.err.line(f"rm: cannot remove '{word}': No such file or directory")
                code = 1
    return code
    yield


def touch(env: Environment, args: list[str], streams: Streams) -> Process:
    for word in args:
        try:
            env.files.read(word)
        except FileNotFoundError:
            try:
                env.files.write(word, "")
            except OSError as error:
                streams.err.line(f"touch: cannot touch '{word}': {error}")
                return 1
    return 0
    yield


def tee(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "a")
    except OptionError as error:
        streams.err.line(f"tee: {error}")
        return 1
    text = yield from read_all(streams.stdin)
    streams.out.write(text)
    code = 0
    for word in words:
        try:
            before = env.files.read(word) if "a" in options and tidy(word) in env.files.list() else ""
            env.files.write(word, before + text)
        except OSError as error:
            streams.err.line(f"tee: {word}: {error}")
            code = 1
    return code


def date(env: Environment, args: list[str], streams: Streams) -> Process:
    """The cluster's virtual time."""
    now = datetime.fromtimestamp(env.cluster.clock.now_us // SECOND_US, UTC)
    if args and args[0].startswith("+"):
        streams.out.line(now.strftime(args[0][1:]))
    else:
        streams.out.line(now.strftime("%a %b %e %H:%M:%S UTC %Y"))
    return 0
    yield
