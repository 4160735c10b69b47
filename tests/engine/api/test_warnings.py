"""What the API server says of manifests that work but should not be written so."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.api.registry import strategies


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"spec/containers/0/env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
            ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
        ),
        (
            {"spec/nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
        ),
        (
            {"spec/containers/0/ports": [{"containerPort": 80}, {"containerPort": 80}]},
            ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
        ),
        (
            {"spec/containers/0/resources": {"limits": {"memory": "100m"}}},
            [
                'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
                'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
            ],
        ),
    ],
)
def test_a_pod_gets_warnings(build: Any, created: Any, changes: dict[str, Any], expected: list[str]) -> None:
    assert strategies()["pods"].warnings(created(build("Pod", changes))) == expected


def test_a_template_gets_the_same_warnings_at_its_place(build: Any, created: Any) -> None:
    twice = {"spec/template/spec/containers/0/env": [{"name": "A"}, {"name": "A"}]}
    assert strategies()["deployments.apps"].warnings(created(build("Deployment", twice))) == [
        'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'
    ]
