"""Pods and their volumes: where these can be had, which are bound for a pod, and which are for one pod alone."""

from __future__ import annotations

import pytest

from cluster_engine.faults.fault import Fault
from tests.engine.cluster_tools import Playground
from tests.engine.scheduler.tools import (
    HOSTNAME,
    NO_VICTIMS,
    NODES,
    NOT_HELPFUL,
    ZONE,
    Obj,
    decision,
    node_of,
    on,
    priority_class,
    why,
    zones,
)

LOCAL_PATH = "rancher.io/local-path"


@pytest.fixture
def playground() -> Playground:
    return Playground()


def storage_class(
    playground: Playground, name: str, provisioner: str = "rancher.io/local-path", **more: object
) -> None:
    body = {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer", **more}
    playground.create("storageclasses.storage.k8s.io", body)


def volume(
    playground: Playground,
    name: str,
    *nodes: str,
    size: str = "1Gi",
    class_: str = "local",
    mode: str = "ReadWriteOnce",
    **labels: str,
) -> None:
    """A volume that can be had on these nodes alone; on all without any."""
    spec: Obj = {
        "capacity": {"storage": size},
        "accessModes": [mode],
        "storageClassName": class_,
        "hostPath": {"path": f"/{name}"},
    }
    if nodes:
        terms = [{"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": list(nodes)}]}]
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
    playground.create("persistentvolumes", {"metadata": {"name": name, "labels": labels}, "spec": spec})


def claim(playground: Playground, name: str = "data", size: str = "1Gi", class_: str = "local", **spec: object) -> None:
    body = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": class_,
        **spec,
    }
    playground.create("persistentvolumeclaims", {"metadata": {"name": name}, "spec": body})
    playground.run(1)


def uses(*claims: str) -> Obj:
    """What of a spec uses these claims."""
    return {"volumes": [{"name": f"v{i}", "persistentVolumeClaim": {"claimName": one}} for i, one in enumerate(claims)]}


def message(reason: str, preemption: str = NOT_HELPFUL) -> str:
    return f"0/3 nodes are available: {reason}. {preemption}"


