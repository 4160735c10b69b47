"""Deployments and StatefulSets: updates that come through or get stuck, and what a deletion takes along."""

from __future__ import annotations

from tests.engine.faults.conftest import Breakable
from tests.engine.faults.systems.table import SLICES, Obj, phase, service, system, without

BROKEN = "registry.example.com/no-such-image:v1"


def real() -> Breakable:
    """A cluster with the catalogue's images: what is not in it cannot be pulled."""
    return Breakable(registry="catalogue", start_seconds=None, stop_seconds=None)


def image(resource: str, world: Breakable, name: str, to: str) -> None:
    world.client.patch(
        resource, name, {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": to}]}}}}, "default"
    )


def images(world: Breakable) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in world.pods()]


# Deployment.


def deployment_works(world: Breakable) -> None:
    if not world.stored("deployments.apps"):
        world.deployment(3)
    world.run(10)
    assert world.get("deployments.apps", "web")["status"]["readyReplicas"] == 3


def deployment_stays(world: Breakable) -> None:
    world.deployment(3)
    world.run(60)
    assert "status" not in world.get("deployments.apps", "web") or not world.stored("replicasets.apps")


def rolling_works(world: Breakable) -> None:
    deployment_works(world)
    image("deployments.apps", world, "web", "nginx:1.27")
    least = 3
    for _ in range(100):
        world.run(0.1)
        least = min(least, world.ready())
    assert images(world) == ["nginx:1.27"] * 3
    assert least == 3


def rolling_fails(_: Breakable) -> None:
    """A new image that nobody has stops the rollout where three of four still serve, and after the deadline says so."""
    world = real()
    world.deployment(4)
    world.run(30)
    world.patch("deployments.apps", "web", {"spec": {"progressDeadlineSeconds": 60}})
    image("deployments.apps", world, "web", BROKEN)
    world.run(90)
    assert world.ready() == 3
    told = world.terminal.run("kubectl rollout status deployment web")
    assert told.stderr == 'error: deployment "web" exceeded its progress deadline\n'
    world.terminal.ok("kubectl rollout undo deployment web")
    world.run(20)
    assert world.ready() == 4


