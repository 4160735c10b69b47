"""Volumes: what is in them, who sees it, and how long it lasts."""

from __future__ import annotations

import re

import pytest

from cluster_engine.cluster import Cluster
from tests.engine.containers.cluster import World, pod

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {color: blue, shape: round}
---
apiVersion: v1
kind: Secret
metadata: {name: sec}
stringData: {password: hush}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: standard, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


def mounting(name: str, source: dict, *mounts: dict, more: tuple = (), **spec) -> str:
    container = {"volumeMounts": [{"name": "v", **mount} for mount in mounts]}
    return pod(name, container=container, volumes=[{"name": "v", **source}, *more], **spec)


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(CONFIG)
    return world


def test_an_empty_dir_is_shared_by_the_containers_of_a_pod(world):
    world.apply(
        """
apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  initContainers:
  - name: init
    image: busybox:1.36
    command: [sh, -c, "echo made > /work/first"]
    volumeMounts: [{name: v, mountPath: /work}]
  containers:
  - {name: a, image: "busybox:1.36", command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /a}]}
  - {name: b, image: "nginx:1.25", volumeMounts: [{name: v, mountPath: /usr/share/nginx/html, readOnly: true}]}
  volumes: [{name: v, emptyDir: {}}]
"""
    )
    assert world.sh("two", "cat /a/first; echo new > /a/index.html; wget -qO- localhost", "a") == "made\nnew\n"
    result = world.exec("two", "echo no > /usr/share/nginx/html/x", "b")
    assert "Read-only file system" in result.stderr
    assert result.code != 0


def test_an_empty_dir_outlives_a_container_and_ends_with_its_pod(world):
    world.apply(mounting("p", {"emptyDir": {}}, {"mountPath": "/v"}))
    world.sh("p", "echo kept > /v/f; echo lost > /tmp/f")
    world.inject("Crash", "container/default/p/c")
    world.run(30)
    assert world.ok("get pod p -o jsonpath='{.status.containerStatuses[0].restartCount}'") == "1"
    assert world.sh("p", "cat /v/f; ls /tmp") == "kept\n"
    world.ok("delete pod p --force --grace-period=0 2> /dev/null")
    world.run(5)
    world.apply(mounting("p", {"emptyDir": {}}, {"mountPath": "/v"}))
    assert world.sh("p", "ls /v") == ""


def test_an_empty_dir_in_memory_has_its_limit(world):
    world.apply(mounting("p", {"emptyDir": {"sizeLimit": "1Mi", "medium": "Memory"}}, {"mountPath": "/v"}))
    result = world.exec("p", "dd if=/dev/zero of=/v/f bs=1k count=2000")
    assert "No space left on device" in result.stderr
    assert result.code == 1


def test_a_host_path_is_the_nodes(world):
    source = {"hostPath": {"path": "/data/web", "type": "DirectoryOrCreate"}}
    world.apply(
        mounting("one", source, {"mountPath": "/v"}, nodeName="k8s-node01")
        + mounting("here", source, {"mountPath": "/w"}, nodeName="k8s-node01")
        + mounting("there", source, {"mountPath": "/w"}, nodeName="k8s-node02")
    )
    world.sh("one", "echo of-the-node > /v/f")
    world.ok("delete pod one --force --grace-period=0 2> /dev/null")
    world.run(5)
    assert world.sh("here", "cat /w/f") == "of-the-node\n"
    assert world.sh("there", "ls /w") == ""


def test_a_config_map_is_a_folder_behind_a_link(world):
    world.apply(mounting("p", {"configMap": {"name": "conf"}}, {"mountPath": "/v"}))
    listing = world.sh("p", "ls -la /v")
    assert re.search(r"^lrwxrwxrwx .* \.\.data -> \.\.2026_\S+$", listing, re.MULTILINE)
    assert re.search(r"^lrwxrwxrwx .* color -> \.\.data/color$", listing, re.MULTILINE)
    assert world.sh("p", "cat /v/color /v/shape") == "blueround"
    assert world.exec("p", "touch /v/x").stderr.startswith("touch: /v/x: Read-only file system\n")


def test_a_config_map_follows_within_a_minute_and_a_half_but_not_by_sub_path(world):
    world.apply(
        mounting("p", {"configMap": {"name": "conf"}}, {"mountPath": "/v"}, {"mountPath": "/one", "subPath": "color"})
    )
    before = world.sh("p", "readlink /v/..data")
    world.ok("patch configmap conf --type=merge -p '{\"data\":{\"color\":\"green\",\"shape\":null,\"size\":\"xl\"}}'")
    world.run(5)
    assert world.sh("p", "cat /v/color") == "blue"
    world.run(90)
    assert world.sh("p", "cat /v/color; ls /v; cat /one") == "greencolor\nsize\nblue"
    assert world.sh("p", "readlink /v/..data") != before


