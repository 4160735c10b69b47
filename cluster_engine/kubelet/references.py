"""ConfigMaps and Secrets that a pod needs: which of them are missing, in the kubelet's words.

Follows pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables) and pkg/volume/{configmap,secret,projected}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj

# (resource, name) -> the object, or None.
Lookup = Callable[[str, str], Obj | None]
ROOT_CA = "kube-root-ca.crt"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there. `volume` is "" for an environment variable."""

    resource: str
    name: str
    message: str
    volume: str = ""


def missing_volume(pod: Obj, lookup: Lookup) -> Missing | None:
    """The first volume that cannot be set up."""
    for volume in pod["spec"].get("volumes") or ():
        for resource, source, name in _volume_sources(volume):
            if source.get("optional") or name == ROOT_CA:
                continue
            found = lookup(resource, name)
            if found is None:
                return Missing(resource, name, f'{_word(resource)} "{name}" not found', volume["name"])
            absent = next((i["key"] for i in source.get("items") or () if i["key"] not in _keys(found)), None)
            if absent is not None:
                text = "configmap" if resource == "configmaps" else "secret"
                return Missing(resource, name, f"{text} references non-existent config key: {absent}", volume["name"])
    return None


def _volume_sources(volume: Obj) -> Iterator[tuple[str, Obj, str]]:
    if "configMap" in volume:
        yield "configmaps", volume["configMap"], volume["configMap"].get("name", "")
    if "secret" in volume:
        yield "secrets", volume["secret"], volume["secret"].get("secretName", "")
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "configMap" in source:
            yield "configmaps", source["configMap"], source["configMap"].get("name", "")
        if "secret" in source:
            yield "secrets", source["secret"], source["secret"].get("name", "")


def missing_environment(pod: Obj, container: Obj, lookup: Lookup) -> Missing | None:
    """The first environment variable that has no value."""
    namespace = pod["metadata"]["namespace"]
    for source in container.get("envFrom") or ():
        for field, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            reference = source.get(field)
            if reference and not reference.get("optional") and lookup(resource, reference["name"]) is None:
                return Missing(resource, reference["name"], f'{_word(resource)} "{reference["name"]}" not found')
    for variable in container.get("env") or ():
        value_from = variable.get("valueFrom") or {}
        for field, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            reference = value_from.get(field)
            if not reference or reference.get("optional"):
                continue
            name = reference["name"]
            found = lookup(resource, name)
            if found is None:
                return Missing(resource, name, f'{_word(resource)} "{name}" not found')
            if reference["key"] not in _keys(found):
                shown = "ConfigMap" if resource == "configmaps" else "Secret"
                return Missing(resource, name, f"couldn't find key {reference['key']} in {shown} {namespace}/{name}")
    return None


def refers_to(pod: Obj, resource: str, name: str) -> bool:
    """Whether a pod has variables or volumes of that ConfigMap or Secret."""
    fields = ("configMapRef", "configMapKeyRef") if resource == "configmaps" else ("secretRef", "secretKeyRef")
    for container in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
        for source in container.get("envFrom") or ():
            if (source.get(fields[0]) or {}).get("name") == name:
                return True
        for variable in container.get("env") or ():
            if ((variable.get("valueFrom") or {}).get(fields[1]) or {}).get("name") == name:
                return True
    volumes = pod["spec"].get("volumes") or ()
    return any(found == (resource, name) for v in volumes for found in ((r, n) for r, _, n in _volume_sources(v)))


def _word(resource: str) -> str:
    return "configmap" if resource == "configmaps" else "secret"


def _keys(obj: Obj) -> set[str]:
    return {*(obj.get("data") or ()), *(obj.get("binaryData") or ())}