def recreated(world: Breakable) -> None:
    world.deployment(3)
    world.patch("deployments.apps", "web", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    world.run(30)


def recreate_works(world: Breakable) -> None:
    recreated(world)
    image("deployments.apps", world, "web", "nginx:1.27")
    mixed = False
    for _ in range(80):
        world.run(0.1)
        mixed = mixed or len(set(images(world))) > 1
    assert images(world) == ["nginx:1.27"] * 3
    assert not mixed


def recreate_fails(_: Breakable) -> None:
    """With an image that nobody has, nothing is left that serves."""
    world = real()
    recreated(world)
    image("deployments.apps", world, "web", BROKEN)
    world.run(40)
    assert (len(world.pods()), world.ready()) == (3, 0)


def history(world: Breakable, changes: int) -> list[str]:
    world.run(10)
    for index in range(changes):
        image("deployments.apps", world, "web", f"nginx:1.{index}")
        world.run(10)
    lines = world.terminal.ok("kubectl rollout history deployment web").splitlines()
    return [line.split()[0] for line in lines[2:] if line]


def history_works(world: Breakable) -> None:
    world.deployment(1)
    assert history(world, 3) == ["1", "2", "3", "4"]
    world.terminal.ok("kubectl rollout undo deployment web --to-revision=2")
    world.run(10)
    assert images(world) == ["nginx:1.0"]


def history_fails(world: Breakable) -> None:
    world.deployment(1)
    world.run(5)
    told = world.terminal.run("kubectl rollout undo deployment web --to-revision=7")
    assert told.stderr == "error: unable to find specified revision 7 in history\n"


def limit_works(world: Breakable) -> None:
    world.deployment(1)
    world.patch("deployments.apps", "web", {"spec": {"revisionHistoryLimit": 2}})
    assert history(world, 5) == ["4", "5", "6"]


def limit_fails(world: Breakable) -> None:
    """Without any history there is nothing to go back to."""
    world.deployment(1)
    world.patch("deployments.apps", "web", {"spec": {"revisionHistoryLimit": 0}})
    assert history(world, 2) == ["3"]
    told = world.terminal.run("kubectl rollout undo deployment web")
    assert told.stderr == "error: no rollout history found for deployment \"web\"\n"


system("Deployment", deployment_works, without("deployment", deployment_works, deployment_stays))
system("rolling update", rolling_works, rolling_fails)
system("Recreate", recreate_works, recreate_fails)
system("rollout history", history_works, history_fails)
system("revision limit", limit_works, limit_fails)


# StatefulSet.


def stateful_set_works(world: Breakable) -> None:
    if not world.stored("statefulsets.apps"):
        world.stateful_set(3)
    world.run(15)
    assert world.pod_names() == ["db-0", "db-1", "db-2"]
    assert world.ready() == 3


def stateful_set_stays(world: Breakable) -> None:
    world.stateful_set(3)
    world.run(30)
    assert world.pods() == []


def headless(world: Breakable) -> None:
    world.stateful_set(2)
    service(world, "db", clusterIP="None", ports=[{"port": 6379}])


def names_in_slices(world: Breakable) -> list[str]:
    slices = [s for s in world.stored(SLICES) if s["metadata"]["name"].startswith("db-")]
    return sorted(e.get("hostname", "") for s in slices for e in s["endpoints"])


def names_work(world: Breakable) -> None:
    headless(world)
    world.run(10)
    assert names_in_slices(world) == ["db-0", "db-1"]
    assert world.get("services", "db")["spec"]["clusterIP"] == "None"


def names_fail(world: Breakable) -> None:
    name = world.inject("Stop", "controller/endpointslice")
    headless(world)
    world.run(10)
    assert (world.ready(), names_in_slices(world)) == (2, [])
    world.lift(name)
    world.run(5)
    assert names_in_slices(world) == ["db-0", "db-1"]


def with_claims(world: Breakable, storage_class: str) -> None:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": {"name": "data"}, "spec": {**asked, "storageClassName": storage_class}}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "redis:7"}]}}
    spec = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": template}
    world.create("statefulsets.apps", {"metadata": {"name": "db"}, "spec": {**spec, "volumeClaimTemplates": [claim]}})


def each_has_its_own(world: Breakable) -> None:
    """Each pod has its own claim, and finds it again."""
    world.run(20)
    assert world.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]
    assert world.ready() == 2
    bound = world.get("persistentvolumeclaims", "data-db-0")["spec"]["volumeName"]
    world.client.delete("pods", "db-0", "default")
    world.run(10)
    assert world.ready() == 2
    assert world.get("persistentvolumeclaims", "data-db-0")["spec"]["volumeName"] == bound


def prepare_volumes(world: Breakable) -> None:
    for index in range(2):
        volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"}}
        world.create("persistentvolumes", {"metadata": {"name": f"disk-{index}"}, "spec": volume})


def first_waits(world: Breakable) -> None:
    """The first pod waits for its volume, and the second is not made."""
    world.run(60)
    assert world.pod_names() == ["db-0"]
    assert phase(world, "db-0") == "Pending"


def static_works(world: Breakable) -> None:
    prepare_volumes(world)
    with_claims(world, "")
    each_has_its_own(world)


def static_fails(world: Breakable) -> None:
    """Nobody has prepared a volume; when somebody has, they go on."""
    with_claims(world, "")
    first_waits(world)
    prepare_volumes(world)
    each_has_its_own(world)


def dynamic_works(world: Breakable) -> None:
    with_claims(world, "standard")
    each_has_its_own(world)


def dynamic_fails(world: Breakable) -> None:
    """Nobody makes a volume while the controller that has them made is stopped."""
    name = world.inject("Stop", "controller/persistentvolume-binder")
    with_claims(world, "standard")
    first_waits(world)
    world.lift(name)
    each_has_its_own(world)


def on_delete(world: Breakable) -> None:
    world.stateful_set(2)
    world.patch("statefulsets.apps", "db", {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}})
    world.run(10)
    image("statefulsets.apps", world, "db", "redis:6")
    world.run(20)
    assert images(world) == ["redis:7", "redis:7"]