@pytest.mark.parametrize(
    ("source", "listing"),
    [
        (
            {"secret": {"secretName": "sec", "defaultMode": 0o400}},
            "-r--------    1 root     root             4 password\n",
        ),
        (
            {"configMap": {"name": "conf", "items": [{"key": "color", "path": "deep/c", "mode": 0o600}]}},
            "-rw-------    1 root     root             4 deep/c\n",
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "conf", "items": [{"key": "shape", "path": "s"}]}},
                        {"secret": {"name": "sec"}},
                        {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                    ]
                }
            },
            "-rw-r--r--    1 root     root             1 l\n"
            "-rw-r--r--    1 root     root             4 password\n"
            "-rw-r--r--    1 root     root             5 s\n",
        ),
        ({"configMap": {"name": "none", "optional": True}}, ""),
    ],
    ids=["secret", "items", "projected", "optional"],
)
def test_files_made_of_objects(world, source, listing):
    world.apply(mounting("p", source, {"mountPath": "/v"}))
    script = "cd /v/..data/ 2>/dev/null && find . -type f | sort | sed 's/^..//' | xargs -r ls -lL"
    shown = re.sub(r" Jan +1 \d\d:\d\d", "", world.exec("p", script).stdout)
    assert shown == listing


def test_a_missing_source_keeps_the_pod_from_starting_until_it_is_there(world):
    world.apply(mounting("p", {"secret": {"secretName": "later"}}, {"mountPath": "/v"}))
    assert "ContainerCreating" in world.ok("get pod p")
    assert 'MountVolume.SetUp failed for volume "v" : secret "later" not found' in world.ok("describe pod p")
    world.ok("create secret generic later --from-literal=a=b")
    world.run(10)
    assert world.sh("p", "cat /v/a") == "b"


def test_a_sub_path_is_a_folder_of_the_volume(world):
    world.apply(
        mounting(
            "p",
            {"emptyDir": {}},
            {"mountPath": "/all"},
            {"mountPath": "/db", "subPath": "db"},
        )
    )
    world.sh("p", "echo a > /db/f")
    assert world.sh("p", "find /all -type f") == "/all/db/f\n"


def test_a_claims_contents_move_with_the_claim(world):
    source = {"persistentVolumeClaim": {"claimName": "data"}}
    world.apply(mounting("first", source, {"mountPath": "/v"}))
    world.sh("first", "mkdir -p /v/a/b; echo kept > /v/a/b/f; chmod 640 /v/a/b/f; ln -s a/b/f /v/link")
    world.ok("delete pod first --force --grace-period=0 2> /dev/null")
    world.run(5)
    world.apply(mounting("second", source, {"mountPath": "/w", "readOnly": True}))
    assert world.sh("second", "cat /w/link; stat -c %a /w/a/b/f") == "kept\n640\n"
    assert "Read-only file system" in world.exec("second", "rm /w/link").stderr
    # A claim that is deleted takes its volume, and a new one of that name has another.
    world.ok("delete pod second --force --grace-period=0 2> /dev/null")
    world.ok("delete pvc data")
    world.run(5)
    world.apply(CONFIG + mounting("third", source, {"mountPath": "/v"}))
    assert world.sh("third", "ls /v") == ""


def test_disks_and_changed_files_are_there_after_a_sleep_of_the_cluster(world):
    source = {"persistentVolumeClaim": {"claimName": "data"}}
    more = ({"name": "e", "emptyDir": {}},)
    world.apply(mounting("p", source, {"mountPath": "/v"}, {"mountPath": "/e", "name": "e"}, more=more))
    world.sh("p", "echo one > /v/f; echo two > /e/f; echo three > /etc/motd; rm /etc/group")
    world.run(60)
    again = World(cluster=Cluster(world.cluster.config, world.cluster.snapshot()))
    again.run(5)
    assert again.sh("p", "cat /v/f /e/f /etc/motd; ls /etc/group 2>&1 || true") == (
        "one\ntwo\nthree\nls: /etc/group: No such file or directory\n"
    )


def test_a_group_of_the_pod_owns_its_volumes(world):
    context = {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000}
    world.apply(mounting("p", {"emptyDir": {}}, {"mountPath": "/v"}, securityContext=context))
    assert world.sh("p", "id") == "uid=1000 gid=3000 groups=2000,3000\n"
    assert world.sh("p", "touch /v/f; stat -c '%u %g' /v/f; stat -c '%g %a' /v") == "1000 2000\n2000 2777\n"
    assert "Permission denied" in world.exec("p", "touch /etc/x").stderr


def test_a_read_only_root_lets_only_volumes_be_written(world):
    spec = pod("p", container={"securityContext": {"readOnlyRootFilesystem": True},
                               "volumeMounts": [{"name": "v", "mountPath": "/tmp"}]},
               volumes=[{"name": "v", "emptyDir": {}}])  # fmt: skip
    world.apply(spec)
    assert world.exec("p", "echo > /x").stderr.startswith("sh: can't create /x: Read-only file system\n")
    assert world.sh("p", "echo fine > /tmp/x; cat /tmp/x") == "fine\n"
    world.confirm_no_defects()
