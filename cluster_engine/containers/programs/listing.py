"""`ls`, `stat`, `du`, `df`, `mount`: what is where on disk."""

from __future__ import annotations

import posixpath
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, File, Inode, Symlink
from cluster_engine.containers.process import describe
from cluster_engine.containers.programs.filing import is_busybox
from cluster_engine.containers.programs.options import arguments, parse, plain

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_NAMES = {0: "root", 1: "daemon", 33: "www-data", 65534: "nobody"}
MAX_FOUND = 5000


def permissions(inode: Inode) -> str:
    """`rwxr-xr-x`."""
    return "".join(letter if inode.mode & (0o400 >> index) else "-" for index, letter in enumerate("rwxrwxrwx"))


def mode_text(inode: Inode) -> str:
    """`drwxr-xr-x`."""
    bits = permissions(inode)
    if inode.mode & 0o1000:
        bits = bits[:-1] + ("t" if inode.mode & 1 else "T")
    return inode.kind + bits


def user_name(process: Process, uid: int, *, file: str = "/etc/passwd") -> str:
    """The name of a user (or with /etc/group, of a group) inside the container, or the number."""
    try:
        text = process.fs.read(file).decode("utf-8", "replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == str(uid):
            return fields[0]
    return _NAMES.get(uid, str(uid)) if not text and uid == 0 else str(uid)


def _time(process: Process, inode: Inode) -> str:
    time_us = inode.mtime_us
    moment = datetime.fromtimestamp(time_us // 1_000_000, UTC) if time_us else datetime(2025, 4, 16, 14, 50, tzinfo=UTC)
    recent = abs(process.now_us - time_us) < 15_552_000_000_000 and time_us
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M}" if recent else f"{moment:%b} {moment.day:2d}  {moment:%Y}"


def _human(size: int, *, tenths: bool = False) -> str:
    """A size as -h shows it; busybox always shows tenths."""
    value = float(size)
    for unit in ("", "K", "M", "G", "T"):
        if value < 1024 or unit == "T":
            return f"{value:.1f}{unit}" if unit and (value < 10 or tenths) else f"{value:.0f}{unit}"
        value /= 1024
    return str(size)


class _Listing:
    def __init__(self, process: Process, options: dict[str, str]) -> None:
        self._process = process
        self._options = options
        self.failed = False

    def path(self, path: str) -> Inode | None:
        process = self._process
        try:
            follow = "l" not in self._options or path.endswith("/")
            return process.fs.lookup(path, process.cwd, follow=follow)
        except OSError as error:
            words = describe(error)
            if process.container.plan.family.startswith("debian"):
                words = f"cannot access '{path}': {error.strerror}"
            process.err(f"ls: {words}\n")
            self.failed = True
            return None

    def directory(self, path: str, inode: Directory, *, titled: bool) -> None:
        process, options = self._process, self._options
        if not process.user.may(inode, 4):
            process.err(f"ls: can't open '{path}': Permission denied\n")
            self.failed = True
            return
        if titled:
            process.out(f"{path}:\n")
        names = [name for name in inode.names() if not name.startswith(".") or "a" in options or "A" in options]
        if "a" in options:
            names = [".", "..", *names]
        entries = []
        for name in names:
            found = process.fs.find(posixpath.join(path, name), process.cwd, follow=False)
            if found is not None:
                entries.append((name, found))
        self.entries(entries, total=True)
        if "R" in options:
            for name, found in entries:
                if isinstance(found, Directory) and name not in (".", ".."):
                    process.out("\n")
                    self.directory(posixpath.join(path, name), found, titled=True)

    def entries(self, entries: list[tuple[str, Inode]], *, total: bool = False) -> None:
        process, options = self._process, self._options
        if "S" in options:
            entries = sorted(entries, key=lambda entry: -entry[1].size)
        if "t" in options:
            entries = sorted(entries, key=lambda entry: -entry[1].mtime_us)
        if "r" in options:
            entries = entries[::-1]
        if "l" not in options and "n" not in options:
            shown = [self._marked(name, inode) for name, inode in entries]
            separator = "  " if process.terminal is not None and "1" not in options else "\n"
            if shown:
                process.out(separator.join(shown) + "\n")
            return
        if total:
            sizes = [0 if isinstance(inode, Symlink) else inode.size for _, inode in entries]
            process.out(f"total {sum(4 * -(-size // 4096) for size in sizes)}\n")
        rows = [self._row(name, inode) for name, inode in entries]
        if is_busybox(process):
            # Its columns are as wide as they are, whatever is in them.
            width = 7 if "h" in options else 9
            for number, mode, links, user, team, amount, time, name in rows:
                line = f"{mode} {links:>4} {user:<8.8} {team:<8.8} {amount:>{width}} {time} {name}"
                process.out(f"{number:>7} {line}\n" if "i" in options else f"{line}\n")
            return
        rows = [[" ".join(row[:2]) if "i" in options else row[1], *row[2:]] for row in rows]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
        for row in rows:
            columns = (
                row[1].rjust(widths[1]), row[2].ljust(widths[2]), row[3].ljust(widths[3]), row[4].rjust(widths[4])
            )  # fmt: skip
            process.out(f"{row[0]} {' '.join(columns)} {row[5]} {row[6]}\n")

    def _marked(self, name: str, inode: Inode) -> str:
        if "F" in self._options or "p" in self._options:
            return name + "/" if isinstance(inode, Directory) else name
        return name

    def _row(self, name: str, inode: Inode) -> list[str]:
        process = self._process
        size = _human(inode.size, tenths=is_busybox(process)) if "h" in self._options else str(inode.size)
        shown = f"{name} -> {inode.target}" if isinstance(inode, Symlink) else self._marked(name, inode)
        links = 2 + sum(isinstance(i, Directory) for i in inode.entries.values()) if isinstance(inode, Directory) else 1
        owner, group = str(inode.uid), str(inode.gid)
        if "n" not in self._options:
            owner = user_name(process, inode.uid)
            group = user_name(process, inode.gid, file="/etc/group")
        # Inodes have no numbers here: one is made of the path, so that it stays the same.
        number = str(zlib.crc32(process.fs.canonical(name, process.cwd, follow=False).encode()) % 4_000_000)
        return [number, mode_text(inode), str(links), owner, group, size, _time(process, inode), shown]


@plain
def ls(process: Process) -> int:
    options, paths = parse(
        arguments(process), "alAhRtrS1FdnpiLHs", long={"all": "a", "color": "C", "almost-all": "A", "recursive": "R"}
    )
    listing = _Listing(process, options)
    found = [(path, inode) for path in paths or ["."] if (inode := listing.path(path)) is not None]
    files = [(p, i) for p, i in found if not isinstance(i, Directory) or "d" in options]
    if files:
        listing.entries(files)
    for index, (path, inode) in enumerate((p, i) for p, i in found if isinstance(i, Directory) and "d" not in options):
        if index or files:
            process.out("\n")
        assert isinstance(inode, Directory)
        listing.directory(path, inode, titled=len(paths) > 1 or "R" in options)
    if not listing.failed:
        return 0
    return 2 if process.container.plan.family.startswith("debian") else 1


@plain
def stat(process: Process) -> int:
    options, paths = parse(arguments(process), "Lft", "c", long={"format": "c", "printf": "c"})
    code = 0
    for path in paths:
        try:
            inode = process.fs.lookup(path, process.cwd, follow="L" in options)
        except OSError as error:
            process.err(f"stat: can't stat '{path}': {error.strerror}\n")
            code = 1
            continue
        values = {
            "n": path, "s": str(inode.size), "a": f"{inode.mode & 0o7777:o}", "A": mode_text(inode),
            "u": str(inode.uid), "g": str(inode.gid), "U": user_name(process, inode.uid),
            "Y": str(inode.mtime_us // 1_000_000),
            "G": user_name(process, inode.gid, file="/etc/group"), "F": _kind(inode),
        }  # fmt: skip
        if "c" in options:
            text = options["c"]
            for letter, value in values.items():
                text = text.replace(f"%{letter}", value)
            process.out(text + "\n")
            continue
        changed = datetime.fromtimestamp(inode.mtime_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S.000000000 +0000")
        blocks = -(-inode.size // 512)
        process.out(
            f"  File: {path}\n  Size: {inode.size}\t\tBlocks: {blocks}\t   IO Block: 4096   {_kind(inode)}\n"
            f"Access: ({inode.mode & 0o7777:04o}/{mode_text(inode)})  Uid: ({inode.uid:5d}/{values['U']:>8s})   "
            f"Gid: ({inode.gid:5d}/{values['G']:>8s})\nModify: {changed}\n"
        )
    return code


def _kind(inode: Inode) -> str:
    names = {"d": "directory", "l": "symbolic link", "c": "character special file"}
    return names.get(inode.kind, "regular file" if inode.size else "regular empty file")


def _usage(process: Process, path: str) -> int:
    inode = process.fs.find(path, process.cwd, follow=False)
    if isinstance(inode, Directory):
        return 4 + sum(_usage(process, posixpath.join(path, name)) for name in inode.names())
    return 4 * -(-inode.size // 4096) if isinstance(inode, File) else 0


@plain
def du(process: Process) -> int:
    options, paths = parse(arguments(process), "shakmc", "d")
    for path in paths or ["."]:
        inode = process.fs.lookup(path, process.cwd)
        shown = [path]
        if isinstance(inode, Directory) and "s" not in options:
            shown = [
                posixpath.join(path, n)
                for n in inode.names()
                if process.fs.is_directory(posixpath.join(path, n), process.cwd)
            ]
            shown.append(path)
        for each in shown:
            size = _usage(process, each)
            process.out(f"{_human(size * 1024) if 'h' in options else size}\t{each}\n")
    return 0


@plain
def df(process: Process) -> int:
    options, paths = parse(arguments(process), "hkPTia")
    human = "h" in options
    mounts = sorted(process.fs.mounts.items())
    if paths:
        wanted = [process.fs.mount_of(path, process.cwd) for path in paths]
        mounts = [(path, mount) for path, mount in mounts if mount in wanted]
    size = "Size" if human else "1K-blocks"
    process.out(f"{'Filesystem':<20} {size:>10} {'Used':>9} {'Available':>9} Use% Mounted on\n")
    for path, mount in mounts:
        total, used = 102_400_000 * 1024, mount.space.used_bytes + (5 << 30)
        numbers = [_human(n) if human else str(n // 1024) for n in (total, used, total - used)]
        name = mount.source_name or "/dev/sda1"
        process.out(f"{name:<20} {numbers[0]:>10} {numbers[1]:>9} {numbers[2]:>9} {used * 100 // total:>3}% {path}\n")
    return 0


@plain
def mount(process: Process) -> int:
    if len(process.argv) > 1:
        process.err("mount: permission denied (are you root?)\n")
        return 1
    for path, place in sorted(process.fs.mounts.items()):
        mode = "ro" if place.read_only else "rw"
        kind = "overlay" if path == "/" else "tmpfs" if place.source_name == "tmpfs" else "ext4"
        process.out(f"{place.source_name or '/dev/sda1'} on {path} type {kind} ({mode},relatime)\n")
    return 0
