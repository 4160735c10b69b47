"""YAML that people paste: read by Kubernetes' rules, refused at its line, never slow."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_engine.apimachinery import yaml_text
from cluster_engine.apimachinery.yaml_text import Position, TooLargeError, YamlError, load_documents

CONVERTING = "error converting YAML to JSON: yaml: "


def value(text: str) -> Any:
    (document,) = load_documents(text)
    return document.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", True), ("y", True), ("No", False), ("~", None), ("null", None), ("2020-01-01", "2020-01-01"),
        ("12:30:45", "12:30:45"), ("0x1F", 31), ("0777", 511), ("0o17", 15), ("0b11", 3), ("08", 8), ("1_000", 1000),
        ("-0x1F", -31), ("+1", 1), ("1.0", 1), ("1e3", 1000), (".5", 0.5), ("1.5", 1.5), ("1.2.3", "1.2.3"),
        ("18446744073709551615", 18446744073709551615), ("'1'", "1"), ('"on"', "on"), ("!!str 1", "1"),
        ("!!int '1'", 1), ("!!binary aGk=", "hi"), ("1e400", "1e400"), ("-x", "-x"), ("100m", "100m"), ("0", 0),
    ],
)  # fmt: skip
def test_scalars_mean_what_kubernetes_takes_them_for(text: str, expected: Any) -> None:
    assert value(f"a: {text}")["a"] == expected
    assert type(value(f"a: {text}")["a"]) is type(expected)


def test_keys_become_strings() -> None:
    assert value("1: a\non: b\n1.5: c\n'x': d\n") == {"1": "a", "true": "b", "1.5": "c", "x": "d"}


def test_documents_are_split_at_their_lines() -> None:
    documents = load_documents("---\na: 1\n--- # second\n# nothing\n---\nb: 2\n")
    assert [(document.value, document.line) for document in documents] == [({"a": 1}, 1), ({"b": 2}, 6)]
    assert documents[1].keys["b"] == Position(6, 1, 6, 2)


def test_every_field_has_its_place() -> None:
    document = load_documents("spec:\n  containers:\n  - name: c\n    image: nginx:1.25\n")[0]
    assert document.keys["spec.containers[0].image"] == Position(4, 5, 4, 10)
    assert document.positions["spec.containers[0].image"] == Position(4, 12, 4, 22)
    assert document.locate("spec.containers[0].image") == Position(4, 12, 4, 22)
    assert document.locate("spec.containers[0].ports[0].name") == Position(3, 5, 5, 1)
    assert document.locate("spec.replicas") == Position(1, 1, 1, 5)
    assert load_documents("data:\n  a b: x\n")[0].locate("data[a b]") == Position(2, 3, 2, 6)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("x: y\n- z\n", "line 1: did not find expected key", 2, 1),
        ("a:\n  b: c\n\td: e\n", "line 3: found a tab character that violates indentation", 3, 1),
        ("a:\n\tb: c\n", "line 2: found character that cannot start any token", 2, 1),
        ("a: b: c", "mapping values are not allowed in this context", 1, 5),
        ("a: b\n c: d\n", "line 2: mapping values are not allowed in this context", 2, 3),
        ("a: b\nc\nd: e\n", "line 3: could not find expected ':'", 3, 1),
        ("a: [1,\nb: c\n", "line 2: did not find expected ',' or ']'", 2, 1),
        ("a: *x", "unknown anchor 'x' referenced", 1, 4),
        ("a: &x [*x]", "anchor 'x' value contains itself", 1, 8),
        ("a: \x01", "control characters are not allowed", 1, 4),
        ("? [a]\n: b", "invalid map key: []", 1, 3),
        ("a: !!int x", "unmarshal errors:\n  line 1: cannot decode !!str `x` as a !!int", 1, 4),
    ],
)
def test_broken_yaml_is_refused_at_its_place(text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(YamlError) as caught:
        load_documents(text)
    assert (caught.value.message, caught.value.line, caught.value.column) == (CONVERTING + message, line, column)


def test_the_line_is_that_of_the_document_in_words_and_of_the_text_in_numbers() -> None:
    with pytest.raises(YamlError) as caught:
        load_documents("a: 1\n---\nb: 1\nc: d\n- e\n")
    assert caught.value.message == CONVERTING + "line 2: did not find expected key"
    assert caught.value.line == 5


def test_a_separator_with_text_is_refused() -> None:
    with pytest.raises(YamlError) as caught:
        load_documents("a: 1\n--- foo\n")
    assert (caught.value.message, caught.value.line) == ("invalid Yaml document separator: foo", 2)


def test_duplicate_keys_are_told_and_the_last_counts() -> None:
    document = load_documents("metadata:\n  name: a\n  name: b\n")[0]
    assert document.value == {"metadata": {"name": "b"}}
    (duplicate,) = document.duplicates
    assert (duplicate.path, duplicate.message) == ("metadata.name", 'line 3: key "name" already set in map')
    assert duplicate.position == Position(3, 3, 3, 7)


def test_aliases_and_merges_are_followed() -> None:
    assert value("a: &x {b: 1, c: 2}\nd: *x\ne:\n  <<: *x\n  b: 3\n") == {
        "a": {"b": 1, "c": 2},
        "d": {"b": 1, "c": 2},
        "e": {"b": 3, "c": 2},
    }


def test_a_fault_in_one_document_does_not_hide_the_others() -> None:
    documents, faults = yaml_text.lint("a: 1\n---\nb: : c\n---\nd: 2\n")
    assert [document.value for document in documents] == [{"a": 1}, {"d": 2}]
    assert [fault.line for fault in faults] == [3]


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(), CONVERTING + "document contains excessive aliasing"),
        ("[" * 100_000, CONVERTING + "exceeded max depth of 100"),
        ("- " * 100_000, CONVERTING + "exceeded max depth of 100"),
        ("a: b\n" * 700_000, "Request entity too large: limit is 3145728"),
        ("é" * 1_600_000, "Request entity too large: limit is 3145728"),
        ("- 1\n" * 250_000, CONVERTING + "exceeded max number of 200000 nodes"),
    ],
)
def test_a_bomb_is_refused_at_once(text: str, message: str) -> None:
    started = time.process_time()
    with pytest.raises(TooLargeError) as caught:
        load_documents(text)
    assert caught.value.message == message
    assert time.process_time() - started < 20


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=6), json_values, min_size=1, max_size=3))
def test_json_is_yaml(document: dict[str, Any]) -> None:
    assert value(json.dumps(document)) == document


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@? \n\t0.1<~\x01é\ud800", max_size=40))
def test_any_text_is_read_or_refused_at_a_line_that_is_there(text: str) -> None:
    documents, faults = yaml_text.lint(text)
    for fault in faults:
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
    for document in documents:
        assert document.locate("spec.nothing").line >= 1
