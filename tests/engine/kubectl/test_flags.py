"""Flags: how they are written, and pflag's words for what is wrong with them."""

import pytest

from cluster_engine.kubectl.errors import FlagError
from cluster_engine.kubectl.flags import Flag, duration_seconds, parse

FLAGS = (
    Flag("namespace", shorthand="n"),
    Flag("watch", "bool", shorthand="w"),
    Flag("all-namespaces", "bool", shorthand="A"),
    Flag("label-columns", "stringSlice", shorthand="L"),
    Flag("env", "stringArray"),
    Flag("replicas", "int32", default=1),
    Flag("dry-run", default="none", no_value="unchanged"),
    Flag("timeout", "duration"),
    Flag("record", "bool", deprecated="--record will be removed in the future"),
)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-n", "x"], "namespace", "x"),
        (["-nx"], "namespace", "x"),
        (["-n=x"], "namespace", "x"),
        (["--namespace=x"], "namespace", "x"),
        (["--namespace", "x"], "namespace", "x"),
        (["-wn", "x"], "namespace", "x"),
        (["-w"], "watch", True),
        (["--watch=false"], "watch", False),
        (["--all_namespaces"], "all-namespaces", True),
        (["-L", "a,b", "-L", "c"], "label-columns", ("a", "b", "c")),
        (["--env", "A=1,2", "--env=B=3"], "env", ("A=1,2", "B=3")),
        (["--replicas=0x10"], "replicas", 16),
        (["--dry-run"], "dry-run", "unchanged"),
        (["--dry-run=client"], "dry-run", "client"),
        (["--timeout=1m30s"], "timeout", 90.0),
    ],
)
def test_a_flag_is_read_however_it_is_written(words, name, value):
    assert parse(words, FLAGS).values[name] == value


def test_words_and_flags_may_be_mixed_and_a_double_dash_ends_the_flags():
    flags = parse(["get", "-w", "po", "--", "-x", "--y"], FLAGS)
    assert (flags.args, flags.args_len_at_dash) == (["get", "po", "-x", "--y"], 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["--foo=1"], "unknown flag: --foo"),
        (["-Z"], "unknown shorthand flag: 'Z' in -Z"),
        (["-wZ"], "unknown shorthand flag: 'Z' in -Z"),
        (["-n"], "flag needs an argument: 'n' in -n"),
        (["--namespace"], "flag needs an argument: --namespace"),
        (["--=x"], "bad flag syntax: --=x"),
        (
            ["--watch=maybe"],
            'invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        (
            ["--replicas=abc"],
            'invalid argument "abc" for "--replicas" flag: strconv.ParseInt: parsing "abc": invalid syntax',
        ),
        (
            ["--replicas=08"],
            'invalid argument "08" for "--replicas" flag: strconv.ParseInt: parsing "08": invalid syntax',
        ),
        (
            ["--replicas=3000000000"],
            'invalid argument "3000000000" for "--replicas" flag: strconv.ParseInt: parsing "3000000000": value out of range',
        ),
        (["--timeout=5"], 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'),
        (["--timeout=5x"], 'invalid argument "5x" for "--timeout" flag: time: unknown unit "x" in duration "5x"'),
    ],
)
def test_a_wrong_flag_is_refused_in_pflags_words(words, message):
    with pytest.raises(FlagError) as caught:
        parse(words, FLAGS)
    assert str(caught.value) == message


def test_a_deprecated_flag_is_told_once():
    flags = parse(["--record", "--record"], FLAGS)
    assert flags.deprecations == ["Flag --record has been deprecated, --record will be removed in the future"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("2s", 2), ("1h1m", 3660), ("1.5s", 1.5), ("-3ms", -0.003), ("100us", 0.0001)]
)
def test_a_duration_is_read_as_go_reads_it(text, seconds):
    assert duration_seconds(text) == pytest.approx(seconds)
