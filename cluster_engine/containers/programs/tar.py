"""`tar`, as `kubectl cp` needs it and people use it: create, extract, list."""

from __future__ import annotations

import posixpath
import tarfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, File, Inode, Symlink
from cluster_engine.containers.pipe import read_all
from cluster_engine.containers.process import describe
from cluster_engine.containers.programs.options import UsageFault, arguments, checked
from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_VALUED = "fCTX"
_LONG = {"create": "c", "extract": "x", "list": "t", "file": "f", "directory": "C", "gzip": "z"}
MAX_UNPACKED = 16 * 1024 * 1024


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Tar's first word may be letters without a dash."""
    options: dict[str, str] = {}
    rest: list[str] = []
    queue = list(words)
    first = True
    while queue:
        word = queue.pop(0)
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            letter = {"create": "c", "extract": "x", "list": "t", "file": "f", "directory": "C", "gzip": "z"}.get(
                name, ""
            )
            if letter:
                options[letter] = value or (queue.pop(0) if letter in _VALUED and queue else "")
        elif (word.startswith("-") and len(word) > 1) or first:
            for letter in word.lstrip("-"):
                options[letter] = queue.pop(0) if letter in _VALUED and queue else ""
        else:
            rest.append(word)
        first = False
    return options, rest


@checked
def tar(process: Process) -> Program:
    options, paths = _options(arguments(process))
    cwd = process.cwd
    if "C" in options:
        cwd = process.fs.canonical(options["C"], process.cwd)
        if not process.fs.is_directory(cwd):
            process.err(f"tar: can't change directory to '{options['C']}': No such file or directory\n")
            return 1
    if "c" in options:
        return _create(process, options, paths, cwd)
    if "x" in options or "t" in options:
        if options.get("f", "-") == "-":
            data = yield from read_all(process.stdin)
        else:
            data = process.fs.read(options["f"], process.cwd, process.user)
        return _extract(process, options, data, cwd, paths)
    raise UsageFault("you must specify one of the 'Acdtrux' options")


def _create(process: Process, options: dict[str, str], paths: list[str], cwd: str) -> int:
    if not paths:
        process.err("tar: cowardly refusing to create an empty archive\n")
        return 1
    buffer = BytesIO()
    code = 0
    with tarfile.open(fileobj=buffer, mode="w:gz" if "z" in options else "w", format=tarfile.GNU_FORMAT) as archive:
        for path in paths:
            try:
                inode = process.fs.lookup(path, cwd, follow=False)
                if path.startswith("/"):
                    process.err("tar: removing leading '/' from member names\n")
                _add(process, archive, path, inode, cwd)
            except OSError as error:
                process.err(f"tar: {describe(error)}\n")
                code = 1
    if options.get("f", "-") == "-":
        process.stdout.write(buffer.getvalue())
    else:
        process.fs.write(options["f"], buffer.getvalue(), process.cwd, process.user)
    return code


def _add(process: Process, archive: tarfile.TarFile, path: str, inode: Inode, cwd: str) -> None:
    info = tarfile.TarInfo(path.strip("/") or ".")
    info.mode, info.uid, info.gid = inode.mode, inode.uid, inode.gid
    info.mtime = (inode.mtime_us or process.started_us) // 1_000_000
    if isinstance(inode, Directory):
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
        for name in inode.names():
            child = process.fs.find(posixpath.join(path, name), cwd, follow=False)
            if child is not None:
                _add(process, archive, posixpath.join(path, name), child, cwd)
    elif isinstance(inode, Symlink):
        info.type, info.linkname = tarfile.SYMTYPE, inode.target
        archive.addfile(info)
    elif isinstance(inode, File):
        data = inode.data
        info.size = len(data)
        archive.addfile(info, BytesIO(data))


def _extract(process: Process, options: dict[str, str], data: bytes, cwd: str, wanted: list[str]) -> int:
    code = 0
    try:
        if data.startswith(b"\x1f\x8b"):
            # Unpacked here, so that a small archive cannot become a huge one.
            data = zlib.decompressobj(31).decompress(data, MAX_UNPACKED)
        with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
            for member in archive:
                name = member.name.lstrip("/")
                if wanted and not any(name == word or name.startswith(word.rstrip("/") + "/") for word in wanted):
                    continue
                if ".." in name.split("/"):
                    process.err(f"tar: name with '..': '{name}'\n")
                    return 1
                if "t" in options or "v" in options:
                    process.out(f"{name}\n")
                if "x" in options:
                    try:
                        _take_out(process, archive, member, name, cwd, options)
                    except OSError as error:
                        process.err(f"tar: can't open '{name}': {error.strerror}\n")
                        code = 1
    except (tarfile.TarError, zlib.error, EOFError, ValueError):
        process.err("tar: invalid tar magic\n" if data else "tar: short read\n")
        return 1
    return code


def _take_out(
    process: Process, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, cwd: str, options: dict[str, str]
) -> None:
    fs, user = process.fs, process.user
    mode = member.mode & 0o777
    if member.isdir():
        if name.strip("./") and not fs.is_directory(name, cwd):
            fs.make_directory(name, cwd, user, parents=True, mode=mode)
        return
    folder = posixpath.dirname(name)
    if folder and not fs.is_directory(folder, cwd):
        fs.make_directory(folder, cwd, user, parents=True)
    if member.issym():
        if fs.find(name, cwd, follow=False) is not None:
            fs.remove(name, cwd, user)
        fs.make_link(member.linkname, name, cwd, user)
    elif member.isfile():
        source = archive.extractfile(member)
        present = fs.find(name, cwd, follow=False)
        if isinstance(present, Symlink):
            fs.remove(name, cwd, user)
        fs.write(name, source.read() if source else b"", cwd, user, mode=mode)
        if user.uid == 0 and "m" not in options:
            fs.change(name, cwd, user, mode=mode)
