"""etcd's members, their leader, and data that go back."""

from __future__ import annotations

import pytest

from cluster_engine.clock import Clock
from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.etcd.backup import pack, unpack
from cluster_engine.etcd.members import LEADER_CHANGED, NO_QUORUM, EtcdCluster
from cluster_engine.http.frontend import Frontend
from cluster_engine.http.message import HttpRequest, HttpResponse
from cluster_engine.rng import Rng
from cluster_engine.trace import Trace
from tests.engine.faults.conftest import Breakable


def make(count: int, seed: int = 1) -> tuple[EtcdCluster, Clock]:
    clock = Clock()
    return EtcdCluster(count, clock, Trace(clock), Rng(seed)), clock


def wait(clock: Clock, seconds: float) -> None:
    end_us = clock.now_us + round(seconds * 1_000_000)
    while (due_us := clock.next_timer_us()) is not None and due_us <= end_us:
        clock.fire_next()
    clock.advance_to(end_us)


# members, how many may be lost
@pytest.mark.parametrize(("count", "spare"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (7, 3)])
def test_a_majority_is_needed(count, spare):
    etcd, clock = make(count)
    for lost in range(count):
        etcd.set_member(f"etcd-{count - 1 - lost}", running=False)
        wait(clock, 2.1)
        assert (etcd.problem() is None) == (lost + 1 <= spare), f"{lost + 1} of {count} lost"


def test_members_none_are_refused():
    with pytest.raises(ValueError, match="etcd needs at least one member, not 0"):
        make(0)


@pytest.mark.parametrize("seed", range(20))
def test_a_lost_leader_is_replaced_within_one_or_two_seconds(seed):
    etcd, clock = make(3, seed)
    etcd.set_member("etcd-0", running=False)
    assert etcd.problem() == LEADER_CHANGED
    wait(clock, 0.99)
    assert etcd.leader is None
    wait(clock, 1.02)
    assert etcd.leader in ("etcd-1", "etcd-2")
    assert etcd.term == 3
    assert etcd.problem() is None
    assert clock.next_timer_us() is None


def test_a_follower_is_not_missed():
    etcd, _ = make(3)
    etcd.set_member("etcd-2", connected=False)
    assert (etcd.leader, etcd.problem()) == ("etcd-0", None)
    assert [member["state"] for member in etcd.status()] == ["leader", "follower", "alone"]


def test_a_leader_without_a_majority_leads_no_more():
    etcd, clock = make(3)
    etcd.set_member("etcd-1", running=False)
    etcd.set_member("etcd-2", running=False)
    assert etcd.problem() == NO_QUORUM
    wait(clock, 60)
    assert [member["state"] for member in etcd.status()] == ["alone", "stopped", "stopped"]
    etcd.set_member("etcd-1", running=True)
    assert etcd.problem() == LEADER_CHANGED
    wait(clock, 2.1)
    assert etcd.problem() is None


def test_a_leader_that_is_cut_off_is_replaced_and_follows_when_it_is_back():
    etcd, clock = make(3)
    etcd.set_member("etcd-0", connected=False)
    wait(clock, 2.1)
    leader = etcd.leader
    assert leader != "etcd-0"
    etcd.set_member("etcd-0", connected=True)
    assert etcd.leader == leader
    assert etcd.status()[0] == {"name": "etcd-0", "state": "follower"}


def lose_quorum(world: Breakable) -> list[str]:
    return [world.inject("Stop", f"etcd/etcd-{index}") for index in (0, 1)]


def test_without_a_quorum_requests_time_out_after_seven_seconds(world):
    world.deployment(2)
    world.run(10)
    faults = lose_quorum(world)
    for line in ("kubectl get pods", "kubectl delete deployment web"):
        before_us = world.cluster.clock.now_us
        told = world.terminal.run(line)
        assert (told.stdout, told.stderr) == ("", "Error from server: etcdserver: request timed out\n")
        assert told.code == 1
        assert world.cluster.clock.now_us - before_us == 7_000_000
    before = world.cluster.revision
    world.run(600)
    assert world.cluster.revision == before
    world.lift(faults[0])
    assert world.terminal.run("kubectl get pods").stderr == "Error from server: etcdserver: leader changed\n"
    world.run(3)
    assert world.terminal.ok("kubectl scale deployment web --replicas=3") == "deployment.apps/web scaled\n"
    world.run(10)
    assert world.ready() == 3
    assert [world.node_ready(f"k8s-node0{n}") for n in (1, 2, 3)] == ["True"] * 3


def test_without_a_quorum_the_cache_answers_and_watches_stay_open(world):
    world.deployment(1)
    world.run(5)
    watch = world.client.watch("pods", "default", resource_version=world.cluster.revision)
    lose_quorum(world)
    listed = world.client.request("list", "pods", "default", resource_version=0)
    assert len(listed["items"]) == 1
    assert not watch.ended