def test_a_claim_that_waits_for_a_consumer_is_not_bound_without_one(playground):
    storage_class(playground, "local", "kubernetes.io/no-provisioner")
    volume(playground, "pv", "k8s-node02")
    claim(playground)
    assert playground.get("persistentvolumeclaims", "data")["status"]["phase"] == "Pending"
    assert playground.events("data") == [
        ("WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    ]


def test_the_pod_goes_where_the_volume_is_and_the_claim_is_bound_for_it(playground):
    storage_class(playground, "local", "kubernetes.io/no-provisioner")
    volume(playground, "pv", "k8s-node02")
    claim(playground)
    playground.pod("p", spec=uses("data"))
    playground.run(1)
    assert node_of(playground, "p") == "k8s-node02"
    found = playground.get("persistentvolumeclaims", "data")
    assert (found["status"]["phase"], found["spec"]["volumeName"]) == ("Bound", "pv")
    assert playground.get("persistentvolumes", "pv")["metadata"]["annotations"] == {
        "pv.kubernetes.io/bound-by-controller": "yes"
    }
    assert decision(playground, "p") == ["p → k8s-node02: its volumes are bound"]


def test_the_smallest_volume_that_is_large_enough_is_taken_and_each_by_one_claim(playground):
    storage_class(playground, "local", "kubernetes.io/no-provisioner")
    for name, size in (("small", "1Gi"), ("large", "10Gi"), ("middle", "5Gi")):
        volume(playground, name, "k8s-node03", size=size)
    claim(playground, "five", "4Gi")
    claim(playground, "one", "1Gi")
    playground.pod("p", spec=uses("five", "one"))
    playground.run(1)
    bound = {name: playground.get("persistentvolumeclaims", name)["spec"]["volumeName"] for name in ("one", "five")}
    assert bound == {"one": "small", "five": "middle"}


def test_where_no_volume_is_left_the_pod_waits_until_there_is_one(playground):
    storage_class(playground, "local", "kubernetes.io/no-provisioner")
    claim(playground)
    playground.pod("p", spec=uses("data"))
    playground.run(5)
    assert why(playground, "p") == message("3 node(s) didn't find available persistent volumes to bind")
    volume(playground, "pv", "k8s-node01")
    playground.run(5)
    assert node_of(playground, "p") == "k8s-node01"


def test_a_volume_is_made_for_the_node_that_the_pod_gets(playground):
    storage_class(playground, "made")
    claim(playground, class_="made")
    playground.pod("p", spec={**uses("data"), **on("k8s-node02")})
    playground.run(0.2)
    assert node_of(playground, "p") is None
    found = playground.get("persistentvolumeclaims", "data")
    assert found["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "k8s-node02"
    playground.run(2)
    assert node_of(playground, "p") == "k8s-node02"
    name = playground.get("persistentvolumeclaims", "data")["spec"]["volumeName"]
    affinity = playground.get("persistentvolumes", name)["spec"]["nodeAffinity"]
    expressions = [{"key": HOSTNAME, "operator": "In", "values": ["k8s-node02"]}]
    assert affinity == {"required": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}


def test_a_pod_that_waits_for_its_volume_takes_its_room_already(playground):
    playground = Playground(nodes=1, node_cpu="4")
    storage_class(playground, "made")
    claim(playground, class_="made")
    playground.pod("p", spec=uses("data"), resources={"requests": {"cpu": "3"}})
    playground.pod("q", resources={"requests": {"cpu": "3"}})
    playground.run(0.2)
    assert why(playground, "q").startswith("0/1 nodes are available: 1 Insufficient cpu.")
    playground.run(5)
    assert (node_of(playground, "p"), node_of(playground, "q")) == ("k8s-node01", None)


def test_a_pod_whose_volume_never_comes_is_tried_again_after_ten_minutes(playground):
    storage_class(playground, "made")
    claim(playground, class_="made")
    playground.cluster.inject(Fault("Stop", "kube-controller-manager"))
    playground.pod("p", spec=uses("data"))
    playground.run(590)
    assert playground.events("p") == []
    playground.run(20)
    words = 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
    assert playground.events("p") == [("FailedScheduling", words)]
    condition = playground.condition("pods", "p", "PodScheduled")
    assert (condition["reason"], condition["message"]) == ("SchedulerError", words)


def test_a_deleted_pod_that_waited_for_its_volume_leaves_its_room(playground):
    playground = Playground(nodes=1, node_cpu="4")
    storage_class(playground, "made")
    claim(playground, class_="made")
    playground.pod("p", spec=uses("data"), resources={"requests": {"cpu": "3"}})
    playground.run(0.1)
    playground.client.delete("pods", "p", "default")
    playground.pod("q", resources={"requests": {"cpu": "3"}})
    playground.run(0.5)
    assert node_of(playground, "q") == "k8s-node01"


def test_allowed_topologies_of_a_class_confine_the_pod(playground):
    zones(playground, "a", "b", "c")
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": ["b", "x"]}]}]
    storage_class(playground, "made", allowedTopologies=terms)
    claim(playground, class_="made")
    playground.pod("p", spec=uses("data"))
    playground.run(2)
    assert node_of(playground, "p") == "k8s-node02"


def test_a_claim_that_is_bound_at_once_holds_its_pods_up_until_then(playground):
    claim(playground, class_="manual")
    playground.pod("p", spec=uses("data"))
    playground.run(1)
    assert why(playground, "p") == message("pod has unbound immediate PersistentVolumeClaims")
    volume(playground, "pv", class_="manual")
    playground.run(3)
    assert node_of(playground, "p") in NODES


def test_a_bound_volume_of_another_node_keeps_its_pod_there(playground):
    volume(playground, "pv", "k8s-node01", class_="manual")
    claim(playground, class_="manual")
    playground.pod("p", spec={**uses("data"), **on("k8s-node03")})
    playground.run(1)
    assert why(playground, "p") == (
        "0/3 nodes are available: 1 node(s) had volume node affinity conflict, 2 node(s) didn't match Pod's node "
        f"affinity/selector. {NOT_HELPFUL}"
    )


def test_a_volume_in_a_zone_keeps_its_pod_in_that_zone(playground):
    zones(playground, "a", "b", "b")
    volume(playground, "pv", class_="manual", **{ZONE: "c"})
    claim(playground, class_="manual")
    playground.pod("p", spec=uses("data"))
    playground.run(1)
    assert why(playground, "p") == message("3 node(s) had no available volume zone")
    playground.client.patch("persistentvolumes", "pv", {"metadata": {"labels": {ZONE: "a__b"}}}, patch_type="merge")
    playground.run(2)
    assert node_of(playground, "p") in NODES


def test_a_claim_for_one_pod_alone_keeps_a_second_one_waiting(playground):
    volume(playground, "pv", class_="manual", mode="ReadWriteOncePod")
    claim(playground, class_="manual", accessModes=["ReadWriteOncePod"])
    playground.pod("first", spec=uses("data"))
    playground.run(1)
    playground.pod("second", spec=uses("data"))
    playground.run(1)
    reason = "3 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    assert why(playground, "second") == message(reason, NO_VICTIMS)
    playground.client.delete("pods", "first", "default", grace_period_seconds=0)
    playground.run(2)
    assert node_of(playground, "second") in NODES


def test_a_more_important_pod_takes_the_claim_that_is_for_one_pod_alone(playground):
    priority_class(playground, "high", 1000)
    volume(playground, "pv", class_="manual", mode="ReadWriteOncePod")
    claim(playground, class_="manual", accessModes=["ReadWriteOncePod"])
    playground.pod("first", spec=uses("data"))
    playground.run(1)
    node = node_of(playground, "first")
    playground.pod("vip", spec={**uses("data"), "priorityClassName": "high"})
    playground.run(0.1)
    assert playground.get("pods", "vip")["status"]["nominatedNodeName"] == node
    playground.run(40)
    assert "first" not in playground.names("pods")
    assert node_of(playground, "vip") == node


def test_a_claim_that_is_not_there_is_told_once_for_all_nodes(playground):
    playground.pod("p", spec=uses("nope"))
    playground.run(0.1)
    assert why(playground, "p") == message('persistentvolumeclaim "nope" not found')


def test_a_claim_that_is_still_to_be_made_for_the_pod_is_told_so(playground):
    playground.cluster.inject(Fault("Stop", "kube-controller-manager"))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    playground.pod("p", spec={"volumes": [{"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": spec}}}]})
    playground.run(0.1)
    reason = 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-e"'
    assert why(playground, "p") == message(reason)
