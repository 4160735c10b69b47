"""Loops. One that can only be ended from outside is lazy: it costs nothing while nobody looks.

When somebody does, its iterations since then are made up for; where there are too many, the oldest are skipped, and
variables that counted evenly are counted on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell.state import Break
from cluster_engine.sh import expand
from cluster_engine.sh.arithmetic import evaluate
from cluster_engine.sh.syntax import Case, CountingFor, For, Group, If, Script, Simple, Word

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell
    from cluster_engine.sh.syntax import While

# Iterations that are made up for at most, and what a loop that never waits may do before it takes a second.
MAX_CATCH_UP = 1500
MAX_BUSY = 1000
SECOND_US = 1_000_000
_ENDS = frozenset({"break", "exit", "return", "exec", "kill"})


def body(shell: Shell, script: Script) -> Program:
    shell.loops += 1
    try:
        return (yield from shell.run_script(script))
    finally:
        shell.loops -= 1


def goes_on(leave: Break) -> bool:
    """Whether a loop that was left goes on with its next iteration; raises for an outer loop's sake."""
    if leave.levels > 1:
        raise Break(leave.levels - 1, again=leave.again)
    return leave.again


def run_while(shell: Shell, node: While) -> Program:
    pace = _Pace(shell, endless=_is_endless(node) and "e" not in shell.options)
    code = 0
    try:
        while True:
            yield from pace.next()
            if pace.endless and not node.condition.lists[0].rest and _is_constant(node.condition, node.until):
                holds = True
            else:
                holds = ((yield from shell.condition(node.condition)) == 0) != node.until
            if not holds:
                return code
            try:
                code = yield from body(shell, node.body)
            except Break as leave:
                if not goes_on(leave):
                    return 0
    finally:
        pace.end()


def run_for(shell: Shell, node: For) -> Program:
    values = list(shell.arguments) if node.words is None else (yield from expand.fields_of(node.words, shell))
    code = 0
    for value in values:
        shell.set(node.name, value)
        try:
            code = yield from body(shell, node.body)
        except Break as leave:
            if not goes_on(leave):
                break
    return code


def run_counting(shell: Shell, node: CountingFor) -> Program:
    evaluate((yield from expand.text_of(node.start, shell)), shell)
    condition = yield from expand.text_of(node.condition, shell)
    endless = not condition.strip() and not _may_leave(node.body)
    pace = _Pace(shell, endless=endless)
    code = 0
    try:
        while True:
            condition = yield from expand.text_of(node.condition, shell)
            if condition.strip() and not evaluate(condition, shell):
                return code
            yield from pace.next()
            try:
                code = yield from body(shell, node.body)
            except Break as leave:
                if not goes_on(leave):
                    return 0
            evaluate((yield from expand.text_of(node.step, shell)), shell)
    finally:
        pace.end()


class _Pace:
    """Sees to it that a loop takes time, and that an endless one catches up in bounded work."""

    def __init__(self, shell: Shell, *, endless: bool) -> None:
        self._shell = shell
        self._process = shell.process
        self.endless = endless
        self._was_lazy = self._process.lazy
        if endless:
            self._process.lazy = True
        self._busy = 0
        self._started_us: int | None = None
        self._numbers: dict[str, int] = {}
        self._steps: dict[str, int] = {}

    def end(self) -> None:
        self._process.lazy = self._was_lazy

    def next(self) -> Program:
        """Called before each iteration."""
        now_us = self._process.now_us
        took_us = now_us - self._started_us if self._started_us is not None else 0
        if self._started_us is not None and took_us == 0:
            self._busy += 1
        else:
            self._busy = 0
        behind_us = self._process.pod.runner.horizon_us - now_us
        if self._busy >= MAX_BUSY:
            self._busy = 0
            yield Wait(deadline_us=now_us + max(SECOND_US, behind_us - 10 * SECOND_US if self.endless else 0))
        elif self.endless:
            yield from self._skip(took_us, behind_us)
        self._started_us = self._process.now_us
        return 0

    def _skip(self, took_us: int, behind_us: int) -> Program:
        count = behind_us // took_us - MAX_CATCH_UP if took_us > 0 else 0
        if behind_us > 0 and took_us > 0 and count > -MAX_CATCH_UP:
            numbers = self._integers()
            steps = {name: value - self._numbers.get(name, value) for name, value in numbers.items()}
            if count > 0 and steps == self._steps:
                for name, step in steps.items():
                    if step:
                        self._shell.variables[name] = str(numbers[name] + step * count)
                yield Wait(deadline_us=self._process.now_us + count * took_us)
                numbers = self._integers()
            self._numbers, self._steps = numbers, steps
        return 0

    def _integers(self) -> dict[str, int]:
        return {
            name: int(value)
            for name, value in self._shell.variables.items()
            if len(value) < 16 and re.fullmatch(r"-?\d+", value)
        }


def _is_endless(node: While) -> bool:
    return _is_constant(node.condition, node.until) and not _may_leave(node.body)


def _is_constant(condition: Script, until: bool) -> bool:
    if len(condition.lists) != 1 or condition.lists[0].rest or len(condition.lists[0].first.commands) != 1:
        return False
    command = condition.lists[0].first.commands[0]
    if not isinstance(command, Simple) or command.assignments or command.redirections:
        return False
    words = [word.plain for word in command.words]
    if until:
        return words == ["false"]
    return words in (["true"], [":"], ["[", "1", "]"], ["[", "true", "]"], ["/bin/true"], ["test", "1"])


@lru_cache(maxsize=256)
def _may_leave(script: Script) -> bool:
    """Whether some command in it could end the loop or the shell. A command of unknown name might."""
    return any(word is None or word in _ENDS for word in _first_words(script))


def _first_words(script: Script) -> Iterator[str | None]:
    """The names of all commands in a script; None for one that is only known when it runs."""
    for node in script.lists:
        for pipeline in (node.first, *(following for _, following in node.rest)):
            for command in pipeline.commands:
                yield from _names(command)


def _names(command: object) -> Iterator[str | None]:
    match command:
        case Simple():
            if command.words:
                first: Word = command.words[0]
                yield first.plain
        case If():
            for condition, inner in command.branches:
                yield from _first_words(condition)
                yield from _first_words(inner)
            if command.otherwise is not None:
                yield from _first_words(command.otherwise)
        case For() | CountingFor():
            yield from _first_words(command.body)
        case Group():
            yield from _first_words(command.body)
        case Case():
            for _, inner in command.branches:
                yield from _first_words(inner)
        case _:
            for field in ("condition", "body"):
                part = getattr(command, field, None)
                if isinstance(part, Script):
                    yield from _first_words(part)
