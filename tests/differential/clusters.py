"""Clusters to type lines on: one a state, set up once, and forks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster, ClusterConfig, Snapshot
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session
from tests.differential.states import Line, State

LIMIT_SECONDS = 900.0
REST_SECONDS = 3.0
INTERRUPTED = 130
# What a line left behind is compared without what the server makes up, and without what moves by itself.
_SKIPPED = (
    "events",
    "events.events.k8s.io",
    "leases.coordination.k8s.io",
    "endpoints",
    "endpointslices.discovery.k8s.io",
)
_RANDOM = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")


@dataclass(frozen=True)
class Result:
    """What a line printed, how it ended, and what it left behind."""

    stdout: str
    stderr: str
    code: int
    objects: str = ""


def config_of(state: State) -> ClusterConfig:
    return ClusterConfig(seed=1, registry=state.registry, start_seconds=1.0, stop_seconds=1.0)


def make(state: State) -> Snapshot:
    """The state's cluster after its set-up, at rest."""
    cluster = Cluster(config_of(state))
    cluster.run_for(5)
    for line in state.setup:
        if line.startswith("sleep "):
            cluster.run_for(float(line.split()[1]))
            continue
        result = type_line(cluster, state, Line(line))
        if result.code != 0:
            raise AssertionError(f"{state.name}: {line!r} failed in the set-up: {result.stderr or result.stdout}")
        cluster.run_for(0.5)
    settle(cluster)
    return cluster.snapshot()


def settle(cluster: Cluster, limit_seconds: float = 90.0) -> None:
    """Lets time pass until nothing has changed for three seconds."""
    end_us = cluster.clock.now_us + round(limit_seconds * SECOND_US)
    last, same = -1, 0
    while same < 6 and cluster.clock.now_us < end_us:
        same = same + 1 if cluster.revision == last else 0
        last = cluster.revision
        cluster.run_for(0.5)


def fork(state: State, snapshot: Snapshot) -> Cluster:
    cluster = Cluster(config_of(state), snapshot)
    cluster.run_for(0.2)
    return cluster


def type_line(cluster: Cluster, state: State, line: Line) -> Result:
    """Types a line in a terminal of the cluster, and lets virtual time pass until it has ended."""
    output: dict[str, list[str]] = {"stdout": [], "stderr": []}
    codes: dict[int, int] = {}
    session = Session(
        cluster,
        name="differential",
        files=MemoryFiles(state.files),
        on_output=lambda _number, stream, text: output[stream].append(text),
        on_exit=codes.__setitem__,
    )
    session.type_line(line.run)
    began_us = cluster.clock.now_us
    interrupt_us = began_us + round((line.interrupt or LIMIT_SECONDS) * SECOND_US)
    while not codes:
        if cluster.clock.now_us >= interrupt_us or not cluster.step():
            session.interrupt()
            interrupt_us += SECOND_US
    cluster.detach(session)
    return Result("".join(output["stdout"]), "".join(output["stderr"]), next(iter(codes.values())))


def objects_text(cluster: Cluster) -> str:
    """Every object that a line may have changed, without its status, as sorted text."""
    cluster.run_for(REST_SECONDS)
    client = cluster.client("differential")
    found: list[str] = []
    for resource in cluster.scheme:
        if resource.group_resource in _SKIPPED or "list" not in resource.verbs:
            continue
        for obj in client.list(resource.group_resource).items:
            # What controllers made follows from the rest, at their own pace.
            if obj["metadata"].get("ownerReferences"):
                continue
            found.append(f"{resource.group_resource} {_text(_bare(obj))}")
    return "\n".join(sorted(found)) + "\n"


def _bare(obj: dict[str, Any]) -> dict[str, Any]:
    meta = {key: value for key, value in obj["metadata"].items() if key not in _RANDOM}
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    # When controllers come to it is a matter of time.
    managers = {f["manager"] for f in obj["metadata"].get("managedFields") or ()} - {"kube-controller-manager"}
    return {"metadata": meta, **rest, "managers": sorted(managers)}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return repr(value)
