"""`kubectl set resources`. Follows k8s.io/kubectl/pkg/cmd/set/set_resources.go."""

from __future__ import annotations

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.set import change


def run(call: Invocation) -> Process:
    flags = call.flags
    infos = yield from change.find(call, call.args)
    change.check_local(call)
    if flags.on("all") and flags.string("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    if not flags.string("limits") and not flags.string("requests"):
        raise CommandError("you must specify an update to requests or limits (in the form of --requests/--limits)")
    wanted = {field: amounts(flags.string(field)) for field in ("limits", "requests") if flags.string(field)}
    pattern = flags.string("containers")
    missing: list[Exception] = []

    def edit(container: Obj) -> Obj:
        present = container.get("resources") or {}
        changed = {field: {**(present.get(field) or {}), **new} for field, new in wanted.items()}
        return {**container, "resources": {**present, **changed}}

    def set_resources(info: Info) -> Obj | None:
        pod_spec.path_of(info.obj)
        obj, count = change.with_containers(info.obj, pattern, edit)
        if not count:
            missing.append(CommandError(f"error: unable to find container named {pattern}"))
            return None
        return obj

    try:
        return (
            yield from change.apply(
                call,
                infos,
                set_resources,
                operation="resource requirements updated",
                failure="failed to patch resources update to pod template",
            )
        )
    finally:
        raise_all(missing)


def amounts(text: str) -> dict[str, str]:
    """`cpu=200m,memory=512Mi` as a resource list. Raises CommandError in kubectl's words."""
    found: dict[str, str] = {}
    for part in text.split(",") if text else ():
        name, equals, amount = part.partition("=")
        if not equals or "=" in amount:
            raise CommandError(f"Invalid argument syntax {part}, expected <resource>=<value>")
        try:
            found[name] = quantity.canonical(amount)
        except quantity.QuantityError as error:
            raise CommandError(str(error)) from None
    return found


COMMAND = Command(
    "resources",
    "Update resource requests/limits on objects with pod templates",
    run,
    use="(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS] [options]",
    long="Sets what containers ask for (requests) and may use at most (limits).",
    example="kubectl set resources deployment web -c=nginx --limits=cpu=200m,memory=512Mi",
    flags=(
        *change.FLAGS,
        Flag("containers", default="*", shorthand="c", help="Which containers; * stands for anything"),
        Flag("limits", help="The most, such as cpu=200m,memory=512Mi"),
        Flag("requests", help="What is asked for"),
    ),
)
