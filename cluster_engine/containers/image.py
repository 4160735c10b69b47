"""What an image holds: its programs and files, and how it is started. Data, from the catalogue of images.

Trees are built once for an image and version and shared by all its containers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cluster_engine.containers import binaries
from cluster_engine.containers.files import Device, Directory, File, Inode, Symlink, share

_FOLDERS = (
    "bin", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp",
    "usr/bin", "usr/lib", "usr/local/bin", "usr/local/sbin", "usr/sbin", "usr/share", "var/cache", "var/lib", "var/log",
    "var/run", "var/spool", "var/tmp",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_OS_RELEASE = {
    "alpine": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.21.3\nPRETTY_NAME="Alpine Linux v3.21"\n',
    "busybox": "",
    "redhat": 'NAME="CentOS Linux"\nVERSION="8"\nID="centos"\nPRETTY_NAME="CentOS Linux 8"\n',
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
    'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
}
_SYSTEM_USERS = {"root": 0, "daemon": 1, "bin": 2, "sys": 3, "www-data": 33, "nobody": 65534}


@dataclass(frozen=True, slots=True)
class Inside:
    """How an image is made. Texts may hold `{version}` and `{tag}`."""

    name: str = ""
    # (pattern of tags, family): the first that fits.
    families: tuple[tuple[re.Pattern[str], str], ...] = ((re.compile(".*"), "any"),)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: int = 0
    # Path -> the simulated program there; path -> text.
    programs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)
    # The full version that a tag stands for.
    versions: Mapping[str, str] = field(default_factory=dict)
    # Data for the image's servers.
    facts: Mapping[str, str] = field(default_factory=dict)

    def family(self, tag: str) -> str:
        return next((family for pattern, family in self.families if pattern.search(tag)), "any")

    def version(self, tag: str) -> str:
        """`1.25.5` of the tag `1.25-alpine`."""
        head = tag.split("-", maxsplit=1)[0]
        if head in self.versions:
            return self.versions[head]
        if re.fullmatch(r"v?\d+\.\d+\.\d+.*", head):
            return head.removeprefix("v")
        newest = self.versions.get("latest", "")
        if re.fullmatch(r"\d+(\.\d+)?", head):
            return head + ".0" * (2 - head.count("."))
        return newest or head

    def argv(self, command: list[str], args: list[str]) -> list[str]:
        """The main process's words for a container's `command` and `args`. Follows the runtime's rules."""
        if command:
            return [*command, *args]
        return [*self.entrypoint, *(args or self.cmd)]


def inside_of(name: str, entry: Mapping[str, Any], *, ports: tuple[int, ...] = ()) -> Inside:
    """Reads the `inside` of a catalogue entry."""
    family = entry.get("family", "any")
    families = family.items() if isinstance(family, dict) else [("", family)]
    facts = {"ports": ",".join(map(str, ports)), **{key: str(value) for key, value in entry.get("facts", {}).items()}}
    return Inside(
        name=name,
        families=tuple((re.compile(str(pattern)), value) for pattern, value in families),
        entrypoint=tuple(entry.get("entrypoint", ())),
        cmd=tuple(entry.get("cmd", ())),
        env=entry.get("env", {}),
        workdir=entry.get("workdir", "/"),
        user=entry.get("user", 0),
        programs=entry.get("programs", {}),
        files=entry.get("files", {}),
        links=entry.get("links", {}),
        users=entry.get("users", {}),
        versions={str(key): str(value) for key, value in entry.get("versions", {}).items()},
        facts=facts,
    )


UNKNOWN = Inside(entrypoint=("/entrypoint",), programs={"/entrypoint": "unknown"})
_trees: dict[tuple[int, str], tuple[Inside, Directory]] = {}
_MAX_TREES = 256


def tree_of(inside: Inside, tag: str) -> Directory:
    """The files of an image, shared: not to be changed."""
    key = (id(inside), tag)
    remembered = _trees.get(key)
    if remembered is not None and remembered[0] is inside:
        return remembered[1]
    if len(_trees) >= _MAX_TREES:
        _trees.clear()
    root = _build(inside, tag)
    _trees[key] = (inside, root)
    return root


def _build(inside: Inside, tag: str) -> Directory:
    root = Directory()
    family = inside.family(tag)
    for folder in _FOLDERS if family != "scratch" else ("dev", "etc", "proc", "sys", "tmp"):
        _folder(root, folder)
    _folder(root, "tmp").mode = 0o1777
    for name in _DEVICES:
        _folder(root, "dev").entries[name] = Device(name)
    for index, name in enumerate(("stdin", "stdout", "stderr")):
        _folder(root, "dev").entries[name] = Symlink(f"/proc/self/fd/{index}")
    for program in binaries.FAMILIES[family]:
        _place(root, f"{binaries.folder_of(program, family)}/{program}", _binary(program))
    _system_files(root, inside, family)
    for path, program in inside.programs.items():
        _place(root, path, _binary(program))
    version = inside.version(tag)
    for path, text in inside.files.items():
        filled = text.replace("{version}", version).replace("{tag}", tag)
        _place(root, path, File(filled.encode(), 0o755 if filled.startswith("#!") else 0o644))
    for path, target in inside.links.items():
        _place(root, path, Symlink(target))
    share(root)
    return root


@lru_cache(maxsize=512)
def _content(program: str) -> bytes:
    return binaries.content(program)


def _binary(program: str) -> File:
    return File(_content(program), 0o755)


def _system_files(root: Directory, inside: Inside, family: str) -> None:
    shell = "/bin/sh" if family in ("busybox", "alpine", "any", "network") else "/bin/bash"
    users = {**_SYSTEM_USERS, **inside.users}
    passwd = "".join(
        f"{name}:x:{uid}:{uid}:{name}:{'/root' if uid == 0 else '/'}:{shell if uid == 0 else '/sbin/nologin'}\n"
        for name, uid in users.items()
    )
    group = "".join(f"{name}:x:{uid}:\n" for name, uid in users.items())
    release = _OS_RELEASE.get(family.split("-", maxsplit=1)[0], "")
    for path, text in (("etc/passwd", passwd), ("etc/group", group), ("etc/os-release", release)):
        if text:
            _place(root, path, File(text.encode()))


def _folder(root: Directory, path: str) -> Directory:
    here = root
    for name in [part for part in path.split("/") if part]:
        entry = here.entries.get(name)
        if not isinstance(entry, Directory):
            entry = here.entries[name] = Directory()
        here = entry
    return here


def _place(root: Directory, path: str, inode: Inode) -> None:
    folder, _, name = path.rpartition("/")
    if name:
        _folder(root, folder).entries[name] = inode
    else:
        _folder(root, folder)
