"""Volumes: where the contents of mounts come from, how long they live, and how they are kept.

A `Volume` is a disk of its own. Those whose contents outlive a container are in a `Disks`, by an id that says whose
they are; whatever is written to them is handed to a `Keeper`, so that they survive a restart of the whole simulation.
"""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from cluster_engine.containers.files import Directory, DynamicDirectory, File, Inode, Space, Symlink, walk

MAX_VOLUME_BYTES = 8 * 1024 * 1024
# What is kept of one volume; files beyond it are lost at a restart, the largest first.
MAX_KEPT_BYTES = 512 * 1024

Obj = dict[str, Any]


class Keeper(Protocol):
    """Where the contents of disks are written down."""

    def load(self, disk: str) -> Obj | None: ...

    def save(self, disk: str, contents: Obj) -> None: ...

    def drop(self, disk: str) -> None: ...


@dataclass(slots=True)
class Volume:
    """A disk. `dirty` means that it has changed since it was last written down."""

    id: str
    root: Directory
    space: Space
    source_name: str = "/dev/sda1"
    dirty: bool = False


@dataclass(slots=True)
class Disks:
    """The disks of a cluster's nodes and its persistent volumes, as far as somebody has looked at them."""

    keeper: Keeper | None = None
    volumes: dict[str, Volume] = field(default_factory=dict)
    # Called when a disk has something to be written down.
    on_dirty: Callable[[str], None] = lambda disk: None

    def open(self, disk: str, *, limit_bytes: int = MAX_VOLUME_BYTES, mode: int = 0o777) -> Volume:
        """The disk with that id: as it was left, or empty."""
        volume = self.volumes.get(disk)
        if volume is None:
            root = Directory(mode)
            volume = self.volumes[disk] = Volume(disk, root, Space(limit_bytes))
            kept = self.keeper.load(disk) if self.keeper is not None else None
            if kept is not None:
                restore(root, kept)
                volume.space.used_bytes = sum(inode.size for _, inode in walk(root) if isinstance(inode, File))
                volume.space.entries = sum(1 for _ in walk(root))
            volume.space.listeners.append(lambda: self._changed(volume))
        return volume

    def _changed(self, volume: Volume) -> None:
        if not volume.dirty:
            volume.dirty = True
            self.on_dirty(volume.id)

    def save(self, disk: str) -> None:
        """Writes a disk down, if it has changed."""
        volume = self.volumes.get(disk)
        if volume is not None and volume.dirty and self.keeper is not None:
            volume.dirty = False
            self.keeper.save(disk, contents_of(volume.root))

    def forget(self, disk: str) -> None:
        """The disk is gone."""
        self.volumes.pop(disk, None)
        if self.keeper is not None:
            self.keeper.drop(disk)


def contents_of(root: Directory, limit_bytes: int = MAX_KEPT_BYTES) -> Obj:
    """A tree as JSON can say it: path -> [kind, mode, uid, gid, mtime, text or base64].

    The largest files are left out where there is too much.
    """
    entries: Obj = {}
    found = [(path, inode) for path, inode in walk(root)]
    sizes = sorted((inode.size, path) for path, inode in found if isinstance(inode, File))
    allowed, used = set(), 0
    for size, path in sizes:
        used += size
        if used > limit_bytes:
            break
        allowed.add(path)
    for path, inode in found:
        entry = entry_of(inode, keep=path in allowed)
        if entry is not None:
            entries[path] = entry
    return {"mode": root.mode, "uid": root.uid, "gid": root.gid, "entries": entries}


def entry_of(inode: Inode, *, keep: bool) -> list[Any] | None:
    """One inode as JSON can say it; None for what is not kept."""
    head = [inode.kind, inode.mode, inode.uid, inode.gid, inode.mtime_us]
    if isinstance(inode, Directory):
        return head
    if isinstance(inode, Symlink):
        return [*head, inode.target]
    if not isinstance(inode, File) or not keep or inode.source is not None:
        return None
    try:
        return [*head, inode.data.decode("utf-8")]
    except UnicodeDecodeError:
        return [*head, base64.b64encode(inode.data).decode(), "base64"]


