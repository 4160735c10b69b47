"""Reading single values as Go's decoder and the API's own scalar types do: numbers, bytes, times, quantities."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from cluster_engine.apimachinery import quantity, times
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.clock import rfc3339, rfc3339_micro

# What cannot be written as JSON by anybody is refused: orjson stops at 254 levels.
MAX_UNTYPED_DEPTH = 100
_BASE64 = re.compile(r"[A-Za-z0-9+/]*", re.ASCII)
_TIME_LAYOUT = (
    ("2006", r"\d{4}"), ("-", "-"), ("01", r"\d\d"), ("-", "-"), ("02", r"\d\d"), ("T", "T"),
    ("15", r"\d\d"), (":", ":"), ("04", r"\d\d"), (":", ":"), ("05", r"\d\d(?:[.,]\d+)?"),
    ("Z07:00", r"Z|[+-]\d\d:\d\d"),
)  # fmt: skip


# Every reader takes the type that Go knows the field by, though some always name their own.
# ruff: noqa: ARG001


class _NoValue:
    """What is left of a null: nothing."""

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = _NoValue()


class DecodeError(ValueError):
    """A body that cannot be read; the message is Go's."""


class TypeMismatchError(DecodeError):
    """A value of the wrong type. `fatal` ones come from a type's own reader and end the decoding at once.

    `converted` has the words of the other decoder, which reads what a strategic patch makes (runtime/converter.go).
    """

    def __init__(
        self, message: str = "", *, value_word: str = "", go_type: str = "", fatal: bool = False, converted: str = ""
    ) -> None:
        super().__init__(message)
        self.converted = converted or message
        self.value_word = value_word
        self.go_type = go_type
        self.fatal = fatal


def word_for(value: Any) -> str:
    """What Go's JSON errors call a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    return "null" if value is None else "array"


_GO_KINDS = {"boolean": "bool", "double": "float64"}


def conversion_words(value: Any, kind: str, go_type: str) -> str:
    """Why a value cannot become one of that kind, as runtime.DefaultUnstructuredConverter says it."""
    source = {"object": "map", "array": "slice", "number": "int64"}.get(word_for(value), word_for(value))
    if isinstance(value, float):
        source = "float64"
    if kind == "object":
        return f"cannot restore struct from: {source}"
    if kind in ("list", "bytes"):
        return f"cannot restore slice from {source}"
    if kind == "map":
        return f"cannot restore map from {source}"
    go_kind = _GO_KINDS.get(kind, kind)
    if (source, kind) == ("int64", "string") or (source == "float64" and kind in ("int32", "int64")):
        return f"cannot convert {source} to {go_type or go_kind}"
    return f"unrecognized type: {go_kind}"


def read_scalar(value: Any, kind: str, go_type: str) -> Any:
    """The value of a scalar kind in canonical form. Raises `DecodeError`."""
    return _READERS[kind](value, go_type)


def _string(value: Any, go_type: str) -> str:
    if not isinstance(value, str):
        raise TypeMismatchError(value_word=word_for(value), go_type=go_type or "string")
    return _clean(value)


def _boolean(value: Any, go_type: str) -> bool:
    if not isinstance(value, bool):
        raise TypeMismatchError(value_word=word_for(value), go_type=go_type or "bool")
    return value


def _integer(bits: int) -> Callable[[Any, str], int]:
    limit = 2 ** (bits - 1)

    def read(value: Any, go_type: str) -> int:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and isinstance(value, int) and -limit <= value < limit:
            return value
        word = f"number {number_words(value)}" if number else word_for(value)
        raise TypeMismatchError(value_word=word, go_type=go_type or f"int{bits}")

    return read


def _double(value: Any, go_type: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeMismatchError(value_word=word_for(value), go_type=go_type or "float64")
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeMismatchError(value_word=f"number {value}", go_type="float64")
    return value if isinstance(value, float) or abs(value) < 2**63 else _to_float(value)


def number_words(value: float) -> str:
    """A number as its JSON text, cut where nobody would read on."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else quantity.number_text(value)[:40]
    return repr(value)