def on_delete_works(world: Breakable) -> None:
    on_delete(world)
    world.client.delete("pods", "db-1", "default")
    world.run(10)
    assert images(world) == ["redis:7", "redis:6"]


def on_delete_fails(world: Breakable) -> None:
    """Without the controller a deleted pod is not made anew, neither old nor new."""
    on_delete(world)
    world.inject("Stop", "controller/statefulset")
    world.client.delete("pods", "db-1", "default")
    world.run(30)
    assert world.pod_names() == ["db-0"]


def rolling_from_the_last(world: Breakable) -> None:
    world.stateful_set(3)
    world.run(15)
    image("statefulsets.apps", world, "db", "redis:6")
    order: list[str] = []
    for _ in range(200):
        world.run(0.1)
        order += [
            pod["metadata"]["name"]
            for pod in world.pods()
            if pod["spec"]["containers"][0]["image"] == "redis:6" and pod["metadata"]["name"] not in order
        ]
    assert order == ["db-2", "db-1", "db-0"]


def rolling_gets_stuck(_: Breakable) -> None:
    """kubernetes#67250: a broken pod is waited for even when the template is right again, until somebody deletes it."""
    world = real()
    world.stateful_set(2)
    world.run(30)
    image("statefulsets.apps", world, "db", BROKEN)
    world.run(20)
    image("statefulsets.apps", world, "db", "redis:6")
    world.run(60)
    assert images(world) == ["redis:7", BROKEN]
    world.client.delete("pods", "db-1", "default")
    world.run(60)
    assert images(world) == ["redis:6", "redis:6"]


def partitioned(world: Breakable, partition: int) -> Obj:
    world.stateful_set(3)
    update = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    world.patch("statefulsets.apps", "db", {"spec": {"updateStrategy": update}})
    world.run(15)
    image("statefulsets.apps", world, "db", "redis:6")
    world.run(30)
    return update


def partition_works(world: Breakable) -> None:
    partitioned(world, 2)
    assert images(world) == ["redis:7", "redis:7", "redis:6"]


def partition_fails(world: Breakable) -> None:
    """Beyond the last ordinal nothing is updated at all."""
    partitioned(world, 3)
    assert images(world) == ["redis:7"] * 3


def cascade_works(world: Breakable) -> None:
    if not world.stored("statefulsets.apps") and not world.pods():
        world.stateful_set(3)
        world.run(15)
        world.client.delete("statefulsets.apps", "db", "default")
    world.run(20)
    assert world.pods() == []


def cascade_fails(world: Breakable) -> None:
    world.stateful_set(3)
    world.run(15)
    world.client.delete("statefulsets.apps", "db", "default")
    world.run(60)
    assert world.ready() == 3


def orphans_work(world: Breakable) -> None:
    if not world.pods():
        world.stateful_set(3)
        world.run(15)
        world.terminal.run("kubectl delete statefulset db --cascade=orphan", seconds=5000)
    world.run(20)
    assert (world.ready(), world.stored("statefulsets.apps")) == (3, [])
    assert not any(pod["metadata"].get("ownerReferences") for pod in world.pods())


def orphans_wait(world: Breakable) -> None:
    """The StatefulSet waits for the garbage collector, which has to let its pods go."""
    world.stateful_set(3)
    world.run(15)
    world.client.delete("statefulsets.apps", "db", "default", propagation_policy="Orphan")
    world.run(60)
    assert world.names("statefulsets.apps") == ["db"]


system("StatefulSet", stateful_set_works, without("statefulset", stateful_set_works, stateful_set_stays))
system("headless names", names_work, names_fail)
system("static volumes", static_works, static_fails)
system("dynamic volumes", dynamic_works, dynamic_fails)
system("update strategy OnDelete", on_delete_works, on_delete_fails)
system("update strategy RollingUpdate", rolling_from_the_last, rolling_gets_stuck)
system("partition", partition_works, partition_fails)
system("deletion with cascade", cascade_works, without("garbage-collector", cascade_works, cascade_fails))
system("deletion without cascade", orphans_work, without("garbage-collector", orphans_work, orphans_wait))
