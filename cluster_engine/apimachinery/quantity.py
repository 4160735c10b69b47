"""Resource quantities: `500m`, `1Gi`, `1e3`. Exact, and printed in Kubernetes' canonical form.

Follows k8s.io/apimachinery/pkg/api/resource/quantity.go. Every quantity is a whole number of billionths ("nano"): finer
fractions are rounded up, away from zero, as there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

NANO = 10**9
MAX_INT64 = 2**63 - 1
_MAX_LENGTH = 1000
# Go would keep `1e999999999` as mantissa and exponent; nothing in a cluster is that large, and we keep whole numbers.
_MAX_EXPONENT = 1000
_SPLIT = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,18})", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent: suffix for suffix, exponent in _BINARY.items()} | {0: ""}

FORMAT_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_WORDS = "unable to parse numeric part of quantity"
SUFFIX_WORDS = "unable to parse quantity's suffix"


class QuantityError(ValueError):
    """A text that is no quantity; the message is Kubernetes' own."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact amount. `nano` counts billionths; `str()` gives the canonical text in the format it was written in."""

    nano: int
    format: Format = "DecimalSI"

    @property
    def value(self) -> int:
        """In whole units, rounded away from zero, as Quantity.Value."""
        return _divide_away(self.nano, NANO)

    @property
    def milli_value(self) -> int:
        """In thousandths, rounded away from zero, as Quantity.MilliValue."""
        return _divide_away(self.nano, 10**6)

    @property
    def is_zero(self) -> bool:
        return self.nano == 0

    def __add__(self, other: Quantity) -> Quantity:
        # Zero takes the other's format, so that sums that start at nothing print like their parts.
        return Quantity(self.nano + other.nano, other.format if not self.nano else self.format)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano - other.nano, other.format if not self.nano else self.format)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nano, self.format)

    def __lt__(self, other: Quantity) -> bool:
        return self.nano < other.nano

    def __le__(self, other: Quantity) -> bool:
        return self.nano <= other.nano

    def __str__(self) -> str:
        return _canonical(self.nano, self.format)


ZERO = Quantity(0)


def _divide_away(number: int, divisor: int) -> int:
    """The quotient, rounded away from zero."""
    return -(-number // divisor) if number >= 0 else number // divisor


def parse(text: str | int | float) -> Quantity:
    """The quantity that a text (or a JSON number) means. Raises `QuantityError`."""
    return _parse(text if isinstance(text, str) else number_text(text))[0]


def canonical(text: str | int | float) -> str:
    """The text that the API server keeps and prints: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`.

    Raises `QuantityError`. A text that Go takes for canonical stays as it is (`1.500`).
    """
    quantity, kept = _parse(text if isinstance(text, str) else number_text(text))
    return kept or str(quantity)


def value(text: str | int | float) -> int:
    """In whole units (bytes), rounded up."""
    return parse(text).value


def milli_value(text: str | int | float) -> int:
    """In thousandths (of a core), rounded up."""
    return parse(text).milli_value


def compare(left: str | int | float, right: str | int | float) -> int:
    """-1, 0 or 1."""
    a, b = parse(left).nano, parse(right).nano
    return (a > b) - (a < b)


def add(left: str, right: str) -> str:
    """The canonical text of the sum, in the format of `left`."""
    return str(parse(left) + parse(right))


def sub(left: str, right: str) -> str:
    """The canonical text of the difference, in the format of `left`."""
    return str(parse(left) - parse(right))


def number_text(number: int | float) -> str:
    """A JSON number as Go's encoder would write it, which is what the server parses."""
    if isinstance(number, int):
        return str(number) if abs(number) < 10**_MAX_LENGTH else "1e9999"
    if number == int(number) and abs(number) < 1e21:
        return str(int(number))
    text = repr(number)
    if "e" in text and 1e-6 <= abs(number) < 1e21:
        return f"{number:.25f}".rstrip("0")
    return text.replace("e-0", "e-")


@lru_cache(maxsize=8192)
def _parse(text: str) -> tuple[Quantity, str]:
    """The quantity, and the text itself where Go takes it for canonical (else "")."""
    if not text:
        raise QuantityError(FORMAT_WORDS)
    if len(text) > _MAX_LENGTH:
        raise QuantityError(NUMERIC_WORDS)
    found = _SPLIT.fullmatch(text)
    if found is None:
        raise QuantityError(FORMAT_WORDS)
    sign, whole, fraction, suffix = found.groups()
    base, exponent, format_ = _interpret(suffix)
    whole, fraction = whole.lstrip("0"), fraction or ""
    digits = int((whole + fraction) or "0")
    # Everything is an integer of billionths times a power of ten below them, rounded up at the end.
    if base == 2:
        numerator, scale = digits << exponent, 9 - len(fraction)
    else:
        numerator, scale = digits, 9 + exponent - len(fraction)
    nano = numerator * 10**scale if scale >= 0 else -(-numerator // 10**-scale)
    kept = _kept(text, whole or "0", fraction, digits, base, exponent)
    if format_ == "BinarySI":
        nano = min(nano, MAX_INT64 * NANO)
        if 0 < nano < NANO:
            format_ = "DecimalSI"
    return Quantity(-nano if sign == "-" else nano, format_), kept


def _interpret(suffix: str) -> tuple[int, int, Format]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "DecimalSI"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "BinarySI"
    found = _EXPONENT.fullmatch(suffix)
    if found is None or abs(int(found[1])) > _MAX_EXPONENT:
        raise QuantityError(SUFFIX_WORDS)
    return 10, int(found[1]), "DecimalExponent"


def _kept(text: str, whole: str, fraction: str, digits: int, base: int, exponent: int) -> str:
    """`text` where ParseQuantity's quick path takes it for canonical and reuses it, else ""."""
    shifted = whole + fraction
    if base == 2:
        # 1Mi has about six digits of decimal precision, hence the three tenths.
        precision = -1 if fraction else 15 - len(whole) - int(exponent * 3 / 10) - 1
        return text if precision >= 0 and digits & 7 else ""
    scale = exponent - len(fraction)
    if 18 - len(shifted) < 0 or scale < -9 or scale % 3:
        return ""
    return "" if shifted.endswith("000") or shifted[0] == "0" else text


@lru_cache(maxsize=4096)
def _canonical(nano: int, format_: Format) -> str:
    if nano == 0:
        return "0"
    if format_ == "BinarySI" and abs(nano) >= 1024 * NANO and nano % NANO == 0:
        return _powers(nano // NANO, 1024, _BINARY_SUFFIX, 10)
    mantissa, exponent = nano, -9
    while mantissa % 1000 == 0 and (exponent < 18 or format_ == "DecimalExponent"):
        mantissa //= 1000
        exponent += 3
    if format_ == "DecimalExponent":
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"


def _powers(number: int, base: int, suffixes: dict[int, str], step: int) -> str:
    """The number with the largest suffix that leaves no fraction."""
    exponent = 0
    while number % base == 0 and exponent + step in suffixes:
        number //= base
        exponent += step
    return f"{number}{suffixes[exponent]}"