def test_readyz_tells_that_etcd_is_gone(world):
    def ask(path: str) -> tuple[int, str]:
        response = Frontend(world.cluster.server).respond(HttpRequest("GET", path))
        assert isinstance(response, HttpResponse)
        return response.code, response.body.decode()

    assert ask("/readyz") == (200, "ok")
    lose_quorum(world)
    code, text = ask("/readyz")
    assert code == 500
    assert "[-]etcd failed: reason withheld\n" in text
    assert text.endswith("readyz check failed\n")
    assert ask("/readyz/etcd") == (500, "internal server error: reason withheld\n")


def test_an_election_is_a_step_that_says_what_happened(world):
    world.inject("Stop", "etcd/etcd-0")
    assert "etcd-0 leads no more: 2 of 3 members hear each other" in world.cluster.trace.steps[-1].notes
    world.run(3)
    election = next(step for step in world.cluster.trace.steps if step.component == "etcd")
    leader = world.cluster.etcd.leader
    assert election.notes == [f"{leader} leads in term 3: elected by 2 of 3 members, 2 are needed"]


def test_one_member_may_be_all_there_is():
    world = Breakable(etcd_members=1)
    world.inject("CutOff", "etcd/etcd-0")
    assert world.terminal.run("kubectl get nodes").code == 0
    name = world.inject("Stop", "etcd/etcd-0")
    assert world.terminal.run("kubectl get nodes").stderr == "Error from server: etcdserver: request timed out\n"
    world.lift(name)
    world.run(3)
    assert world.terminal.run("kubectl get nodes").code == 0


def test_a_member_that_restarts_is_back_after_two_seconds(world):
    world.inject("Restart", "etcd/etcd-2")
    assert world.cluster.etcd.status()[2]["state"] == "stopped"
    world.run(2.5)
    assert world.cluster.etcd.status()[2]["state"] == "follower"


def test_a_slow_disk_makes_writers_slow(world):
    world.inject("Slow", "etcd", seconds=1)
    world.deployment(1)
    world.run(3)
    assert world.ready() == 0
    world.run(20)
    assert world.ready() == 1


# Snapshot and restore.


def test_a_restored_cluster_goes_back_and_converges(world):
    world.deployment(2)
    world.stateful_set(1)
    world.run(10)
    saved = world.cluster.etcd_snapshot()
    world.client.delete("statefulsets.apps", "db", "default")
    world.patch("deployments.apps", "web", {"spec": {"replicas": 4}})
    world.deployment(1, name="late")
    world.run(30)
    assert len(world.pod_names()) == 5
    before = world.cluster.revision
    world.cluster.etcd_restore(saved)
    assert world.cluster.revision > before
    restored = world.cluster.trace.steps[-1]
    assert (restored.cause.kind, restored.cause.ref) == ("input", f"restore revision {saved.revision}")
    world.run(60)
    assert world.names("deployments.apps") == ["web"]
    assert world.names("statefulsets.apps") == ["db"]
    assert len(world.pod_names()) == 3
    assert world.ready() == 3
    assert world.get("deployments.apps", "web")["status"]["readyReplicas"] == 2
    assert list(world.cluster.trace.faults) == []


def test_a_pod_that_had_ended_is_made_anew_on_its_node(world):
    world.pod("p")
    world.run(5)
    saved = world.cluster.etcd_snapshot()
    uid = world.get("pods", "p")["metadata"]["uid"]
    world.client.delete("pods", "p", "default")
    world.run(10)
    assert world.pod_names() == []
    world.cluster.etcd_restore(saved)
    world.run(10)
    pod = world.get("pods", "p")
    assert pod["metadata"]["uid"] == uid
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1
    assert ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") in world.events("p")


def test_containers_of_pods_that_the_snapshot_does_not_know_are_ended(world):
    saved = world.cluster.etcd_snapshot()
    world.pod("p")
    world.run(5)
    world.cluster.etcd_restore(saved)
    world.run(10)
    assert [process.kubelet.running_pods() for process in world.cluster.kubelets.values()] == [[], [], []]


def test_a_snapshot_survives_as_a_file_and_after_a_sleep(world):
    world.deployment(2)
    world.run(10)
    saved = pack(world.cluster.etcd_snapshot())
    world.client.delete("deployments.apps", "web", "default")
    world.run(10)
    again = world.sleep()
    again.cluster.etcd_restore(unpack(saved))
    again.run(30)
    assert again.ready() == 2


@pytest.mark.parametrize("data", [b"", b"x", b"\x78\x9c\x4b\x04\x00\x00\x62\x00\x62"])
def test_what_is_no_snapshot_is_refused(data):
    with pytest.raises(ValueError, match="this is no snapshot of etcd"):
        unpack(data)


def test_who_watched_may_not_go_on_after_a_restore(world):
    seen = world.cluster.revision
    world.cluster.etcd_restore(world.cluster.etcd_snapshot())
    world.deployment(1)
    told = world.terminal.run("kubectl get deployments")
    assert told.code == 0
    with pytest.raises(Exception, match="too old resource version"):
        world.client.watch("pods", resource_version=seen - 1)


def test_a_cluster_may_have_five_members():
    cluster = Cluster(ClusterConfig(etcd_members=5))
    assert [member["state"] for member in cluster.etcd.status()] == ["leader"] + ["follower"] * 4
