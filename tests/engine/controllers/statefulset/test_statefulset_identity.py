"""Names, ordinals, labels and claims of a StatefulSet's pods."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.controllers.statefulset import util
from cluster_engine.controllers.statefulset.claims import claim_matches_policy, with_policy

CLAIM = {"metadata": {"name": "www", "labels": {"tier": "db"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}


def stateful_set(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default", "uid": "set-uid"},
        "spec": {
            "replicas": 3,
            "serviceName": "nginx",
            "selector": {"matchLabels": {"app": "web"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            **spec,
        },
    }


TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [], "volumes": [{"name": "www", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]},
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-0", ("web", 0)),
        ("web-12", ("web", 12)),
        ("my-web-3", ("my-web", 3)),
        ("web", ("", -1)),
        ("web-x", ("", -1)),
        ("web-2147483648", ("web", -1)),
    ],
)
def test_a_pods_name_tells_its_set_and_ordinal(name: str, expected: tuple[str, int]) -> None:
    assert util.parent_and_ordinal(name) == expected


def test_a_new_pod_has_its_identity_and_its_claims() -> None:
    set_ = stateful_set(volumeClaimTemplates=[CLAIM])
    pod = util.new_stateful_set_pod(set_, TEMPLATE, "web-abc", 2)
    assert pod["metadata"]["name"] == "web-2"
    assert pod["metadata"]["generateName"] == "web-"
    assert pod["metadata"]["labels"] == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "web-2",
        "apps.kubernetes.io/pod-index": "2",
        "controller-revision-hash": "web-abc",
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-2", "nginx")
    assert pod["spec"]["volumes"] == [
        {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-2"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    assert util.identity_matches(set_, pod)
    assert util.storage_matches(set_, pod)
    assert TEMPLATE["metadata"]["labels"] == {"app": "web"}


def test_a_claim_has_the_labels_of_its_template_and_of_the_selector() -> None:
    (claim,) = util.claims_for(stateful_set(volumeClaimTemplates=[CLAIM]), 1)
    assert claim["metadata"] == {"name": "www-web-1", "namespace": "default", "labels": {"tier": "db", "app": "web"}}
    assert claim["spec"] == CLAIM["spec"]


@pytest.mark.parametrize(
    ("strategy", "current_replicas", "current"),
    [
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, 3, []),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, 3, [5, 6]),
        ({"type": "RollingUpdate"}, 1, [5]),
        ({"type": "OnDelete"}, 3, []),
    ],
)
def test_a_pod_below_the_partition_is_made_anew_from_the_current_revision(
    strategy: dict[str, Any], current_replicas: int, current: list[int]
) -> None:
    set_ = stateful_set(updateStrategy=strategy, ordinals={"start": 5})
    set_["status"] = {"currentReplicas": current_replicas}
    assert [ordinal for ordinal in range(5, 8) if util.needs_current_revision(set_, ordinal)] == current


@pytest.mark.parametrize(
    ("scaled", "deleted", "ordinal", "owner"),
    [
        ("Retain", "Retain", 0, None),
        ("Retain", "Retain", 5, None),
        ("Retain", "Delete", 0, "set-uid"),
        ("Retain", "Delete", 5, "set-uid"),
        ("Delete", "Retain", 0, None),
        ("Delete", "Retain", 5, "pod-uid"),
        ("Delete", "Delete", 0, "set-uid"),
        ("Delete", "Delete", 5, "pod-uid"),
    ],
)
def test_the_retention_policy_decides_who_owns_a_claim(
    scaled: str, deleted: str, ordinal: int, owner: str | None
) -> None:
    set_ = stateful_set(persistentVolumeClaimRetentionPolicy={"whenScaled": scaled, "whenDeleted": deleted})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"web-{ordinal}", "uid": "pod-uid"}}
    stranger = {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x"}
    for references in ([], [{"uid": "set-uid"}], [{"uid": "pod-uid"}], [{"uid": "set-uid"}, {"uid": "pod-uid"}]):
        claim = {"metadata": {"name": "www-web-0", "ownerReferences": [stranger, *references]}}
        wanted = [owner] if owner else []
        assert claim_matches_policy(claim, set_, pod) is ([one["uid"] for one in references] == wanted)
        fixed = with_policy(claim, set_, pod)
        assert claim_matches_policy(fixed, set_, pod)
        assert [one["uid"] for one in fixed["metadata"]["ownerReferences"]] == ["x", *wanted]
