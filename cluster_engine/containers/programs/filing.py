"""`cat`, `cp`, `mv`, `rm`, `mkdir`, `touch`, `ln`, `chmod` and other programs that read and change files."""

from __future__ import annotations

import errno
import posixpath
import re
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Device, Directory, Symlink
from cluster_engine.containers.filesystem import fault
from cluster_engine.containers.pipe import read_some
from cluster_engine.containers.process import describe
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, number, parse, plain
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell.redirections import open_to_read, open_to_write

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster_engine.containers.process import Process


def each(process: Process, paths: list[str], action: Callable[[str], None]) -> int:
    """Does something to each path; a failure is told and does not hold up the rest."""
    code = 0
    for path in paths:
        try:
            action(path)
        except OSError as error:
            process.err(f"{process.name}: {describe(error)}\n")
            code = 1
    return code


@checked
def cat(process: Process) -> Program:
    options, paths = parse(arguments(process), "nAvetsu")
    code, line = 0, 1
    for path in paths or ["-"]:
        try:
            source = process.stdin if path == "-" else open_to_read(process, path, process.fds)
        except OSError as error:
            words = f"can't open '{path}': {error.strerror}" if is_busybox(process) else describe(error)
            if error.errno == errno.EISDIR:
                words = "read error: Is a directory" if is_busybox(process) else f"{path}: Is a directory"
            process.err(f"cat: {words}\n")
            code = 1
            continue
        while data := (yield from read_some(source)):
            if "n" in options:
                text = []
                for part in data.splitlines(keepends=True):
                    text.append(f"{line:6d}\t".encode() + part)
                    line += 1
                data = b"".join(text)
            process.stdout.write(data)
            if (room := process.stdout.room) is not None:
                yield Wait(on=(room,))
            if process.stdout.broken:
                return 141
    return code


def _told(process: Process, options: dict[str, str], words: str, goal: str = "", *, coreutils: str = "") -> None:
    """With -v: what has been done. `words` are busybox', and those of coreutils where it has none of its own."""
    if "v" in options:
        words = coreutils if coreutils and not is_busybox(process) else words
        process.out(words + (f" -> '{goal}'" if goal else "") + "\n")


def is_busybox(process: Process) -> bool:
    return process.container.plan.family in ("busybox", "alpine", "any", "network")


@plain
def touch(process: Process) -> int:
    options, paths = parse(arguments(process), "camh", "dtr", long={"no-create": "c", "date": "d", "reference": "r"})

    def act(path: str) -> None:
        if process.fs.exists(path, process.cwd):
            process.fs.change(path, process.cwd, process.user, mtime_us=process.now_us)
        elif "c" not in options:
            try:
                process.fs.write(path, b"", process.cwd, process.user)
            except OSError as error:
                words = path if is_busybox(process) else f"cannot touch '{path}'"
                raise OSError(error.errno, error.strerror, words) from None

    return each(process, paths, act)


@plain
def mkdir(process: Process) -> int:
    options, paths = parse(arguments(process), "pv", "m", long={"parents": "p", "mode": "m", "verbose": "v"})
    mode = int(options["m"], 8) if re.fullmatch(r"[0-7]{3,4}", options.get("m", "")) else 0o755

    def act(path: str) -> None:
        try:
            process.fs.make_directory(path, process.cwd, process.user, parents="p" in options, mode=mode)
        except OSError as error:
            words = f"can't create directory '{path}'" if is_busybox(process) else f"cannot create directory '{path}'"
            raise OSError(error.errno, error.strerror, words) from None
        made = f"created directory: '{path}'"
        _told(process, options, made, coreutils=f"mkdir: created directory '{path}'")

    return each(process, paths, act)


@plain
def rmdir(process: Process) -> int:
    _, paths = parse(arguments(process), "pv")

    def act(path: str) -> None:
        if not isinstance(process.fs.lookup(path, process.cwd, follow=False), Directory):
            raise fault(errno.ENOTDIR, path)
        process.fs.remove(path, process.cwd, process.user)

    return each(process, paths, act)


_RM_LONG = {"recursive": "r", "force": "f", "no-preserve-root": "N", "verbose": "v"}


