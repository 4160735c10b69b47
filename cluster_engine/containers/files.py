"""What a disk holds: files, directories, links, devices; and the space that they take.

Trees of images are shared by all containers of the image and never changed: `filesystem.py` copies what it writes to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cluster_engine.containers.runner import Waitable

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_LAYER_BYTES = 8 * 1024 * 1024
MAX_ENTRIES = 4000


class Inode:
    """One thing on a disk. `mtime_us` is virtual microseconds, 0 where only the image knows."""

    __slots__ = ("gid", "mode", "mtime_us", "shared", "uid")

    def __init__(self, mode: int, uid: int = 0, gid: int = 0, mtime_us: int = 0) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime_us = mtime_us
        # Part of an image: to be copied before it is changed.
        self.shared = False

    kind = "?"

    @property
    def size(self) -> int:
        return 0

    def copy(self) -> Inode:
        raise NotImplementedError


class File(Inode):
    """Bytes. A file with a `source` is made anew at each reading (/proc, service account tokens)."""

    __slots__ = ("_data", "source")
    kind = "-"

    def __init__(
        self,
        data: bytes = b"",
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
        mtime_us: int = 0,
        source: Callable[[], bytes] | None = None,
    ) -> None:
        super().__init__(mode, uid, gid, mtime_us)
        self._data = data
        self.source = source

    @property
    def data(self) -> bytes:
        return self._data if self.source is None else self.source()

    @data.setter
    def data(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def copy(self) -> File:
        return File(self._data, self.mode, self.uid, self.gid, self.mtime_us, self.source)


class Symlink(Inode):
    __slots__ = ("target",)
    kind = "l"

    def __init__(self, target: str, uid: int = 0, gid: int = 0, mtime_us: int = 0) -> None:
        super().__init__(0o777, uid, gid, mtime_us)
        self.target = target

    @property
    def size(self) -> int:
        return len(self.target)

    def copy(self) -> Symlink:
        return Symlink(self.target, self.uid, self.gid, self.mtime_us)


class Device(Inode):
    """A character device: null, zero, full, random, urandom, tty, stdin, stdout, stderr."""

    __slots__ = ("name",)
    kind = "c"

    def __init__(self, name: str) -> None:
        super().__init__(0o666)
        self.name = name

    def copy(self) -> Device:
        return Device(self.name)


class Directory(Inode):
    __slots__ = ("entries",)
    kind = "d"

    def __init__(self, mode: int = 0o755, uid: int = 0, gid: int = 0, mtime_us: int = 0) -> None:
        super().__init__(mode, uid, gid, mtime_us)
        self.entries: dict[str, Inode] = {}

    @property
    def size(self) -> int:
        return 4096

    def copy(self) -> Directory:
        """A directory of one's own with the same entries, which stay shared."""
        copied = Directory(self.mode, self.uid, self.gid, self.mtime_us)
        copied.entries = dict(self.entries)
        return copied

    def names(self) -> list[str]:
        return sorted(self.entries)

    def get(self, name: str) -> Inode | None:
        return self.entries.get(name)


class DynamicDirectory(Directory):
    """A directory whose entries are made when somebody looks (/proc)."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], dict[str, Inode]]) -> None:
        super().__init__(0o555)
        self._make = make

    def names(self) -> list[str]:
        return sorted(self._make())

    def get(self, name: str) -> Inode | None:
        return self._make().get(name)

    def copy(self) -> Directory:
        return self


class Space:
    """The room of one disk, and whoever wants to hear of changes on it."""

    def __init__(self, limit_bytes: int = MAX_LAYER_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self.entries = 0
        self.version = 0
        self.listeners: list[Callable[[], None]] = []
        self._signal = Waitable()

    def changed(self) -> None:
        self.version += 1
        self._signal.notify()
        for listener in self.listeners:
            listener()

    def change_after(self, version: int) -> Waitable:
        """Something to wait for: the first change after that version."""
        return _Change(self, version)

    def fits(self, more_bytes: int, more_entries: int = 0) -> bool:
        return self.used_bytes + more_bytes <= self.limit_bytes and self.entries + more_entries <= MAX_ENTRIES


class _Change(Waitable):
    __slots__ = ("_space", "_version")

    def __init__(self, space: Space, version: int) -> None:
        super().__init__()
        self._space = space
        self._version = version

    @property
    def ready(self) -> bool:
        return self._space.version != self._version

    def subscribe(self, callback: Callable[[], None]) -> None:
        self._space._signal.subscribe(callback)


class Mount(Inode):
    """A place at which another disk begins. `target` is its directory, or a file of it."""

    __slots__ = ("read_only", "source_name", "space", "target")

    def __init__(self, target: Inode, space: Space, *, read_only: bool = False, source_name: str = "") -> None:
        super().__init__(target.mode)
        self.target = target
        self.space = space
        self.read_only = read_only
        self.source_name = source_name

    def copy(self) -> Mount:
        return self


@dataclass(frozen=True, slots=True)
class User:
    """Who does something to a file."""

    uid: int = 0
    gid: int = 0
    groups: frozenset[int] = frozenset()

    def may(self, inode: Inode, bit: int) -> bool:
        """Whether the user may read (4), write (2) or execute (1)."""
        if self.uid == 0:
            return bit != 1 or bool(inode.mode & 0o111) or isinstance(inode, Directory)
        if inode.uid == self.uid:
            return bool(inode.mode >> 6 & bit)
        if inode.gid == self.gid or inode.gid in self.groups:
            return bool(inode.mode >> 3 & bit)
        return bool(inode.mode & bit)


ROOT = User()


def walk(directory: Directory, prefix: str = "") -> Iterator[tuple[str, Inode]]:
    """Everything below a directory as (path without a leading slash, inode), directories before what is in them."""
    for name in directory.names():
        inode = directory.get(name)
        if inode is None:
            continue
        path = f"{prefix}{name}"
        yield path, inode
        if isinstance(inode, Directory):
            yield from walk(inode, path + "/")


def share(inode: Inode) -> None:
    """Marks a tree as an image's."""
    inode.shared = True
    if isinstance(inode, Directory):
        for entry in inode.entries.values():
            share(entry)
