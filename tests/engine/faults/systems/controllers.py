"""The controllers that a cluster runs beside those of workloads."""

from __future__ import annotations

import base64

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.faults.conftest import Breakable
from tests.engine.faults.systems.table import (
    SLICES,
    Obj,
    refused,
    service,
    system,
    without,
)


def nodes_are_given_up(world: Breakable) -> None:
    world.inject("Stop", "kubelet/k8s-node02")
    world.run(50)
    assert world.node_ready("k8s-node02") == "Unknown"


def a_silent_node_is_not_missed(world: Breakable) -> None:
    world.inject("Stop", "controller/node-lifecycle")
    world.inject("Stop", "kubelet/k8s-node02")
    world.run(600)
    assert world.node_ready("k8s-node02") == "True"


def replicas(world: Breakable) -> None:
    if not world.stored("deployments.apps"):
        world.deployment(3)
    world.run(5)
    assert world.ready() == 3
    world.client.delete("pods", world.pod_names()[0], "default")
    world.run(5)
    assert world.ready() == 3


def no_replicas(world: Breakable) -> None:
    world.deployment(3)
    world.run(30)
    assert (len(world.stored("replicasets.apps")), world.pods()) == (1, [])


def replication(world: Breakable) -> None:
    if not world.stored("replicationcontrollers"):
        template = {"metadata": {"labels": {"app": "rc"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        spec = {"replicas": 2, "selector": {"app": "rc"}, "template": template}
        world.create("replicationcontrollers", {"metadata": {"name": "rc"}, "spec": spec})
    world.run(5)
    assert world.ready() == 2


def no_replication(world: Breakable) -> None:
    with pytest.raises(AssertionError):
        replication(world)
    assert world.pods() == []


def addresses(world: Breakable) -> None:
    if not world.stored("services"):
        world.deployment(2)
    if not [s for s in world.stored("services") if s["metadata"]["name"] == "web"]:
        service(world)
    world.run(5)
    found = [e for s in world.stored(SLICES) if s["metadata"]["name"].startswith("web-") for e in s["endpoints"]]
    assert sorted(e["addresses"][0] for e in found) == sorted(pod["status"]["podIP"] for pod in world.pods())
    assert len(found) == len(world.pods())


def endpoints_work(world: Breakable) -> None:
    world.deployment(2)
    world.run(5)
    addresses(world)


def endpoints_fail(world: Breakable) -> None:
    """A Service that nobody fills has no endpoints, and one that was filled keeps the dead ones."""
    endpoints_work(world)
    name = world.inject("Stop", "controller/endpointslice")
    dead = world.pods()[0]["status"]["podIP"]
    world.client.delete("pods", world.pod_names()[0], "default")
    world.run(10)
    slices = [s for s in world.stored(SLICES) if s["metadata"]["name"].startswith("web-")]
    assert dead in [e["addresses"][0] for s in slices for e in s["endpoints"]]
    world.lift(name)
    addresses(world)


def namespaces_end(world: Breakable) -> None:
    if "shop" not in world.names("namespaces", ""):
        world.create("namespaces", {"metadata": {"name": "shop"}})
        world.run(1)
        world.create("configmaps", {"metadata": {"name": "c", "namespace": "shop"}})
        world.client.delete("namespaces", "shop")
    world.run(20)
    assert "shop" not in world.names("namespaces", "")


def namespaces_stay(world: Breakable) -> None:
    with pytest.raises(AssertionError):
        namespaces_end(world)
    assert "Terminating" in world.terminal.ok("kubectl get namespace shop")
    assert "c" in world.names("configmaps", "shop")


def accounts_are_made(world: Breakable) -> None:
    if "shop" not in world.names("namespaces", ""):
        world.create("namespaces", {"metadata": {"name": "shop"}})
    world.run(2)
    assert world.names("serviceaccounts", "shop") == ["default"]


def accounts_are_missing(world: Breakable) -> None:
    world.create("namespaces", {"metadata": {"name": "shop"}})
    world.run(5)
    pod = {"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    with pytest.raises(ApiError) as error:
        world.create("pods", pod)
    assert error.value.message == (
        'pods "p" is forbidden: error looking up service account shop/default: serviceaccount "default" not found'
    )


def token_of(world: Breakable, account: str) -> str:
    """The token that a Secret of an account is filled with."""
    meta = {"name": f"{account}-token", "annotations": {"kubernetes.io/service-account.name": account}}
    world.create("secrets", {"metadata": meta, "type": "kubernetes.io/service-account-token"})
    world.run(2)
    return base64.b64decode(world.get("secrets", f"{account}-token")["data"]["token"]).decode()


def tokens_work(world: Breakable) -> None:
    world.create("serviceaccounts", {"metadata": {"name": "robot"}})
    user = world.cluster.server.authenticate(token_of(world, "robot"))
    assert user.name == "system:serviceaccount:default:robot"


def tokens_fail(world: Breakable) -> None:
    """The token of an account that is gone opens nothing any more."""
    world.create("serviceaccounts", {"metadata": {"name": "robot"}})
    token = token_of(world, "robot")
    world.client.delete("serviceaccounts", "robot", "default")
    world.run(5)
    with pytest.raises(ApiError) as error:
        world.cluster.server.authenticate(token)
    assert error.value.message == "Unauthorized"


def quota_used(world: Breakable) -> Obj:
    used: Obj = world.get("resourcequotas", "q").get("status", {}).get("used", {})
    return used


def quotas_count(world: Breakable) -> None:
    if not world.stored("resourcequotas"):
        world.create("resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}})
        world.run(1)
        world.pod("a")
    world.run(2)
    assert quota_used(world) == {"pods": "1"}
    world.pod("b")
    refused(world, "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2", name="c")


def quotas_do_not_count(world: Breakable) -> None:
    """Nobody has counted what is there, so that the API server cannot say what is left."""
    world.create("resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}})
    world.run(5)
    assert quota_used(world) == {}
    refused(world, "status unknown for quota: q", name="a")
    with pytest.raises(ApiError):
        world.pod("a")


def quotas_count_again(world: Breakable) -> None:
    world.run(2)
    world.pod("a")
    quotas_count(world)


def garbage_is_collected(world: Breakable) -> None:
    if not world.stored("deployments.apps") and not world.pods():
        world.deployment(2)
        world.run(5)
        world.client.delete("deployments.apps", "web", "default")
    world.run(10)
    assert (world.stored("replicasets.apps"), world.pods()) == ([], [])


def garbage_stays(world: Breakable) -> None:
    with pytest.raises(AssertionError):
        garbage_is_collected(world)
    assert world.ready() == 2


system("node controller", nodes_are_given_up, a_silent_node_is_not_missed)
system("ReplicaSet controller", replicas, without("replicaset", replicas, no_replicas))
system("replication controller", replication, without("replication", replication, no_replication))
system("endpoint controller", endpoints_work, endpoints_fail)
system("namespace controller", namespaces_end, without("namespace", namespaces_end, namespaces_stay))
system(
    "service account controller", accounts_are_made, without("serviceaccount", accounts_are_made, accounts_are_missing)
)
system("token controller", tokens_work, tokens_fail)
system("resource quota controller", quotas_count, without("resourcequota", quotas_count_again, quotas_do_not_count))
system("garbage collector", garbage_is_collected, without("garbage-collector", garbage_is_collected, garbage_stays))
