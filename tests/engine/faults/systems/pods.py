"""What a pod asks of its node: probes, restarts, images, memory, environment, volumes."""

from __future__ import annotations

from typing import Any

from tests.engine.faults.conftest import Breakable
from tests.engine.faults.systems.table import Obj, Show, phase, running, system

TARGET = "container/default/p/c"
PROBE = {"httpGet": {"port": 80}, "periodSeconds": 2, "failureThreshold": 2}


def real() -> Breakable:
    """A cluster with the catalogue's images, which may be missing and end by themselves."""
    return Breakable(registry="catalogue", start_seconds=None, stop_seconds=None)


# Probes.


def probe_works(kind: str) -> Show:
    def works(world: Breakable) -> None:
        world.pod(**{f"{kind}Probe": PROBE})
        world.run(15)
        assert (world.ready(), world.container()["restartCount"]) == (1, 0)

    return works


def readiness_fails(world: Breakable) -> None:
    probe_works("readiness")(world)
    world.inject("FailProbe", TARGET, probe="readiness")
    world.run(8)
    assert (world.ready(), world.container()["restartCount"], phase(world)) == (0, 0, "Running")


def liveness_fails(world: Breakable) -> None:
    probe_works("liveness")(world)
    world.inject("FailProbe", TARGET, probe="liveness")
    world.run(15)
    assert world.container()["restartCount"] >= 1


def startup_fails(world: Breakable) -> None:
    """A container that never says that it has started is never ready, and is killed."""
    world.pod(startupProbe=PROBE, spec={"nodeName": "k8s-node01"})
    world.inject("FailProbe", TARGET, probe="startup")
    world.run(20)
    assert world.ready() == 0
    assert world.container()["started"] is False
    assert ("Killing", "Container c failed startup probe, will be restarted") in world.events("p")


system("readiness probe", probe_works("readiness"), readiness_fails)
system("liveness probe", probe_works("liveness"), liveness_fails)
system("startup probe", probe_works("startup"), startup_fails)


# Restarts, images, memory.


def crashed(policy: str) -> Breakable:
    world = real()
    world.pod(spec={"restartPolicy": policy})
    world.run(10)
    world.inject("Crash", TARGET, exitCode=1)
    world.run(5)
    return world


def restart_works(world: Breakable) -> None:
    for policy in ("Always", "OnFailure"):
        again = crashed(policy)
        assert (phase(again), again.container()["restartCount"]) == ("Running", 1)


def restart_fails(world: Breakable) -> None:
    never = crashed("Never")
    assert (phase(never), never.container()["restartCount"]) == ("Failed", 0)


def pull_works(world: Breakable) -> None:
    world = real()
    world.pod(image="redis:7")
    world.run(15)
    assert phase(world) == "Running"
    assert any(message.startswith('Successfully pulled image "redis:7" in ') for _, message in world.events("p"))


