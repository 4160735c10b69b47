"""Field selectors, times, int-or-percent values, names, hashes and Go's way of printing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_engine.apimachinery import fields, gotext, intstr, names, times
from cluster_engine.apimachinery import hash as hashes
from cluster_engine.clock import SECOND_US, rfc3339_micro
from cluster_engine.rng import Rng


def test_a_field_selector_matches_what_it_says() -> None:
    selector = fields.parse("status.phase!=Running,spec.nodeName==n1")
    assert selector.matches({"status.phase": "Pending", "spec.nodeName": "n1"})
    assert not selector.matches({"status.phase": "Running", "spec.nodeName": "n1"})
    assert not selector.matches({"status.phase": "Pending"})
    assert str(selector) == "spec.nodeName=n1,status.phase!=Running"
    assert selector.exact_value("spec.nodeName") == "n1"
    assert fields.parse("").empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo", "invalid selector: 'foo'; can't understand 'foo'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=b\\c", "invalid field selector: invalid escape sequence: \\c"),
    ],
)
def test_a_wrong_field_selector_is_refused_in_kubernetes_words(text: str, message: str) -> None:
    with pytest.raises(fields.FieldSelectorError) as caught:
        fields.parse(text)
    assert str(caught.value) == message


def test_a_field_that_a_kind_does_not_offer_is_refused() -> None:
    fields.check(fields.parse("metadata.name=a,status.phase=b"), "", {"status.phase"})
    with pytest.raises(fields.FieldSelectorError) as caught:
        fields.check(fields.parse("spec.x=a"), "", {"status.phase"})
    assert str(caught.value) == "field label not supported: spec.x"
    with pytest.raises(fields.FieldSelectorError) as caught:
        fields.check(fields.parse("spec.x=a"), "batch", {"status.successful"})
    assert str(caught.value) == 'field label "spec.x" not supported for batchv1.Job'
    with pytest.raises(fields.FieldSelectorError) as caught:
        fields.check(fields.parse("spec.x=a"), "apps", ())
    words = '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"'
    assert str(caught.value) == words


@given(st.dictionaries(st.sampled_from(["a", "b.c"]), st.text(max_size=8), max_size=2))
def test_parsing_what_a_field_selector_prints_gives_it_back(wanted: dict[str, str]) -> None:
    terms = tuple(fields.FieldRequirement(key, "=", value) for key, value in sorted(wanted.items()))
    assert fields.parse(str(fields.FieldSelector(terms))) == fields.FieldSelector(terms)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600 + 60, "8h"),
        (48 * 3600 + 3600, "2d1h"),
        (8 * 86400 + 3600, "8d"),
        (729 * 86400, "729d"),
        (730 * 86400, "2y"),
        (731 * 86400, "2y1d"),
        (8 * 365 * 86400 + 86400, "8y"),
    ],
)
def test_durations_read_like_the_age_column(seconds: float, text: str) -> None:
    assert times.human_duration(seconds) == text


def test_short_durations_have_one_figure() -> None:
    shown = [times.short_human_duration(seconds) for seconds in (-2, 59, 125, 7300, 90000, 400 * 86400)]
    assert shown == ["<invalid>", "59s", "2m", "2h", "1d", "1y"]


def test_age_of_nothing_is_unknown() -> None:
    assert times.age(None, 0) == "<unknown>"
    assert times.age("1970-01-01T00:00:10Z", 12_900_000) == "2s"
    assert times.age("1970-01-01T00:00:10Z", 0) == "<invalid>"


def test_timestamps_with_fractions_and_zones_are_read() -> None:
    assert times.parse_time("1970-01-01T00:00:01.5Z") == 1_500_000
    assert times.parse_time("1970-01-01T02:00:00+02:00") == 0
    with pytest.raises(ValueError, match="not an RFC 3339 timestamp"):
        times.parse_time("yesterday")


@given(st.integers(0, 4_000_000_000 * SECOND_US))
def test_parsing_a_printed_timestamp_gives_it_back(time_us: int) -> None:
    assert times.parse_time(rfc3339_micro(time_us)) == time_us


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [("25%", 3, 1, 0), ("30%", 10, 3, 3), (2, 10, 2, 2), ("0%", 5, 0, 0), ("100%", 7, 7, 7)],
)
def test_percentages_scale_and_round(value: int | str, total: int, up: int, down: int) -> None:
    assert intstr.scaled_value(value, total, True) == up
    assert intstr.scaled_value(value, total, False) == down


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("5", "invalid value for IntOrString: invalid type: string is not a percentage"),
        ("x%", 'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax'),
        (None, "nil value for IntOrString"),
    ],
)
def test_what_is_no_percentage_is_refused(value: str | None, message: str) -> None:
    with pytest.raises(intstr.IntOrStringError) as caught:
        intstr.scaled_value(value, 1, True)
    assert str(caught.value) == message


LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def test_names_are_judged_in_kubernetes_words() -> None:
    assert names.dns1123_label("web-0") == []
    assert names.dns1123_label("Web") == [LABEL_WORDS]
    assert names.dns1123_label("a.b") == ["must not contain dots"]
    assert names.dns1123_label("a" * 64) == ["must be no more than 63 characters"]
    assert names.dns1123_label("a\n") == [LABEL_WORDS]
    assert names.dns1123_subdomain("a.b") == []
    assert names.dns1035_label("0a") != []
    assert names.qualified_name("example.com/App") == []
    assert names.qualified_name("/App") == ["prefix part must be non-empty"]
    assert names.label_value("") == []
    assert names.port_name("http") == []
    assert names.port_name("80") == ["must contain at least one letter (a-z)"]
    assert names.port_name("-a--") == [
        "must not contain consecutive hyphens",
        "must not begin or end with a hyphen",
    ]
    assert names.port_number(0) == ["must be between 1 and 65535, inclusive"]
    assert names.config_map_key("..a") == ["must not start with '..'"]
    assert names.relaxed_env_var_name("1BAD NAME") == []
    assert names.relaxed_env_var_name("a=b") == [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]
    assert names.path_segment("a/b") == ["may not contain '/'"]


def test_a_prefix_may_end_with_a_dash() -> None:
    assert names.name_faults("dns_subdomain", "web-", prefix=True) == []
    assert names.name_faults("dns_subdomain", "web-") != []


def test_a_generated_name_fits_a_label() -> None:
    name = names.generate_name("x" * 70, Rng(1))
    assert len(name) == 63
    assert names.dns1123_label(name) == []
    assert name == names.generate_name("x" * 70, Rng(1))


def test_fnv_hash_is_the_published_one() -> None:
    assert hashes.fnv32a(b"") == 0x811C9DC5
    assert hashes.fnv32a(b"foobar") == 0xBF9CF968


def test_a_template_hash_depends_on_content_and_collisions_only() -> None:
    first = hashes.template_hash({"a": 1, "b": {"c": [1, 2]}})
    assert first == hashes.template_hash({"b": {"c": [1, 2]}, "a": 1})
    assert first != hashes.template_hash({"a": 1, "b": {"c": [2, 1]}})
    assert first != hashes.template_hash({"a": 1, "b": {"c": [1, 2]}}, 1)
    assert set(first) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_go_prints_strings_with_its_own_escapes() -> None:
    assert gotext.quote('a"\\\n\x00é\u200b') == '"a\\"\\\\\\n\\x00é\\u200b"'
    assert gotext.string_map({"b": "2", "a": "1"}) == 'map[string]string{"a":"1", "b":"2"}'
    assert gotext.label_selector({"matchLabels": {"app": "d"}}) == (
        'v1.LabelSelector{MatchLabels:map[string]string{"app":"d"}, '
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}"
    )