def inode_of(entry: list[Any]) -> Inode:
    kind, mode, uid, gid, mtime_us = entry[:5]
    inode: Inode
    if kind == "d":
        inode = Directory(mode, uid, gid, mtime_us)
    elif kind == "l":
        inode = Symlink(entry[5], uid, gid, mtime_us)
    else:
        data = base64.b64decode(entry[5]) if len(entry) > 6 else entry[5].encode("utf-8")
        inode = File(data, mode, uid, gid, mtime_us)
    return inode


def restore(root: Directory, contents: Mapping[str, Any]) -> None:
    """Fills a directory with what `contents_of` wrote."""
    root.mode, root.uid, root.gid = contents["mode"], contents["uid"], contents["gid"]
    for path, entry in contents["entries"].items():
        place(root, path, inode_of(list(entry)))


def place(root: Directory, path: str, inode: Inode) -> None:
    """Puts an inode at a path below a directory, making what leads to it."""
    folder, _, name = path.rpartition("/")
    here = root
    for part in [piece for piece in folder.split("/") if piece]:
        entry = here.entries.get(part)
        if not isinstance(entry, Directory):
            entry = here.entries[part] = Directory()
        here = entry
    here.entries[name] = inode


# A container's own layer: what differs from its image.


def changes_of(own: Directory, image: Directory, limit_bytes: int = MAX_KEPT_BYTES) -> Obj:
    """What a container has changed, added and (null) removed. Mounts are not part of it."""
    found: dict[str, Inode | None] = {}
    _compare(own, image, "", found)
    entries: Obj = {}
    left = limit_bytes
    for path, inode in found.items():
        if inode is None:
            entries[path] = None
            continue
        entry = entry_of(inode, keep=inode.size <= left)
        if entry is not None:
            entries[path] = entry
            left -= inode.size if isinstance(inode, File) else 0
    return entries


def _compare(own: Directory, image: Directory | None, prefix: str, found: dict[str, Inode | None]) -> None:
    before = image.entries if image is not None else {}
    for name in sorted(own.entries):
        inode = own.entries[name]
        path = f"{prefix}{name}"
        if before.get(name) is inode:
            continue
        if isinstance(inode, Directory):
            if isinstance(inode, DynamicDirectory):
                continue
            earlier = before.get(name)
            if not isinstance(earlier, Directory):
                found[path] = inode
            _compare(inode, earlier if isinstance(earlier, Directory) else None, path + "/", found)
        elif isinstance(inode, (File, Symlink)):
            found[path] = inode
    for name in sorted(before.keys() - own.entries.keys()):
        found[f"{prefix}{name}"] = None


# Volumes made of API objects.


GROUP_READS = 0o440


def atomic_tree(files: Mapping[str, bytes | File], now_us: int, mode: int, gid: int = 0) -> Directory:
    """Files as the kubelet writes them: in a folder of their own behind the link `..data`, so that they change at
    once. Follows pkg/volume/util/atomic_writer.go.
    """
    root = Directory(0o777)
    moment = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    stamp = f"..{moment:%Y_%m_%d_%H_%M_%S}.{now_us * 7 % 4_000_000_000}"
    inner = root.entries[stamp] = Directory(0o755, gid=gid, mtime_us=now_us)
    root.entries["..data"] = Symlink(stamp, mtime_us=now_us)
    for path, content in files.items():
        file = content if isinstance(content, File) else File(content, mode, 0, gid, now_us)
        if gid:
            file.gid, file.mode = gid, file.mode | GROUP_READS
        file.mtime_us = file.mtime_us or now_us
        place(inner, path, file)
        top = path.split("/")[0]
        root.entries.setdefault(top, Symlink(f"..data/{top}", mtime_us=now_us))
    return root


def sub_path(volume: Volume, path: str) -> Inode:
    """What a mount's `subPath` means; a directory is made where nothing is."""
    here: Inode = volume.root
    for part in [piece for piece in posixpath.normpath(path).split("/") if piece not in ("", ".", "..")]:
        if not isinstance(here, Directory):
            break
        entry = here.get(part)
        if isinstance(entry, Symlink):
            entry = _linked(volume.root, entry.target)
        if entry is None:
            entry = here.entries[part] = Directory(0o755)
            volume.space.changed()
        here = entry
    return here


def _linked(root: Directory, target: str) -> Inode | None:
    here: Inode | None = root
    for part in target.split("/"):
        here = here.get(part) if isinstance(here, Directory) else None
        if isinstance(here, Symlink):
            here = _linked(root, here.target)
    return here
