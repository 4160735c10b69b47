"""Regular expressions: what they match, what is wrong with those that are none, and that none takes for ever."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_engine.apimachinery.regexp import RegexpError, compile_pattern

FOUND = [
    (r"^[a-z]+$", "web", True),
    (r"^[a-z]+$", "Web", False),
    (r"(?i)^web$", "WEB", True),
    (r"^\d{4}-\d\d-\d\d$", "2026-11-23", True),
    (r"^\d{4}-\d\d-\d\d$", "2026-11-23x", False),
    (r"\bweb\b", "a web b", True),
    (r"\bweb\b", "cobweb", False),
    (r"^(a|b){2,3}$", "abab", False),
    (r"^[[:upper:]_]+$", "A_B", True),
    (r"^[^[:space:]]+$", "a b", False),
    (r"^\p{L}+$", "größe", True),
    (r"^\P{L}+$", "größe", False),
    (r"^\pN$", "٣", True),
    (r"^\x41\x{42}$", "AB", True),
    (r"^\Qa.b\E$", "a.b", True),
    (r"^\Qa.b\E$", "axb", False),
    (r"(?m)^b$", "a\nb", True),
    (r"^b$", "a\nb", False),
    (r"(?s)a.b", "a\nb", True),
    (r"a.b", "a\nb", False),
    (r"", "", True),
    (r"a{2", "a{2", True),
    (r"^[]a]$", "]", True),
    (r"^[a-]$", "-", True),
]

FAULTY = [
    ("(", "missing closing ): `(`"),
    ("a)", "unexpected ): `a)`"),
    ("*a", "missing argument to repetition operator: `*`"),
    ("a**", "invalid nested repetition operator: `**`"),
    ("[a", "missing closing ]: `[a`"),
    ("z{1001}", "invalid repeat count: `{1001}`"),
    (r"\y", r"invalid escape sequence: `\y`"),
    (r"\1", r"invalid escape sequence: `\1`"),
    ("[z-a]", "invalid character class range: `z-a`"),
    ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    ("a\\", "trailing backslash at end of expression: ``"),
    (r"\p{Klingon}", r"invalid character class range: `\p{Klingon}`"),
    ("(?P<a", "invalid named capture: `(?P<a`"),
]


@pytest.mark.parametrize(("pattern", "text", "found"), FOUND)
def test_a_pattern_matches_what_go_says_it_matches(pattern: str, text: str, found: bool) -> None:
    assert compile_pattern(pattern).found_in(text) is found


@pytest.mark.parametrize(("pattern", "words"), FAULTY)
def test_what_is_no_pattern_is_refused_in_gos_words(pattern: str, words: str) -> None:
    with pytest.raises(RegexpError) as raised:
        compile_pattern(pattern)
    assert str(raised.value) == f"error parsing regexp: {words}"


PARTS = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", "(a|b)", "(?:ab)", "a*", "b+", "a?", "(ab)*", "a{2}", "b{1,2}", "^", "$"]
)


@given(st.lists(PARTS, min_size=1, max_size=5), st.text("abx", max_size=7))
@settings(max_examples=300, deadline=None)
def test_plain_patterns_mean_what_they_mean_everywhere(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    assert compile_pattern(pattern).found_in(text) == bool(re.search(pattern.replace("$", r"\Z"), text))


@given(st.text(st.sampled_from("ab()[]{}*+?|\\^$.-:1,<>PQdwpx"), max_size=20), st.text(max_size=5))
@settings(max_examples=500, deadline=None)
def test_nothing_that_people_write_breaks_it(pattern: str, text: str) -> None:
    try:
        matcher = compile_pattern(pattern)
    except RegexpError:
        return
    assert matcher.found_in(text) in (True, False)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "(x+x+)+y", "(a|b)*a(a|b){500}c"])
def test_no_pattern_takes_exponentially_long(pattern: str) -> None:
    started = time.process_time()
    assert not compile_pattern(pattern).found_in("ab" * 500 + "a" * 2000 + "b")
    assert time.process_time() - started < 5
