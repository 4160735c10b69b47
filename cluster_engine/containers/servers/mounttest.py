"""mounttest, a subcommand of agnhost: what a volume looks like from inside a container.

Follows test/images/agnhost/mounttest (mt.go, mt_utils.go): the order of the questions is fixed, so that one command can
write a file and then ask for its mode.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Inode
from cluster_engine.containers.process import decode
from cluster_engine.containers.programs.listing import permissions
from cluster_engine.containers.runner import Program, Wait

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

INITIAL_CONTENT = "mount-tester new file\n"
EXT4 = 0xEF53
NEW_FILES = {"new_file_0644": 0o644, "new_file_0666": 0o666, "new_file_0660": 0o660, "new_file_0777": 0o777}
LOOP_SECONDS = 180
PAUSE_SECONDS = 2.0
STICKY, SET_GROUP = 0o1000, 0o2000


def mounttest(process: Process, flags: dict[str, str], rest: list[str]) -> Program:
    """Answers the questions in their order; 1 where one of them has no answer."""
    failed = False
    for name, ask in _QUESTIONS.items():
        path = flags.get(name, "")
        if path and not ask(process, path):
            failed = True
    path = flags.get("file_content_in_loop", "")
    if path and not (yield from _read_in_loop(process, path, flags)):
        failed = True
    return int(failed)


def _why(error: OSError) -> str:
    """Go's word for it."""
    return (error.strerror or "input/output error").lower()


def _fs_type(process: Process, path: str) -> bool:
    try:
        mount = process.fs.mount_of(path, process.cwd)
    except OSError as error:
        process.out(f'error from statfs("{path}"): {_why(error)}\n')
        return False
    kind = "tmpfs" if mount.source_name == "tmpfs" else EXT4
    process.out(f'mount type of "{path}": {kind}\n')
    return True


def _new_file(mode: int) -> Callable[[Process, str], bool]:
    def write(process: Process, path: str) -> bool:
        try:
            process.fs.write(path, INITIAL_CONTENT.encode(), process.cwd, process.user, mode=mode)
        except OSError as error:
            process.out(f'error writing new file "{path}": open {path}: {_why(error)}\n')
            return False
        return _content(process, path)

    return write


def _content(process: Process, path: str) -> bool:
    try:
        text = decode(process.fs.read(path, process.cwd, process.user))
    except OSError as error:
        process.out(f'error reading file content for "{path}": open {path}: {_why(error)}\n')
        return False
    process.out(f'content of file "{path}": {text}\n')
    return True


def _about(tell: Callable[[str, Inode], str]) -> Callable[[Process, str], bool]:
    """A question about what stands at a path."""

    def ask(process: Process, path: str) -> bool:
        try:
            inode = process.fs.lookup(path, process.cwd)
        except OSError as error:
            process.out(f'error from Stat("{path}"): stat {path}: {_why(error)}\n')
            return False
        process.out(tell(path, inode))
        return True

    return ask


def _owner(path: str, inode: Inode) -> str:
    return f'owner UID of "{path}": {inode.uid}\nowner GID of "{path}": {inode.gid}\n'


def _go_mode(inode: Inode) -> str:
    """Go's text of a mode: what is special comes before the permissions, each with a letter of its own."""
    kind = "" if inode.kind == "-" else inode.kind
    letters = kind + ("g" if inode.mode & SET_GROUP else "") + ("t" if inode.mode & STICKY else "")
    return (letters or "-") + permissions(inode)


def _read_in_loop(process: Process, path: str, flags: dict[str, str]) -> Generator[Wait, None, bool]:
    """Reads every two seconds, for a while or until the file has what is expected."""
    seconds = int(flags.get("retry_time", "") or LOOP_SECONDS)
    until_expected = flags.get("break_on_expected_content", "true") != "false"
    end_us = process.now_us + seconds * 1_000_000
    found = True
    while process.now_us < end_us:
        try:
            text = decode(process.fs.read(path, process.cwd, process.user))
        except OSError as error:
            found = False
            process.out(f"Error reading file {path}: open {path}: {_why(error)}, retrying\n")
        else:
            found = True
            process.out(f'content of file "{path}": {text}\n')
            if until_expected and text == INITIAL_CONTENT:
                break
            if until_expected:
                process.out(f"Unexpected content. Expected: {INITIAL_CONTENT}. Retrying")
        yield process.sleep(PAUSE_SECONDS)
    return found


_QUESTIONS: dict[str, Callable[[Process, str], bool]] = {
    "fs_type": _fs_type,
    **{name: _new_file(mode) for name, mode in NEW_FILES.items()},
    "file_mode": _about(lambda path, inode: f'mode of file "{path}": {_go_mode(inode)}\n'),
    "file_perm": _about(lambda path, inode: f'perms of file "{path}": -{permissions(inode)}\n'),
    "file_owner": _about(_owner),
    "file_content": _content,
}
