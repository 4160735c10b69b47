"""Where a variable's value comes from, in words and by its value. Follows pkg/cmd/set/env/env_resolve.go."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.resource.mapper import Info

NAME_RULE = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    "'[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


def show(call: Invocation, info: Info, container: str, env: Sequence[Obj]) -> None:
    """`--list` of one container. Raises CommandError when `--resolve` could not."""
    out = call.factory.out
    out.line(f"# {info.resource.kind} {info.name}, container {container}")
    faults: dict[str, list[str]] = {}
    for one in env:
        source = one.get("valueFrom")
        if not source:
            out.line(f"{one['name']}={one.get('value', '')}")
            continue
        if call.flags.on("resolve"):
            try:
                out.line(f"{one['name']}={_value(call, info, source)}")
                continue
            except (ApiError, CommandError) as error:
                faults.setdefault(error.message, []).append(one["name"])
        out.line(f"# {one['name']} from {words(source)}")
    lines = [f"error retrieving reference for {', '.join(sorted(names))}: {why}" for why, names in faults.items()]
    for line in sorted(lines):
        call.factory.err.line(line)


def words(source: Obj) -> str:
    if "configMapKeyRef" in source:
        return f"configmap {source['configMapKeyRef'].get('name')}, key {source['configMapKeyRef'].get('key')}"
    if "secretKeyRef" in source:
        return f"secret {source['secretKeyRef'].get('name')}, key {source['secretKeyRef'].get('key')}"
    if "fieldRef" in source:
        return f"field path {source['fieldRef'].get('fieldPath')}"
    if "resourceFieldRef" in source:
        reference = source["resourceFieldRef"]
        prefix = f"{reference['containerName']}/" if reference.get("containerName") else ""
        return f"resource field {prefix}{reference.get('resource')}"
    return "invalid valueFrom"


def _amount(info: Info, reference: Obj) -> str:
    """Follows ExtractContainerResourceValue."""
    containers = pod_spec.of(info.obj).get("containers") or []
    wanted = reference.get("containerName") or ""
    container: Obj = next((one for one in containers if wanted in ("", one["name"])), {})
    return pod_spec.resource_amount(reference, container)


def _value(call: Invocation, info: Info, source: Obj) -> str:
    for field, plural, word in (
        ("secretKeyRef", "secrets", "secret"),
        ("configMapKeyRef", "configmaps", "config map"),
    ):
        if field in source:
            name, key = source[field].get("name", ""), source[field].get("key", "")
            resource = call.factory.mapper.resource(plural)
            data = call.factory.get(resource, call.factory.namespace, name).get("data") or {}
            if key not in data:
                raise CommandError(f"key {key} not found in {word} {name}")
            return base64.b64decode(data[key]).decode(errors="replace") if plural == "secrets" else str(data[key])
    if "fieldRef" in source:
        path = source["fieldRef"].get("fieldPath", "")
        if path in ("metadata.name", "metadata.namespace", "metadata.uid"):
            return str(dig(info.obj, *path.split("."), default=""))
        raise CommandError(f"unsupported fieldPath: {path}")
    if "resourceFieldRef" in source:
        return _amount(info, source["resourceFieldRef"])
    raise CommandError("invalid valueFrom")
