"""StatefulSets in a running cluster: order, updates, partition, revisions, claims, adoption."""

from __future__ import annotations

from typing import Any

import pytest

CLAIM = {
    "metadata": {"name": "www"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def record(world: Any) -> list[str]:
    """`+web-0`, `ready web-0`, `~web-0` (terminating), `-web-0`: what happens to pods from now on."""
    told: list[str] = []

    def tell(type_: str, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
        if type_ == "ADDED":
            what = f"+{name}"
        elif type_ == "DELETED":
            what = f"-{name}"
        elif "deletionTimestamp" in pod["metadata"]:
            what = f"~{name}"
        elif conditions.get("Ready") == "True":
            what = f"ready {name}"
        else:
            return
        if what not in told[-1:]:
            told.append(what)

    world.watch("pods", tell)
    return told


def images(world: Any) -> list[str]:
    pods = sorted(world.list("pods"), key=lambda pod: pod["metadata"]["name"])
    return [f"{pod['metadata']['name']} {pod['spec']['containers'][0]['image'].partition(':')[2]}" for pod in pods]


def test_pods_start_in_order_each_when_the_one_before_is_ready(world: Any) -> None:
    told = record(world)
    world.stateful_set()
    world.run(30)
    assert told == ["+web-0", "ready web-0", "+web-1", "ready web-1", "+web-2", "ready web-2"]
    assert world.events("StatefulSet") == [
        f"create Pod web-{ordinal} in StatefulSet web successful" for ordinal in range(3)
    ]
    set_ = world.get("statefulsets.apps", "web")
    (revision,) = world.list("controllerrevisions.apps")
    name = revision["metadata"]["name"]
    assert set_["status"] == {
        "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "currentReplicas": 3,
        "updatedReplicas": 3, "currentRevision": name, "updateRevision": name, "collisionCount": 0,
    }


def test_scaling_down_takes_the_highest_ordinals_one_by_one(world: Any) -> None:
    world.stateful_set(replicas=5)
    world.run(30)
    told = record(world)
    world.scale("statefulsets.apps", "web", 3)
    world.run(30)
    assert told == ["~web-4", "-web-4", "~web-3", "-web-3"]
    assert world.events("StatefulSet", "SuccessfulDelete") == [
        "delete Pod web-4 in StatefulSet web successful", "delete Pod web-3 in StatefulSet web successful"
    ]


def test_parallel_pods_come_and_go_all_at_once(world: Any) -> None:
    told = record(world)
    world.stateful_set(replicas=4, podManagementPolicy="Parallel")
    world.run(30)
    assert told[:4] == ["+web-0", "+web-1", "+web-2", "+web-3"]
    told.clear()
    world.scale("statefulsets.apps", "web", 1)
    world.run(30)
    assert told[:3] == ["~web-3", "~web-2", "~web-1"]


def test_an_update_goes_from_the_last_ordinal_to_the_first(world: Any) -> None:
    world.stateful_set()
    world.run(30)
    told = record(world)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(60)
    expected = []
    for ordinal in (2, 1, 0):
        expected += [f"~web-{ordinal}", f"-web-{ordinal}", f"+web-{ordinal}", f"ready web-{ordinal}"]
    assert told == expected
    assert images(world) == ["web-0 1.26", "web-1 1.26", "web-2 1.26"]
    status = world.get("statefulsets.apps", "web")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert sorted(one["revision"] for one in world.list("controllerrevisions.apps")) == [1, 2]


def test_those_below_the_partition_stay_and_come_back_as_they_were(world: Any) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    world.stateful_set(replicas=4, updateStrategy=strategy)
    world.run(30)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(60)
    assert images(world) == ["web-0 1.25", "web-1 1.25", "web-2 1.26", "web-3 1.26"]
    status = world.get("statefulsets.apps", "web")["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 2)
    assert status["currentRevision"] != status["updateRevision"]
    for name in ("web-0", "web-3"):
        world.client.delete("pods", name, "default")
    world.run(30)
    assert images(world) == ["web-0 1.25", "web-1 1.25", "web-2 1.26", "web-3 1.26"]
    world.patch("statefulsets.apps", "web", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    world.run(60)
    assert images(world) == ["web-0 1.26", "web-1 1.26", "web-2 1.26", "web-3 1.26"]


def test_on_delete_updates_a_pod_when_somebody_deletes_it(world: Any) -> None:
    world.stateful_set(replicas=2, updateStrategy={"type": "OnDelete"})
    world.run(30)
    world.set_image("statefulsets.apps", "web", "nginx:1.26")
    world.run(30)
    assert images(world) == ["web-0 1.25", "web-1 1.25"]
    world.client.delete("pods", "web-0", "default")
    world.run(30)
    assert images(world) == ["web-0 1.26", "web-1 1.25"]


def test_going_back_gives_the_old_revision_the_highest_number(world: Any) -> None:
    world.stateful_set(replicas=1)
    world.run(10)
    for image in ("nginx:1.26", "nginx:1.25"):
        world.set_image("statefulsets.apps", "web", image)
        world.run(20)
    revisions = {
        one["data"]["spec"]["template"]["spec"]["containers"][0]["image"]: one["revision"]
        for one in world.list("controllerrevisions.apps")
    }
    assert revisions == {"nginx:1.25": 3, "nginx:1.26": 2}


def test_a_revision_is_a_patch_of_the_template(world: Any) -> None:
    set_ = world.stateful_set(replicas=1)
    world.run(10)
    (revision,) = world.list("controllerrevisions.apps")
    template = world.get("statefulsets.apps", "web")["spec"]["template"]
    assert revision["data"] == {"spec": {"template": {**template, "$patch": "replace"}}}
    hash_ = revision["metadata"]["labels"]["controller.kubernetes.io/hash"]
    assert revision["metadata"]["name"] == f"web-{hash_}"
    assert revision["metadata"]["labels"] == {"app": "web", "controller.kubernetes.io/hash": hash_}
    assert revision["metadata"]["ownerReferences"][0]["uid"] == set_["metadata"]["uid"]
    assert world.get("pods", "web-0")["metadata"]["labels"]["controller-revision-hash"] == f"web-{hash_}"


def test_only_so_many_old_revisions_are_kept(world: Any) -> None:
    world.stateful_set(replicas=1, revisionHistoryLimit=1)
    for number in range(4):
        world.run(20)
        world.set_image("statefulsets.apps", "web", f"nginx:1.{number}")
    world.run(20)
    assert sorted(one["revision"] for one in world.list("controllerrevisions.apps")) == [4, 5]


def test_ordinals_start_where_the_set_says(world: Any) -> None:
    world.stateful_set(replicas=2, ordinals={"start": 5})
    world.run(30)
    assert world.names("pods") == ["web-5", "web-6"]
    world.patch("statefulsets.apps", "web", {"spec": {"ordinals": {"start": 6}}})
    world.run(30)
    assert world.names("pods") == ["web-6", "web-7"]


def test_claims_are_made_before_the_pod_and_stay_when_it_goes(world: Any) -> None:
    world.stateful_set(replicas=2, podManagementPolicy="Parallel", volumeClaimTemplates=[CLAIM])
    world.run(30)
    assert world.names("persistentvolumeclaims") == ["www-web-0", "www-web-1"]
    assert world.events("StatefulSet")[:2] == [
        "create Claim www-web-0 Pod web-0 in StatefulSet web success", "create Pod web-0 in StatefulSet web successful"
    ]
    volume = world.get("pods", "web-0")["spec"]["volumes"][0]
    assert volume == {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}
    world.scale("statefulsets.apps", "web", 1)
    world.run(30)
    assert world.names("persistentvolumeclaims") == ["www-web-0", "www-web-1"]


def test_claims_that_go_with_their_pod_get_it_as_owner_when_it_is_scaled_away(world: Any) -> None:
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    world.stateful_set(
        replicas=2,
        podManagementPolicy="Parallel",
        volumeClaimTemplates=[CLAIM],
        persistentVolumeClaimRetentionPolicy=policy,
    )
    world.run(30)
    owners: list[str] = []
    world.watch(
        "persistentvolumeclaims",
        lambda type_, claim: owners.extend(
            f"{claim['metadata']['name']} {owner['kind']} {owner['name']}"
            for owner in claim["metadata"].get("ownerReferences", [])
        ),
    )
    world.scale("statefulsets.apps", "web", 1)
    world.run(0.5)
    assert owners[:1] == ["www-web-1 Pod web-1"]


def test_a_failed_pod_is_made_anew_under_its_name(world: Any) -> None:
    world.stateful_set(replicas=1)
    world.run(10)
    pod = world.get("pods", "web-0")
    world.client.update_status("pods", {**pod, "status": {**pod["status"], "phase": "Failed"}})
    world.run(30)
    again = world.get("pods", "web-0")
    assert again["metadata"]["uid"] != pod["metadata"]["uid"]
    assert again["status"]["phase"] == "Running"


def test_an_unready_pod_holds_back_those_after_it(world: Any) -> None:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"nodeSelector": {"no": "such-node"}, "containers": [{"name": "c", "image": "nginx:1.25"}]},
    }
    world.stateful_set(replicas=3, template=template)
    world.run(60)
    assert world.names("pods") == ["web-0"]
    notes = [
        note for step in world.cluster.trace.steps if step.component == "statefulset-controller" for note in step.notes
    ]
    assert notes.count("waits for web-0 to be running and ready") == 1


@pytest.mark.parametrize("name", ["web-0", "web-7"])
def test_an_orphan_with_a_members_name_and_labels_is_adopted(world: Any, name: str) -> None:
    world.pod(name, {"app": "web"})
    world.pod("bystander", {"app": "web"})
    world.run(5)
    orphan = world.get("pods", name)
    world.stateful_set(replicas=1)
    world.run(0.5)
    seen = world.get("pods", name)
    assert seen["metadata"]["uid"] == orphan["metadata"]["uid"]
    assert [owner["kind"] for owner in seen["metadata"]["ownerReferences"]] == ["StatefulSet"]
    assert "ownerReferences" not in world.get("pods", "bystander")["metadata"]


def test_a_members_identity_labels_are_put_right(world: Any) -> None:
    world.stateful_set(replicas=1)
    world.run(10)
    world.patch("pods", "web-0", {"metadata": {"labels": {"statefulset.kubernetes.io/pod-name": None}}})
    world.run(5)
    assert world.get("pods", "web-0")["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "web-0"
    assert world.events("StatefulSet", "SuccessfulUpdate") == ["update Pod web-0 in StatefulSet web successful"]


def test_min_ready_seconds_keep_the_next_pod_waiting(world: Any) -> None:
    world.stateful_set(replicas=2, minReadySeconds=10)
    world.run(9)
    assert world.names("pods") == ["web-0"]
    world.run(10)
    assert world.names("pods") == ["web-0", "web-1"]
