"""`kubectl autoscale`. Follows k8s.io/kubectl/pkg/cmd/autoscale/autoscale.go (v1.32)."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create.generate import sendable
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import with_last_applied
from cluster_engine.kubectl.printers.go_typed import typed
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info


def run(call: Invocation) -> Process:
    flags = call.flags
    common.dry_run(flags)
    least, most = flags.number("min"), flags.number("max")
    if most < 1:
        raise CommandError(f"--max=MAXPODS is required and must be at least 1, max: {most}")
    if most < least:
        raise CommandError(f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}")
    result = yield from Builder.of(call.factory, flags, call.args).do()
    errors: list[Exception] = []
    count = 0
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        count += 1
        if "scale" not in item.resource.subresources:
            why = "could not find scale subresource for"
            gvr = f"{item.resource.group}/{item.resource.version}, Resource={item.resource.plural}"
            errors.append(
                CommandError(f"cannot autoscale a {item.resource.kind}: {why} {gvr} in discovery information")
            )
            continue
        _create(call, item)
    raise_all(errors)
    if not count:
        raise CommandError("no objects passed to autoscale")
    return 0


def _create(call: Invocation, info: Info) -> None:
    flags, factory = call.flags, call.factory
    dry_run = common.dry_run(flags)
    hpa = recorded(call, _autoscaler(call, info))
    resource = factory.mapper.for_kind("autoscaling/v1", "HorizontalPodAutoscaler")
    if dry_run == "client" or resource is None:
        printer = object_printer(flags, factory.files, "created" + common.dry_run_suffix(dry_run))
        factory.out.write(printer(typed(hpa)))
        return
    if flags.on("save-config"):
        hpa = with_last_applied(typed(hpa))
    body = sendable({**hpa, "metadata": {**hpa["metadata"], "namespace": factory.namespace}})
    obj = factory.request("create", resource, factory.namespace, body=body, dry_run=dry_run == "server")
    printer = object_printer(flags, factory.files, "autoscaled" + common.dry_run_suffix(dry_run))
    factory.out.write(printer(obj))


def _autoscaler(call: Invocation, info: Info) -> Obj:
    flags = call.flags
    target = {"apiVersion": info.resource.api_version, "kind": info.resource.kind, "name": info.name}
    spec: Obj = {"maxReplicas": flags.number("max"), "scaleTargetRef": target}
    if flags.number("min") > 0:
        spec["minReplicas"] = flags.number("min")
    if flags.number("cpu-percent") >= 0:
        spec["targetCPUUtilizationPercentage"] = flags.number("cpu-percent")
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": flags.string("name") or info.name},
        "spec": spec,
        "status": {"currentReplicas": 0, "desiredReplicas": 0},
    }


COMMAND = Command(
    "autoscale",
    "Auto-scale a deployment, replica set, stateful set, or replication controller",
    run,
    use="(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu-percent=CPU] [options]",
    long="Creates a HorizontalPodAutoscaler, which sets the number of a workload's pods by their load.",
    example="kubectl autoscale deployment web --min=2 --max=10 --cpu-percent=80",
    group="Deploy Commands",
    flags=(
        *common.filename("to autoscale"),
        *common.output(),
        common.DRY_RUN,
        common.RECORD,
        common.field_manager("kubectl-autoscale"),
        Flag(
            "cpu-percent", "int32", default=-1, help="The load that the pods shall have, in percent of their requests"
        ),
        Flag("max", "int32", default=-1, required=True, help="The most pods"),
        Flag("min", "int32", default=-1, help="The fewest pods"),
        Flag("name", help="The autoscaler's name; the workload's own where it is not given"),
        Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
    ),
)
