"""What could come next on a kubectl line: commands, flags and their values, types, names, containers, files.

Follows k8s.io/kubectl/pkg/util/completion. It reads through the API server, as any command.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import dig
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, resolve
from cluster_engine.kubectl.common_flags import GLOBAL
from cluster_engine.kubectl.config import kubeconfig
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag, normalized
from cluster_engine.kubectl.get import FORMATS
from cluster_engine.kubectl.root import ROOT
from cluster_engine.schema.types import types

MAX_CANDIDATES = 500
_ROLLOUT_TYPES = ["daemonset", "deployment", "statefulset"]
_VALUES: dict[str, tuple[str, ...]] = {
    "cascade": ("background", "foreground", "orphan"),
    "dry-run": ("client", "none", "server"),
    "output": tuple(sorted(FORMATS)),
    "restart": ("Always", "Never", "OnFailure"),
    "type": ("json", "merge", "strategic"),
    "validate": ("ignore", "strict", "warn"),
}
_POD_OWNERS = ("daemonset", "deployment", "job", "replicaset", "service", "statefulset")
_FILE_FLAGS = ("filename", "patch-file", "from-file", "from-env-file", "cert", "key")


def complete(factory: Factory, words: Sequence[str], partial: str) -> list[str]:
    """Whole words that begin with `partial` and could follow `words` (the program's name left out)."""
    try:
        found = _candidates(factory, words, partial)
    except (ApiError, CommandError):
        return []
    return sorted({candidate for candidate in found if candidate.startswith(partial)})[:MAX_CANDIDATES]


def _candidates(factory: Factory, words: Sequence[str], partial: str) -> list[str]:
    command, path, rest = resolve(ROOT, words, GLOBAL)
    flags = {flag.name: flag for flag in (*command.flags, *GLOBAL)}
    by_letter = {flag.shorthand: flag for flag in flags.values() if flag.shorthand}
    if not factory.explicit_namespace:
        factory.namespace = kubeconfig.namespace_of(factory.files, "")
    factory.namespace = _namespace(rest) or factory.namespace
    awaited = _awaits_value(rest[-1], flags, by_letter) if rest else None
    if awaited is not None:
        if awaited.name in ("output", "sort-by", "field-selector"):
            return _about_fields(factory, awaited.name, _positional(rest[:-1], flags, by_letter), partial)
        if awaited.name == "container" and command.completes == "pods":
            found = _positional(rest[:-1], flags, by_letter)
            return _containers(factory, found[0]) if found else []
        return _values(factory, awaited)
    if partial.startswith("--") and "=" in partial:
        name, _, _ = partial[2:].partition("=")
        flag = flags.get(normalized(name))
        if flag is not None and flag.name in ("output", "sort-by", "field-selector"):
            args = _positional(rest, flags, by_letter)
            typed = partial[len(f"--{name}=") :]
            return [f"--{name}={value}" for value in _about_fields(factory, flag.name, args, typed)]
        return [f"--{name}={value}" for value in _values(factory, flag)] if flag else []
    if partial.startswith("-"):
        return _flag_names(command, partial)
    return _arguments(factory, command, path, _positional(rest, flags, by_letter), partial)


def _arguments(factory: Factory, command: Command, path: str, args: list[str], partial: str) -> list[str]:
    """What could stand as the next word of a command."""
    if command.commands and not args:
        return [child.name for child in command.commands if not child.hidden]
    if path.endswith("explain") and "." in partial:
        return _field_paths(factory, partial)
    if command.completes == "files":
        return factory.files.list()
    if command.completes == "contexts":
        return [str(one["name"]) for one in kubeconfig.load(factory.files)["contexts"]]
    if command.completes == "nodes":
        return _nodes(factory, path, args)
    if command.completes == "pods":
        return _pods(factory, path, args, partial)
    if command.completes == "resources" and command.run is not None:
        return _resources(factory, path, args, partial)
    return []


def _about_fields(factory: Factory, flag: str, args: Sequence[str], partial: str) -> list[str]:
    """Values of `-o`, `--sort-by` and `--field-selector`, with the paths of the asked type's fields."""
    if flag == "output":
        head, equals, path = partial.partition("=")
        if not equals:
            return list(_VALUES["output"])
        if head not in ("jsonpath", "custom-columns"):
            return []
        before, brace, inside = path.rpartition("{" if head == "jsonpath" else ":")
        if not brace:
            return [f"{head}={{."] if head == "jsonpath" else []
        base = "" if inside.startswith(".items") or not args or len(args) == 1 else inside
        found = _paths(factory, args, (base or inside).removeprefix(".items[*]").lstrip("."))
        items = ".items[*]" if inside.startswith(".items[*]") else ""
        return [f"{head}={before}{brace}{items}.{one}" for one in found]
    if flag == "sort-by":
        return [f".{one}" for one in _paths(factory, args, partial.lstrip("."))]
    names = ["metadata.name", "metadata.namespace"]
    if args and args[0].partition("/")[0].startswith("po"):
        names += ["spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP"]
    if args and args[0].startswith("ev"):
        names += ["involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "reason", "type"]
    return [f"{one}=" for one in names]


def _field_paths(factory: Factory, partial: str) -> list[str]:
    """`deploy.spec.str` as the paths that it could become, for `explain`."""
    head, _, rest = partial.partition(".")
    return [f"{head}.{one}" for one in _paths(factory, [head], rest)]


def _paths(factory: Factory, args: Sequence[str], partial: str) -> list[str]:
    """The paths below a type's fields that begin so, one level further."""
    if not args:
        return []
    resource = factory.mapper.resource(args[0].partition("/")[0].partition(",")[0])
    type_ = types.for_kind(resource.api_version, resource.kind)
    before, dot, _ = partial.rpartition(".")
    for name in before.split(".") if before else ():
        found = type_.fields.get(name.partition("[")[0]) if type_ is not None else None
        if found is None:
            return []
        type_ = types.get(found.type.object_name)
    return [f"{before}{dot}{name}" for name in sorted(type_.fields)] if type_ is not None else []


def _namespace(words: Sequence[str]) -> str:
    """What `-n` says on the line so far."""
    for index, word in enumerate(words):
        if word in ("-n", "--namespace") and index + 1 < len(words):
            return words[index + 1]
        for head in ("--namespace=", "-n="):
            if word.startswith(head):
                return word[len(head) :]
    return ""


def _awaits_value(word: str, flags: dict[str, Flag], by_letter: dict[str, Flag]) -> Flag | None:
    flag = None
    if word.startswith("--") and "=" not in word:
        flag = flags.get(normalized(word[2:]))
    elif len(word) == 2 and word.startswith("-"):
        flag = by_letter.get(word[1])
    return flag if flag is not None and flag.optional_value is None else None


def _values(factory: Factory, flag: Flag) -> list[str]:
    if flag.name == "namespace":
        return _names(factory, "namespaces")
    if flag.name == "context":
        return [str(one["name"]) for one in kubeconfig.load(factory.files)["contexts"]]
    if flag.name in _FILE_FLAGS:
        return factory.files.list()
    return list(_VALUES.get(flag.name, ()))


def _flag_names(command: Command, partial: str) -> list[str]:
    shown = [flag for flag in (*command.flags, *GLOBAL) if not flag.hidden and not flag.deprecated]
    names = [f"--{flag.name}" if flag.optional_value is not None else f"--{flag.name}=" for flag in shown]
    if partial == "-":
        names += [f"-{flag.shorthand}" for flag in command.flags if flag.shorthand]
    return [*names, "--help"]


def _positional(words: Sequence[str], flags: dict[str, Flag], by_letter: dict[str, Flag]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            skip = _awaits_value(word, flags, by_letter) is not None
        else:
            found.append(word)
    return found


def _resources(factory: Factory, path: str, args: Sequence[str], partial: str) -> list[str]:
    if not args:
        return _types_or_named(factory, path, partial)
    head = args[0]
    if "/" in head or len(args) > 1:
        return _more_names(factory, path, args)
    if "," in head:
        return []
    return _names(factory, factory.mapper.resource(head).group_resource)


def _nodes(factory: Factory, path: str, args: Sequence[str]) -> list[str]:
    """`taint node NAME`, `drain NAME`."""
    if path.endswith("taint") and not args:
        return ["node", "nodes"]
    return [name for name in _names(factory, "nodes") if name not in args]


def _pods(factory: Factory, path: str, args: Sequence[str], partial: str) -> list[str]:
    """A pod, or TYPE/NAME; after it the containers, for `logs`."""
    if not args:
        if "/" in partial:
            return _types_or_named(factory, path, partial)
        return [*_names(factory, "pods"), *(f"{type_}/" for type_ in _POD_OWNERS)]
    return _containers(factory, args[0]) if path.endswith("logs") and len(args) == 1 else []


def _containers(factory: Factory, word: str) -> list[str]:
    type_, slash, name = word.partition("/")
    resource = factory.mapper.resource(type_ if slash else "pods")
    spec = pod_spec.of(factory.get(resource, factory.namespace, name if slash else word))
    fields = ("containers", "initContainers", "ephemeralContainers")
    return [one["name"] for field in fields for one in spec.get(field) or ()]


def _types_or_named(factory: Factory, path: str, partial: str) -> list[str]:
    type_, slash, _ = partial.partition("/")
    if slash:
        resource = factory.mapper.resource(type_)
        return [f"{type_}/{name}" for name in _names(factory, resource.group_resource)]
    if path.startswith("kubectl rollout"):
        return _ROLLOUT_TYPES
    before, comma, _ = partial.rpartition(",")
    types = [resource.plural for resource in factory.mapper.resources()]
    short = [name for resource in factory.mapper.resources() for name in resource.short_names] if partial else []
    categories = ["all"] if path == "kubectl get" else []
    return [before + comma + type_ for type_ in (*types, *short, *categories)]


def _more_names(factory: Factory, path: str, args: Sequence[str]) -> list[str]:
    """Further names of the type, or the containers of the object that `set` is about."""
    type_, slash, name = args[0].partition("/")
    if not slash:
        name = args[1] if len(args) > 1 else ""
    resource = factory.mapper.resource(type_)
    if path.startswith("kubectl set"):
        obj = factory.get(resource, factory.namespace, name)
        return (
            [f"{container['name']}=" for container in dig(pod_spec.of(obj), "containers", default=[])]
            if path.endswith("image")
            else []
        )
    names = _names(factory, resource.group_resource)
    return [f"{type_}/{each}" for each in names] if slash else [each for each in names if each not in args[1:]]


def _names(factory: Factory, group_resource: str) -> list[str]:
    resource = factory.mapper.get(group_resource)
    if resource is None:
        return []
    body = factory.request("list", resource, factory.namespace if resource.namespaced else "", accept="partial")
    return [item["metadata"]["name"] for item in body["items"]]