def pull_fails(world: Breakable) -> None:
    world = real()
    name = world.inject("Stop", "registry")
    world.pod(image="redis:7")
    world.run(15)
    assert world.container()["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    world.lift(name)
    world.run(40)
    assert phase(world) == "Running"


def memory_works(world: Breakable) -> None:
    world.pod(resources={"limits": {"memory": "256Mi"}})
    world.run(120)
    assert world.container()["restartCount"] == 0


def memory_fails(world: Breakable) -> None:
    memory_works(world)
    world.inject("LeakMemory", TARGET, mebibytesPerSecond=64)
    world.run(6)
    ended = world.container()["lastState"].get("terminated") or world.container()["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


system("restart policy", restart_works, restart_fails)
system("image pull", pull_works, pull_fails)
system("limits of memory", memory_works, memory_fails)


# What comes from other objects.


def environment(world: Breakable) -> None:
    source = {"configMapKeyRef": {"name": "settings", "key": "mode"}}
    world.pod(env=[{"name": "MODE", "valueFrom": source}])


def settings(world: Breakable, resource: str = "configmaps") -> None:
    world.create(resource, {"metadata": {"name": "settings"}, "data": {"mode": "ZmFzdA=="}})


def environment_works(world: Breakable) -> None:
    settings(world)
    environment(world)
    running(world, "p")


def environment_fails(world: Breakable) -> None:
    environment(world)
    world.run(5)
    waiting = world.container()["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    settings(world)
    world.run(120)
    assert phase(world) == "Running"


def mounted(volume: Obj) -> dict[str, Any]:
    return {
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "spec": {"volumes": [{"name": "data", **volume}]},
    }


def volume_works(volume: Obj, resource: str) -> Show:
    def works(world: Breakable) -> None:
        settings(world, resource)
        world.pod(**mounted(volume))
        running(world, "p")

    return works


def volume_fails(volume: Obj, resource: str, words: str) -> Show:
    def fails(world: Breakable) -> None:
        world.pod(**mounted(volume))
        world.run(10)
        assert phase(world) == "Pending"
        told = next(message for reason, message in world.events("p") if reason == "FailedMount")
        assert told == f'MountVolume.SetUp failed for volume "data" : {words}'
        settings(world, resource)
        world.run(180)
        assert phase(world) == "Running"

    return fails


_SECRET, _CONFIG = {"secret": {"secretName": "settings"}}, {"configMap": {"name": "settings"}}
system("environment", environment_works, environment_fails)
system(
    "volume secret",
    volume_works(_SECRET, "secrets"),
    volume_fails(_SECRET, "secrets", 'secret "settings" not found'),
)
system(
    "volume configMap",
    volume_works(_CONFIG, "configmaps"),
    volume_fails(_CONFIG, "configmaps", 'configmap "settings" not found'),
)


def create(world: Breakable, container: str) -> str:
    """What kubectl says to a pod whose container has that in its manifest."""
    head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
    world.terminal.files.write("p.yaml", f"{head}  - {{name: c, image: nginx, {container}}}\n")
    return world.terminal.run("kubectl create -f p.yaml").stderr


def empty_dir_works(world: Breakable) -> None:
    world.pod(**mounted({"emptyDir": {}}))
    running(world, "p")


def empty_dir_fails(world: Breakable) -> None:
    """A mount of a volume that the pod does not have is no pod."""
    assert create(world, "volumeMounts: [{name: data, mountPath: /data}]") == (
        'The Pod "p" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "data"\n'
    )


system("volume emptyDir", empty_dir_works, empty_dir_fails)


def claim(world: Breakable, **spec: Any) -> None:
    whole = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    world.create("persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": whole})


def claim_works(world: Breakable) -> None:
    claim(world, storageClassName="")
    volume = {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"},
    }  # fmt: skip
    world.create("persistentvolumes", {"metadata": {"name": "disk"}, "spec": volume})
    world.pod(**mounted({"persistentVolumeClaim": {"claimName": "data"}}))
    running(world, "p")
    assert world.get("persistentvolumeclaims", "data")["status"]["phase"] == "Bound"


def claim_fails(world: Breakable) -> None:
    claim(world, storageClassName="")
    world.pod(**mounted({"persistentVolumeClaim": {"claimName": "data"}}))
    world.run(10)
    assert phase(world) == "Pending"
    assert world.get("persistentvolumeclaims", "data")["status"]["phase"] == "Pending"
    told = next(message for reason, message in world.events("p") if reason == "FailedScheduling")
    assert "pod has unbound immediate PersistentVolumeClaims" in told


system("volume persistentVolumeClaim", claim_works, claim_fails)


def security_works(world: Breakable) -> None:
    world.pod(securityContext={"runAsUser": 1000, "runAsNonRoot": True})
    running(world, "p")


def security_fails(world: Breakable) -> None:
    """What contradicts itself is refused before it is a pod."""
    told = create(world, "securityContext: {privileged: true, allowPrivilegeEscalation: false}")
    assert told.endswith(": cannot set `allowPrivilegeEscalation` to false and `privileged` to true\n")
    assert world.pods() == []


system("security context", security_works, security_fails)
