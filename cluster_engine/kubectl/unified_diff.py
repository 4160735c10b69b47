"""`diff -u -N` of two texts: the shortest script of changes, in hunks with three lines around them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

CONTEXT = 3
MAX_CHANGES = 4000

# (the first line that goes, how many go, the first line that comes, how many come)
Change = tuple[int, int, int, int]


def unified(old: str, new: str, old_head: str, new_head: str) -> str:
    """The difference with its two head lines, "" where there is none."""
    if old == new:
        return ""
    left, right = old.splitlines(keepends=True), new.splitlines(keepends=True)
    out = [f"--- {old_head}\n", f"+++ {new_head}\n"]
    for hunk in _hunks(_changes(left, right)):
        out.extend(_hunk_lines(hunk, left, right))
    return "".join(out)


def _changes(left: Sequence[str], right: Sequence[str]) -> list[Change]:
    gone, come = _edits(left, right)
    _slide(left, gone, come)
    _slide(right, come, gone)
    return _runs(gone, come)


def _edits(left: Sequence[str], right: Sequence[str]) -> tuple[list[bool], list[bool]]:
    """Which lines go and which come, by Myers' greedy algorithm."""
    n, m = len(left), len(right)
    furthest = {1: 0}
    history: list[dict[int, int]] = []
    for depth in range(min(n + m, MAX_CHANGES) + 1):
        history.append(dict(furthest))
        for k in range(-depth, depth + 1, 2):
            down = k == -depth or (k != depth and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            while x < n and x - k < m and left[x] == right[x - k]:
                x += 1
            furthest[k] = x
            if x >= n and x - k >= m:
                return _walk_back(history, n, m)
    return [True] * n, [True] * m


def _walk_back(history: list[dict[int, int]], n: int, m: int) -> tuple[list[bool], list[bool]]:
    gone, come = [False] * n, [False] * m
    x, y = n, m
    for depth in range(len(history) - 1, 0, -1):
        furthest = history[depth]
        k = x - y
        down = k == -depth or (k != depth and furthest[k - 1] < furthest[k + 1])
        before = k + 1 if down else k - 1
        start_x = furthest[before]
        start_y = start_x - before
        while x > start_x + (not down) and y > start_y + down:
            x, y = x - 1, y - 1
        if down:
            come[start_y] = True
        else:
            gone[start_x] = True
        x, y = start_x, start_y
    return gone, come


def _slide(lines: Sequence[str], changed: list[bool], other: list[bool]) -> None:
    """Moves each run of changed lines as far down as it goes, as diff does; runs that meet are one."""
    index, opposite = 0, 0
    count = len(lines)
    while True:
        while index < count and not changed[index]:
            while opposite < len(other) and other[opposite]:
                opposite += 1
            opposite += 1
            index += 1
        if index == count:
            return
        start = index
        while index < count and changed[index]:
            index += 1
        while opposite < len(other) and other[opposite]:
            opposite += 1
        corresponding = index if opposite and opposite <= len(other) and other[opposite - 1] else 0
        while index < count and lines[start] == lines[index]:
            changed[start], changed[index] = False, True
            start += 1
            index += 1
            while index < count and changed[index]:
                index += 1
            opposite += 1
            if opposite < len(other) and other[opposite]:
                corresponding = index
                while opposite < len(other) and other[opposite]:
                    opposite += 1
        # Where the other side has a change at the same place, the two belong together.
        while corresponding and corresponding < index:
            start -= 1
            index -= 1
            changed[start], changed[index] = True, False
            opposite -= 1
            while opposite > 0 and opposite <= len(other) and other[opposite - 1]:
                opposite -= 1


def _runs(gone: list[bool], come: list[bool]) -> list[Change]:
    changes: list[Change] = []
    x = y = 0
    while x < len(gone) or y < len(come):
        x0, y0 = x, y
        while x < len(gone) and gone[x]:
            x += 1
        while y < len(come) and come[y]:
            y += 1
        if (x, y) != (x0, y0):
            changes.append((x0, x - x0, y0, y - y0))
        x, y = x + 1, y + 1
    return changes


def _hunks(changes: list[Change]) -> list[list[Change]]:
    """Changes whose surroundings touch are one hunk."""
    hunks: list[list[Change]] = [[changes[0]]]
    for before, after in pairwise(changes):
        if after[0] - (before[0] + before[1]) <= 2 * CONTEXT:
            hunks[-1].append(after)
        else:
            hunks.append([after])
    return hunks


def _hunk_lines(hunk: list[Change], left: Sequence[str], right: Sequence[str]) -> list[str]:
    first, last = hunk[0], hunk[-1]
    x0, y0 = max(first[0] - CONTEXT, 0), max(first[2] - CONTEXT, 0)
    x1, y1 = min(last[0] + last[1] + CONTEXT, len(left)), min(last[2] + last[3] + CONTEXT, len(right))
    out = [f"@@ -{_range(x0, x1)} +{_range(y0, y1)} @@\n"]
    x = x0
    for gone_at, gone, come_at, come in hunk:
        out += [_line(" ", one) for one in left[x:gone_at]]
        out += [_line("-", one) for one in left[gone_at : gone_at + gone]]
        out += [_line("+", one) for one in right[come_at : come_at + come]]
        x = gone_at + gone
    return out + [_line(" ", one) for one in left[x:x1]]


def _range(start: int, end: int) -> str:
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _line(mark: str, text: str) -> str:
    return mark + text if text.endswith("\n") else f"{mark}{text}\n\\ No newline at end of file\n"