@plain
def rm(process: Process) -> int:
    options, paths = parse(arguments(process), "rRfidv", long=_RM_LONG)
    recursive = "r" in options or "R" in options

    def act(path: str) -> None:
        try:
            inode = process.fs.lookup(path, process.cwd, follow=False)
            if isinstance(inode, Directory) and not recursive:
                raise fault(errno.EISDIR, path)
            if process.fs.canonical(path, process.cwd, follow=False) == "/":
                raise OSError(errno.EPERM, "it is dangerous to operate recursively on '/'")
            process.fs.remove(path, process.cwd, process.user, recursive=recursive)
            kind = "directory " if isinstance(inode, Directory) else ""
            _told(process, options, f"removed '{path}'", coreutils=f"removed {kind}'{path}'")
        except OSError as error:
            if error.errno == errno.ENOENT and "f" in options:
                return
            shown = f"can't remove '{path}'" if is_busybox(process) else f"cannot remove '{path}'"
            raise OSError(error.errno, error.strerror, shown) from None

    return each(process, paths, act)


def _target(process: Process, source: str, target: str) -> str:
    """Where a source goes: into the target where that is a directory."""
    if process.fs.is_directory(target, process.cwd):
        return posixpath.join(target, posixpath.basename(source.rstrip("/")) or source)
    return target


def copy_tree(process: Process, source: str, target: str, *, recursive: bool, keep: bool) -> None:
    """Copies a file, or with `recursive` a tree; `keep` also keeps modes, owners and links."""
    fs, cwd, user = process.fs, process.cwd, process.user
    inode = fs.lookup(source, cwd, follow=not keep and not recursive)
    if isinstance(inode, Directory):
        if not recursive:
            raise OSError(0, f"omitting directory '{source}'")
        if (fs.canonical(target, cwd) + "/").startswith(fs.canonical(source, cwd) + "/"):
            raise OSError(0, f"recursion detected, omitting directory '{source}'")
        if not fs.is_directory(target, cwd):
            fs.make_directory(target, cwd, user, mode=inode.mode)
        for name in inode.names():
            copy_tree(process, posixpath.join(source, name), posixpath.join(target, name), recursive=True, keep=keep)
        return
    if isinstance(inode, Symlink):
        if fs.find(target, cwd, follow=False) is not None:
            fs.remove(target, cwd, user)
        fs.make_link(inode.target, target, cwd, user)
        return
    data = fs.read(source, cwd, user)
    if isinstance(inode, Device):
        data = b""
    fs.write(target, data, cwd, user, mode=inode.mode)
    if keep and user.uid == 0:
        fs.change(target, cwd, user, mode=inode.mode, owner=(inode.uid, inode.gid), mtime_us=inode.mtime_us)


@plain
def cp(process: Process) -> int:
    options, paths = parse(
        arguments(process), "rRafpdLvnuT", "t", long={"recursive": "r", "archive": "a", "force": "f", "parents": "P"}
    )
    if "t" in options:
        paths = [*paths, options["t"]]
    if len(paths) < 2:
        raise UsageFault(
            "missing file operand" if not paths else f"missing destination file operand after '{paths[0]}'"
        )
    *sources, target = paths
    if len(sources) > 1 and not process.fs.is_directory(target, process.cwd):
        raise UsageFault(f"target '{target}' is not a directory")
    recursive = bool({"r", "R", "a"} & options.keys())

    def act(source: str) -> None:
        goal = target if "T" in options else _target(process, source, target)
        try:
            if process.fs.canonical(source, process.cwd) == process.fs.canonical(goal, process.cwd):
                raise OSError(0, f"'{source}' and '{goal}' are the same file")
            copy_tree(process, source, goal, recursive=recursive, keep=bool({"a", "p"} & options.keys()))
            _told(process, options, f"'{source}'", goal)
        except OSError as error:
            if error.errno == errno.ENOENT and error.filename == source:
                shown = f"can't stat '{source}'" if is_busybox(process) else f"cannot stat '{source}'"
                raise OSError(error.errno, error.strerror, shown) from None
            if error.filename == goal:
                shown = f"can't create '{goal}'" if is_busybox(process) else f"cannot create regular file '{goal}'"
                raise OSError(error.errno, error.strerror, shown) from None
            raise

    return each(process, sources, act)


@plain
def mv(process: Process) -> int:
    options, paths = parse(arguments(process), "finvuT", "t", long={"force": "f", "no-clobber": "n", "verbose": "v"})
    if "t" in options:
        paths = [*paths, options["t"]]
    if len(paths) < 2:
        raise UsageFault("missing file operand")
    *sources, target = paths

    def act(source: str) -> None:
        goal = target if "T" in options else _target(process, source, target)
        try:
            try:
                process.fs.rename(source, goal, process.cwd, process.user)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                copy_tree(process, source, goal, recursive=True, keep=True)
                process.fs.remove(source, process.cwd, process.user, recursive=True)
            _told(process, options, f"'{source}'", goal, coreutils=f"renamed '{source}'")
        except OSError as error:
            shown = f"can't rename '{source}'" if is_busybox(process) else f"cannot move '{source}' to '{goal}'"
            if error.errno == errno.ENOENT and not process.fs.exists(source, process.cwd):
                shown = shown if is_busybox(process) else f"cannot stat '{source}'"
            raise OSError(error.errno, error.strerror, shown) from None

    return each(process, sources, act)


