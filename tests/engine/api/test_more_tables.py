"""The rows that `kubectl get` prints of Jobs, budgets, ingresses, quotas, roles and their like.

Follows pkg/printers/internalversion/printers.go (v1.32).
"""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.api.registry import strategies
from cluster_engine.apimachinery.meta import Obj
from tests.engine.api.test_tables import ago, meta, row

CONTAINERS: list[Obj] = [{"name": "c", "image": "nginx"}, {"name": "d", "image": "busybox"}]
TEMPLATE: Obj = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": CONTAINERS}}
SELECTOR: Obj = {"matchLabels": {"app": "d"}}
# As kubectl heads them; those with a star are shown with `-o wide` alone.
COLUMNS = {
    "replicationcontrollers": "NAME DESIRED CURRENT READY AGE CONTAINERS* IMAGES* SELECTOR*",
    "daemonsets.apps": "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE_SELECTOR AGE CONTAINERS* IMAGES* SELECTOR*",
    "jobs.batch": "NAME STATUS COMPLETIONS DURATION AGE CONTAINERS* IMAGES* SELECTOR*",
    "cronjobs.batch": "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST_SCHEDULE AGE CONTAINERS* IMAGES* SELECTOR*",
    "horizontalpodautoscalers.autoscaling": "NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE",
    "poddisruptionbudgets.policy": "NAME MIN_AVAILABLE MAX_UNAVAILABLE ALLOWED_DISRUPTIONS AGE",
    "ingresses.networking.k8s.io": "NAME CLASS HOSTS ADDRESS PORTS AGE",
    "ingressclasses.networking.k8s.io": "NAME CONTROLLER PARAMETERS AGE",
    "networkpolicies.networking.k8s.io": "NAME POD-SELECTOR AGE",
    "storageclasses.storage.k8s.io": "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE",
    "resourcequotas": "NAME AGE REQUEST LIMIT",
    "limitranges": "NAME CREATED_AT",
    "podtemplates": "NAME CONTAINERS IMAGES POD_LABELS",
    "priorityclasses.scheduling.k8s.io": "NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY",
    "roles.rbac.authorization.k8s.io": "NAME CREATED_AT",
    "clusterroles.rbac.authorization.k8s.io": "NAME CREATED_AT",
    "rolebindings.rbac.authorization.k8s.io": "NAME ROLE AGE USERS* GROUPS* SERVICEACCOUNTS*",
    "clusterrolebindings.rbac.authorization.k8s.io": "NAME ROLE AGE USERS* GROUPS* SERVICEACCOUNTS*",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": "NAME WEBHOOKS AGE",
    "customresourcedefinitions.apiextensions.k8s.io": "NAME CREATED_AT",
    "events.events.k8s.io": "LAST_SEEN TYPE REASON OBJECT SUBOBJECT* SOURCE* MESSAGE FIRST_SEEN* COUNT* NAME*",
}
# fmt: off
ROWS: list[tuple[str, Obj, list[Any]]] = [
    ("replicationcontrollers", {"spec": {"replicas": 3, "selector": {"app": "d"}, "template": TEMPLATE}, "status": {"replicas": 2, "readyReplicas": 1}}, ["web", 3, 2, 1, "57s", "c,d", "nginx,busybox", "app=d"]),
    ("daemonsets.apps", {"spec": {"selector": SELECTOR, "template": {**TEMPLATE, "spec": {"containers": CONTAINERS, "nodeSelector": {"disk": "ssd"}}}}, "status": {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 3, "numberAvailable": 2}}, ["web", 3, 3, 2, 3, 2, "disk=ssd", "57s", "c,d", "nginx,busybox", "app=d"]),
    ("jobs.batch", {"spec": {"completions": 3, "selector": SELECTOR, "template": TEMPLATE}, "status": {"succeeded": 1, "startTime": ago(50)}}, ["web", "Running", "1/3", "50s", "57s", "c,d", "nginx,busybox", "app=d"]),
    ("jobs.batch", {"spec": {"completions": 1, "template": TEMPLATE}, "status": {"succeeded": 1, "startTime": ago(50), "completionTime": ago(20), "conditions": [{"type": "Complete", "status": "True"}]}}, ["web", "Complete", "1/1", "30s", "57s", "c,d", "nginx,busybox", "<none>"]),
    ("jobs.batch", {"spec": {"parallelism": 2, "template": TEMPLATE}, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}, ["web", "Failed", "0/1 of 2", "", "57s", "c,d", "nginx,busybox", "<none>"]),
    ("jobs.batch", {"spec": {"suspend": True, "completions": 1, "template": TEMPLATE}, "status": {"conditions": [{"type": "Suspended", "status": "True"}]}}, ["web", "Suspended", "0/1", "", "57s", "c,d", "nginx,busybox", "<none>"]),
    ("cronjobs.batch", {"spec": {"schedule": "*/5 * * * *", "suspend": False, "jobTemplate": {"spec": {"template": TEMPLATE}}}, "status": {"active": [{}], "lastScheduleTime": ago(70)}}, ["web", "*/5 * * * *", "<none>", "False", 1, "70s", "57s", "c,d", "nginx,busybox", "<none>"]),
    ("cronjobs.batch", {"spec": {"schedule": "@daily", "timeZone": "Asia/Shanghai", "suspend": True, "jobTemplate": {"spec": {"template": TEMPLATE}}}}, ["web", "@daily", "Asia/Shanghai", "True", 0, "<none>", "57s", "c,d", "nginx,busybox", "<none>"]),
    ("horizontalpodautoscalers.autoscaling", {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 5, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}, "status": {"currentReplicas": 2, "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 30, "averageValue": "30m"}}}]}}, ["web", "Deployment/web", "cpu: 30%/50%", "1", 5, 2, "57s"]),
    ("horizontalpodautoscalers.autoscaling", {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}, {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "100Mi"}}}]}, "status": {}}, ["web", "Deployment/web", "cpu: <unknown>/50%, memory: <unknown>/100Mi", "<unset>", 5, 0, "57s"]),
    ("poddisruptionbudgets.policy", {"spec": {"minAvailable": 2}, "status": {"disruptionsAllowed": 1}}, ["web", "2", "N/A", 1, "57s"]),
    ("poddisruptionbudgets.policy", {"spec": {"maxUnavailable": "30%"}, "status": {}}, ["web", "N/A", "30%", 0, "57s"]),
    ("ingresses.networking.k8s.io", {"spec": {"ingressClassName": "nginx", "tls": [{}], "rules": [{"host": "a.example.com"}, {"host": "b.example.com"}]}, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.5"}]}}}, ["web", "nginx", "a.example.com,b.example.com", "10.0.0.5", "80, 443", "57s"]),
    ("ingresses.networking.k8s.io", {"spec": {"rules": [{"http": {}}]}}, ["web", "<none>", "*", "", "80", "57s"]),
    ("ingresses.networking.k8s.io", {"spec": {"rules": [{"host": f"{c}.example.com"} for c in "abcde"]}}, ["web", "<none>", "a.example.com,b.example.com,c.example.com + 2 more...", "", "80", "57s"]),
    ("ingressclasses.networking.k8s.io", {"spec": {"controller": "example.com/ingress", "parameters": {"kind": "P", "name": "x", "apiGroup": "k8s.example.com"}}}, ["web", "example.com/ingress", "P.k8s.example.com/x", "57s"]),
    ("ingressclasses.networking.k8s.io", {"spec": {"controller": "example.com/ingress"}}, ["web", "example.com/ingress", "<none>", "57s"]),
    ("networkpolicies.networking.k8s.io", {"spec": {"podSelector": SELECTOR}}, ["web", "app=d", "57s"]),
    ("networkpolicies.networking.k8s.io", {"spec": {"podSelector": {}}}, ["web", "<none>", "57s"]),
    ("storageclasses.storage.k8s.io", {"metadata": meta("fast", annotations={"storageclass.kubernetes.io/is-default-class": "true"}), "provisioner": "example.com/disk", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": True}, ["fast (default)", "example.com/disk", "Delete", "Immediate", True, "57s"]),
    ("storageclasses.storage.k8s.io", {"provisioner": "example.com/disk"}, ["web", "example.com/disk", "Delete", "Immediate", False, "57s"]),
    ("resourcequotas", {"status": {"hard": {"pods": "2", "requests.cpu": "1", "limits.memory": "1Gi"}, "used": {"pods": "1", "requests.cpu": "500m", "limits.memory": "0"}}}, ["web", "57s", "pods: 1/2, requests.cpu: 500m/1", "limits.memory: 0/1Gi"]),
    ("limitranges", {}, ["web", "2026-01-01T00:00:43Z"]),
    ("podtemplates", {"template": TEMPLATE}, ["web", "c,d", "nginx,busybox", "app=d"]),
    ("priorityclasses.scheduling.k8s.io", {"value": 1000, "globalDefault": True, "preemptionPolicy": "PreemptLowerPriority"}, ["web", 1000, True, "57s", "PreemptLowerPriority"]),
    ("priorityclasses.scheduling.k8s.io", {"value": 0}, ["web", 0, False, "57s", ""]),
    ("roles.rbac.authorization.k8s.io", {}, ["web", "2026-01-01T00:00:43Z"]),
    ("clusterroles.rbac.authorization.k8s.io", {}, ["web", "2026-01-01T00:00:43Z"]),
    ("rolebindings.rbac.authorization.k8s.io", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "jane"}, {"kind": "Group", "name": "ops"}, {"kind": "ServiceAccount", "name": "s", "namespace": "default"}]}, ["web", "Role/r", "57s", "jane", "ops", "default/s"]),
    ("clusterrolebindings.rbac.authorization.k8s.io", {"roleRef": {"kind": "ClusterRole", "name": "r"}}, ["web", "ClusterRole/r", "57s", "", "", ""]),
    ("mutatingwebhookconfigurations.admissionregistration.k8s.io", {"webhooks": [{"name": "a"}, {"name": "b"}]}, ["web", 2, "57s"]),
    ("customresourcedefinitions.apiextensions.k8s.io", {}, ["web", "2026-01-01T00:00:43Z"]),
    ("events.events.k8s.io", {"type": "Normal", "reason": "Scheduled", "regarding": {"kind": "Pod", "name": "p"}, "note": "Successfully assigned", "eventTime": ago(5)}, ["5s", "Normal", "Scheduled", "pod/p", "", "", "Successfully assigned", "5s", 1, "web"]),
]
# fmt: on


@pytest.mark.parametrize("resource", COLUMNS)
def test_columns_have_the_names_of_a_real_server(resource: str) -> None:
    shown = [f"{c.name.upper().replace(' ', '_')}{'*' if c.priority else ''}" for c in strategies()[resource].columns]
    assert " ".join(shown) == COLUMNS[resource]


@pytest.mark.parametrize(("resource", "obj", "cells"), ROWS)
def test_a_row_says_how_an_object_stands(resource: str, obj: Obj, cells: list[Any]) -> None:
    assert row(resource, obj) == cells
