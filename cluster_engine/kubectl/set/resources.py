"""`kubectl set resources`. Follows k8s.io/kubectl/pkg/cmd/set/set_resources.go."""

from __future__ import annotations

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.set import change


def run(call: Invocation) -> Process:
    flags = call.flags
    if flags.on("all") and flags.string("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    if not flags.string("limits") and not flags.string("requests"):
        raise CommandError("you must specify an update to requests or limits (in the form of --requests/--limits)")
    wanted = {field: _amounts(flags.string(field)) for field in ("limits", "requests") if flags.string(field)}
    pattern = flags.string("containers")

    def set_resources(spec: Obj) -> tuple[Obj | None, list[Exception]]:
        containers = pod_spec.selected(spec.get("containers") or [], pattern)
        if not containers:
            return None, [CommandError(f'error: unable to find container named "{pattern}"')]
        changes: dict[str, dict[str, Obj]] = {"containers": {}}
        for container in containers:
            present = container.get("resources") or {}
            fields = {
                field: amounts for field, amounts in wanted.items() if not _same(present.get(field) or {}, amounts)
            }
            if fields:
                changes["containers"][container["name"]] = {"resources": fields}
        return change.container_patch(spec, changes), []

    return (
        yield from change.run(
            call,
            call.args,
            set_resources,
            operation="resource requirements updated",
            failure="limit update to pod template",
        )
    )


def _amounts(text: str) -> dict[str, str]:
    """`cpu=200m,memory=512Mi`. Follows generateversioned.HandleResourceRequirementsV1."""
    amounts: dict[str, str] = {}
    for part in text.split(","):
        name, equals, amount = part.partition("=")
        if not equals or "=" in amount:
            raise CommandError(f"Invalid argument syntax {part}, expected <resource>=<quantity>")
        try:
            amounts[name] = quantity.canonical(amount)
        except quantity.QuantityError as error:
            raise CommandError(str(error)) from None
    return amounts


def _same(present: Obj, wanted: dict[str, str]) -> bool:
    return all(name in present and quantity.compare(present[name], amount) == 0 for name, amount in wanted.items())


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
