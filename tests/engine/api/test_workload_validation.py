"""What the API server says about Deployments, ReplicaSets and StatefulSets that cannot be."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

ROLLING = "spec/strategy/rollingUpdate"
NO_MATCH = "`selector` does not match template `labels`"
EMPTY = "v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}"


def intstr(value: int | str) -> str:
    if isinstance(value, str):
        return f'intstr.IntOrString{{Type:1, IntVal:0, StrVal:"{value}"}}'
    return f'intstr.IntOrString{{Type:0, IntVal:{value}, StrVal:""}}'


CASES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("a Deployment", "Deployment", {}, []),
    ("a ReplicaSet", "ReplicaSet", {}, []),
    ("a StatefulSet", "StatefulSet", {}, []),
    (
        "no selector",
        "Deployment",
        {"spec/selector": ...},
        [
            "spec.selector: Required value",
            f'spec.template.metadata.labels: Invalid value: map[string]string{{"app":"d"}}: {NO_MATCH}',
        ],
    ),
    (
        "empty selector",
        "Deployment",
        {"spec/selector": {}},
        [f"spec.selector: Invalid value: {EMPTY}: empty selector is invalid for deployment"],
    ),
    (
        "selector of something else",
        "Deployment",
        {"spec/selector": {"matchLabels": {"app": "e"}}},
        [f'spec.template.metadata.labels: Invalid value: map[string]string{{"app":"d"}}: {NO_MATCH}'],
    ),
    (
        "selector operator without values",
        "Deployment",
        {"spec/selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": []}]}},
        [
            "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), "
            'MatchExpressions:[]v1.LabelSelectorRequirement{v1.LabelSelectorRequirement{Key:"app", Operator:"In", '
            "Values:[]string{}}}}: invalid label selector",
        ],
    ),
    (
        "negative replicas",
        "Deployment",
        {"spec/replicas": -1},
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "no surge and nothing unavailable",
        "Deployment",
        {ROLLING: {"maxSurge": 0, "maxUnavailable": 0}},
        [f"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: {intstr(0)}: may not be 0 when `maxSurge` is 0"],
    ),
    (
        "no surge and no percent unavailable",
        "Deployment",
        {ROLLING: {"maxSurge": 0, "maxUnavailable": "0%"}},
        [
            f"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: {intstr('0%')}: "
            "may not be 0 when `maxSurge` is 0"
        ],
    ),
    (
        "more than all unavailable",
        "Deployment",
        {ROLLING: {"maxUnavailable": "120%"}},
        [f"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: {intstr('120%')}: must not be greater than 100%"],
    ),
    (
        "surge in words",
        "Deployment",
        {ROLLING: {"maxSurge": "abc"}},
        [
            f"spec.strategy.rollingUpdate.maxSurge: Invalid value: {intstr('abc')}: a valid percent string must be a "
            "numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        ],
    ),
    (
        "negative surge",
        "Deployment",
        {ROLLING: {"maxSurge": -1}},
        ["spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "Recreate that rolls",
        "Deployment",
        {"spec/strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
        ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ),
    (
        "unknown strategy",
        "Deployment",
        {"spec/strategy": {"type": "Canary"}},
        [
            'spec.strategy: Unsupported value: apps.DeploymentStrategy{Type:"Canary", '
            'RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}: supported values: "Recreate", "RollingUpdate"'
        ],
    ),
    (
        "deadline before readiness",
        "Deployment",
        {"spec/minReadySeconds": 600},
        ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
    ),
    (
        "negative history",
        "Deployment",
        {"spec/revisionHistoryLimit": -1},
        ["spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "pods that end",
        "Deployment",
        {"spec/template/spec/restartPolicy": "Never"},
        ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ),
    (
        "pods with a deadline",
        "ReplicaSet",
        {"spec/template/spec/activeDeadlineSeconds": 5},
        ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
    ),
    (
        "no image in the template",
        "Deployment",
        {"spec/template/spec/containers/0/image": ""},
        ["spec.template.spec.containers[0].image: Required value"],
    ),
    (
        "several at once",
        "Deployment",
        {"spec/template/spec/containers/0/image": "", "spec/minReadySeconds": -5, "spec/replicas": -2},
        [
            "spec.replicas: Invalid value: -2: must be greater than or equal to 0",
            "spec.template.spec.containers[0].image: Required value",
            "spec.minReadySeconds: Invalid value: -5: must be greater than or equal to 0",
        ],
    ),
    (
        "management policy",
        "StatefulSet",
        {"spec/podManagementPolicy": "Random"},
        ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ),
    (
        "update strategy",
        "StatefulSet",
        {"spec/updateStrategy": {"type": "Recreate"}},
        [
            'spec.updateStrategy: Invalid value: apps.StatefulSetUpdateStrategy{Type:"Recreate", '
            "RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}: must be 'RollingUpdate' or 'OnDelete'"
        ],
    ),
    (
        "negative partition",
        "StatefulSet",
        {"spec/updateStrategy": {"rollingUpdate": {"partition": -1}}},
        ["spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "retention policy",
        "StatefulSet",
        {"spec/persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}},
        [
            'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": '
            'supported values: "Retain", "Delete"'
        ],
    ),
    (
        "name with dots",
        "StatefulSet",
        {"metadata/name": "a.b"},
        ['metadata.name: Invalid value: "a.b": must not contain dots'],
    ),
    (
        "a StatefulSet's template is not looked into",
        "StatefulSet",
        {"spec/template/spec/containers/0/volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        [],
    ),
    ("revision without data", "ControllerRevision", {"data": ...}, ["data: Required value: data is mandatory"]),
]


@pytest.mark.parametrize(("kind", "changes", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_workload_is_refused_with_kubernetes_words(
    build: Any, faults: Any, kind: str, changes: dict[str, Any], expected: list[str]
) -> None:
    assert faults(build(kind, changes)) == expected


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet"])
def test_a_selector_is_immutable(build: Any, update_faults: Any, kind: str) -> None:
    changes = {"spec/selector/matchLabels/tier": "a", "spec/template/metadata/labels/tier": "a"}
    assert update_faults(build(kind), changes) == [
        'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"d", "tier":"a"}, '
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"
    ]


@pytest.mark.parametrize(
    "changes",
    [{"spec/serviceName": "other"}, {"spec/podManagementPolicy": "Parallel"}, {"spec/revisionHistoryLimit": 3}],
)
def test_a_stateful_set_keeps_what_its_pods_rest_on(build: Any, update_faults: Any, changes: dict[str, Any]) -> None:
    assert update_faults(build("StatefulSet"), changes) == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"spec/replicas": 5},
        {"spec/template/spec/containers/0/image": "nginx:1.26"},
        {"spec/updateStrategy": {"type": "OnDelete"}},
        {"spec/minReadySeconds": 5},
        {"spec/ordinals": {"start": 2}},
        {"spec/persistentVolumeClaimRetentionPolicy/whenScaled": "Delete"},
    ],
)
def test_what_may_change_in_a_stateful_set_does(build: Any, update_faults: Any, changes: dict[str, Any]) -> None:
    assert update_faults(build("StatefulSet"), changes) == []
