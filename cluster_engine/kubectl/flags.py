"""The command line's flags: a small dialect of pflag, with its words for what is wrong.

A `Flag` declares, `parse` reads a list of words, `Flags` holds what came out. Follows github.com/spf13/pflag.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cluster_engine.kubectl.errors import FlagError

Kind = Literal["bool", "string", "int", "int32", "int64", "duration", "stringSlice", "stringArray", "count"]
MAX_WORDS = 2000

_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_INTEGER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9]\d*)\Z")


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `no_value` is what it means without a value (bools always have "true")."""

    name: str
    kind: Kind = "string"
    help: str = ""
    default: Any = None
    shorthand: str = ""
    no_value: str | None = None
    deprecated: str = ""
    hidden: bool = False
    required: bool = False
    # How the default is shown where it is not the value itself.
    shown: str | None = None

    @property
    def optional_value(self) -> str | None:
        if self.kind == "bool":
            return "true"
        return "+1" if self.kind == "count" else self.no_value

    @property
    def initial(self) -> Any:
        if self.default is not None:
            return self.default
        return {"bool": False, "string": "", "duration": 0.0, "stringSlice": (), "stringArray": ()}.get(self.kind, 0)

    @property
    def dashed(self) -> str:
        """As pflag names it in errors: `-w, --watch`."""
        return f"-{self.shorthand}, --{self.name}" if self.shorthand else f"--{self.name}"


@dataclass(slots=True)
class Flags:
    """The values of a command's flags, which of them were given, and the words that are no flags."""

    known: dict[str, Flag]
    values: dict[str, Any]
    args: list[str] = field(default_factory=list)
    # How many args stood before `--`, or -1 without one.
    args_len_at_dash: int = -1
    # (flag, value) in the order of the command line, as `--record` writes them down.
    given: list[tuple[str, str]] = field(default_factory=list)
    deprecations: list[str] = field(default_factory=list)

    def changed(self, name: str) -> bool:
        return any(given == name for given, _ in self.given)

    def has(self, name: str) -> bool:
        return name in self.known

    def string(self, name: str) -> str:
        return str(self.values[name])

    def on(self, name: str) -> bool:
        """The value of a bool flag; False where the command has no such flag."""
        return bool(self.values.get(name, False))

    def number(self, name: str) -> int:
        return int(self.values[name])

    def seconds(self, name: str) -> float:
        return float(self.values[name])

    def strings(self, name: str) -> list[str]:
        return list(self.values[name])


def parse(words: Sequence[str], flags: Iterable[Flag]) -> Flags:
    """Reads the words; raises `FlagError` in pflag's words. `--help` and `-h` are flags of every command."""
    known = {flag.name: flag for flag in flags}
    known.setdefault("help", Flag("help", "bool", shorthand="h"))
    result = Flags(known, {name: flag.initial for name, flag in known.items()})
    shorthands = {flag.shorthand: flag for flag in known.values() if flag.shorthand}
    queue = list(words[:MAX_WORDS])
    while queue:
        word = queue.pop(0)
        if len(word) < 2 or not word.startswith("-"):
            result.args.append(word)
        elif word == "--":
            result.args_len_at_dash = len(result.args)
            result.args.extend(queue)
            break
        elif word.startswith("--"):
            _long(word, queue, result)
        else:
            _short(word, queue, result, shorthands)
    return result


def normalized(name: str) -> str:
    return name.replace("_", "-")


def _long(word: str, queue: list[str], result: Flags) -> None:
    name, equals, value = word[2:].partition("=")
    if not name or name[0] in "-=":
        raise FlagError(f"bad flag syntax: {word}")
    flag = result.known.get(normalized(name))
    if flag is None:
        raise FlagError(f"unknown flag: --{name}")
    if equals:
        _set(flag, value, result)
    elif flag.optional_value is not None:
        _set(flag, flag.optional_value, result)
    elif queue:
        _set(flag, queue.pop(0), result)
    else:
        raise FlagError(f"flag needs an argument: --{name}")


def _short(word: str, queue: list[str], result: Flags, shorthands: dict[str, Flag]) -> None:
    letters = word[1:]
    while letters:
        letter, rest = letters[0], letters[1:]
        flag = shorthands.get(letter)
        if flag is None:
            raise FlagError(f"unknown shorthand flag: '{letter}' in -{letters}")
        if rest.startswith("="):
            _set(flag, rest[1:], result)
            return
        if flag.optional_value is not None:
            _set(flag, flag.optional_value, result)
            letters = rest
        elif rest:
            _set(flag, rest, result)
            return
        elif queue:
            _set(flag, queue.pop(0), result)
            return
        else:
            raise FlagError(f"flag needs an argument: '{letter}' in -{letters}")


def _set(flag: Flag, text: str, result: Flags) -> None:
    try:
        value = _convert(flag, text)
    except ValueError as error:
        raise FlagError(f'invalid argument "{text}" for "{flag.dashed}" flag: {error}') from None
    if flag.kind in ("stringSlice", "stringArray"):
        earlier = result.values[flag.name] if result.changed(flag.name) else ()
        value = (*earlier, *value)
    elif flag.kind == "count" and text == "+1":
        value = result.values[flag.name] + 1
    result.values[flag.name] = value
    if flag.deprecated and not result.changed(flag.name):
        result.deprecations.append(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
    result.given.append((flag.name, text))


def _convert(flag: Flag, text: str) -> Any:
    if flag.kind == "bool":
        if text not in _BOOLS:
            raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')
        return _BOOLS[text]
    if flag.kind in ("int", "int32", "int64", "count"):
        return 1 if text == "+1" and flag.kind == "count" else _integer(text, 32 if flag.kind == "int32" else 64)
    if flag.kind == "duration":
        return duration_seconds(text)
    if flag.kind == "stringSlice":
        return tuple(next(csv.reader([text]))) if text else ()
    if flag.kind == "stringArray":
        return (text,)
    return text


def _integer(text: str, bits: int) -> int:
    if not _INTEGER.match(text):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    digits = text.lstrip("+-")
    if re.match(r"0[xXoObB]", digits):
        value = int(digits, 0)
    else:
        value = int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)
    value = -value if text.startswith("-") else value
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return value


def duration_seconds(text: str) -> float:
    """Seconds of a Go duration such as `1m30s`; raises ValueError in Go's words."""
    body = text.lstrip("+-") if text[:1] in ("+", "-") else text
    if body == "0":
        return 0.0
    position, seconds = 0, 0.0
    while position < len(body):
        part = _DURATION_PART.match(body, position)
        if part is None:
            number = re.match(r"(\d+\.?\d*|\.\d+)", body[position:])
            if number is None:
                raise ValueError(f'time: invalid duration "{text}"')
            unit = re.match(r"[^\d.]*", body[position + number.end() :])
            if unit is None or not unit.group():
                raise ValueError(f'time: missing unit in duration "{text}"')
            raise ValueError(f'time: unknown unit "{unit.group()}" in duration "{text}"')
        seconds += float(part.group(1)) * _UNITS[part.group(2)]
        position = part.end()
    if not body:
        raise ValueError(f'time: invalid duration "{text}"')
    return -seconds if text.startswith("-") else seconds
