"""`kubectl rollout status`. Follows rollout_status.go and polymorphichelpers/rollout_status.go."""

from __future__ import annotations

from collections.abc import Callable, Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, get_condition
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, ServerGone, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.rollout import common
from cluster_engine.kubectl.rollout.history_of import REVISION

# How long to wait before asking again for a watch that broke off.
RETRY_SECONDS = 1.0
# From an object and the revision it must have (0: any): (what to say, whether it is done).
Viewer = Callable[[Obj, int], tuple[str, bool]]


def run(call: Invocation) -> Process:
    builder = common.builder(call)
    if call.flags.number("revision") < 0:
        raise CommandError(f"revision must be a positive integer: {call.flags.number('revision')}")
    result = yield from builder.do()
    errors: list[Exception] = []
    found = False
    for item in result.visit():
        found = True
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            yield from _follow(call, item)
        except (ApiError, CommandError) as error:
            errors.append(error)
    raise_all(errors)
    if not found:
        call.factory.err.line(f"No resources found in {call.factory.namespace} namespace.")
    return 0


def _follow(call: Invocation, info: Info) -> Generator[Wait, None, None]:
    """Says how far a rollout is each time it changes, until it is done."""
    viewer = VIEWERS.get(info.resource.kind)
    if viewer is None:
        raise CommandError(f"no status viewer has been implemented for {info.resource.group_kind}")
    factory, flags = call.factory, call.flags
    timeout_seconds = flags.seconds("timeout")
    deadline_us = factory.deadline_us(timeout_seconds) if timeout_seconds else None
    watch: Watch = factory.request("watch", info.resource, info.namespace, info.name)
    try:
        while True:
            event = watch.pop()
            if event is None:
                if deadline_us is not None and factory.now_us >= deadline_us:
                    raise CommandError("timed out waiting for the condition")
                if watch.ended:
                    watch = yield from _watch_again(call, info, watch, deadline_us)
                else:
                    yield Wait(watches=(watch,), deadline_us=deadline_us)
                continue
            type_, obj, _ = event
            if type_ == "DELETED":
                raise CommandError("object has been deleted")
            text, done = viewer(obj, flags.number("revision"))
            factory.out.line(text)
            if done or not flags.on("watch"):
                return
    finally:
        watch.stop()


def _watch_again(call: Invocation, info: Info, watch: Watch, deadline_us: int | None) -> Generator[Wait, None, Watch]:
    """Another watch in the place of one that broke off, as soon as the server gives one; the old one at the deadline.

    Follows client-go's reflector: it tries again for as long as somebody waits.
    """
    factory = call.factory
    while deadline_us is None or factory.now_us < deadline_us:
        try:
            return factory.request("watch", info.resource, info.namespace, info.name)  # type: ignore[no-any-return]
        except ServerGone:
            pass
        except ApiError as error:
            if error.code < 500:
                raise
        again_us = factory.deadline_us(RETRY_SECONDS)
        yield Wait(deadline_us=again_us if deadline_us is None else min(again_us, deadline_us))
    return watch


def deployment(obj: Obj, revision: int) -> tuple[str, bool]:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    if revision > 0:
        running = int(annotations_of(obj).get(REVISION) or 0)
        if running != revision:
            raise CommandError(f"desired revision ({revision}) is different from the running revision ({running})")
    if obj["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return "Waiting for deployment spec update to be observed...", False
    progressing = get_condition(status.get("conditions"), "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        raise CommandError(f'deployment "{name}" exceeded its progress deadline')
    desired, updated = obj["spec"].get("replicas", 1), status.get("updatedReplicas", 0)
    total, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    head = f'Waiting for deployment "{name}" rollout to finish:'
    if updated < desired:
        return f"{head} {updated} out of {desired} new replicas have been updated...", False
    if total > updated:
        return f"{head} {total - updated} old replicas are pending termination...", False
    if available < updated:
        return f"{head} {available} of {updated} updated replicas are available...", False
    return f'deployment "{name}" successfully rolled out', True


def _only_rolling(obj: Obj) -> None:
    if (obj["spec"].get("updateStrategy") or {}).get("type") != "RollingUpdate":
        raise CommandError("rollout status is only available for RollingUpdate strategy type")


def daemon_set(obj: Obj, revision: int) -> tuple[str, bool]:
    _only_rolling(obj)
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    if obj["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return "Waiting for daemon set spec update to be observed...", False
    desired, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    head = f'Waiting for daemon set "{name}" rollout to finish:'
    if updated < desired:
        return f"{head} {updated} out of {desired} new pods have been updated...", False
    if available < desired:
        return f"{head} {available} of {desired} updated pods are available...", False
    return f'daemon set "{name}" successfully rolled out', True


def stateful_set(obj: Obj, revision: int) -> tuple[str, bool]:
    _only_rolling(obj)
    status, spec = obj.get("status") or {}, obj["spec"]
    observed = status.get("observedGeneration", 0)
    if observed == 0 or obj["metadata"].get("generation", 0) > observed:
        return "Waiting for statefulset spec update to be observed...", False
    desired, ready, updated = spec.get("replicas", 1), status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < desired:
        return f"Waiting for {desired - ready} pods to be ready...", False
    rolling = spec["updateStrategy"].get("rollingUpdate")
    if rolling is not None:
        partition = rolling.get("partition")
        if partition is not None and updated < desired - partition:
            return (
                f"Waiting for partitioned roll out to finish: {updated} out of {desired - partition} "
                "new pods have been updated...",
                False,
            )
        return f"partitioned roll out complete: {updated} new pods have been updated...", True
    if status.get("updateRevision") != status.get("currentRevision"):
        target = status.get("updateRevision", "")
        return f"waiting for statefulset rolling update to complete {updated} pods at revision {target}...", False
    current, at = status.get("currentReplicas", 0), status.get("currentRevision", "")
    return f"statefulset rolling update complete {current} pods at revision {at}...", True


VIEWERS: dict[str, Viewer] = {"Deployment": deployment, "DaemonSet": daemon_set, "StatefulSet": stateful_set}

COMMAND = Command(
    "status",
    "Show the status of the rollout",
    run,
    use="(TYPE NAME | TYPE/NAME) [flags] [options]",
    long="Follows a rollout until it is done. --watch=false says only where it is now.",
    example="kubectl rollout status deployment/web",
    interrupted_code=1,
    flags=(
        *common.FLAGS,
        Flag("revision", "int64", help="The revision that must be the running one; 0 means any"),
        Flag("timeout", "duration", help="How long to follow; zero means for ever", shown="0s"),
        Flag("watch", "bool", default=True, shorthand="w", help="Follows until it is done"),
    ),
)
