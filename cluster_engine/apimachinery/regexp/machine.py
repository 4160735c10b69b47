"""Runs a pattern over a text in time that grows with the two of them, never faster.

The parts of the pattern are threads that all take a character at once; what a set of threads does on a character is
remembered. Follows Thompson's construction, as regexp/exec.go does.
"""

from __future__ import annotations

from functools import lru_cache

from cluster_engine.apimachinery.regexp.charsets import CharSet
from cluster_engine.apimachinery.regexp.parser import (
    Assert,
    Assertion,
    Chars,
    Choice,
    RegexpError,
    Repeat,
    Sequence,
    Tree,
    parse,
)

MAX_PROGRAM = 20_000
# So many threads are remembered, over all sets of them.
MAX_REMEMBERED = 100_000
# No person's pattern comes near; one that does matches nothing.
MAX_WORK = 20_000_000

# An instruction: a set of characters and where to go on, a place and where to go on, a fork, or the end (None).
Instruction = tuple[CharSet, int] | tuple[Assertion, int] | tuple[int, int] | None
Threads = frozenset[int]


class Matcher:
    """A compiled pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._program: list[Instruction] = []
        start = self._compile(parse(pattern), self._add(None))
        self._start = start
        self._closures: dict[tuple[Threads, tuple[Assertion, ...]], tuple[Threads, bool]] = {}
        self._moves: dict[tuple[Threads, str], Threads] = {}
        self._remembered = 0

    def found_in(self, text: str) -> bool:
        """Whether a part of the text matches."""
        threads: Threads = frozenset()
        seed = frozenset((self._start,))
        work = 0
        for index in range(len(text) + 1):
            threads, matched = self._closure(threads | seed, _places(text, index))
            if matched:
                return True
            if index == len(text):
                return False
            work += len(threads)
            if work > MAX_WORK:
                return False
            threads = self._move(threads, text[index])
        return False

    def _add(self, instruction: Instruction) -> int:
        if len(self._program) >= MAX_PROGRAM:
            raise RegexpError("expression too large", self.pattern[:80])
        self._program.append(instruction)
        return len(self._program) - 1

    def _compile(self, tree: Tree, then: int) -> int:
        """Where to begin for that tree, which goes on at `then`."""
        match tree:
            case Chars(chars):
                return self._add((chars, then))
            case Assert(kind):
                return self._add((kind, then))
            case Sequence(parts):
                for part in reversed(parts):
                    then = self._compile(part, then)
                return then
            case Choice(branches):
                starts = [self._compile(branch, then) for branch in branches]
                while len(starts) > 1:
                    last = starts.pop()
                    starts[-1] = self._add((starts[-1], last))
                return starts[0]
            case Repeat(part, least, most):
                return self._repeat(part, least, most, then)

    def _repeat(self, part: Tree, least: int, most: int | None, then: int) -> int:
        if most is None:
            loop = self._add((then, then))
            self._program[loop] = (self._compile(part, loop), then)
            then = loop
        else:
            end = then
            for _ in range(most - least):
                then = self._add((self._compile(part, then), end))
        for _ in range(least):
            then = self._compile(part, then)
        return then

    def _closure(self, threads: Threads, places: tuple[Assertion, ...]) -> tuple[Threads, bool]:
        """(the threads that wait for a character here, whether one has come to the end)."""
        key = threads, places
        known = self._closures.get(key)
        if known is not None:
            return known
        waiting, seen = list(threads), set(threads)
        found: set[int] = set()
        matched = False
        while waiting:
            at = waiting.pop()
            instruction = self._program[at]
            if instruction is None:
                matched = True
                continue
            first, second = instruction
            if isinstance(first, CharSet):
                found.add(at)
                continue
            targets = (first, second) if isinstance(first, int) else ((second,) if first in places else ())
            for target in targets:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        made = frozenset(found), matched
        self._make_room(len(threads) + len(found))
        self._closures[key] = made
        return made

    def _move(self, threads: Threads, char: str) -> Threads:
        key = threads, char
        known = self._moves.get(key)
        if known is not None:
            return known
        found = set()
        for at in threads:
            instruction = self._program[at]
            if instruction is not None and isinstance(instruction[0], CharSet) and char in instruction[0]:
                found.add(instruction[1])
        made = frozenset(found)
        self._make_room(len(threads) + len(made))
        self._moves[key] = made
        return made

    def _make_room(self, threads: int) -> None:
        self._remembered += threads + 1
        if self._remembered > MAX_REMEMBERED:
            self._closures.clear()
            self._moves.clear()
            self._remembered = threads + 1


def _places(text: str, index: int) -> tuple[Assertion, ...]:
    """Which assertions hold before the character at that index."""
    before = text[index - 1] if index else ""
    after = text[index] if index < len(text) else ""
    made: list[Assertion] = []
    if not before:
        made.append("begin text")
    if not after:
        made.append("end text")
    if not before or before == "\n":
        made.append("begin line")
    if not after or after == "\n":
        made.append("end line")
    made.append("word" if _is_word(before) != _is_word(after) else "no word")
    return tuple(made)


def _is_word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Matcher:
    """The matcher of a pattern. Raises `RegexpError`."""
    return Matcher(pattern)
