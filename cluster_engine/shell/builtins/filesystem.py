"""`ls`, `cat`, `cp`, `mv`, `rm`, `mkdir`, `rmdir`, `touch`, `tee`, `find`, `basename`, `dirname`…: files."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Process, read_all, read_chunks
from cluster_engine.shell import patterns
from cluster_engine.shell.builtins.arguments import OptionError, read
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.files import HOME
from cluster_engine.shell.redirect import reason


def ls(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "l1aAhtrRdFSsU", long={"all": "a", "color": "U", "human-readable": "h"})
    except OptionError as error:
        streams.err.line(f"ls: {error}")
        return 2
    code = 0
    files = [word for word in words if env.files.is_file(word)]
    directories = [word for word in words or ["."] if env.files.is_directory(word)]
    for word in words:
        if word not in files and word not in directories:
            streams.err.line(f"ls: cannot access '{word}': No such file or directory")
            code = 2
    if "d" in options:
        files, directories = [*files, *directories], []
    _list(env, [(name, name) for name in files], options, streams)
    for index, directory in enumerate(directories):
        if len(directories) > 1 or files:
            streams.out.write("\n" * bool(index or files) + f"{directory}:\n")
        names = [
            name
            for name in env.files.children(directory)
            if not name.startswith(".") or "a" in options or "A" in options
        ]
        _list(env, [(name, posixpath.join(directory, name)) for name in names], options, streams, total="l" in options)
    return code
    yield


def _list(
    env: Environment, entries: list[tuple[str, str]], options: dict[str, str], streams: Streams, *, total: bool = False
) -> None:
    if "r" in options:
        entries = entries[::-1]
    if "l" not in options:
        for name, _ in entries:
            streams.out.line(name if "F" in options else name.rstrip("/"))
        return
    if total:
        streams.out.line(f"total {4 * len(entries)}")
    stamp = datetime.fromtimestamp(env.cluster.clock.now_us // SECOND_US, UTC)
    when = f"{stamp:%b} {stamp.day:2d} {stamp:%H:%M}"
    sizes = [
        4096 if name.endswith("/") or env.files.is_directory(path) else len(env.files.read(path).encode())
        for name, path in entries
    ]
    width = max((len(str(size)) for size in sizes), default=0)
    for (name, path), size in zip(entries, sizes, strict=True):
        mode = "drwxr-xr-x 2" if name.endswith("/") or env.files.is_directory(path) else "-rw-r--r-- 1"
        streams.out.line(f"{mode} root root {size:>{width}d} {when} {name.rstrip('/')}")


def cat(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "nbsAeEtTv")
    except OptionError as error:
        streams.err.line(f"cat: {error}")
        return 1
    code = 0
    if not words and not options:
        while chunk := (yield from read_chunks(streams.stdin)):
            streams.out.write(chunk)
        return 0
    number = 0
    for word in words or ["-"]:
        try:
            text = (yield from read_all(streams.stdin)) if word == "-" else env.files.read(word)
        except OSError as error:
            streams.err.line(f"cat: {reason(error)}")
            code = 1
            continue
        if options:
            lines = text.splitlines(keepends=True)
            text = "".join(_numbered(line, number + index, options) for index, line in enumerate(lines, 1))
            number += len(lines)
        streams.out.write(text)
    return code


def _numbered(line: str, number: int, options: dict[str, str]) -> str:
    if {"A", "e", "E"} & set(options):
        line = line.replace("\n", "$\n")
    if {"A", "t", "T"} & set(options):
        line = line.replace("\t", "^I")
    return f"{number:6d}\t{line}" if "n" in options or ("b" in options and line.strip()) else line


def rm(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "frRiv", long={"force": "f", "recursive": "r"})
    except OptionError as error:
        streams.err.line(f"rm: {error}")
        return 1
    if not words and "f" not in options:
        streams.err.line("rm: missing operand")
        return 1
    code = 0
    deep = "r" in options or "R" in options
    for word in words:
        if env.files.is_directory(word) and not env.files.is_file(word):
            if not deep or not env.files.tidy(word):
                why = "Is a directory" if not deep else "it is the home directory"
                streams.err.line(f"rm: cannot remove '{word}': {why}")
                code = 1
                continue
            for path in env.files.below(word):
                env.files.delete(f"{HOME}/{path}")
        elif env.files.is_file(word):
            env.files.delete(word)
        elif "f" not in options:
            streams.err.line(f"rm: cannot remove '{word}': No such file or directory")
            code = 1
    return code
    yield


def mkdir(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "pv", "m", long={"parents": "p"})
    except OptionError as error:
        streams.err.line(f"mkdir: {error}")
        return 1
    code = 0
    for word in words:
        parent = posixpath.dirname(word.rstrip("/")) or "."
        if env.files.is_file(word) or (env.files.is_directory(word) and "p" not in options):
            streams.err.line(f"mkdir: cannot create directory '{word}': File exists")
            code = 1
        elif "p" not in options and not env.files.is_directory(parent):
            streams.err.line(f"mkdir: cannot create directory '{word}': No such file or directory")
            code = 1
        elif not env.files.is_directory(word):
            env.files.make_directory(word)
    if not words:
        streams.err.line("mkdir: missing operand")
        return 1
    return code
    yield


def rmdir(env: Environment, args: list[str], streams: Streams) -> Process:
    code = 0
    for word in args:
        if not env.files.is_directory(word):
            what = "Not a directory" if env.files.is_file(word) else "No such file or directory"
        elif env.files.children(word):
            what = "Directory not empty"
        else:
            for path in env.files.below(word):
                env.files.delete(f"{HOME}/{path}")
            continue
        streams.err.line(f"rmdir: failed to remove '{word}': {what}")
        code = 1
    return code
    yield


def touch(env: Environment, args: list[str], streams: Streams) -> Process:
    for word in args:
        if not env.files.is_file(word) and not env.files.is_directory(word):
            try:
                env.files.write(word, "")
            except OSError as error:
                streams.err.line(f"touch: cannot touch '{word}': {reason(error)}")
                return 1
    return 0
    yield


def cp(env: Environment, args: list[str], streams: Streams) -> Process:
    return _copy(env, "cp", args, streams)
    yield


def mv(env: Environment, args: list[str], streams: Streams) -> Process:
    return _copy(env, "mv", args, streams)
    yield


def _copy(env: Environment, name: str, args: list[str], streams: Streams) -> int:
    try:
        options, words = read(args, "rRafvinp")
    except OptionError as error:
        streams.err.line(f"{name}: {error}")
        return 1
    if len(words) < 2:
        missing = "file operand" if not words else f"destination file operand after '{words[0]}'"
        streams.err.line(f"{name}: missing {missing}")
        return 1
    *sources, target = words
    files = env.files
    into = files.is_directory(target)
    if len(sources) > 1 and not into:
        streams.err.line(f"{name}: target '{target}': No such file or directory")
        return 1
    code = 0
    deep = name == "mv" or bool({"r", "R", "a"} & set(options))
    for source in sources:
        place = posixpath.join(target, posixpath.basename(source.rstrip("/"))) if into else target
        if files.is_directory(source):
            if not deep:
                streams.err.line(f"cp: -r not specified; omitting directory '{source}'")
                code = 1
                continue
            head = files.tidy(source)
            pairs = [(path, f"{files.tidy(place)}{path[len(head) :]}") for path in files.below(source)]
            if not head or files.tidy(place).startswith(f"{head}/"):
                streams.err.line(f"{name}: cannot copy a directory, '{source}', into itself, '{place}'")
                code = 1
                continue
        elif files.is_file(source):
            pairs = [(files.tidy(source), files.tidy(place))]
        else:
            streams.err.line(f"{name}: cannot stat '{source}': No such file or directory")
            code = 1
            continue
        for old, new in pairs:
            if old == new:
                streams.err.line(f"{name}: '{source}' and '{place}' are the same file")
                return 1
            text = files.read(f"{HOME}/{old}")
            if name == "mv":
                files.delete(f"{HOME}/{old}")
            files.write(f"{HOME}/{new}", text)
    return code


def tee(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        options, words = read(args, "ai")
    except OptionError as error:
        streams.err.line(f"tee: {error}")
        return 1
    parts: list[str] = []
    while chunk := (yield from read_chunks(streams.stdin)):
        streams.out.write(chunk)
        parts.append(chunk)
    code = 0
    for word in words:
        if word == "/dev/null":
            continue
        try:
            before = env.files.read(word) if "a" in options and env.files.is_file(word) else ""
            env.files.write(word, before + "".join(parts))
        except OSError as error:
            streams.err.line(f"tee: {word}: {reason(error)}")
            code = 1
    return code


def find(env: Environment, args: list[str], streams: Streams) -> Process:
    """`find [PATH…] [-name PATTERN] [-iname PATTERN] [-type f|d] [-maxdepth N]`"""
    places: list[str] = []
    queue = list(args)
    while queue and not queue[0].startswith("-"):
        places.append(queue.pop(0))
    tests: dict[str, str] = {}
    while queue:
        option = queue.pop(0)
        if option == "-print":
            continue
        if option not in ("-name", "-iname", "-type", "-maxdepth", "-path") or not queue:
            streams.err.line(f"find: unknown predicate '{option}'")
            return 1
        tests[option] = queue.pop(0)
    code = 0
    for place in places or ["."]:
        if not env.files.is_directory(place) and not env.files.is_file(place):
            streams.err.line(f"find: '{place}': No such file or directory")
            code = 1
            continue
        for path, is_directory in _walk(env, place):
            if _fits(path, place, is_directory, tests):
                streams.out.line(path)
    return code
    yield


def _walk(env: Environment, place: str) -> list[tuple[str, bool]]:
    if env.files.is_file(place):
        return [(place, False)]
    found = [(place, True)]
    for child in env.files.children(place):
        path = posixpath.join(place, child.rstrip("/"))
        found += _walk(env, path) if child.endswith("/") else [(path, False)]
    return found


def _fits(path: str, place: str, is_directory: bool, tests: dict[str, str]) -> bool:
    name = posixpath.basename(path) or path
    depth = 0 if path == place else path[len(place.rstrip("/")) :].count("/")
    if "-maxdepth" in tests and tests["-maxdepth"].isdigit() and depth > int(tests["-maxdepth"]):
        return False
    if "-type" in tests and (tests["-type"] == "d") != is_directory:
        return False
    if "-path" in tests and not patterns.matches(path, tests["-path"]):
        return False
    if "-iname" in tests and not patterns.matches(name.lower(), tests["-iname"].lower()):
        return False
    return "-name" not in tests or patterns.matches(name, tests["-name"])


def basename(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args:
        streams.err.line("basename: missing operand")
        return 1
    name = posixpath.basename(args[0].rstrip("/")) or "/"
    suffix = args[1] if len(args) > 1 else ""
    streams.out.line(name.removesuffix(suffix) if name != suffix else name)
    return 0
    yield


def dirname(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args:
        streams.err.line("dirname: missing operand")
        return 1
    for arg in args:
        stripped = arg.rstrip("/")
        streams.out.line(posixpath.dirname(stripped) or ("/" if arg.startswith("/") else "."))
    return 0
    yield


def realpath(env: Environment, args: list[str], streams: Streams) -> Process:
    for arg in args:
        streams.out.line(f"{HOME}/{env.files.tidy(arg)}".rstrip("/"))
    return 0
    yield


def chmod(env: Environment, args: list[str], streams: Streams) -> Process:
    """Every file here may be run: nothing to change."""
    for arg in args[1:]:
        if not env.files.is_file(arg) and not env.files.is_directory(arg) and not arg.startswith("-"):
            streams.err.line(f"chmod: cannot access '{arg}': No such file or directory")
            return 1
    return 0
    yield