def _bytes(value: Any, go_type: str) -> str:
    if not isinstance(value, str):
        raise TypeMismatchError(value_word=word_for(value), go_type=go_type or "[]uint8")
    text = value.replace("\r", "").replace("\n", "")
    body = text.rstrip("=")
    good = _BASE64.match(body)
    end = good.end() if good else 0
    if end < len(body):
        raise DecodeError(f"illegal base64 data at input byte {end}")
    if len(text) % 4 or len(text) - len(body) > 2:
        raise DecodeError(
            f"illegal base64 data at input byte {len(text) - len(text) % 4 if len(text) % 4 else len(body)}"
        )
    return base64.b64encode(base64.b64decode(text)).decode() if text else ""


def _quantity(value: Any, go_type: str) -> str:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise quantity.QuantityError(quantity.FORMAT_WORDS)
        if isinstance(value, float) and not math.isfinite(value):
            raise quantity.QuantityError(quantity.FORMAT_WORDS)
        text = quantity.canonical(value.strip() if isinstance(value, str) else value)
    except quantity.QuantityError as error:
        raise DecodeError(str(error)) from None
    return value if isinstance(value, str) and value == text else text


def _int_or_string(value: Any, go_type: str) -> int | str:
    if isinstance(value, str):
        return _clean(value)
    try:
        return _integer(32)(value, "int32")
    except TypeMismatchError as error:
        raise TypeMismatchError(value_word=error.value_word, go_type="int32", fatal=True) from None


def _time(layout_end: str, show: Callable[[int], str]) -> Callable[[Any, str], str]:
    def read(value: Any, go_type: str) -> str:
        if not isinstance(value, str):
            raise TypeMismatchError(value_word=word_for(value), go_type="string", fatal=True)
        try:
            text = show(times.parse_time(value))
        except (ValueError, OverflowError):
            raise DecodeError(_time_words(value, f"2006-01-02T15:04:05{layout_end}")) from None
        return value if value == text else text

    return read


def _time_words(text: str, layout: str) -> str:
    """Which part of a time cannot be read, as Go's time.ParseError says it."""
    rest = text
    for name, pattern in _TIME_LAYOUT:
        found = re.match(pattern, rest, re.ASCII)
        if found is None:
            return f"parsing time {quote(text)} as {quote(layout)}: cannot parse {quote(rest)} as {quote(name)}"
        rest = rest[found.end() :]
    if rest:
        return f"parsing time {quote(text)}: extra text: {quote(rest)}"
    for name, part, low, high in (
        ("month", text[5:7], 1, 12),
        ("hour", text[11:13], 0, 23),
        ("minute", text[14:16], 0, 59),
    ):
        if not low <= int(part) <= high:
            return f"parsing time {quote(text)}: {name} out of range"
    return f"parsing time {quote(text)}: day out of range"


def _any(value: Any, go_type: str) -> Any:
    return untyped(value)


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "string": _string,
    "boolean": _boolean,
    "int32": _integer(32),
    "int64": _integer(64),
    "double": _double,
    "bytes": _bytes,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "time": _time("Z07:00", rfc3339),
    "micro-time": _time(".000000Z07:00", rfc3339_micro),
    "any": _any,
}


def json_text(value: Any) -> str:
    """What somebody sent, as JSON, to be shown in an error: also what JSON has no numbers or strings for."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()
    except TypeError:
        return json.dumps(value, default=str, separators=(",", ":"))


def untyped(value: Any, depth: int = 0) -> Any:
    """Any JSON, made writable: keys are strings, numbers fit 64 bits, strings are Unicode. Raises `DecodeError`."""
    if isinstance(value, str):
        return _clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else _to_float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DecodeError(f"json: unsupported value: {value}")
        return value
    if depth >= MAX_UNTYPED_DEPTH:
        raise DecodeError("exceeded max depth")
    if isinstance(value, Mapping):
        return {_clean(str(key)): untyped(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [untyped(item, depth + 1) for item in value]
    return _clean(str(value))


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise DecodeError(
            f"json: cannot unmarshal number {number_words(value)} into Go value of type float64"
        ) from None


def _clean(text: str) -> str:
    """The text with what is no Unicode (half a surrogate pair) replaced, as Go replaces it."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
