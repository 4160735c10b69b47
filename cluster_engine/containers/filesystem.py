"""The file system that a container sees: an image's tree, copied where it is written to, with volumes mounted in it.

All paths are texts; relative ones start at `cwd`. What fails raises OSError with Linux' numbers and words.
"""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable

from cluster_engine.containers.files import (
    MAX_FILE_BYTES,
    ROOT,
    Directory,
    File,
    Inode,
    Mount,
    Space,
    Symlink,
    User,
    walk,
)
from cluster_engine.sh import patterns

MAX_LINKS = 40
MAX_NAME = 255
MAX_PATH = 4096
WORDS = {
    errno.ENOENT: "No such file or directory",
    errno.EACCES: "Permission denied",
    errno.EEXIST: "File exists",
    errno.ENOTDIR: "Not a directory",
    errno.EISDIR: "Is a directory",
    errno.EROFS: "Read-only file system",
    errno.ENOTEMPTY: "Directory not empty",
    errno.ELOOP: "Too many levels of symbolic links",
    errno.ENOSPC: "No space left on device",
    errno.EFBIG: "File too large",
    errno.EBUSY: "Device or resource busy",
    errno.EPERM: "Operation not permitted",
    errno.EINVAL: "Invalid argument",
    errno.ENAMETOOLONG: "File name too long",
    errno.EXDEV: "Invalid cross-device link",
}


def fault(number: int, path: str) -> OSError:
    """An OSError with Linux' words."""
    return OSError(number, WORDS[number], path)


def _parts(path: str, cwd: str) -> list[str]:
    """The parts of a path from the root, the last one first."""
    if not path:
        raise fault(errno.ENOENT, path)
    if len(path) > MAX_PATH:
        raise fault(errno.ENAMETOOLONG, path)
    return (path if path.startswith("/") else f"{cwd}/{path}").split("/")[::-1]


