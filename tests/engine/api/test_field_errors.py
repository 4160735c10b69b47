"""How field errors read, and how several make one refusal."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.gotext import GoText


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.required("spec.a"), "spec.a: Required value"),
        (errors.required("spec.a", "why"), "spec.a: Required value: why"),
        (errors.invalid_value("a", 'x"y', "why"), 'a: Invalid value: "x\\"y": why'),
        (errors.invalid_value("a", 3, "why"), "a: Invalid value: 3: why"),
        (errors.invalid_value("a", True, "why"), "a: Invalid value: true: why"),
        (errors.invalid_value("a", None, "why"), 'a: Invalid value: "null": why'),
        (errors.invalid_value("a", {"b": "c"}, "why"), 'a: Invalid value: map[string]string{"b":"c"}: why'),
        (errors.invalid_value("a", ["b", "c"], "why"), 'a: Invalid value: []string{"b", "c"}: why'),
        (errors.invalid_value("a", GoText("core.X{}"), "why"), "a: Invalid value: core.X{}: why"),
        (errors.not_supported("a", "x", ("b", "a")), 'a: Unsupported value: "x": supported values: "b", "a"'),
        (errors.forbidden_field("a", "why"), "a: Forbidden: why"),
        (errors.duplicate("a", "x"), 'a: Duplicate value: "x"'),
        (errors.duplicate("a", "x", "why"), 'a: Duplicate value: "x": why'),
        (errors.not_found_field("a", "x"), 'a: Not found: "x"'),
        (errors.too_long("a", 5), "a: Too long: may not be more than 5 bytes"),
        (errors.too_many("a", 6, 5), "a: Too many: 6: must have at most 5 items"),
    ],
)
def test_a_field_error_reads_as_in_kubernetes(error: Any, text: str) -> None:
    assert str(error) == text


def test_several_faults_make_one_refusal_with_each_text_once() -> None:
    faults = [errors.required("a"), errors.required("b"), errors.required("a")]
    refusal = errors.invalid("Deployment", "apps", "d", faults)
    assert refusal.message == 'Deployment.apps "d" is invalid: [a: Required value, b: Required value]'
    assert refusal.details is not None
    assert [cause["field"] for cause in refusal.details["causes"]] == ["a", "b", "a"]
