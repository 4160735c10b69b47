"""The smaller plugins: what each refuses, in which words, and what it makes of the other nodes; the queue's hints."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.engine.cluster_tools import Playground
from tests.engine.scheduler.tools import (
    NODES,
    NOT_HELPFUL,
    Obj,
    change_node,
    label_node,
    node_of,
    on,
    requests,
    score,
    why,
)

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.fixture
def playground() -> Playground:
    return Playground(node_cpu="4", node_memory="8Gi")


def named(*terms: list[Obj]) -> Obj:
    """Node affinity by terms of matchFields."""
    listed = [{"matchFields": fields} for fields in terms]
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": listed}}}}


def name_in(name: str) -> Obj:
    return {"key": "metadata.name", "operator": "In", "values": [name]}


def ask(playground: Playground, name: str = "p", **pod: object) -> str | None:
    playground.pod(name, **pod)
    playground.run(0.1)
    return node_of(playground, name)


# NodeAffinity.


def test_a_pod_that_names_its_node_by_a_field_is_tried_there_alone(playground):
    assert ask(playground, spec=named([name_in("k8s-node02")])) == "k8s-node02"
    assert ask(playground, "q", spec=named([name_in("k8s-node02")]), resources=requests(cpu="9")) is None
    assert why(playground, "q") == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: "
        "0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for "
        "scheduling."
    )


def test_terms_are_alternatives_and_the_fields_of_one_must_agree(playground):
    change_node(playground, "k8s-node02", unschedulable=True)
    assert ask(playground, spec=named([name_in("k8s-node02")], [name_in("k8s-node03")])) == "k8s-node03"
    twice = [name_in("k8s-node01"), name_in("k8s-node01")]
    assert ask(playground, "q", spec=named(twice)) == "k8s-node01"
    assert ask(playground, "r", spec=named([name_in("k8s-node01"), name_in("k8s-node03")])) is None
    assert why(playground, "r") == f"0/3 nodes are available: pod affinity terms conflict. {NOT_HELPFUL}"


def test_a_node_that_does_not_exist_leaves_none(playground):
    assert ask(playground, spec=named([name_in("k8s-node09")])) is None
    assert why(playground, "p") == (
        f"0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]. {NOT_HELPFUL}"
    )


def test_daemon_pods_that_do_not_fit_name_their_own_node_and_the_others(playground):
    assert ask(playground, "full", spec=on("k8s-node02"), resources=requests(cpu="4")) == "k8s-node02"
    template = {
        "metadata": {"labels": {"app": "d"}},
        "spec": {"containers": [{"name": "c", "image": "nginx", "resources": requests(cpu="1")}]},
    }
    spec = {"selector": {"matchLabels": {"app": "d"}}, "template": template}
    playground.create("daemonsets.apps", {"metadata": {"name": "d"}, "spec": spec})
    playground.run(10)
    (waiting,) = [n for n in playground.names("pods") if n.startswith("d-") and node_of(playground, n) is None]
    assert why(playground, waiting) == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: "
        "0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for "
        "scheduling."
    )


def test_preferred_node_affinity_adds_up_weights_and_scales_by_the_best(playground):
    label_node(playground, "k8s-node01", disk="ssd", arch="x")
    label_node(playground, "k8s-node02", disk="ssd")
    preferred = [
        {"weight": 30, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}},
        {"weight": 50, "preference": {"matchExpressions": [{"key": "arch", "operator": "Exists"}]}},
    ]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    assert ask(playground, spec={"affinity": affinity}) == "k8s-node01"
    assert score(playground, "p", "NodeAffinity") == {"k8s-node01": 100, "k8s-node02": 37, "k8s-node03": 0}


# TaintToleration.


def test_soft_taints_make_a_node_less_liked_the_more_of_them_are_not_tolerated(playground):
    soft = [{"key": key, "effect": "PreferNoSchedule"} for key in ("a", "b", "c")]
    change_node(playground, "k8s-node01", taints=soft)
    change_node(playground, "k8s-node02", taints=soft[:2])
    tolerations = [{"key": "a", "operator": "Exists", "effect": "PreferNoSchedule"}]
    assert ask(playground, spec={"tolerations": tolerations}) == "k8s-node03"
    assert score(playground, "p", "TaintToleration") == {"k8s-node01": 0, "k8s-node02": 50, "k8s-node03": 100}


def test_only_the_first_taint_that_is_not_tolerated_is_named(playground):
    for node in NODES:
        change_node(playground, node, taints=[{"key": k, "effect": "NoExecute"} for k in ("a", "b")])
    assert ask(playground, spec={"tolerations": [{"key": "a", "operator": "Exists"}]}) is None
    assert why(playground, "p") == (f"0/3 nodes are available: 3 node(s) had untolerated taint {{b: }}. {NOT_HELPFUL}")


# NodeResourcesFit and NodeResourcesBalancedAllocation.


def test_the_emptier_node_is_liked_better_and_the_more_balanced_one(playground):
    ask(playground, "a", spec=on("k8s-node01"), resources=requests(cpu="2", memory="1Gi"))
    ask(playground, "b", spec=on("k8s-node02"), resources=requests(cpu="1", memory="2Gi"))
    assert ask(playground, resources=requests(cpu="1", memory="1Gi")) == "k8s-node03"
    # Left on node01: 1 of 4 cores, 6 of 8 Gi: (25 + 75) / 2. node02: (50 + 62) / 2. node03: (75 + 87) / 2.
    assert score(playground, "p", "NodeResourcesFit") == {"k8s-node01": 50, "k8s-node02": 56, "k8s-node03": 81}
    # Used on node01: 0.75 and 0.25, 0.25 from their mean. node02: 0.5 and 0.375. node03: 0.25 and 0.125.
    assert score(playground, "p", "NodeResourcesBalancedAllocation") == {
        "k8s-node01": 75,
        "k8s-node02": 93,
        "k8s-node03": 93,
    }


def test_a_pod_that_asks_for_nothing_counts_as_a_tenth_of_a_core_and_200_mebibytes(playground):
    ask(playground, "a", spec=on("k8s-node01"))
    ask(playground)
    # node01 with both: 3.8 of 4 cores and 7.6 of 8 Gi are left; the others have one less of each.
    assert score(playground, "p", "NodeResourcesFit") == {"k8s-node01": 95, "k8s-node02": 97, "k8s-node03": 97}


@pytest.mark.parametrize(
    ("init", "needed"),
    [
        ([{"resources": requests(cpu="3")}], "3"),
        ([{"resources": requests(cpu="1"), "restartPolicy": "Always"}], "3"),
        ([{"resources": requests(cpu="1"), "restartPolicy": "Always"}, {"resources": requests(cpu="3")}], "4"),
    ],
)
def test_init_containers_count_by_the_largest_and_sidecars_beside_the_others(playground, init, needed):
    containers = [{"name": f"i{index}", "image": "nginx", **one} for index, one in enumerate(init)]
    spec = {"initContainers": containers, **on("k8s-node01")}
    assert ask(playground, spec=spec, resources=requests(cpu="2")) == "k8s-node01"
    left = str(4 - int(needed))
    assert ask(playground, "over", spec=on("k8s-node01"), resources=requests(cpu=f"{left}.1")) is None
    if left != "0":
        assert ask(playground, "fits", spec=on("k8s-node01"), resources=requests(cpu=left)) == "k8s-node01"


def test_a_resource_that_no_node_has_is_named(playground):
    limits = {"nvidia.com/gpu": "1"}
    assert ask(playground, resources={"limits": limits, "requests": limits}) is None
    assert why(playground, "p").startswith("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")


# NodePorts.


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({}, {}, True),
        ({"protocol": "UDP"}, {}, False),
        ({"hostIP": "10.0.0.1"}, {}, True),
        ({"hostIP": "10.0.0.1"}, {"hostIP": "10.0.0.2"}, False),
        ({"hostIP": "10.0.0.1"}, {"hostIP": "10.0.0.1"}, True),
    ],
)
def test_a_host_port_is_taken_by_protocol_and_address(playground, one, other, clash):
    port = {"containerPort": 80, "hostPort": 8080}
    ask(playground, "a", ports=[{**port, **one}], spec=on("k8s-node01"))
    assert (ask(playground, "b", ports=[{**port, **other}], spec=on("k8s-node01")) is None) == clash


# ImageLocality.


def test_images_that_a_node_has_count_by_their_size_and_by_how_many_nodes_have_them(playground):
    megabyte = 1024 * 1024
    for node, images in (
        ("k8s-node01", {"docker.io/library/app:1": 600, "docker.io/library/side:latest": 200}),
        ("k8s-node02", {"docker.io/library/app:1": 600}),
        ("k8s-node03", {"docker.io/library/side:latest": 200}),
    ):
        listed = [{"names": [name], "sizeBytes": size * megabyte} for name, size in images.items()]
        found = playground.get("nodes", node)
        playground.client.update_status("nodes", {**found, "status": {**found["status"], "images": listed}})
    containers = [
        {"name": "app", "image": "docker.io/library/app:1"},
        {"name": "side", "image": "docker.io/library/side"},
    ]
    playground.pod("p", spec={"containers": containers})
    playground.run(0.1)
    # Two nodes of three have each: 400 and 133 MB count, of 23 to 2 × 1000: (533 - 23) / 1977, (400 - 23), (133 - 23).
    assert score(playground, "p", "ImageLocality") == {"k8s-node01": 25, "k8s-node02": 19, "k8s-node03": 5}


# Scheduling gates.


def test_a_gated_pod_is_not_tried_before_the_last_gate_is_gone(playground):
    gates = [{"name": "example.com/a"}, {"name": "example.com/b"}]
    assert ask(playground, spec={"schedulingGates": gates}) is None
    condition = playground.condition("pods", "p", "PodScheduled")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False",
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
    )
    playground.client.patch("pods", "p", {"spec": {"schedulingGates": gates[1:]}}, "default", patch_type="merge")
    playground.run(20)
    assert (node_of(playground, "p"), playground.events("p")) == (None, [])
    playground.client.patch("pods", "p", {"spec": {"schedulingGates": []}}, "default", patch_type="merge")
    playground.run(0.1)
    assert node_of(playground, "p") in NODES


# The queue: what brings a waiting pod back, and what does not.


def attempts(playground: Playground, pod: str = "p") -> int:
    return len([reason for reason, _ in playground.events(pod) if reason == "FailedScheduling"])


def test_changes_that_cannot_help_do_not_make_a_pod_try_again(playground):
    ask(playground, spec={"nodeSelector": {"disk": "ssd"}})
    playground.run(20)
    label_node(playground, "k8s-node01", disk="slow")
    change_node(playground, "k8s-node02", unschedulable=True)
    playground.pod("other")
    playground.run(20)
    assert attempts(playground) == 1


def test_a_node_that_is_still_too_small_does_not_make_a_pod_try_again_a_larger_one_does(playground):
    ask(playground, resources=requests(cpu="6"))
    playground.run(20)
    for cpu, expected in (("5", None), ("8", "k8s-node02")):
        found = playground.get("nodes", "k8s-node02")
        grown = {**found["status"], "allocatable": {**found["status"]["allocatable"], "cpu": cpu}}
        playground.client.update_status("nodes", {**found, "status": grown})
        playground.run(0.1)
        assert node_of(playground, "p") == expected
    assert attempts(playground) == 1


def test_a_taint_that_is_lifted_lets_a_pod_in_and_one_of_several_does_not(playground):
    for node in NODES:
        change_node(playground, node, taints=[{"key": key, "effect": "NoSchedule"} for key in ("a", "b")])
    ask(playground)
    playground.run(20)
    change_node(playground, "k8s-node02", taints=[{"key": "b", "effect": "NoSchedule"}])
    playground.run(5)
    assert attempts(playground) == 1
    change_node(playground, "k8s-node02", taints=[])
    playground.run(0.1)
    assert node_of(playground, "p") == "k8s-node02"


def test_the_back_off_doubles_from_one_second_to_ten(playground):
    ask(playground, spec={"nodeSelector": {"disk": "ssd"}})
    tried, seconds = 1, []
    for second in range(1, 40):
        # A pod that is changed is tried again as soon as its back-off is over.
        patch = {"metadata": {"labels": {"try": str(second)}}}
        playground.client.patch("pods", "p", patch, "default", patch_type="merge")
        playground.run(1)
        if attempts(playground) > tried:
            tried = attempts(playground)
            seconds.append(second)
    gaps = [later - earlier for earlier, later in pairwise(seconds)]
    assert (seconds[0], gaps) == (1, [2, 4, 8, 10, 10])


def test_a_pod_that_changes_have_passed_over_is_tried_again_after_five_minutes_and_then_no_more(playground):
    ask(playground, spec={"nodeSelector": {"disk": "ssd"}})
    playground.run(100)
    label_node(playground, "k8s-node01", disk="slow")
    playground.run(199)
    assert attempts(playground) == 1
    playground.run(2)
    assert attempts(playground) == 2
    playground.run(1000)
    assert attempts(playground) == 2
