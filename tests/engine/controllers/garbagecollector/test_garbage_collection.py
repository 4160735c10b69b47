"""What goes when its owner goes, what stays, and in which order, in a whole cluster."""

from __future__ import annotations

import pytest

from tests.engine.cluster_tools import Obj, Playground

DEPLOYMENTS, REPLICASETS = "deployments.apps", "replicasets.apps"


@pytest.fixture
def playground() -> Playground:
    return Playground(registry="any", start_seconds=1.0, stop_seconds=1.0)


def deploy(playground: Playground, replicas: int = 2) -> None:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    playground.create(DEPLOYMENTS, {"metadata": {"name": "x"}, "spec": spec})
    playground.run(3)


def owned(
    playground: Playground, name: str, *owners: Obj, block: bool = False, finalizers: list[str] | None = None
) -> Obj:
    references = [
        {
            "apiVersion": "v1",
            "kind": o["kind"],
            "name": o["metadata"]["name"],
            "uid": o["metadata"]["uid"],
            **({"blockOwnerDeletion": True} if block else {}),
        }
        for o in owners
    ]
    meta = {"name": name, "ownerReferences": references, **({"finalizers": finalizers} if finalizers else {})}
    return playground.create("configmaps", {"metadata": meta})


def config_map(playground: Playground, name: str) -> Obj:
    return playground.create("configmaps", {"metadata": {"name": name}})


def mine(playground: Playground) -> list[str]:
    return [name for name in playground.names("configmaps") if name != "kube-root-ca.crt"]


def test_in_the_background_the_owner_goes_first_and_the_dependents_follow(playground):
    deploy(playground)
    playground.client.delete(DEPLOYMENTS, "x", "default")
    assert playground.names(DEPLOYMENTS) == []
    playground.run(5)
    assert (playground.names(REPLICASETS), playground.names("pods")) == ([], [])


def test_in_the_foreground_the_owner_waits_for_its_dependents(playground):
    deploy(playground)
    playground.client.delete(DEPLOYMENTS, "x", "default", propagation_policy="Foreground")
    playground.run(0.3)
    assert playground.get(DEPLOYMENTS, "x")["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert len(playground.names(REPLICASETS)) == 1
    assert all("deletionTimestamp" in pod["metadata"] for pod in playground.client.list("pods").items)
    playground.run(5)
    assert (playground.names(DEPLOYMENTS), playground.names(REPLICASETS), playground.names("pods")) == ([], [], [])


def test_orphans_stay_and_name_no_owner(playground):
    deploy(playground)
    playground.client.delete(DEPLOYMENTS, "x", "default", propagation_policy="Orphan")
    playground.run(5)
    assert playground.names(DEPLOYMENTS) == []
    (replica_set,) = playground.client.list(REPLICASETS, "default").items
    assert "ownerReferences" not in replica_set["metadata"]
    assert len(playground.names("pods")) == 2


def test_an_object_that_is_made_for_an_owner_that_is_gone_goes_too(playground):
    owner = config_map(playground, "owner")
    playground.client.delete("configmaps", "owner", "default")
    owned(playground, "late", owner)
    playground.run(1)
    assert mine(playground) == []


def test_an_owner_of_the_same_name_but_another_uid_is_no_owner(playground):
    owner = config_map(playground, "owner")
    playground.client.delete("configmaps", "owner", "default")
    config_map(playground, "owner")
    owned(playground, "late", owner)
    playground.run(1)
    assert mine(playground) == ["owner"]


def test_an_object_with_another_owner_stays_and_forgets_the_one_that_is_gone(playground):
    first, second = config_map(playground, "first"), config_map(playground, "second")
    owned(playground, "both", first, second)
    playground.client.delete("configmaps", "first", "default")
    playground.run(1)
    assert mine(playground) == ["both", "second"]
    references = playground.get("configmaps", "both")["metadata"]["ownerReferences"]
    assert [reference["name"] for reference in references] == ["second"]


def test_an_owner_of_an_unknown_kind_may_exist_somewhere(playground):
    stranger = {"kind": "Unheard", "metadata": {"name": "s", "uid": "00000000-0000-4000-8000-000000000000"}}
    owned(playground, "kept", stranger)
    playground.run(5)
    assert mine(playground) == ["kept"]


def test_a_dependent_that_does_not_block_does_not_hold_up_a_foreground_deletion(playground):
    owner = config_map(playground, "owner")
    owned(playground, "held", owner, finalizers=["example.com/hold"])
    playground.client.delete("configmaps", "owner", "default", propagation_policy="Foreground")
    playground.run(1)
    assert mine(playground) == ["held"]


def test_a_dependent_that_blocks_and_is_held_holds_up_a_foreground_deletion(playground):
    owner = config_map(playground, "owner")
    owned(playground, "held", owner, block=True, finalizers=["example.com/hold"])
    playground.client.delete("configmaps", "owner", "default", propagation_policy="Foreground")
    playground.run(1)
    assert mine(playground) == ["held", "owner"]
    playground.client.patch("configmaps", "held", {"metadata": {"finalizers": None}}, "default", patch_type="merge")
    playground.run(1)
    assert mine(playground) == []


def test_a_deletion_that_was_under_way_goes_on_after_a_restart(playground):
    deploy(playground)
    playground.client.delete(DEPLOYMENTS, "x", "default", propagation_policy="Foreground")
    again = playground.restart()
    again.run(10)
    assert (again.names(DEPLOYMENTS), again.names(REPLICASETS), again.names("pods")) == ([], [], [])


def test_dependents_whose_owner_went_just_before_a_restart_go_after_it(playground):
    deploy(playground)
    playground.client.delete(DEPLOYMENTS, "x", "default")
    again = playground.restart()
    again.run(10)
    assert (again.names(REPLICASETS), again.names("pods")) == ([], [])


def test_the_trace_says_why_something_was_deleted(playground):
    owner = config_map(playground, "owner")
    owned(playground, "child", owner)
    playground.client.delete("configmaps", "owner", "default")
    playground.run(1)
    steps = [s for s in playground.cluster.trace.steps if s.component == "garbage-collector"]
    assert steps[-1].notes == ["default/child: its owner ConfigMap owner is gone, so it is deleted"]


def test_a_circle_of_owners_that_block_each_other_goes_as_a_whole(playground):
    one, two, three = (config_map(playground, name) for name in ("one", "two", "three"))
    for dependent, owner in ((one, three), (two, one), (three, two)):
        meta = owner["metadata"]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": meta["name"], "uid": meta["uid"]}
        patch = {"metadata": {"ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": True}]}}
        playground.client.patch("configmaps", dependent["metadata"]["name"], patch, "default")
    playground.client.delete("configmaps", "one", "default", propagation_policy="Foreground")
    playground.run(5)
    assert mine(playground) == []
