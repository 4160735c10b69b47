"""Reads a pattern into a tree. Follows regexp/syntax/parse.go (the Perl flags), and its words for what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cluster_engine.apimachinery.regexp.charsets import LAST, PERL, POSIX, CharSet, complement, unicode_class

MAX_REPEAT = 1000
MAX_DEPTH = 200
MAX_LENGTH = 20_000
Assertion = Literal["begin text", "end text", "begin line", "end line", "word", "no word"]
Ranges = tuple[tuple[int, int], ...]
Categories = tuple[tuple[str, bool], ...]


class RegexpError(ValueError):
    """A pattern that is none; the message is Go's."""

    def __init__(self, code: str, expression: str) -> None:
        super().__init__(f"error parsing regexp: {code}: `{expression}`")


@dataclass(slots=True)
class Chars:
    """One character of a set."""

    chars: CharSet


@dataclass(slots=True)
class Assert:
    """A place between characters."""

    kind: Assertion


@dataclass(slots=True)
class Sequence:
    parts: list[Tree] = field(default_factory=list)


@dataclass(slots=True)
class Choice:
    branches: list[Tree]


@dataclass(slots=True)
class Repeat:
    """A part `least` to `most` times; `most` is None for any number."""

    part: Tree
    least: int
    most: int | None


Tree = Chars | Assert | Sequence | Choice | Repeat


def parse(pattern: str) -> Tree:
    """The tree of a pattern. Raises `RegexpError`."""
    if len(pattern) > MAX_LENGTH:
        raise RegexpError("expression too large", pattern[:80])
    parser = _Parser(pattern)
    tree = parser.choice(0)
    if parser.at < len(pattern):
        raise RegexpError("unexpected )", pattern)
    return tree


