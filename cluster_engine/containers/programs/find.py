"""`find`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, Inode
from cluster_engine.containers.process import describe
from cluster_engine.containers.programs.options import UsageFault, arguments, checked
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.sh import patterns

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

MAX_FOUND = 5000
MAX_DEPTH = 50
# (path, what is there, how deep below the root) -> whether it fits.
Test = Callable[[str, Inode, int], bool]
_IGNORED = frozenset({"-print", "-a", "-o", "(", ")", "-xdev", "-mount"})


class _Expression:
    """What to look for, and what to do with it."""

    def __init__(self, words: list[str]) -> None:
        self.tests: list[Test] = []
        self.action: list[str] = []
        self.depth = MAX_DEPTH
        queue = list(words)
        negated = False
        while queue:
            word = queue.pop(0)
            if word in ("!", "-not"):
                negated = True
            elif word in ("-delete", "-print0"):
                self.action = [word]
            elif word == "-exec":
                self.action = [word]
                while queue and queue[0] not in (";", "+"):
                    self.action.append(queue.pop(0))
                queue = queue[1:]
            elif word not in _IGNORED:
                if not queue:
                    raise UsageFault(f"unrecognized: {word}")
                self._test(word, queue.pop(0), negated=negated)
                negated = False

    def _test(self, word: str, value: str, *, negated: bool) -> None:
        if word == "-maxdepth":
            self.depth = int(value) if value.isdigit() else MAX_DEPTH
            return
        test = _test_of(word, value)
        self.tests.append((lambda path, inode, level: not test(path, inode, level)) if negated else test)


def _test_of(word: str, value: str) -> Test:
    match word:
        case "-name":
            return lambda path, inode, level: patterns.matches(value, posixpath.basename(path.rstrip("/")) or path)
        case "-iname":
            return lambda path, inode, level: patterns.matches(value.lower(), posixpath.basename(path).lower())
        case "-path" | "-wholename":
            return lambda path, inode, level: patterns.matches(value, path)
        case "-type":
            return lambda path, inode, level: inode.kind == ("-" if value == "f" else value)
        case "-mindepth":
            least = int(value) if value.isdigit() else 0
            return lambda path, inode, level: level >= least
        case "-size":
            return lambda path, inode, level: inode.size > 0
    raise UsageFault(f"unrecognized: {word}")


@checked
def find(process: Process) -> Program:
    words = arguments(process)
    roots: list[str] = []
    while words and not words[0].startswith(("-", "!", "(")):
        roots.append(words.pop(0))
    expression = _Expression(words)
    action = expression.action
    code = 0
    for root in roots or ["."]:
        try:
            inode = process.fs.lookup(root, process.cwd, follow=False)
        except OSError as error:
            process.err(f"find: {describe(error)}\n")
            code = 1
            continue
        matched = []
        for path, found, level in _below(process, root, inode, 0, expression.depth):
            if all(test(path, found, level) for test in expression.tests):
                matched.append(path)
        for path in matched[:MAX_FOUND]:
            if action == ["-delete"]:
                process.fs.remove(path, process.cwd, process.user, recursive=True)
            elif action and action[0] == "-exec":
                argv = [path if word == "{}" else word for word in action[1:]]
                child = process.container.spawn(argv, fds=dict(process.fds), parent=process, env=process.env)
                while child.exit_code is None:
                    yield Wait(on=(child.done,))
            else:
                process.out(path + ("\0" if action == ["-print0"] else "\n"))
    return code


def _below(process: Process, path: str, inode: Inode, level: int, depth: int) -> Iterator[tuple[str, Inode, int]]:
    yield path, inode, level
    if isinstance(inode, Directory) and level < depth:
        for name in inode.names():
            child = process.fs.find(posixpath.join(path, name), process.cwd, follow=False)
            if child is not None:
                yield from _below(process, posixpath.join(path, name), child, level + 1, depth)
