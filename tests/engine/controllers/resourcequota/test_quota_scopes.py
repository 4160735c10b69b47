"""Which pods a quota with a scope counts, and what it counts of them."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery import quota

Obj = dict[str, Any]
ASKING = {"resources": {"requests": {"cpu": "100m"}}}
NOTHING = {"resources": {"requests": {"cpu": "0"}}}


def pod(container: Obj | None = None, **spec: Any) -> Obj:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", **(container or {})}], **spec}}


def scoped(*scopes: str, **expression: Any) -> Obj:
    spec: Obj = {"hard": {"pods": "1"}}
    if expression:
        spec["scopeSelector"] = {"matchExpressions": [expression]}
    else:
        spec["scopes"] = list(scopes)
    return {"metadata": {"name": "q"}, "spec": spec}


def priority(operator: str, *values: str) -> Obj:
    return scoped(scopeName="PriorityClass", operator=operator, **({"values": list(values)} if values else {}))


def elsewhere(**term: Any) -> Obj:
    one = {"topologyKey": "kubernetes.io/hostname", **term}
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [one]}}}


@pytest.mark.parametrize(
    ("limits", "obj", "counts"),
    [
        (scoped("BestEffort"), pod(), True),
        (scoped("BestEffort"), pod(NOTHING), True),
        (scoped("BestEffort"), pod(ASKING), False),
        (scoped("BestEffort"), pod(initContainers=[{"name": "i", **ASKING}]), False),
        (scoped("NotBestEffort"), pod(), False),
        (scoped("NotBestEffort"), pod(ASKING), True),
        (scoped("Terminating"), pod(activeDeadlineSeconds=10), True),
        (scoped("Terminating"), pod(activeDeadlineSeconds=0), True),
        (scoped("Terminating"), pod(), False),
        (scoped("NotTerminating"), pod(), True),
        (scoped("NotTerminating"), pod(activeDeadlineSeconds=10), False),
        (scoped("NotTerminating", "BestEffort"), pod(), True),
        (scoped("NotTerminating", "BestEffort"), pod(ASKING), False),
        (priority("In", "high", "low"), pod(priorityClassName="low"), True),
        (priority("In", "high"), pod(priorityClassName="low"), False),
        (priority("NotIn", "high"), pod(priorityClassName="low"), True),
        (priority("NotIn", "high"), pod(priorityClassName="high"), False),
        (priority("Exists"), pod(priorityClassName="low"), True),
        (priority("Exists"), pod(), False),
        (priority("DoesNotExist"), pod(), True),
        (priority("DoesNotExist"), pod(priorityClassName="low"), False),
        (scoped("CrossNamespacePodAffinity"), pod(**elsewhere(namespaces=["shop"])), True),
        (scoped("CrossNamespacePodAffinity"), pod(**elsewhere(namespaceSelector={})), True),
        (scoped("CrossNamespacePodAffinity"), pod(**elsewhere()), False),
        (scoped("CrossNamespacePodAffinity"), pod(), False),
    ],
)
def test_a_scope_says_which_pods_count(limits, obj, counts):
    assert quota.matches(limits, "pods", obj) is counts


def sized(requests: str, limits: str = "") -> Obj:
    resources = {"requests": {"cpu": requests}, **({"limits": {"cpu": limits}} if limits else {})}
    return {"name": "x", "resources": resources}


@pytest.mark.parametrize(
    ("containers", "init", "expected"),
    [
        ([sized("100m")], [], "100m"),
        ([sized("100m"), sized("200m")], [], "300m"),
        # The largest init container, where that is more than all others together.
        ([sized("100m")], [sized("500m"), sized("300m")], "500m"),
        ([sized("600m")], [sized("500m")], "600m"),
        # A sidecar runs beside the others, and beside the init containers after it.
        ([sized("100m")], [{**sized("50m"), "restartPolicy": "Always"}], "150m"),
        ([sized("100m")], [{**sized("50m"), "restartPolicy": "Always"}, sized("200m")], "250m"),
        ([sized("100m")], [sized("200m"), {**sized("50m"), "restartPolicy": "Always"}], "200m"),
    ],
)
def test_what_a_pod_uses_of_a_quota(containers, init, expected):
    obj = {"metadata": {"name": "p"}, "spec": {"containers": containers, "initContainers": init}, "status": {}}
    used = quota.usage("pods", obj, 0)
    assert str(used["requests.cpu"]) == str(used["cpu"]) == expected


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_uses_nothing_but_its_place_in_etcd(phase):
    used = quota.usage("pods", {**pod(ASKING), "status": {"phase": phase}}, 0)
    assert {name: str(amount) for name, amount in used.items() if not amount.is_zero} == {"count/pods": "1"}


def test_a_pod_whose_grace_is_over_uses_nothing():
    """Somebody would have to look after it on its node, and nobody does."""
    meta = {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    gone = {**pod(ASKING), "metadata": meta}
    second_us = 1_767_225_600_000_000
    assert "pods" in quota.usage("pods", gone, second_us + 29_000_000)
    assert "pods" not in quota.usage("pods", gone, second_us + 31_000_000)
