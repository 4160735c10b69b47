"""Sets of characters: the classes of a pattern. Follows regexp/syntax/perl_groups.go."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import dataclass

LAST = sys.maxunicode
DIGIT = ((48, 57),)
SPACE = ((9, 10), (12, 13), (32, 32))
WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
PERL: dict[str, tuple[tuple[int, int], ...]] = {"d": DIGIT, "s": SPACE, "w": WORD}
POSIX: dict[str, tuple[tuple[int, int], ...]] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
# Scripts that people name; Go knows many more.
SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "Cyrillic": ((0x400, 0x484), (0x487, 0x52F), (0x1C80, 0x1C88), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)),
    "Greek": ((0x370, 0x373), (0x375, 0x377), (0x37A, 0x37D), (0x37F, 0x3FF), (0x1F00, 0x1FFE)),
    "Han": ((0x2E80, 0x2FD5), (0x3005, 0x3007), (0x3021, 0x3029), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
            (0x20000, 0x323AF)),
    "Hiragana": ((0x3041, 0x3096), (0x309D, 0x309F)),
    "Katakana": ((0x30A1, 0x30FA), (0x30FD, 0x30FF)),
    "Latin": ((65, 90), (97, 122), (0xAA, 0xAA), (0xBA, 0xBA), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2B8),
              (0x1E00, 0x1EFF)),
}  # fmt: skip
_CATEGORIES = frozenset(
    "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs".split()
)


@dataclass(frozen=True)
class CharSet:
    """Characters by ranges of code points and by Unicode categories, or all others (`negated`)."""

    ranges: tuple[tuple[int, int], ...] = ()
    # (category or prefix of one, whether it is meant to be absent)
    categories: tuple[tuple[str, bool], ...] = ()
    negated: bool = False
    fold: bool = False

    def __contains__(self, char: str) -> bool:
        found = self._has(char)
        if not found and self.fold:
            found = any(self._has(other) for other in _folded(char))
        return found != self.negated

    def _has(self, char: str) -> bool:
        point = ord(char)
        if any(low <= point <= high for low, high in self.ranges):
            return True
        if not self.categories:
            return False
        category = unicodedata.category(char)
        return any(category.startswith(name) != absent for name, absent in self.categories)


def _folded(char: str) -> tuple[str, ...]:
    """Its other cases, as far as they are single characters."""
    return tuple({other for other in (char.lower(), char.upper(), char.swapcase()) if len(other) == 1} - {char})


def complement(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """All code points that are in none of the ranges, which are in order."""
    made, start = [], 0
    for low, high in ranges:
        if low > start:
            made.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        made.append((start, LAST))
    return tuple(made)


def unicode_class(name: str) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[str, bool], ...]] | None:
    """(ranges, categories) of `\\p{name}`, or None for a name that we do not know."""
    if name == "Any":
        return ((0, LAST),), ()
    if name in SCRIPTS:
        return SCRIPTS[name], ()
    return ((), ((name, False),)) if name in _CATEGORIES else None
