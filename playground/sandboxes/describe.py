"""All that can be told of one object: what `kubectl describe` prints, its manifest, and the steps that wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, name_of, namespace_of
from cluster_engine.cluster import Cluster
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Output, Stream
from cluster_engine.kubectl.root import main
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.trace import Step
from playground.sandboxes.waiting import Waiting, why_waiting

STEPS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Details:
    """What the details drawer shows. `steps` are those that wrote the object, the newest first."""

    key: str
    kind: str
    name: str
    namespace: str
    description: str
    manifest: str
    steps: list[Step]
    # Why a Pod has no node, where it has none.
    waiting: Waiting | None = None


def describe(cluster: Cluster, key: str, steps: Iterable[Step]) -> Details | None:
    """The details of the object with that etcd key; None when there is none (any more)."""
    parts = key.split("/")
    if len(parts) not in (4, 5) or parts[:2] != ["", "registry"]:
        return None
    strategy = cluster.server.strategies.get(parts[2])
    if strategy is None:
        return None
    resource = strategy.resource
    namespace = parts[3] if resource.namespaced and len(parts) == 5 else ""
    obj = cluster.server.find(resource, namespace, parts[-1])
    if obj is None:
        return None
    return Details(
        key=key, kind=resource.kind, name=name_of(obj), namespace=namespace_of(obj),
        description=_kubectl(cluster, "describe", obj, resource.group_resource),
        manifest=_kubectl(cluster, "get", obj, resource.group_resource, "-o", "yaml"),
        steps=_steps_that_wrote(key, steps), waiting=why_waiting(obj) if resource.kind == "Pod" else None,
    )


def _kubectl(cluster: Cluster, verb: str, obj: Obj, resource: str, *options: str) -> str:
    """What kubectl prints of the object. Neither of these commands ever waits."""
    words = [verb, resource, name_of(obj), *options]
    if namespace_of(obj):
        words += ["-n", namespace_of(obj)]
    parts: list[str] = []
    out = Output(parts.append)
    stdin = Stream(closed=True)
    for _ in main(Factory(cluster.server, cluster.clock, out=out, err=out, stdin=stdin, files=MemoryFiles()), words):
        break
    return "".join(parts)


def _steps_that_wrote(key: str, steps: Iterable[Step]) -> list[Step]:
    found = [step for step in steps if any(write[2] == key for write in step.writes)]
    return found[: -STEPS_SHOWN - 1 : -1]