class FileSystem:
    """One container's view. `now_us` gives the time for new files; `space` is the container's own layer."""

    def __init__(self, root: Directory, now_us: Callable[[], int], *, read_only: bool = False) -> None:
        self.space = Space()
        self._top = Mount(root.copy(), self.space, read_only=read_only, source_name="overlay")
        self._now_us = now_us
        self.mounts: dict[str, Mount] = {"/": self._top}

    @property
    def root(self) -> Directory:
        assert isinstance(self._top.target, Directory)
        return self._top.target

    # Finding.

    def canonical(self, path: str, cwd: str = "/", *, follow: bool = True) -> str:
        """The path without links, dots and double slashes; its last part need not exist."""
        return self._walk(path, cwd, follow)[0]

    def lookup(self, path: str, cwd: str = "/", *, follow: bool = True) -> Inode:
        """What is there. FileNotFoundError where nothing is."""
        inode = self._walk(path, cwd, follow)[1]
        if inode is None:
            raise fault(errno.ENOENT, path)
        return inode

    def find(self, path: str, cwd: str = "/", *, follow: bool = True) -> Inode | None:
        """What is there, or None, whatever the reason."""
        try:
            return self._walk(path, cwd, follow)[1]
        except OSError:
            return None

    def mount_of(self, path: str, cwd: str = "/") -> Mount:
        """The disk that the path is on."""
        return self._walk(path, cwd, True)[2]

    def _walk(self, path: str, cwd: str, follow: bool) -> tuple[str, Inode | None, Mount]:
        links = 0
        todo = _parts(path, cwd)
        done: list[str] = []
        trail: list[tuple[Inode, Mount]] = [(self._top.target, self._top)]
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            here, mount = trail[-1]
            if not isinstance(here, Directory):
                raise fault(errno.ENOTDIR, path)
            if name == "..":
                if done:
                    done.pop()
                    trail.pop()
                continue
            entry = here.get(name)
            if isinstance(entry, Mount):
                mount, entry = entry, entry.target
            if isinstance(entry, Symlink) and (follow or any(todo)):
                links += 1
                if links > MAX_LINKS:
                    raise fault(errno.ELOOP, path)
                if entry.target.startswith("/"):
                    done, trail = [], trail[:1]
                todo.extend(entry.target.split("/")[::-1])
                continue
            if entry is None:
                if any(part not in ("", ".") for part in todo):
                    raise fault(errno.ENOENT, path)
                if len(name) > MAX_NAME:
                    raise fault(errno.ENAMETOOLONG, path)
                return "/" + "/".join([*done, name]), None, mount
            done.append(name)
            trail.append((entry, mount))
        return "/" + "/".join(done), trail[-1][0], trail[-1][1]

    def exists(self, path: str, cwd: str = "/") -> bool:
        return self.find(path, cwd) is not None

    def is_directory(self, path: str, cwd: str = "/") -> bool:
        return isinstance(self.find(path, cwd), Directory)

    def names(self, path: str, cwd: str = "/", user: User = ROOT) -> list[str]:
        """What is in a directory, sorted."""
        inode = self.lookup(path, cwd)
        if not isinstance(inode, Directory):
            raise fault(errno.ENOTDIR, path)
        if not user.may(inode, 4):
            raise fault(errno.EACCES, path)
        return inode.names()

    def glob(self, pattern: str, cwd: str = "/") -> list[str]:
        """The paths that a pattern fits, sorted; names with a leading dot only where the pattern has one."""
        absolute = pattern.startswith("/")
        found = ["/" if absolute else ""]
        for part in [piece for piece in pattern.split("/") if piece]:
            step: list[str] = []
            for base in found:
                step.extend(self._glob_part(base, part, cwd))
            found = step
        if pattern.endswith("/"):
            found = [f"{path}/" for path in found if self.is_directory(path, cwd)]
        return sorted(found)

    def _glob_part(self, base: str, part: str, cwd: str) -> list[str]:
        if not patterns.is_pattern(part):
            path = base + patterns.unescape(part)
            inode = self.find(path, cwd, follow=False)
            return [] if inode is None else [path + "/" if isinstance(self.find(path, cwd), Directory) else path]
        inode = self.find(base or ".", cwd)
        if not isinstance(inode, Directory):
            return []
        names = [
            n for n in inode.names() if (part.startswith(".") or not n.startswith(".")) and patterns.matches(part, n)
        ]
        return [base + n + ("/" if isinstance(self.find(base + n, cwd), Directory) else "") for n in names]

    # Reading.

    def read(self, path: str, cwd: str = "/", user: User = ROOT) -> bytes:
        inode = self.lookup(path, cwd)
        if isinstance(inode, Directory):
            raise fault(errno.EISDIR, path)
        if not user.may(inode, 4):
            raise fault(errno.EACCES, path)
        return inode.data if isinstance(inode, File) else b""

    # Writing.

    def write(
        self, path: str, data: bytes, cwd: str = "/", user: User = ROOT, *, append: bool = False, mode: int = 0o644
    ) -> None:
        """Creates, replaces or extends a file."""
        where, inode, mount = self._walk(path, cwd, True)
        if isinstance(inode, Directory) or path.endswith("/"):
            raise fault(errno.EISDIR, path)
        if inode is not None and not isinstance(inode, File):
            return  # a device swallows it
        self._check_writable(mount, path)
        before = inode.size if inode is not None else 0
        after = len(data) + (before if append else 0)
        if after > MAX_FILE_BYTES:
            raise fault(errno.EFBIG, path)
        if not mount.space.fits(after - before, int(inode is None)):
            raise fault(errno.ENOSPC, path)
        if inode is None:
            self._link(where, File(b"", mode, user.uid, user.gid), path, user)
        elif not user.may(inode, 2):
            raise fault(errno.EACCES, path)
        file = self._own(where)
        assert isinstance(file, File)
        file.source = None
        file.data = file.data + data if append else data
        file.mtime_us = self._now_us()
        mount.space.used_bytes += after - before
        mount.space.changed()

    def make_directory(
        self, path: str, cwd: str = "/", user: User = ROOT, *, parents: bool = False, mode: int = 0o755
    ) -> None:
        if parents:
            head = posixpath.dirname(path.rstrip("/"))
            if head and head != "/" and not self.exists(head, cwd):
                self.make_directory(head, cwd, user, parents=True, mode=mode)
        where, inode, _ = self._walk(path.rstrip("/") or "/", cwd, True)
        if inode is not None:
            if parents and isinstance(inode, Directory):
                return
            raise fault(errno.EEXIST, path)
        self._link(where, Directory(mode, user.uid, user.gid), path, user)

    def make_link(self, target: str, path: str, cwd: str = "/", user: User = ROOT) -> None:
        """A symbolic link."""
        where, inode, _ = self._walk(path, cwd, False)
        if inode is not None:
            raise fault(errno.EEXIST, path)
        self._link(where, Symlink(target, user.uid, user.gid), path, user)

    def put(self, path: str, inode: Inode, cwd: str = "/", user: User = ROOT) -> None:
        """Places an inode that was made elsewhere at a path where nothing is."""
        where, present, _ = self._walk(path, cwd, False)
        if present is not None:
            raise fault(errno.EEXIST, path)
        self._link(where, inode, path, user)

    def remove(self, path: str, cwd: str = "/", user: User = ROOT, *, recursive: bool = False) -> None:
        """Removes a file, a link, an empty directory, or with `recursive` whatever it is."""
        where, inode, mount = self._walk(path, cwd, False)
        if inode is None:
            raise fault(errno.ENOENT, path)
        if where in self.mounts or any(place.startswith(where + "/") for place in self.mounts):
            raise fault(errno.EBUSY, path)
        if isinstance(inode, Directory) and inode.names() and not recursive:
            raise fault(errno.ENOTEMPTY, path)
        self._check_writable(mount, path)
        self._check_parent(where, path, user)
        parent = self._own(posixpath.dirname(where))
        assert isinstance(parent, Directory)
        del parent.entries[posixpath.basename(where)]
        parent.mtime_us = self._now_us()
        gone = [inode, *(child for _, child in walk(inode))] if isinstance(inode, Directory) else [inode]
        mount.space.used_bytes -= sum(child.size for child in gone if isinstance(child, File))
        mount.space.entries -= len(gone)
        mount.space.changed()

    def rename(self, old: str, new: str, cwd: str = "/", user: User = ROOT) -> None:
        """Moves a file or a directory, over a file that is there. EXDEV between disks."""
        source, inode, mount = self._walk(old, cwd, False)
        target, present, to_mount = self._walk(new, cwd, False)
        if inode is None:
            raise fault(errno.ENOENT, old)
        if mount.space is not to_mount.space:
            raise fault(errno.EXDEV, new)
        if source == target:
            return
        if isinstance(inode, Directory) and (target + "/").startswith(source + "/"):
            raise fault(errno.EINVAL, new)
        if present is not None:
            self.remove(target, "/", user)
        moved = self._own(source)
        self.remove(source, "/", user, recursive=True)
        self._link(target, moved, new, user)

    def change(
        self,
        path: str,
        cwd: str = "/",
        user: User = ROOT,
        *,
        mode: int | None = None,
        owner: tuple[int | None, int | None] | None = None,
        mtime_us: int | None = None,
    ) -> None:
        """Changes mode, owner (uid, gid) or time of modification."""
        where, inode, mount = self._walk(path, cwd, True)
        if inode is None:
            raise fault(errno.ENOENT, path)
        self._check_writable(mount, path)
        if user.uid not in (0, inode.uid) or (owner is not None and user.uid):
            raise fault(errno.EPERM, path)
        own = self._own(where)
        if mode is not None:
            own.mode = mode
        if owner is not None:
            own.uid = own.uid if owner[0] is None else owner[0]
            own.gid = own.gid if owner[1] is None else owner[1]
        if mtime_us is not None:
            own.mtime_us = mtime_us
        mount.space.changed()

    def mount(self, path: str, mount: Mount) -> None:
        """Mounts something, making the directories on the way. Not held back by a read-only root."""
        where = self.canonical(self._make_way(path))
        parent = self._own(posixpath.dirname(where))
        assert isinstance(parent, Directory)
        parent.entries[posixpath.basename(where)] = mount
        self.mounts[where] = mount

    def _make_way(self, path: str) -> str:
        parts = path.strip("/").split("/")
        for count in range(1, len(parts)):
            head = "/" + "/".join(parts[:count])
            if self.find(head) is None:
                where = self.canonical(head)
                parent = self._own(posixpath.dirname(where))
                assert isinstance(parent, Directory)
                parent.entries[posixpath.basename(where)] = Directory(mtime_us=self._now_us())
        return "/" + "/".join(parts)

    # Helpers.

    def _check_writable(self, mount: Mount, path: str) -> None:
        if mount.read_only:
            raise fault(errno.EROFS, path)

    def _check_parent(self, where: str, path: str, user: User) -> None:
        parent = self.lookup(posixpath.dirname(where))
        sticky = bool(parent.mode & 0o1000)
        if not user.may(parent, 2) or (sticky and user.uid not in (0, parent.uid, self._uid_of(where, user))):
            raise fault(errno.EACCES, path)

    def _uid_of(self, where: str, user: User) -> int:
        inode = self.find(where, follow=False)
        return user.uid if inode is None else inode.uid

    def _link(self, where: str, inode: Inode, path: str, user: User) -> None:
        parent_path = posixpath.dirname(where)
        _, parent, mount = self._walk(parent_path, "/", True)
        if not isinstance(parent, Directory):
            raise fault(errno.ENOTDIR, path)
        self._check_writable(mount, path)
        self._check_parent(where, path, user)
        gained = [inode, *(child for _, child in walk(inode))] if isinstance(inode, Directory) else [inode]
        size = sum(child.size for child in gained if isinstance(child, File))
        if not mount.space.fits(size, len(gained)):
            raise fault(errno.ENOSPC, path)
        own = self._own(parent_path)
        assert isinstance(own, Directory)
        inode.mtime_us = inode.mtime_us or self._now_us()
        if own.mode & 0o2000:
            # What is made in a folder with this bit belongs to the folder's group.
            inode.gid = own.gid
            inode.mode |= 0o2000 if isinstance(inode, Directory) else 0
        own.entries[posixpath.basename(where)] = inode
        own.mtime_us = self._now_us()
        mount.space.used_bytes += size
        mount.space.entries += len(gained)
        mount.space.changed()

    def _own(self, where: str) -> Inode:
        """The inode at a canonical path, copied out of the image with all that leads to it."""
        here: Inode = self.root
        for name in [part for part in where.split("/") if part]:
            assert isinstance(here, Directory)
            entry = here.get(name)
            assert entry is not None
            if isinstance(entry, Mount):
                here = entry.target
                continue
            if entry.shared:
                shared = entry
                entry = shared.copy()
                here.entries[name] = entry
            here = entry
        return here
