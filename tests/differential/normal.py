"""Takes out of a text what is random or timed, so that two runs of one line can be compared."""

from __future__ import annotations

import difflib
import re

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_AGE = r"(?<![\w.=:-])(\d+y)?(\d+d)?(\d+h)?(\d+m)?\d+s(?![\w])|(?<![\w.=:-])\d+[ydhm](\d+[dhm])?(?!\w)"
_RULES = [
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\b"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \+0000"), "<time>"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"(?i)(resource ?Version\"?: ?\s*\"?)\d+"), r"\1<rv>"),
    (re.compile(rf"(?<=[a-z0-9])-[{_SAFE}]{{8,10}}-[{_SAFE}]{{5}}\b"), "-<hash>-<random>"),
    (re.compile(r"(?<=[a-z0-9])-(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])[bcdfghjklmnpqrstvwxz2456789]{5}\b"), "-<random>"),
    (re.compile(rf"\b(debugger|node-debugger-k8s-node\d\d)-[{_SAFE}]{{5}}\b"), r"\1-<random>"),
    (re.compile(r"^[EWI]\d{4} [\d:.]+ +\d+ ", re.MULTILINE), "<log> "),
    # A watch that the server closed early; when, is a matter of time.
    (re.compile(r"^<log> reflector\.go.*\n", re.MULTILINE), ""),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(_AGE), "<age>"),
    (re.compile(r"<age> \(x\d+ over <age>\)"), "<age>"),
    # Where the one runs in a directory of its own, and the other in the home directory.
    (re.compile(r"/tmp/podarium-differential-\w+/[\w.-]+/"), ""),
    (re.compile(r"/tmp/(LIVE|MERGED)-\d+"), r"/tmp/\1-<number>"),
    (re.compile(r"/tmp/kubectl-edit-\d+"), "/tmp/kubectl-edit-<number>"),
    (re.compile(r"http://127\.0\.0\.1:\d+/slot\d+"), "<server>"),
]


def normal(text: str, *, unordered: bool = False) -> str:
    """The text without what differs from run to run; columns that ages pad differently are squeezed."""
    aged = False
    for rule, replacement in _RULES:
        replaced = rule.sub(replacement, text)
        aged = aged or replaced != text
        text = replaced
    if aged:
        # An age may be wider on one side, and with it its column.
        text = re.sub(r" {2,}", "  ", text)
    lines = text.splitlines(keepends=True)
    return "".join(sorted(lines) if unordered else lines)


def difference(want: str, got: str) -> str:
    """A unified diff, "" where there is none."""
    if want == got:
        return ""
    lines = difflib.unified_diff(want.splitlines(keepends=True), got.splitlines(keepends=True), "real", "terminal", n=1)
    text = "".join(line if line.endswith("\n") else line + "\n\\ no newline at the end\n" for line in lines)
    return text or "only the end of a line differs\n"
