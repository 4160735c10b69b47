"""Quantities: exact, canonical as Kubernetes prints them, refused in its words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.quantity import Quantity, QuantityError


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("5000", "5k"),
        ("1e3", "1e3"),
        ("100e1", "1e3"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1500m", "1500m"),
        ("0.1m", "100u"),
        ("0.1n", "1n"),
        ("-1.5", "-1500m"),
        ("512Ki", "512Ki"),
        ("129M", "129M"),
        ("16Ei", "9223372036854775807"),
        ("0Gi", "0"),
        ("1E", "1E"),
        # ParseQuantity keeps a text that its quick path takes for canonical.
        ("1.500", "1.500"),
        (128974848, "128974848"),
        (2, "2"),
        (0.5, "500m"),
        (1.0, "1"),
    ],
)
def test_a_quantity_prints_in_canonical_form(text: str | float, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1024MiB",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        ("", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("1.5.5", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("1MM", "unable to parse quantity's suffix"),
        ("1ki", "unable to parse quantity's suffix"),
        ("1e999999999", "unable to parse quantity's suffix"),
    ],
)
def test_what_is_no_quantity_is_refused_in_kubernetes_words(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        quantity.parse(text)
    assert str(caught.value) == message


def test_values_round_up() -> None:
    assert quantity.value("1500m") == 2
    assert quantity.milli_value("0.1m") == 1
    assert quantity.milli_value("1") == 1000
    assert quantity.value("1Gi") == 1024**3
    assert quantity.value("-1500m") == -2


def test_sums_keep_the_format_of_the_first() -> None:
    assert quantity.add("1Gi", "512Mi") == "1536Mi"
    assert quantity.add("100m", "900m") == "1"
    assert quantity.sub("1Gi", "1Gi") == "0"
    assert quantity.compare("1", "1000m") == 0
    assert quantity.compare("1Gi", "1G") == 1
    assert quantity.compare("1m", "1") == -1


numbers = st.builds(
    lambda sign, whole, fraction, suffix: f"{sign}{whole}{fraction}{suffix}",
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**6).map(str),
    st.one_of(st.just(""), st.integers(0, 10**6).map(lambda number: f".{number}")),
    st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E2", "e-2"]),
)
POWERS = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "e3": 3, "E2": 2, "e-2": -2}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@given(numbers)
def test_canonical_text_means_the_same_amount(text: str) -> None:
    parsed = quantity.parse(text)
    assert quantity.parse(quantity.canonical(text)).nano == parsed.nano
    assert quantity.parse(str(parsed)).nano == parsed.nano
    assert str(quantity.parse(str(parsed))) == str(parsed)


@given(numbers)
def test_a_quantity_is_exact_down_to_a_billionth(text: str) -> None:
    suffix = next(end for end in sorted([*POWERS, *BINARY], key=len, reverse=True) if text.endswith(end))
    head = Decimal(text[: len(text) - len(suffix)])
    amount = head * BINARY[suffix] if suffix in BINARY else head.scaleb(POWERS[suffix])
    assert 0 <= abs(quantity.parse(text).nano) - abs(amount * 10**9) < 1


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_addition_is_exact(a: int, b: int) -> None:
    assert (Quantity(a) + Quantity(b)).nano == a + b
    assert (Quantity(a) + Quantity(b) - Quantity(b)).nano == a


@given(st.text(alphabet="0123456789.+-eEinumkKMGTPx ", max_size=12))
def test_any_text_is_a_quantity_or_refused(text: str) -> None:
    try:
        quantity.parse(text)
    except QuantityError:
        pass
