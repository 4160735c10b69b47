"""Redirections: which descriptors a command gets."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Device, File
from cluster_engine.containers.pipe import NULL, Pipe, empty
from cluster_engine.containers.process import Fd, Process, encode
from cluster_engine.containers.runner import Wait, Waitable
from cluster_engine.sh import expand
from cluster_engine.sh.syntax import Redirection

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell


class FileWriter:
    """A file that is open for writing."""

    broken = False
    room: Waitable | None = None

    def __init__(self, process: Process, path: str) -> None:
        self._process = process
        self.path = process.fs.canonical(path, process.cwd)

    def write(self, data: bytes) -> None:
        process = self._process
        try:
            process.fs.write(self.path, data, "/", process.user, append=True)
        except OSError as error:
            raise OSError(error.errno, f"write error: {error.strerror}") from None


class Scope:
    """Gives a process other descriptors for a while."""

    def __init__(self, process: Process, fds: dict[int, Fd]) -> None:
        self._process = process
        self._fds = fds
        self._kept = process.fds

    def __enter__(self) -> None:
        self._process.fds = self._fds

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # `exec >file` puts new descriptors in place of ours, to stay.
        if self._process.fds is self._fds:
            self._process.fds = self._kept


def redirected(shell: Shell, redirections: tuple[Redirection, ...]) -> Generator[Wait, None, Scope]:
    """The descriptors after some redirections, in their order. OSError for what cannot be opened."""
    fds = dict(shell.process.fds)
    for redirection in redirections:
        target = yield from expand.text_of(redirection.target, shell)
        _apply(shell, fds, redirection, target)
    return Scope(shell.process, fds if redirections else shell.process.fds)


def _apply(shell: Shell, fds: dict[int, Fd], redirection: Redirection, target: str) -> None:
    process, fd = shell.process, redirection.fd
    match redirection.operator:
        case "<<":
            fds[fd] = Pipe(encode(target), closed=True)
        case "<<<":
            fds[fd] = Pipe(encode(target) + b"\n", closed=True)
        case "<" | "<>":
            fds[fd] = open_to_read(process, target, fds)
        case ">&" | "<&":
            if target == "-":
                fds.pop(fd, None)
            elif target.isdigit() and int(target) in fds:
                fds[fd] = fds[int(target)]
            else:
                raise OSError(9, f"{target}: bad file descriptor" if shell.flavour == "ash" else "Bad file descriptor")
        case ">" | ">>":
            try:
                writer = open_to_write(process, target, fds, append=redirection.operator == ">>")
            except OSError as error:
                error.creating = True  # type: ignore[attr-defined]
                raise
            for number in (1, 2) if fd == -1 else (fd,):
                fds[number] = writer


def open_to_read(process: Process, path: str, fds: dict[int, Fd]) -> Pipe:
    """A file's bytes as a stream. Raises OSError."""
    special = _descriptor(process, path, fds)
    if isinstance(special, Pipe):
        return special
    inode = process.fs.lookup(path, process.cwd)
    if isinstance(inode, Device):
        return _device(inode.name, fds)
    data = process.fs.read(path, process.cwd, process.user)
    return Pipe(data, closed=True)


def _device(name: str, fds: dict[int, Fd]) -> Pipe:
    if name in ("stdin", "tty") and isinstance(stdin := fds.get(0), Pipe):
        return stdin
    if name in ("zero", "random", "urandom"):
        return Pipe(bytes(1024 * 1024), closed=True)
    return empty()


def open_to_write(process: Process, path: str, fds: dict[int, Fd], *, append: bool) -> Fd:
    """Where writing to a path goes. Raises OSError; an ordinary file is emptied unless `append`."""
    special = _descriptor(process, path, fds)
    if special is not None:
        return special
    inode = process.fs.find(path, process.cwd)
    if isinstance(inode, Device):
        if inode.name == "full":
            raise OSError(28, "No space left on device")
        return {"stdout": fds.get(1, NULL), "stderr": fds.get(2, NULL), "tty": fds.get(1, NULL)}.get(inode.name, NULL)
    if not append or not isinstance(inode, File):
        process.fs.write(path, b"", process.cwd, process.user, append=append)
    return FileWriter(process, path)


def _descriptor(process: Process, path: str, fds: dict[int, Fd]) -> Fd | None:
    """What `/dev/stdout`, `/dev/fd/2`, `/proc/self/fd/1` and `/proc/1/fd/1` stand for."""
    parts = path.split("/")
    if path in ("/dev/stdin", "/dev/stdout", "/dev/stderr"):
        return fds.get(("stdin", "stdout", "stderr").index(parts[-1]))
    if len(parts) == 4 and parts[1:3] == ["dev", "fd"] and parts[3].isdigit():
        return fds.get(int(parts[3]))
    if len(parts) == 5 and parts[1] == "proc" and parts[3] == "fd" and parts[4].isdigit():
        if parts[2] == "self":
            return fds.get(int(parts[4]))
        other = process.pod.find(process.container, int(parts[2])) if parts[2].isdigit() else None
        if other is not None:
            return other.fds.get(int(parts[4]))
    return None
