"""Jobs, CronJobs and the workloads that came before and beside Deployments: every refusal in Kubernetes' words."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

# (kind, what is changed in its smallest manifest, what is wrong then)
# fmt: off
WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("ReplicationController", {"spec/replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ("ReplicationController", {"spec/template": ...}, ["spec.selector: Required value", "spec.template: Required value"]),
    ("ReplicationController", {"spec/selector": {"app": "other"}}, ['spec.template.metadata.labels: Invalid value: map[string]string{"app":"d"}: `selector` does not match template `labels`']),
    ("ReplicationController", {"spec/template/spec/restartPolicy": "Never"}, ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']),
    ("DaemonSet", {"spec/selector": ...}, ['spec.template.metadata.labels: Invalid value: map[string]string{"app":"d"}: `selector` does not match template `labels`']),
    ("DaemonSet", {"spec/selector": {"matchLabels": {"app": "x"}}}, ['spec.template.metadata.labels: Invalid value: map[string]string{"app":"d"}: `selector` does not match template `labels`']),
    ("DaemonSet", {"spec/template/spec/restartPolicy": "OnFailure"}, ['spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"']),
    ("DaemonSet", {"spec/updateStrategy": {"type": "Sometimes"}}, ['spec.updateStrategy: Unsupported value: apps.DaemonSetUpdateStrategy{Type:"Sometimes", RollingUpdate:(*apps.RollingUpdateDaemonSet)(nil)}: supported values: "RollingUpdate", "OnDelete"']),
    ("DaemonSet", {"spec/updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}}, ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]),
    ("DaemonSet", {"spec/updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}, ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: intstr.IntOrString{Type:0, IntVal:1, StrVal:""}: may not be set when maxUnavailable is non-zero']),
    ("DaemonSet", {"spec/template/spec/activeDeadlineSeconds": 5}, ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"]),
    ("DaemonSet", {"spec/revisionHistoryLimit": -1}, ["spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ("Job", {"spec/parallelism": -1, "spec/completions": -2}, ["spec.parallelism: Invalid value: -1: must be greater than or equal to 0", "spec.completions: Invalid value: -2: must be greater than or equal to 0"]),
    ("Job", {"spec/backoffLimit": -1, "spec/activeDeadlineSeconds": -5}, ["spec.activeDeadlineSeconds: Invalid value: -5: must be greater than or equal to 0", "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ("Job", {"spec/ttlSecondsAfterFinished": -1}, ["spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0"]),
    ("Job", {"spec/template/spec/restartPolicy": "Always"}, ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
    ("Job", {"spec/completionMode": "Often"}, ['spec.completionMode: Unsupported value: "Often": supported values: "NonIndexed", "Indexed"']),
    ("Job", {"spec/completionMode": "Indexed", "spec/completions": 200000, "spec/parallelism": 200000}, ["spec.parallelism: Invalid value: 200000: must be less than or equal to 100000 when completion mode is Indexed"]),
    ("Job", {"spec/selector": {"matchLabels": {"a": "b"}}}, ['spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b", "batch.kubernetes.io/controller-uid":"u"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` not auto-generated', 'spec.template.metadata.labels: Invalid value: map[string]string{"batch.kubernetes.io/controller-uid":"u", "batch.kubernetes.io/job-name":"x", "controller-uid":"u", "job-name":"x"}: `selector` does not match template `labels`']),
    ("Job", {"spec/podFailurePolicy": {"rules": [{"action": "Ignore"}]}}, ["spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"]),
    ("Job", {"spec/backoffLimitPerIndex": 1}, ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
    ("CronJob", {"spec/schedule": ...}, ["spec.schedule: Required value"]),
    ("CronJob", {"spec/schedule": "every day"}, ['spec.schedule: Invalid value: "every day": expected exactly 5 fields, found 2: [every day]']),
    ("CronJob", {"spec/schedule": "61 * * * *"}, ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61']),
    ("CronJob", {"spec/schedule": "TZ=UTC * * * * *"}, ['spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead']),
    ("CronJob", {"spec/timeZone": "Mars/Olympus"}, ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus']),
    ("CronJob", {"spec/concurrencyPolicy": "Maybe"}, ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"']),
    ("CronJob", {"spec/successfulJobsHistoryLimit": -1, "spec/startingDeadlineSeconds": -1}, ["spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0", "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ("CronJob", {"metadata/name": "x" * 53}, ['metadata.name: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": must be no more than 52 characters']),
    ("CronJob", {"spec/jobTemplate/spec/template/spec/restartPolicy": ...}, ['spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
    ("PodTemplate", {"template/spec/containers": []}, ["template.spec.containers: Required value"]),
    ("Job", {"spec/completionMode": "Indexed", "spec/parallelism": 2}, ["spec.completions: Required value: when completion mode is Indexed"]),
]
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("Job", {"spec/completionMode": "Indexed"}),
    ("Job", {}),
    ("CronJob", {}),
    ("ReplicationController", {}),
    ("DaemonSet", {}),
    ("PodTemplate", {}),
]
CHANGED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("DaemonSet", {"spec/selector": {"matchLabels": {"app": "d", "x": "y"}}, "spec/template/metadata/labels": {"app": "d", "x": "y"}}, ['spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"d", "x":"y"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable']),
    ("Job", {"spec/completions": 5}, ["spec.completions: Invalid value: 5: field is immutable"]),
    ("Job", {"spec/template/spec/containers/0/image": "busybox"}, ["spec.template: Invalid value: core.PodTemplateSpec{...}: field is immutable"]),
    ("Job", {"spec/backoffLimit": 3}, []),
]
# fmt: on


@pytest.mark.parametrize(("kind", "changes", "words"), WRONG)
def test_what_is_wrong_is_told_in_kubernetes_words(
    build: Any, faults: Any, kind: str, changes: dict[str, Any], words: list[str]
) -> None:
    assert faults(build(kind, changes)) == words


@pytest.mark.parametrize(("kind", "changes"), RIGHT)
def test_what_is_right_is_taken(build: Any, faults: Any, kind: str, changes: dict[str, Any]) -> None:
    assert faults(build(kind, changes)) == []


@pytest.mark.parametrize(("kind", "changes", "words"), CHANGED)
def test_what_may_not_change_stays(
    build: Any, update_faults: Any, kind: str, changes: dict[str, Any], words: list[str]
) -> None:
    assert update_faults(build(kind), changes) == words
