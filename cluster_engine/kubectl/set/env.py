"""`kubectl set env`. Follows k8s.io/kubectl/pkg/cmd/set/set_env.go."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.label import NEED_RESOURCES
from cluster_engine.kubectl.process import Process, Wait, read_all
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.set import change, env_source

_ARGUMENT = re.compile(r"(.+)=(.*)\Z", re.DOTALL)
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


def run(call: Invocation) -> Process:
    flags = call.flags
    if flags.on("all") and flags.string("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    resources, words = _split(call.args)
    _validate(call, resources)
    env, remove = yield from _parsed(call, [*flags.strings("env"), *words])
    env += yield from _from(call)
    env = [{**one, "name": flags.string("prefix") + one["name"]} for one in env]
    infos = yield from change.find(call, resources)

    def set_env(info: Info) -> Obj | None:
        pod_spec.path_of(info.obj)
        obj, count = change.with_containers(
            info.obj, flags.string("containers"), lambda one: _edited(call, info, one, env, remove)
        )
        if not count:
            pattern = flags.string("containers")
            call.factory.warn(f'{info.resource.kind}/{info.name} does not have any containers matching "{pattern}"')
        if flags.on("list"):
            return None
        return obj

    code = yield from change.apply(
        call, infos, set_env, operation="env updated", failure="failed to patch env update to pod template:"
    )
    return code


def _split(args: Sequence[str]) -> tuple[list[str], list[str]]:
    resources: list[str] = []
    words: list[str] = []
    for word in args:
        if _ARGUMENT.match(word) or word.endswith("-"):
            words.append(word)
        elif words:
            raise CommandError(f"all resources must be specified before environment changes: {' '.join(args)}")
        else:
            resources.append(word)
    return resources, words


def _validate(call: Invocation, resources: Sequence[str]) -> None:
    flags = call.flags
    change.check_local(call)
    if not flags.strings("filename") and not resources:
        raise CommandError(NEED_RESOURCES)
    if flags.on("list") and flags.string("output"):
        raise CommandError("--list and --output may not be specified together")
    if flags.strings("keys") and not flags.string("from"):
        raise CommandError("when specifying --keys, a configmap or secret must be provided with --from")


def _parsed(call: Invocation, words: Sequence[str]) -> Generator[Wait, None, tuple[list[Obj], list[str]]]:
    """(variables to set, names to remove); `-` reads `KEY=value` lines from standard input."""
    env: list[Obj] = []
    remove: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if word == "-":
            for line in (yield from read_all(call.factory.stdin)).splitlines():
                name, equals, value = line.partition("#")[0].partition("=")
                if equals:
                    env.append({"name": name, "value": value})
        elif equals:
            if not _NAME.match(name):
                raise CommandError(f'"{name}" is not a valid key name: {env_source.NAME_RULE}')
            env.append({"name": name, "value": value})
        elif word.endswith("-"):
            remove.append(word[:-1])
        else:
            raise CommandError(f"unknown environment variable: {word}")
    if {one["name"] for one in env} & set(remove):
        raise CommandError("can not both modify and remove the same environment variable in the same command")
    return env, remove


def _from(call: Invocation) -> Generator[Wait, None, list[Obj]]:
    """`--from`: a variable for each key of ConfigMaps and Secrets."""
    flags = call.flags
    if not flags.string("from"):
        return []
    result = yield from Builder(call.factory, [flags.string("from")], latest=True).do()
    env: list[Obj] = []
    for info in result.all_or_raise():
        kinds = {"Secret": "secretKeyRef", "ConfigMap": "configMapKeyRef"}
        if info.resource.kind not in kinds:
            raise CommandError("unsupported resource specified in --from")
        for key in sorted(info.obj.get("data") or {}):
            if flags.strings("keys") and key not in flags.strings("keys"):
                continue
            name = _NOT_IN_NAMES.sub("_", key).upper()
            if name != key:
                call.factory.warn(f"key {key} transferred to {name}")
            env.append({"name": name, "valueFrom": {kinds[info.resource.kind]: {"key": key, "name": info.name}}})
    return env


def _edited(call: Invocation, info: Info, container: Obj, env: list[Obj], remove: list[str]) -> Obj:
    present: list[Obj] = container.get("env") or []
    if not call.flags.on("overwrite"):
        values = {one["name"]: one.get("value", "") for one in present}
        for one in env:
            if one["name"] in values and values[one["name"]] != one.get("value", ""):
                raise CommandError(
                    f"'{one['name']}' already has a value ({values[one['name']]}), and --overwrite is false"
                )
    changed = _updated(present, env, remove)
    if call.flags.on("list"):
        env_source.show(call, info, container["name"], changed)
    return {**container, "env": changed}


def _updated(present: list[Obj], env: list[Obj], remove: list[str]) -> list[Obj]:
    """The variables in their order, each new value where the old one stood. Removal wins."""
    new = {one["name"]: one for one in env}
    out: list[Obj] = []
    done = set(remove)
    for one in [*present, *env]:
        if one["name"] not in done:
            replaced = new.get(one["name"], one)
            out.append(replaced)
            if one["name"] in new:
                done.add(one["name"])
    return out


COMMAND = Command(
    "env",
    "Update environment variables on a pod template",
    run,
    use="RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]",
    long="Sets environment variables (KEY=value) of containers, removes them (KEY-), or lists them.",
    example="kubectl set env deployment/web LEVEL=debug\n\nkubectl set env deployment/web "
    "--list\n\nkubectl set env deployment/web LEVEL-\n\nkubectl set env --from=configmap/settings deployment/web",
    flags=(
        *(flag for flag in change.FLAGS if flag.name != "record"),
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
