"""The terminal prints what was recorded, except for the steps that are listed, each with its source."""

from __future__ import annotations

import pytest

from cluster_engine.shell.transcript import transcribe
from tests.recordings.comparison import NAMES, difference, differences, load
from tests.recordings.listed import BEGIN, CLASSES, PAGES, listed, steps_of, with_table

LEAST_AGREEING, MOST_SHORTFALLS = 0.90, 0.03


def _steps(name: str) -> int:
    return sum("run" in step for step in load(name)["steps"])


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_that_differ_are_those_that_are_listed(name: str) -> None:
    recording = load(name)
    found = differences(recording, transcribe(recording))
    assert {number: why for number, why in found.items() if number not in steps_of(name)} == {}
    assert steps_of(name) - set(found) == set(), "a listed step agrees by now"


def test_nine_steps_of_ten_agree_and_few_of_the_others_are_shortfalls() -> None:
    steps = sum(_steps(name) for name in NAMES)
    differing = sum(one.count for one in listed())
    shortfalls = sum(one.count for one in listed() if one.kind == "shortfall")
    assert len(NAMES) == 36
    assert (steps - differing) / steps >= LEAST_AGREEING
    assert shortfalls / steps < MOST_SHORTFALLS


def test_every_difference_has_a_class_and_a_source() -> None:
    assert {one.kind for one in listed()} <= set(CLASSES)
    assert [one.why for one in listed() if len(one.source) < 10] == []


def test_the_documentation_has_the_list() -> None:
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        assert BEGIN in page, path
        assert with_table(page) == page, f"run `python -m tests.recordings.listed` for {path.name}"


@pytest.mark.parametrize(
    ("stdout", "code", "differs"),
    [
        ("NAME   READY\nweb-7c5ddbdf54-x2x9z 1/1 5s", 0, False),
        ("NAME   READY\nweb-7c5ddbdf54-x2x9z 0/1 5s", 0, True),
        ("NAME   READY", 0, True),
        ("NAME   READY\nweb-7c5ddbdf54-x2x9z 1/1 5s", 1, True),
    ],
)
def test_the_comparison_sees_what_matters(stdout: str, code: int, differs: bool) -> None:
    want = {"run": "kubectl get pods", "stdout": "NAME   READY\nweb-5f8cd4fd9b-4k2l8 1/1 7s", "exit": 0}
    got = {"run": "kubectl get pods", "stdout": stdout, "exit": code}
    assert (difference(want, got, settled=True) is not None) is differs
