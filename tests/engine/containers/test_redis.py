"""Redis in a cluster: a master with its data on a volume, and a replica that follows it by a headless name."""

from __future__ import annotations

import pytest

from tests.engine.containers.cluster import World

MASTER = "redis-sentinel-master-ss-0"
NAME = f"{MASTER}.redis-sentinel-master-ss.default.svc.cluster.local"
MANIFESTS = f"""
apiVersion: v1
kind: Service
metadata: {{name: redis-sentinel-master-ss}}
spec: {{clusterIP: None, selector: {{app: master}}, ports: [{{name: redis, port: 6379}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: slave}}
data:
  redis.conf: |
    port 6379
    slaveof {NAME} 6379
    tcp-backlog 511
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: redis-sentinel-master-ss}}
spec:
  serviceName: redis-sentinel-master-ss
  selector: {{matchLabels: {{app: master}}}}
  template:
    metadata: {{labels: {{app: master}}}}
    spec:
      containers:
      - name: redis
        image: redis:5
        args: [ARGS]
        volumeMounts: [{{name: data, mountPath: /data}}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec:
      storageClassName: standard
      accessModes: [ReadWriteOnce]
      resources: {{requests: {{storage: 1Gi}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: slave}}
spec:
  serviceName: slave
  selector: {{matchLabels: {{app: slave}}}}
  template:
    metadata: {{labels: {{app: slave}}}}
    spec:
      containers:
      - name: redis
        image: redis:5
        command: [redis-server, /conf/redis.conf]
        volumeMounts: [{{name: conf, mountPath: /conf}}]
      volumes: [{{name: conf, configMap: {{name: slave}}}}]
"""


def redis(world: World, pod: str, command: str) -> str:
    return world.sh(pod, f"redis-cli {command}")


def link(world: World) -> str:
    info = redis(world, "slave-0", "info replication").replace("\r", "")
    return next(line.partition(":")[2] for line in info.splitlines() if line.startswith("master_link_status"))


def two(arguments: str = '--appendonly, "yes"') -> World:
    world = World()
    world.apply(MANIFESTS.replace("ARGS", arguments))
    world.run(3)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return two()


def test_a_replica_follows_its_master_by_the_headless_name(world):
    assert redis(world, MASTER, "set color blue") == "OK\n"
    assert redis(world, "slave-0", "get color") == "blue\n"
    assert redis(world, MASTER, "rpush list a b c") == "3\n"
    assert redis(world, "slave-0", "lrange list 0 -1") == "a\nb\nc\n"
    address = world.ok("get pod slave-0 -o jsonpath={.status.podIP}")
    assert f"slave0:ip={address},port=6379,state=online" in redis(world, MASTER, "info replication")
    assert redis(world, "slave-0", "role").splitlines()[:4] == ["slave", NAME, "6379", "connected"]


def test_a_replica_takes_no_writes(world):
    words = "READONLY You can't write against a read only replica."
    assert redis(world, "slave-0", "set color red") == words + "\n\n"
    assert world.exec("slave-0", "redis-cli -e set color red").code == 1


def test_whoever_knows_the_name_reaches_the_master(world):
    assert redis(world, "slave-0", f"-h {NAME} set via name") == "OK\n"
    assert redis(world, "slave-0", "get via") == "name\n"


def test_the_replica_follows_again_when_the_pod_of_the_master_is_back(world):
    redis(world, MASTER, "set kept on-disk")
    before = world.ok(f"get pod {MASTER} -o jsonpath={{.metadata.uid}}")
    world.ok(f"delete pod {MASTER} --wait=false")
    world.run(1)
    # What it has it still gives.
    assert redis(world, "slave-0", "get kept") == "on-disk\n"
    assert link(world) == "down"
    world.run(20)
    assert world.ok(f"get pod {MASTER} -o jsonpath={{.metadata.uid}}") != before
    assert link(world) == "up"
    # The claim came back with the pod, and the data with it.
    assert redis(world, MASTER, "get kept") == "on-disk\n"
    redis(world, MASTER, "set after return")
    assert redis(world, "slave-0", "get after") == "return\n"
    log = world.ok("logs slave-0")
    assert "# Connection with master lost." in log
    assert log.rstrip().endswith("* MASTER <-> REPLICA sync: Finished with success")
    world.confirm_no_defects()


@pytest.mark.parametrize(
    ("arguments", "file", "killed", "kept"),
    [
        ('--appendonly, "yes"', "appendonly.aof", True, "there\n"),
        ('--appendonly, "no"', "dump.rdb", False, "there\n"),
        ('--appendonly, "no"', "dump.rdb", True, "\n"),
        ('--save, ""', "dump.rdb", False, "\n"),
    ],
    ids=["log, killed", "snapshot at the end", "no snapshot of one that is killed", "no snapshots wanted"],
)
def test_what_is_on_the_volume_when_a_master_ends(arguments, file, killed, kept):
    world = two(arguments)
    redis(world, MASTER, "set key there")
    world.kubectl(f"delete pod {MASTER} {'--force --grace-period=0' if killed else ''}")
    world.run(20)
    assert redis(world, MASTER, "get key") == kept
    assert (file in world.sh(MASTER, "ls /data")) is (kept != "\n")


def test_a_replica_without_dns_tries_on_and_finds_its_master_when_dns_is_back():
    world = two()
    redis(world, MASTER, "set key there")
    fault = world.inject("Stop", "coredns")
    world.run(5)
    # What is joined stays joined; whoever has to ask for the name finds nobody.
    assert redis(world, "slave-0", "get key") == "there\n"
    world.kubectl("delete pod slave-0")
    world.run(10)
    assert link(world) == "down"
    assert redis(world, "slave-0", "get key") == "\n"
    world.cluster.lift(fault)
    world.run(10)
    assert link(world) == "up"
    assert redis(world, "slave-0", "get key") == "there\n"
