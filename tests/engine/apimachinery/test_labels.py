"""Label selectors: the text grammar, metav1.LabelSelector objects, matching, and Kubernetes' words for faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.labels import LabelSelectorError

REGEX = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{REGEX}')"
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("app=web", "app=web"),
        ("app==web", "app==web"),
        (" tier in (b,a) , app = web ", "app=web,tier in (a,b)"),
        ("x in (b,a,,)", "x in (,a,b)"),
        ("x notin ()", "x notin ()"),
        ("!old,new", "new,!old"),
        ("size>5,size<9", "size>5,size<9"),
        ("app=", "app="),
        ("in in (in,notin)", "in in (in,notin)"),
        ("example.com/part!=db", "example.com/part!=db"),
    ],
)
def test_a_selector_prints_in_canonical_text(text: str, canonical: str) -> None:
    assert str(labels.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("app in", "unable to parse requirement: found '' expected: '('"),
        ("app in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app in b", "unable to parse requirement: found 'b' expected: '('"),
        ("app=a b", "found 'b', expected: ',' or 'end of string'"),
        ("app b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b,", "found '', expected: identifier after ','"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a=!b", "unable to parse requirement: found '!', expected: identifier"),
        ("-a", f'unable to parse requirement: <nil>: Invalid value: "-a": name part {QUALIFIED}'),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, "
            "the value must be an integer",
        ),
    ],
)
def test_a_wrong_selector_is_refused_in_kubernetes_words(text: str, message: str) -> None:
    with pytest.raises(LabelSelectorError) as caught:
        labels.parse(text)
    assert str(caught.value) == message


def test_a_selector_without_end_is_refused() -> None:
    with pytest.raises(LabelSelectorError, match="label selector is too long"):
        labels.parse("a," * 20_000)


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        ("app=web", {"app": "web"}, {"app": "db"}),
        ("app!=web", {}, {"app": "web"}),
        ("app in (web,db)", {"app": "db"}, {}),
        ("app notin (web,db)", {}, {"app": "db"}),
        ("app", {"app": ""}, {}),
        ("!app", {}, {"app": ""}),
        ("size>5", {"size": "10"}, {"size": "5"}),
        ("size<5", {"size": "-4"}, {"size": "many"}),
        ("app=web,!old", {"app": "web"}, {"app": "web", "old": "1"}),
    ],
)
def test_a_selector_matches_what_it_says(text: str, matching: dict[str, str], other: dict[str, str]) -> None:
    assert labels.parse(text).matches(matching)
    assert not labels.parse(text).matches(other)


def test_no_selector_matches_nothing_and_an_empty_one_everything() -> None:
    assert not labels.from_label_selector(None).matches({"app": "web"})
    assert not labels.from_label_selector(None).empty
    assert labels.from_label_selector({}).matches({"app": "web"})
    assert labels.from_label_selector({}).empty


def test_a_label_selector_shows_as_scale_shows_it() -> None:
    selector = {
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "old", "operator": "DoesNotExist"},
        ],
        "matchLabels": {"app": "nginx"},
    }
    assert labels.selector_text(selector) == "app=nginx,!old,tier in (a,b)"
    assert labels.selector_text(None) == ""
    assert labels.format_label_selector({}) == "<none>"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            {"key": "a", "operator": "In"},
            "values: Invalid value: []string{}: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            'values: Invalid value: []string{"b"}: values set must be empty for exists and does not exist',
        ),
        ({"key": "a", "operator": "Equals"}, '"Equals" is not a valid label selector operator'),
    ],
)
def test_a_wrong_expression_is_refused_in_kubernetes_words(expression: dict[str, object], message: str) -> None:
    with pytest.raises(LabelSelectorError) as caught:
        labels.from_label_selector({"matchExpressions": [expression]})
    assert str(caught.value) == message


def test_the_same_label_selector_is_compiled_once() -> None:
    selector = {"matchLabels": {"app": "web"}}
    assert labels.from_label_selector(selector) is labels.from_label_selector(selector)
    assert labels.from_label_selector(selector) == labels.from_label_selector({"matchLabels": {"app": "web"}})


words = st.from_regex(r"[a-z][a-z0-9.]{0,8}[a-z0-9]", fullmatch=True)
requirements = st.one_of(
    st.builds(
        labels.requirement,
        words,
        st.sampled_from(["in", "notin"]),
        st.lists(words | st.just(""), min_size=1, max_size=4),
    ),
    st.builds(labels.requirement, words, st.sampled_from(["=", "==", "!="]), st.tuples(words | st.just(""))),
    st.builds(labels.requirement, words, st.sampled_from(["exists", "!"])),
    st.builds(labels.requirement, words, st.sampled_from(["gt", "lt"]), st.tuples(st.integers(0, 99).map(str))),
)
selectors = st.lists(requirements, max_size=4).map(labels.Selector)


@given(selectors)
def test_parsing_what_a_selector_prints_gives_it_back(selector: labels.Selector) -> None:
    assert labels.parse(str(selector)) == selector


@given(st.text(alphabet="ab=!(),<> inot\t-./\x00é", max_size=20))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        selector = labels.parse(text)
    except LabelSelectorError:
        return
    assert str(labels.parse(str(selector))) == str(selector)
