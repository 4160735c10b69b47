"""What bounds and scales workloads: every refusal in Kubernetes' words."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

# (kind, what is changed in its smallest manifest, what is wrong then)
# fmt: off
WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("HorizontalPodAutoscaler", {"spec/maxReplicas": 0}, ["spec.maxReplicas: Invalid value: 0: must be greater than 0", "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`"]),
    ("HorizontalPodAutoscaler", {"spec/minReplicas": 5}, ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"]),
    ("HorizontalPodAutoscaler", {"spec/minReplicas": 0}, ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1", "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"]),
    ("HorizontalPodAutoscaler", {"spec/scaleTargetRef/name": ..., "spec/scaleTargetRef/kind": ...}, ["spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value"]),
    ("HorizontalPodAutoscaler", {"spec/metrics": [{"type": "Resource"}]}, ["spec.metrics[0].resource: Required value: must populate information for the given metric source"]),
    ("HorizontalPodAutoscaler", {"spec/metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]}, ["spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"]),
    ("HorizontalPodAutoscaler", {"spec/metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 0}}}]}, ["spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"]),
    ("HorizontalPodAutoscaler", {"spec/metrics": [{"type": "Nothing"}]}, ['spec.metrics[0].type: Unsupported value: "Nothing": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"', 'spec.metrics[0].type: Unsupported value: "Nothing": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"']),
    ("HorizontalPodAutoscaler", {"spec/behavior": {"scaleDown": {"stabilizationWindowSeconds": -1, "policies": []}}}, ["spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero", "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy"]),
    ("PodDisruptionBudget", {"spec/maxUnavailable": 1}, ["spec: Invalid value: policy.PodDisruptionBudgetSpec{MinAvailable:(*intstr.IntOrString)(0xc000000000), Selector:(*v1.LabelSelector)(0xc000000000), MaxUnavailable:(*intstr.IntOrString)(0xc000000000), UnhealthyPodEvictionPolicy:(*policy.UnhealthyPodEvictionPolicyType)(nil)}: minAvailable and maxUnavailable cannot be both set"]),
    ("PodDisruptionBudget", {"spec/minAvailable": "120%"}, ['spec.minAvailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"120%"}: must not be greater than 100%']),
    ("PodDisruptionBudget", {"spec/minAvailable": -1}, ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]),
    ("PodDisruptionBudget", {"spec/minAvailable": "half"}, ["spec.minAvailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:\"half\"}: a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]),
    ("PodDisruptionBudget", {"spec/unhealthyPodEvictionPolicy": "Never"}, ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"']),
    ("ResourceQuota", {"spec/hard": {"pods": "-1"}}, ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']),
    ("ResourceQuota", {"spec/hard": {"widgets": "1"}}, ["spec.hard[widgets]: Invalid value: widgets: must be a standard resource type or fully qualified", "spec.hard[widgets]: Invalid value: widgets: must be a standard resource for quota"]),
    ("ResourceQuota", {"spec/scopes": ["BestEffort", "NotBestEffort"]}, ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort", "NotBestEffort"}: conflicting scopes']),
    ("ResourceQuota", {"spec/scopes": ["Sometimes"]}, ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"Sometimes"}: unsupported scope']),
    ("ResourceQuota", {"spec/hard": {"requests.cpu": "1"}, "spec/scopes": ["BestEffort"]}, ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort"}: unsupported scope applied to resource']),
    ("ResourceQuota", {"spec/hard": {"pods": "1.5"}}, ['spec.hard[pods]: Invalid value: resource.Quantity{i:resource.int64Amount{value:1500, scale:-3}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"1500m", Format:"DecimalSI"}: must be an integer']),
    ("LimitRange", {"spec/limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}, ['spec.limits[0].min[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"2", Format:"DecimalSI"}: min value 2 is greater than max value 1', 'spec.limits[0].defaultRequest[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:1, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"1", Format:"DecimalSI"}: min value 2 is greater than default request value 1', 'spec.limits[0].default[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"2", Format:"DecimalSI"}: min value 2 is greater than default value 1']),
    ("LimitRange", {"spec/limits": [{"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}}]}, ['spec.limits[0].defaultRequest[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"2", Format:"DecimalSI"}: default request value 2 is greater than max value 1', 'spec.limits[0].default[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:1, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"1", Format:"DecimalSI"}: default value 2 is greater than max value 1']),
    ("LimitRange", {"spec/limits": [{"type": "Pod", "default": {"cpu": "1"}}]}, ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]),
    ("LimitRange", {"spec/limits": [{"type": "Container"}, {"type": "Container"}]}, ['spec.limits[1].type: Duplicate value: "Container"']),
    ("LimitRange", {"spec/limits": [{"type": "PersistentVolumeClaim"}]}, ["spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"]),
    ("PriorityClass", {"value": 2000000000}, ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    ("PriorityClass", {"metadata/name": "system-mine"}, ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"]),
    ("PriorityClass", {"preemptionPolicy": "Sometimes"}, ['preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"']),
    ("HorizontalPodAutoscaler", {"spec/metrics": [{"type": "Pods", "pods": {"metric": {"name": ""}, "target": {"type": "Value", "value": "1"}}}]}, ["spec.metrics[0].pods.metric.name: Required value: must specify a metric name", "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue"]),
]
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("HorizontalPodAutoscaler", {}),
    ("PodDisruptionBudget", {}),
    ("ResourceQuota", {}),
    ("LimitRange", {}),
    ("PriorityClass", {}),
]
CHANGED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("PodDisruptionBudget", {"spec/selector": {"matchLabels": {"app": "e"}}}, []),
    ("PriorityClass", {"value": 11}, ["value: Forbidden: may not be changed in an update."]),
    ("PriorityClass", {"preemptionPolicy": "Never"}, ['preemptionPolicy: Invalid value: "Never": field is immutable']),
    ("ResourceQuota", {"spec/scopes": ["BestEffort"]}, ['spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort"}: field is immutable']),
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