@plain
def ln(process: Process) -> int:
    options, paths = parse(arguments(process), "sfnvrT", long={"symbolic": "s", "force": "f"})
    if not paths:
        raise UsageFault("missing file operand")
    target = paths[-1] if len(paths) > 1 else "."
    for source in paths[:-1] or paths:
        goal = target if "n" in options or "T" in options else _target(process, source, target)
        try:
            if "f" in options and process.fs.find(goal, process.cwd, follow=False) is not None:
                process.fs.remove(goal, process.cwd, process.user)
            if "s" in options:
                process.fs.make_link(source, goal, process.cwd, process.user)
            else:
                # A hard link is a copy here: nobody sees the difference until one of the two is changed.
                copy_tree(process, source, goal, recursive=False, keep=True)
            _told(process, options, f"'{goal}'", source)
        except OSError as error:
            process.err(f"ln: {goal}: {error.strerror}\n")
            return 1
    return 0


@plain
def mktemp(process: Process) -> int:
    options, rest = parse(arguments(process), "dqut", "p", long={"directory": "d", "tmpdir": "p"})
    template = rest[0] if rest else "tmp.XXXXXXXXXX"
    count = len(template) - len(template.rstrip("X"))
    name = template[: len(template) - count] + process.pod.rng.suffix(count)
    path = name if "/" in name or rest else posixpath.join(options.get("p") or "/tmp", name)  # noqa: S108 - a path in a container
    if "d" in options:
        process.fs.make_directory(path, process.cwd, process.user, mode=0o700)
    else:
        process.fs.write(path, b"", process.cwd, process.user, mode=0o600)
    process.out(path + "\n")
    return 0


@plain
def readlink(process: Process) -> int:
    options, paths = parse(arguments(process), "fnem")
    code = 0
    for path in paths:
        inode = process.fs.find(path, process.cwd, follow=False)
        if "f" in options or "e" in options or process.name == "realpath":
            process.out(process.fs.canonical(path, process.cwd) + "\n")
        elif isinstance(inode, Symlink):
            process.out(inode.target + ("" if "n" in options else "\n"))
        else:
            code = 1
    return code


@plain
def basename(process: Process) -> int:
    words = arguments(process)
    if not words:
        raise UsageFault("missing operand")
    name = posixpath.basename(words[0].rstrip("/")) or "/"
    if len(words) > 1 and name != words[1]:
        name = name.removesuffix(words[1])
    process.out(name + "\n")
    return 0


@plain
def dirname(process: Process) -> int:
    for word in arguments(process):
        process.out((posixpath.dirname(word.rstrip("/")) or ("/" if word.startswith("/") else ".")) + "\n")
    return 0


@checked
def tee(process: Process) -> Program:
    options, paths = parse(arguments(process), "ai", long={"append": "a"})
    writers = [process.stdout]
    code = 0
    for path in paths:
        try:
            opened = open_to_write(process, path, process.fds, append="a" in options)
            writers.append(opened)
        except OSError as error:
            process.err(f"tee: {describe(error)}\n")
            code = 1
    while data := (yield from read_some(process.stdin)):
        for writer in writers:
            writer.write(data)
    return code


@checked
def dd(process: Process) -> Program:
    values = dict(word.partition("=")[::2] for word in arguments(process))
    block = number(values.get("bs", "512"))
    count = number(values["count"]) if "count" in values else None
    if "if" in values:
        source = open_to_read(process, values["if"], process.fds)
    else:
        source = process.stdin
    limit = None if count is None else block * count
    parts: list[bytes] = []
    size = 0
    zero = values.get("if") in ("/dev/zero", "/dev/urandom", "/dev/random")
    if zero and limit is not None:
        if limit > process.fs.space.limit_bytes:
            process.err("dd: error writing: No space left on device\n")
            return 1
        parts, size = [bytes(limit)], limit
    while not zero and (limit is None or size < limit):
        data = yield from read_some(source, None if limit is None else limit - size)
        if not data:
            break
        parts.append(data)
        size += len(data)
    target = open_to_write(process, values["of"], process.fds, append=False) if "of" in values else process.stdout
    target.write(b"".join(parts))
    blocks = f"{size // block}+{int(size % block > 0)}"
    process.err(f"{blocks} records in\n{blocks} records out\n{size} bytes copied, 0.001 s\n")
    return 0
