"""`kubectl set env`. Follows k8s.io/kubectl/pkg/cmd/set/set_env.go."""

from __future__ import annotations

import re

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.label import NEED_RESOURCES
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.set import change

_PAIR = re.compile(r"[^=]+=.*\Z|.+-\Z", re.DOTALL)


def run(call: Invocation) -> Process:
    flags = call.flags
    resources = [word for word in call.args if not _PAIR.match(word)]
    words = [word for word in call.args if _PAIR.match(word)] + flags.strings("env")
    if not resources and not flags.strings("filename"):
        raise CommandError(NEED_RESOURCES)
    if flags.string("from") or flags.on("resolve"):
        raise CommandError("the terminal's kubectl does not have --from and --resolve yet")
    if flags.on("list") or not words:
        return (yield from _list(call, resources))
    new = {key: value for key, _, value in (word.partition("=") for word in words if "=" in word)}
    remove = [word[:-1] for word in words if "=" not in word]
    pattern = flags.string("containers")

    def set_env(spec: Obj) -> tuple[Obj | None, list[Exception]]:
        containers = pod_spec.selected(spec.get("containers") or [], pattern)
        if not containers:
            return None, [CommandError(f'error: does not have any containers matching "{pattern}"')]
        changes: dict[str, dict[str, Obj]] = {"containers": {}}
        for container in containers:
            patch = _env_patch(container.get("env") or [], new, remove, overwrite=flags.on("overwrite"))
            if patch:
                changes["containers"][container["name"]] = patch
        return change.container_patch(spec, changes), []

    return (
        yield from change.run(call, resources, set_env, operation="env updated", failure="env update to pod template")
    )


def _env_patch(env: list[Obj], new: dict[str, str], remove: list[str], *, overwrite: bool) -> Obj | None:
    present = {entry["name"]: entry for entry in env}
    if not overwrite:
        taken = sorted(set(new) & set(present))
        if taken:
            raise CommandError(
                f"'{taken[0]}' already has a value ({present[taken[0]].get('value', '')}), and --overwrite is false"
            )
    entries: list[Obj] = []
    for name, value in new.items():
        if present.get(name) != {"name": name, "value": value}:
            entry: Obj = {"name": name, "value": value}
            entries.append({**entry, "valueFrom": None} if "valueFrom" in present.get(name, {}) else entry)
    entries += [{"name": name, "$patch": "delete"} for name in remove if name in present]
    if not entries:
        return None
    order = [name for name in [*present, *(key for key in new if key not in present)] if name not in remove]
    return {"$setElementOrder/env": [{"name": name} for name in order], "env": entries}


def _list(call: Invocation, resources: list[str]) -> Process:
    result = yield from Builder.of(call.factory, call.flags, resources, latest=True).do()
    infos, errors = result.infos()
    for info in infos:
        for container in pod_spec.selected(
            pod_spec.of(info.obj).get("containers") or [], call.flags.string("containers")
        ):
            call.factory.out.line(f"# {info.resource.plural}/{info.name}, container {container['name']}")
            for entry in container.get("env") or ():
                shown = f"{entry['name']}={entry.get('value', '')}"
                call.factory.out.line(
                    f"# {entry['name']} from {_source(entry['valueFrom'])}" if "valueFrom" in entry else shown
                )
    raise_all(errors)
    return 0


def _source(value: Obj) -> str:
    """Where a value comes from, as resolve.go words it."""
    if "fieldRef" in value:
        return f"field path {value['fieldRef'].get('fieldPath')}"
    if "configMapKeyRef" in value:
        return f"configmap {value['configMapKeyRef'].get('name')}, key {value['configMapKeyRef'].get('key')}"
    if "secretKeyRef" in value:
        return f"secret {value['secretKeyRef'].get('name')}, key {value['secretKeyRef'].get('key')}"
    return "invalid valueFrom"


COMMAND = Command(
    "env",
    "Update environment variables on a pod template",
    run,
    use="RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]",
    long="Sets environment variables (KEY=value) of containers, removes them (KEY-), or lists them.",
    example="kubectl set env deployment/web LEVEL=debug\n\nkubectl set env deployment/web "
    "--list\n\nkubectl set env deployment/web LEVEL-",
    flags=(
        *change.FLAGS,
        Flag("containers", default="*", shorthand="c", help="Which containers; * stands for anything"),
        Flag("env", "stringArray", shorthand="e", help="A variable, as KEY=value"),
        Flag("from", help="A ConfigMap or Secret to take variables from"),
        Flag("list", "bool", help="Shows the variables"),
        Flag("overwrite", "bool", default=True, help="Lets variables change that are there already"),
        Flag("resolve", "bool", help="Shows what references stand for"),
        Flag("prefix", help="What goes before each name"),
        Flag("keys", "stringSlice", help="Which keys to take"),
    ),
)
