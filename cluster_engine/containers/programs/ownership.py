"""`chmod`, `chown`, `chgrp`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, Inode
from cluster_engine.containers.programs.filing import each, is_busybox
from cluster_engine.containers.programs.options import UsageFault, arguments, parse, plain

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process


def symbolic_mode(text: str, inode: Inode) -> int:
    """The mode after `chmod TEXT`. Raises `UsageFault`."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    mode = inode.mode
    for clause in text.split(","):
        found = re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", clause)
        if found is None:
            raise UsageFault(f"invalid mode '{text}'")
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(found[3]))
        if "X" in found[3] and (isinstance(inode, Directory) or mode & 0o111):
            bits |= 1
        who = found[1] or "a"
        for letter, shift in (("u", 6), ("g", 3), ("o", 0)):
            if letter not in who and "a" not in who:
                continue
            if found[2] == "+":
                mode |= bits << shift
            elif found[2] == "-":
                mode &= ~(bits << shift)
            else:
                mode = mode & ~(7 << shift) | bits << shift
    return mode


def _each_below(process: Process, path: str, recursive: bool) -> list[str]:
    inode = process.fs.lookup(path, process.cwd)
    if not recursive or not isinstance(inode, Directory):
        return [path]
    found = [path]
    for name in inode.names():
        found += _each_below(process, posixpath.join(path, name), True)
    return found


@plain
def chmod(process: Process) -> int:
    words = arguments(process)
    recursive = any(word in ("-R", "--recursive") for word in words)
    rest = [word for word in words if word not in ("-R", "--recursive", "-v", "-f", "-c")]
    if len(rest) < 2:
        raise UsageFault("missing operand")

    def act(path: str) -> None:
        for each_path in _each_below(process, path, recursive):
            inode = process.fs.lookup(each_path, process.cwd)
            process.fs.change(each_path, process.cwd, process.user, mode=symbolic_mode(rest[0], inode))

    return each(process, rest[1:], act)


def _id(process: Process, text: str, file: str) -> int | None:
    if not text:
        return None
    if text.isdigit():
        return int(text)
    for line in process.fs.read(file).decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if fields[0] == text and len(fields) > 2:
            return int(fields[2])
    raise UsageFault(f"unknown user/group {text}" if is_busybox(process) else f"invalid user: '{text}'")


@plain
def chown(process: Process) -> int:
    options, rest = parse(arguments(process), "RhvfcLHP", long={"recursive": "R"})
    if len(rest) < 2:
        raise UsageFault("missing operand")
    user, _, group = rest[0].replace(".", ":").partition(":")
    if process.name == "chgrp":
        user, group = "", rest[0]
    owner = (_id(process, user, "/etc/passwd"), _id(process, group, "/etc/group"))

    def act(path: str) -> None:
        for each_path in _each_below(process, path, "R" in options):
            process.fs.change(each_path, process.cwd, process.user, owner=owner)

    return each(process, rest[1:], act)
