"""The formats of strings that a schema can ask for. Follows kube-openapi's pkg/validation/strfmt and
apiextensions-apiserver's pkg/apiserver/validation/formats.go; formats that are not known there mean nothing.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

_HOSTNAME = re.compile(
    r"([a-zA-Z0-9\u00a0-\uffff]([a-zA-Z0-9\u00a0-\uffff-]{0,61}[a-zA-Z0-9\u00a0-\uffff])?\.)*"
    r"([a-zA-Z\u00a0-\uffff]{2,63}|[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)\Z"
)
_EMAIL = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[^\s@<>(),;:\\\"]{1,255}\Z")
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}\Z")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)\Z", re.ASCII)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)\Z", re.ASCII)
_LONG_DURATION = re.compile(
    r"\d{1,18} ?(?:ns|nanos?|us|micros?|ms|millis?|s|secs?|m|mins?|h|hr|hours?|d|days?|w|wks?|weeks?)\Z", re.ASCII
)
_COLOR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)\Z", re.ASCII)


def _pattern(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _ip(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version and "%" not in text
        except ValueError:
            return False

    return check


def _cidr(text: str) -> bool:
    address, slash, bits = text.partition("/")
    try:
        return bool(slash) and bits.isdigit() and bool(ipaddress.ip_network(f"{address}/{bits}", strict=False))
    except ValueError:
        return False


def _uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (bool(parts.scheme) or text.startswith("/")) and text.isprintable() and " " not in text


def _byte(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _date_time(text: str) -> bool:
    return _DATE_TIME.fullmatch(text) is not None and _date(text[:10]) and text[11:13] < "24" and text[14:16] < "60"


def _rgb(text: str) -> bool:
    found = _RGB.fullmatch(text)
    return found is not None and all(int(part) < 256 for part in found.groups())


def _isbn(length: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        digits = text.replace("-", "").replace(" ", "")
        if len(digits) != length or not digits[:-1].isdigit() or not (digits[-1].isdigit() or digits[-1] == "X"):
            return False
        if length == 10:
            values = [10 if digit == "X" else int(digit) for digit in digits]
            return sum(value * (10 - index) for index, value in enumerate(values)) % 11 == 0
        return digits[-1] != "X" and sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0

    return check


_UUID = r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _pattern(r"[0-9a-fA-F]{24}"),
    "uri": _uri,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": lambda text: len(text) <= 255 and _HOSTNAME.fullmatch(text) is not None,
    "ipv4": _ip(4),
    "ipv6": _ip(6),
    "cidr": _cidr,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "uuid": _pattern(_UUID % ("[0-9a-f]", "[0-9a-f]")),
    "uuid3": _pattern(_UUID % ("3", "[0-9a-f]")),
    "uuid4": _pattern(_UUID % ("4", "[89ab]")),
    "uuid5": _pattern(_UUID % ("5", "[89ab]")),
    "isbn": lambda text: _isbn(10)(text) or _isbn(13)(text),
    "isbn10": _isbn(10),
    "isbn13": _isbn(13),
    "creditcard": _pattern(r"(?:\D?\d){13,16}"),
    "ssn": _pattern(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": lambda text: _COLOR.fullmatch(text) is not None,
    "rgbcolor": _rgb,
    "byte": _byte,
    "password": lambda text: isinstance(text, str),
    "date": _date,
    "duration": lambda text: _DURATION.fullmatch(text) is not None or _LONG_DURATION.fullmatch(text) is not None,
    "datetime": _date_time,
}


def known(name: str) -> str:
    """The format's name as it is known, or "" for one that means nothing."""
    return name if name.replace("-", "") in _FORMATS else ""


def fits(name: str, text: str) -> bool:
    """Whether a string has a format that is known."""
    return _FORMATS[name.replace("-", "")](text)