@dataclass(slots=True)
class _Flags:
    fold: bool = False
    dot_all: bool = False
    lines: bool = False


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = _Flags()

    def _rest(self, *starts: str) -> bool:
        return self.text.startswith(starts, self.at)

    def choice(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise RegexpError("expression nests too deeply", self.text)
        branches = [self._sequence(depth)]
        while self._rest("|"):
            self.at += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else Choice(branches)

    def _sequence(self, depth: int) -> Tree:
        made = Sequence()
        repeated_at = -1
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            start = self.at
            char = self.text[start]
            if char in "*+?" or (char == "{" and self._counts() is not None):
                self._repeat(made, start, repeated_at)
                repeated_at = start
                continue
            repeated_at = -1
            part = self._atom(depth)
            if part is not None:
                made.parts.append(part)
        return made

    def _repeat(self, made: Sequence, start: int, repeated_at: int) -> None:
        char = self.text[start]
        if char == "{":
            counts = self._counts()
            assert counts is not None
            least, most, end = counts
        else:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
            end = start + 1
        self.at = end
        if self._rest("?"):
            self.at += 1  # lazy: which match is found does not matter
        operator = self.text[start : self.at]
        if repeated_at >= 0:
            raise RegexpError("invalid nested repetition operator", self.text[repeated_at : self.at])
        if not made.parts:
            raise RegexpError("missing argument to repetition operator", operator)
        if least > MAX_REPEAT or (most or 0) > MAX_REPEAT or (most is not None and least > most):
            raise RegexpError("invalid repeat count", operator)
        made.parts[-1] = Repeat(made.parts[-1], least, most)

    def _counts(self) -> tuple[int, int | None, int] | None:
        """(least, most, where it ends) of `{n}`, `{n,}` or `{n,m}` here; None when the brace is only a brace."""
        end = self.text.find("}", self.at, self.at + 12)
        low, comma, high = self.text[self.at + 1 : end].partition(",") if end > 0 else ("", "", "")
        if not _is_number(low) or (high and not _is_number(high)):
            return None
        most = int(low) if not comma else (int(high) if high else None)
        return int(low), most, end + 1

    def _atom(self, depth: int) -> Tree | None:
        char = self.text[self.at]
        if char == "(":
            return self._group(depth)
        if char == "[":
            return Chars(self._class())
        if char == "\\":
            return self._escape()
        self.at += 1
        if char == ".":
            return Chars(CharSet(((0, LAST),) if self.flags.dot_all else ((0, 9), (11, LAST))))
        if char == "^":
            return Assert("begin line" if self.flags.lines else "begin text")
        if char == "$":
            return Assert("end line" if self.flags.lines else "end text")
        return self._literal(char)

    def _literal(self, char: str) -> Tree:
        return Chars(CharSet(((ord(char), ord(char)),), fold=self.flags.fold))

    def _group(self, depth: int) -> Tree | None:
        start = self.at
        kept = self.flags
        self.flags = _Flags(kept.fold, kept.dot_all, kept.lines)
        self.at += 1
        if self._rest("?P<", "?<") and not self._rest("?<=", "?<!"):
            self._name(start)
        elif self._rest("?") and self._set_flags(start):
            return None  # flags up to the end of the group around
        tree = self.choice(depth + 1)
        if not self._rest(")"):
            raise RegexpError("missing closing )", self.text)
        self.at += 1
        self.flags = kept
        return tree

    def _name(self, start: int) -> None:
        end = self.text.find(">", self.at)
        if end < 0:
            raise RegexpError("invalid named capture", self.text[start:])
        name = self.text[self.text.index("<", self.at) + 1 : end]
        if not name or not name.isascii() or not name.replace("_", "a").isalnum():
            raise RegexpError("invalid named capture", self.text[start : end + 1])
        self.at = end + 1

    def _set_flags(self, start: int) -> bool:
        """Reads `?i:` or `?i)`; True for the second, which holds on after the parenthesis."""
        self.at += 1
        value, any_flag = True, False
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in "imsU":
                any_flag = True
                self._set_flag(char, value)
            elif char == "-" and value:
                value, any_flag = False, False
            elif char in ":)" and (value or any_flag):
                return char == ")"
            else:
                break
        raise RegexpError("invalid or unsupported Perl syntax", self.text[start : self.at])

    def _set_flag(self, char: str, value: bool) -> None:
        if char == "i":
            self.flags.fold = value
        elif char == "s":
            self.flags.dot_all = value
        elif char == "m":
            self.flags.lines = value

    def _escape(self) -> Tree:
        start = self.at
        if start + 1 >= len(self.text):
            raise RegexpError("trailing backslash at end of expression", "")
        char = self.text[start + 1]
        assertions: dict[str, Assertion] = {"A": "begin text", "z": "end text", "b": "word", "B": "no word"}
        if char in assertions:
            self.at += 2
            return Assert(assertions[char])
        if char == "Q":
            return self._quoted()
        found = self._named_class()
        if found is not None:
            return Chars(CharSet(found[0], found[1], fold=self.flags.fold))
        return self._literal(self._escaped_char())

    def _quoted(self) -> Tree:
        end = self.text.find("\\E", self.at)
        words = self.text[self.at + 2 : end if end >= 0 else len(self.text)]
        self.at = end + 2 if end >= 0 else len(self.text)
        return Sequence([self._literal(char) for char in words])

    def _named_class(self) -> tuple[Ranges, Categories] | None:
        """`\\d`, `\\pL` or `\\p{Greek}` here; None when the escape is another."""
        start = self.at
        char = self.text[start + 1 : start + 2]
        if char.lower() in PERL:
            self.at += 2
            ranges = PERL[char.lower()]
            return (complement(ranges) if char.isupper() else ranges), ()
        if char not in ("p", "P") or not char:
            return None
        name = self.text[start + 2 : start + 3]
        end = start + 3
        if name == "{":
            end = self.text.find("}", start) + 1
            name = self.text[start + 3 : end - 1]
        if not name or not end:
            raise RegexpError("invalid character class range", self.text[start:])
        negated = (char == "P") != name.startswith("^")
        found = unicode_class(name.removeprefix("^"))
        if found is None:
            raise RegexpError("invalid character class range", self.text[start:end])
        self.at = end
        ranges, categories = found
        if not negated:
            return found
        return (complement(ranges) if ranges else ()), tuple((name, True) for name, _ in categories)

    def _escaped_char(self) -> str:
        start = self.at
        char = self.text[start + 1 : start + 2]
        if not char:
            raise RegexpError("trailing backslash at end of expression", "")
        self.at += 2
        if char in "aftnrv":
            return {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}[char]
        if char == "x":
            return self._hexadecimal(start)
        if char in "01234567":
            end = self.at
            while end < len(self.text) and end < self.at + 2 and self.text[end] in "01234567":
                end += 1
            # A single digit other than 0 would be a back reference, which RE2 does not have.
            if char == "0" or end > self.at:
                digits = self.text[start + 1 : end]
                self.at = end
                return chr(int(digits, 8))
        if char.isascii() and not char.isalnum():
            return char
        raise RegexpError("invalid escape sequence", self.text[start : self.at])

    def _hexadecimal(self, start: int) -> str:
        if self._rest("{"):
            end = self.text.find("}", self.at)
            digits, self.at = self.text[self.at + 1 : end], (end + 1 if end > 0 else len(self.text))
        else:
            digits = self.text[self.at : self.at + 2]
            self.at += 2
            digits = digits if len(digits) == 2 else ""
        hexadecimal = bool(digits) and all(digit in "0123456789abcdefABCDEF" for digit in digits) and len(digits) <= 8
        if not hexadecimal or int(digits, 16) > LAST:
            raise RegexpError("invalid escape sequence", self.text[start : self.at])
        return chr(int(digits, 16))

    def _class(self) -> CharSet:
        start = self.at
        self.at += 1
        negated = self._rest("^")
        self.at += negated
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        first = True
        while first or not self._rest("]"):
            if self.at >= len(self.text):
                raise RegexpError("missing closing ]", self.text[start:])
            first = False
            named = self._posix() if self._rest("[:") else None
            if named is None and self._rest("\\"):
                named = self._named_class()
            if named is not None:
                ranges.extend(named[0])
                categories.extend(named[1])
            else:
                ranges.append(self._range(start))
        self.at += 1
        return CharSet(tuple(ranges), tuple(categories), negated, self.flags.fold)

    def _posix(self) -> tuple[Ranges, Categories] | None:
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        found = POSIX.get(name.removeprefix("^"))
        if found is None:
            raise RegexpError("invalid character class range", self.text[self.at : end + 2])
        self.at = end + 2
        return (complement(found) if name.startswith("^") else found), ()

    def _range(self, start: int) -> tuple[int, int]:
        range_start = self.at
        low = high = self._class_char(start)
        if self._rest("-") and not self._rest("-]") and self.at + 1 < len(self.text):
            self.at += 1
            high = self._class_char(start)
            if high < low:
                raise RegexpError("invalid character class range", self.text[range_start : self.at])
        return low, high

    def _class_char(self, start: int) -> int:
        if self.at >= len(self.text):
            raise RegexpError("missing closing ]", self.text[start:])
        if self._rest("\\"):
            return ord(self._escaped_char())
        char = self.text[self.at]
        self.at += 1
        return ord(char)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
