"""`kubectl scale`. Follows k8s.io/kubectl/pkg/cmd/scale/scale.go and pkg/scale/scale.go."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import Aggregate, CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.record import record_patch
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info

MAX_RETRIES = 10


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    dry_run = common.dry_run(flags)
    replicas = flags.number("replicas")
    printer = object_printer(flags, factory.files, "scaled" + common.dry_run_suffix(dry_run))
    if replicas < 0:
        raise CommandError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    if flags.number("current-replicas") < -1:
        raise CommandError("The --current-replicas must specify an integer of -1 or greater")
    builder = Builder.of(factory, flags, call.args)
    builder.select_all = False
    builder.allow_empty_selector = flags.on("all")
    result = yield from builder.do()
    infos, errors = result.infos()
    if not infos and errors:
        raise CommandError(f"no objects passed to scale {Aggregate(errors).message}")
    if flags.string("resource-version") and len(infos) > 1:
        raise CommandError("cannot use --resource-version with multiple resources")
    if not infos:
        raise CommandError("no objects passed to scale")
    for info in infos:
        if dry_run != "client":
            _scale(call, info, replicas, dry_run)
            cause = record_patch(call, info.obj)
            if cause and dry_run == "none":
                factory.request("patch", info.resource, info.namespace, info.name, body=cause, patch_type="merge")
            if flags.seconds("timeout") and dry_run == "none":
                yield from _wait(call, info, replicas)
        factory.out.write(printer(info.obj))
    raise_all(errors)
    return 0


def _scale(call: Invocation, info: Info, replicas: int, dry_run: common.DryRun) -> None:
    factory, flags = call.factory, call.flags
    expected, version = flags.number("current-replicas"), flags.string("resource-version")
    scale_options = {"subresource": "scale", "dry_run": dry_run == "server"}
    if expected == -1 and not version:
        factory.request(
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body={"spec": {"replicas": replicas}},
            patch_type="merge",
            **scale_options,
        )
        return
    for attempt in range(MAX_RETRIES):
        present = _present(call, info)
        count = (present.get("spec") or {}).get("replicas", 0)
        if expected not in (-1, count):
            raise CommandError(f"Expected replicas to be {expected}, was {count}")
        if version and present["metadata"]["resourceVersion"] != version:
            raise CommandError(
                f"Expected resource version to be {version}, was {present['metadata']['resourceVersion']}"
            )
        body = {**present, "spec": {"replicas": replicas}}
        try:
            factory.request("update", info.resource, info.namespace, info.name, body=body, **scale_options)
            return
        except ApiError as error:
            if error.reason != "Conflict" or attempt == MAX_RETRIES - 1:
                raise


def _present(call: Invocation, info: Info) -> Obj:
    return call.factory.request("get", info.resource, info.namespace, info.name, subresource="scale")  # type: ignore[no-any-return]


def _wait(call: Invocation, info: Info, replicas: int) -> Generator[Wait, None, None]:
    """Looks once a second whether there are as many pods as asked for. Follows WaitForScaleHasDesiredReplicas."""
    deadline_us = call.factory.deadline_us(call.flags.seconds("timeout"))
    while True:
        present = _present(call, info)
        spec, status = present.get("spec") or {}, present.get("status") or {}
        if spec.get("replicas", 0) != replicas or status.get("replicas", 0) == replicas:
            return
        if call.factory.now_us >= deadline_us:
            raise CommandError(f'timed out waiting for "{info.name}" to be synced')
        yield Wait(deadline_us=min(call.factory.deadline_us(1), deadline_us))


COMMAND = Command(
    "scale",
    "Set a new size for a deployment, replica set, or replication controller",
    run,
    use="[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]",
    long="Sets how many pods a Deployment, ReplicaSet or StatefulSet shall have.",
    example="kubectl scale --replicas=3 deployment/web\n\n# Only if there are two now\n"
    "kubectl scale --current-replicas=2 --replicas=3 deployment/web",
    group="Deploy Commands",
    flags=(
        *common.filename("to scale"),
        *common.output(),
        common.SELECTOR,
        common.ALL,
        common.DRY_RUN,
        common.RECORD,
        Flag("current-replicas", "int", default=-1, help="Scales only if this is the present number"),
        Flag("replicas", "int", required=True, help="The new number"),
        Flag("resource-version", help="Scales only if the object still has this version"),
        Flag("timeout", "duration", help="How long to wait for the pods; zero does not wait", shown="0s"),
    ),
)
