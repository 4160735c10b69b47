"""What a YAML scalar means, by the rules of sigs.k8s.io/yaml: YAML 1.1 as Go has it, then turned into JSON."""

from __future__ import annotations

import base64
import binascii
import math
import re
from functools import lru_cache
from typing import Any

from cluster_engine.apimachinery.gotext import quote

_PREFIX = "tag:yaml.org,2002:"
_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INFINITE = frozenset(
    (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN")
)
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_PREFIXED = re.compile(r"([-+]?)0([xX][0-9a-fA-F]+|[bB][01]+|[oO]?[0-7]+)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_MAX_NUMBER_LENGTH = 400
_KNOWN_TAGS = frozenset(("str", "int", "float", "bool", "null", "binary", "timestamp"))


class ScalarError(ValueError):
    """A scalar that does not fit its tag, or is no JSON."""


def resolve(text: str, tag: str | None, *, plain: bool) -> Any:
    """The value of a scalar. `plain` says that it stands without quotes. Raises `ScalarError`."""
    short = tag.removeprefix(_PREFIX) if tag and tag.startswith(_PREFIX) else ""
    if not short or short not in _KNOWN_TAGS:
        return resolve_plain(text) if plain else text
    if short in ("str", "timestamp"):
        return text
    if short == "binary":
        try:
            return base64.b64decode(text, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise ScalarError("!!binary value contains invalid base64 data") from None
    value = resolve_plain(text)
    fits = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}[short]
    if type(value) not in fits:
        raise ScalarError(f"cannot decode !!str `{text[:40]}` as a !!{short}")
    return value


@lru_cache(maxsize=4096)
def resolve_plain(text: str) -> Any:
    """What an unquoted scalar means: `on` is true, `0x1F` is 31, `1.0` is 1, `2020-01-01` is a string."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] in "+-.0123456789" and len(text) <= _MAX_NUMBER_LENGTH:
        return _number(text)
    return text


def _number(text: str) -> Any:
    if text in _INFINITE:
        raise ScalarError(
            f"json: unsupported value: {'NaN' if 'n' in text[1].lower() and 'a' in text.lower() else text}"
        )
    bare = text.replace("_", "")
    if _DECIMAL.fullmatch(bare):
        value = int(bare)
        if -(2**63) <= value < 2**64:
            return value
    elif found := _PREFIXED.fullmatch(bare):
        digits = found[2]
        base = {"x": 16, "b": 2}.get(digits[0].lower(), 8)
        value = int(digits.lstrip("xXbBoO"), base)
        if value < 2**63:
            return -value if found[1] == "-" else value
    if _FLOAT.fullmatch(bare):
        number = float(bare)
        if math.isfinite(number):
            # JSON has one kind of number: Go writes a float without fraction like an integer.
            return int(number) if number == int(number) and abs(number) < 1e21 else number
    return text


def key_text(key: Any) -> str:
    """A map's key as the string that JSON needs. Raises `ScalarError` for a null."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return str(key)
    if isinstance(key, float):
        return f"{key:g}"
    shown = "%!s(<nil>)" if key is None else quote(str(key))
    raise ScalarError(f"unsupported map key of type: {shown}, key: <nil>")
