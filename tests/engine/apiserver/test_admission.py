"""What the API server adds to objects and refuses beside the rules of their kinds."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]
CLASSES = "priorityclasses.scheduling.k8s.io"
STORAGE = "storageclasses.storage.k8s.io"
DEFAULT_CLASS = {"storageclass.kubernetes.io/is-default-class": "true"}


@pytest.fixture
def play() -> Playground:
    return Playground()


def refusal(action: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        action()
    return caught.value


def priority_class(play: Playground, name: str, value: int, **more: Any) -> Obj:
    return play.create(CLASSES, {"metadata": {"name": name}, "value": value, **more})


def limit(play: Playground, **item: Any) -> Obj:
    return play.create("limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", **item}]}})


def claim(play: Playground, name: str = "c", storage: str = "1Gi", **spec: Any) -> Obj:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}, **spec}
    return play.create("persistentvolumeclaims", {"metadata": {"name": name}, "spec": wanted})


# Priority.


def test_a_pod_without_a_class_has_no_priority(play: Playground) -> None:
    spec = play.pod()["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert "priorityClassName" not in spec


def test_a_pods_class_gives_it_its_priority(play: Playground) -> None:
    priority_class(play, "high", 1000, preemptionPolicy="Never")
    spec = play.pod(spec={"priorityClassName": "high"})["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")


def test_the_default_class_is_for_all_pods_that_name_none(play: Playground) -> None:
    priority_class(play, "usual", 7, globalDefault=True)
    spec = play.pod()["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 7)


def test_an_unknown_class_is_forbidden(play: Playground) -> None:
    error = refusal(lambda: play.pod(spec={"priorityClassName": "none"}))
    assert error.code == 403
    assert error.message == 'pods "p" is forbidden: no PriorityClass with name none was found'


def test_a_pod_may_not_say_another_number_than_its_class(play: Playground) -> None:
    priority_class(play, "high", 1000)
    error = refusal(lambda: play.pod(spec={"priorityClassName": "high", "priority": 5}))
    assert error.message == (
        'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; '
        "priority admission controller computed 1000 from the given PriorityClass name"
    )


def test_only_one_class_may_be_the_default(play: Playground) -> None:
    priority_class(play, "a", 1, globalDefault=True)
    error = refusal(lambda: priority_class(play, "b", 2, globalDefault=True))
    assert error.message == (
        'priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. '
        "Only one default can exist"
    )


def test_the_systems_classes_are_there_from_the_start_and_stay(play: Playground) -> None:
    assert play.names(CLASSES, "") == ["system-cluster-critical", "system-node-critical"]
    error = refusal(lambda: play.client.delete(CLASSES, "system-node-critical"))
    assert error.message == (
        'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: '
        "this is a system priority class and cannot be deleted"
    )


# LimitRanger.


def test_containers_get_the_defaults_of_their_namespace(play: Playground) -> None:
    limit(play, default={"cpu": "500m", "memory": "1Gi"}, defaultRequest={"cpu": "100m"})
    pod = play.pod(resources={"limits": {"cpu": "300m"}})
    assert pod["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "300m", "memory": "1Gi"},
        "requests": {"cpu": "300m", "memory": "1Gi"},
    }
    annotation = pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert annotation == "LimitRanger plugin set: memory request for container c; memory limit for container c"


@pytest.mark.parametrize(
    ("item", "resources", "words"),
    [
        ({"max": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, "maximum cpu usage per Container is 1, but limit is 2"),
        (
            {"min": {"memory": "1Gi"}, "defaultRequest": {"memory": "1Gi"}, "default": {"memory": "2Gi"}},
            {"requests": {"memory": "64Mi"}},
            "minimum memory usage per Container is 1Gi, but request is 64Mi",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000",
        ),
    ],
)
def test_a_container_out_of_bounds_is_forbidden(play: Playground, item: Obj, resources: Obj, words: str) -> None:
    limit(play, **item)
    error = refusal(lambda: play.pod(resources=resources))
    assert (error.code, error.message) == (403, f'pods "p" is forbidden: {words}')


def test_a_pod_is_bounded_by_the_sum_of_its_containers(play: Playground) -> None:
    item = {"type": "Pod", "max": {"memory": "1Gi"}}
    play.create("limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [item]}})
    error = refusal(lambda: play.pod(resources={"limits": {"memory": "2Gi"}}))
    assert error.message == 'pods "p" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 2Gi'


def test_a_claim_is_bounded_too(play: Playground) -> None:
    item = {"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}}
    play.create("limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [item]}})
    error = refusal(lambda: claim(play, storage="3Gi"))
    assert error.message == (
        'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, '
        "but request is 3Gi"
    )


def test_another_namespaces_limits_are_of_no_concern(play: Playground) -> None:
    play.create("namespaces", {"metadata": {"name": "other"}})
    play.create(
        "limitranges",
        {
            "metadata": {"name": "l", "namespace": "other"},
            "spec": {"limits": [{"type": "Container", "max": {"cpu": "1m"}}]},
        },
    )
    assert play.pod(resources={"limits": {"cpu": "1"}})["metadata"]["name"] == "p"


# Storage and ingresses.


def test_a_claim_without_a_class_gets_the_default_one(play: Playground) -> None:
    assert "storageClassName" not in claim(play, "before")["spec"]
    play.create(
        STORAGE, {"metadata": {"name": "fast", "annotations": DEFAULT_CLASS}, "provisioner": "example.com/disk"}
    )
    assert claim(play, "after")["spec"]["storageClassName"] == "fast"
    assert claim(play, "none", storageClassName="")["spec"]["storageClassName"] == ""


def test_a_claim_may_grow_only_where_its_class_allows_it(play: Playground) -> None:
    play.create(STORAGE, {"metadata": {"name": "stiff"}, "provisioner": "example.com/disk"})
    grown = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    made = claim(play, storageClassName="stiff")
    bound = {**made, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    play.client.update_status("persistentvolumeclaims", bound)
    error = refusal(lambda: play.client.patch("persistentvolumeclaims", "c", grown, "default"))
    assert error.code in (403, 422)
    assert "resize" in error.message or "forbidden" in error.message.lower()


def test_an_ingress_gets_the_default_class(play: Playground) -> None:
    play.create(
        "ingressclasses.networking.k8s.io",
        {
            "metadata": {"name": "usual", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
            "spec": {"controller": "example.com/ingress"},
        },
    )
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    made = play.create("ingresses.networking.k8s.io", {"metadata": {"name": "i"}, "spec": {"defaultBackend": backend}})
    assert made["spec"]["ingressClassName"] == "usual"


# ResourceQuota.


def test_what_would_exceed_a_quota_is_forbidden(play: Playground) -> None:
    play.create("resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "2"}}})
    play.run(5)
    play.create("configmaps", {"metadata": {"name": "a"}})
    error = refusal(lambda: play.create("configmaps", {"metadata": {"name": "b"}}))
    assert error.message == (
        'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, '
        "limited: configmaps=2"
    )


# What a delete leaves behind.


@pytest.mark.parametrize(
    ("resource", "spec", "finalizers"),
    [
        ("replicationcontrollers", {"replicas": 0}, ["orphan"]),
        ("jobs.batch", {"suspend": True}, ["orphan"]),
        ("replicasets.apps", {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}}, None),
    ],
)
def test_old_kinds_leave_their_dependents_when_a_delete_says_nothing(
    play: Playground, resource: str, spec: Obj, finalizers: list[str] | None
) -> None:
    pod_spec: Obj = {"containers": [{"name": "c", "image": "nginx:1.25"}]}
    if resource == "jobs.batch":
        pod_spec["restartPolicy"] = "Never"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod_spec}
    play.create(resource, {"metadata": {"name": "x"}, "spec": {**spec, "template": template}})
    play.client.delete(resource, "x", "default")
    if finalizers is None:
        assert play.names(resource) == []
    else:
        assert play.get(resource, "x")["metadata"]["finalizers"] == finalizers
