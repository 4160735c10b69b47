"""Escapes of `echo -e`, and formats of `printf` as the shell's and awk's have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

MAX_WIDTH = 10_000
MAX_ROUNDS = 10_000
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|0?([0-7]{1,3})|(.))", re.DOTALL)
_NAMED = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "E": "\x1b",
}
_SPEC = re.compile(r"%(?:%|([-+ 0#']*)(\*|\d+)?(?:\.(\*|\d+)?)?(?:\((.*?)\))?([a-zA-Z]))|%")


def escaped(text: str) -> tuple[str, bool]:
    """(the text with its escapes replaced, whether `\\c` ended it)."""
    before, stop, _ = text.partition("\\c")
    return _ESCAPE.sub(_escape, before), bool(stop)


def _escape(found: re.Match[str]) -> str:
    hexadecimal, unicode, octal, char = found.groups()
    if hexadecimal or unicode:
        return chr(int(hexadecimal or unicode, 16))
    if octal:
        return chr(int(octal, 8) & 255)
    return _NAMED.get(char, found[0])


def formatted(form: str, values: Sequence[str], now_us: int = 0) -> tuple[str, list[str]]:
    """(the text, what was wrong with the values). The format is used again while values are left."""
    form, _ = escaped(form)
    queue = list(values)
    faults: list[str] = []
    pieces = [_once(form, queue, faults, now_us)]
    rounds = 0
    while queue and rounds < MAX_ROUNDS:
        left = len(queue)
        pieces.append(_once(form, queue, faults, now_us))
        rounds += 1
        if len(queue) == left:
            break
    return "".join(pieces), faults


def _once(form: str, queue: list[str], faults: list[str], now_us: int) -> str:
    def take() -> str:
        return queue.pop(0) if queue else ""

    def replace(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        flags, width, precision, inner, kind = found.groups()
        if kind is None:
            return found[0]
        if width == "*":
            width = take()
        if precision == "*":
            precision = take()
        if kind == "T":
            value = take()
            seconds = now_us / 1e6 if value in ("", "-1", "-2") else float(value)
            return datetime.fromtimestamp(seconds, UTC).strftime(inner or "%X")
        return one(flags or "", width or "", precision, kind, take(), faults)

    return _SPEC.sub(replace, form)


def one(flags: str, width: str, precision: str | None, kind: str, value: str, faults: list[str]) -> str:
    """One value in one format. What is wrong with it is added to the faults, and 0 is printed."""
    size = min(int(width.lstrip("-") or 0), MAX_WIDTH) if width.lstrip("-").isdigit() else 0
    left = "-" in flags or width.startswith("-")
    exact = min(int(precision), MAX_WIDTH) if precision and precision.isdigit() else None
    if kind in ("s", "b", "q"):
        text = escaped(value)[0] if kind == "b" else f"'{value}'" if kind == "q" and not value.isalnum() else value
        text = text[:exact] if exact is not None else text
    elif kind == "c":
        text = value[:1]
    elif kind in "diouxX":
        text = _whole(flags, kind, value, exact, faults)
    elif kind in "feEgG":
        text = f"{_number(value, faults):{'+' if '+' in flags else ''}.{6 if exact is None else exact}{kind}}"
    else:
        return f"%{kind}"
    if left:
        return text.ljust(size)
    if "0" in flags and kind not in ("s", "b", "q", "c"):
        sign = text[0] if text[:1] in "+-" else ""
        return sign + text[len(sign) :].rjust(size - len(sign), "0")
    return text.rjust(size)


def _whole(flags: str, kind: str, value: str, exact: int | None, faults: list[str]) -> str:
    number = int(_number(value, faults))
    body = {"o": f"{abs(number):o}", "x": f"{abs(number):x}", "X": f"{abs(number):X}"}.get(kind, str(abs(number)))
    body = body.rjust(exact or 0, "0")
    return ("-" if number < 0 else "+" if "+" in flags else " " if " " in flags else "") + body


def _number(value: str, faults: list[str]) -> float:
    text = value.strip()
    if text[:1] in ("'", '"') and len(text) > 1:
        return float(ord(text[1]))
    if not text:
        return 0.0
    try:
        if re.fullmatch(r"[+-]?0[xX][0-9a-fA-F]+", text):
            return float(int(text, 16))
        if re.fullmatch(r"[+-]?\d{1,18}", text):
            return int(text)
        found = float(text)
        return found if abs(found) < 1e300 else 0.0
    except ValueError:
        faults.append(f"{value}: invalid number")
        found_digits = re.match(r"[+-]?\d{1,18}", text)
        return int(found_digits[0]) if found_digits else 0
