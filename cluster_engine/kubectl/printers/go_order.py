"""The order in which Go writes the fields of a struct: that of their protobuf numbers, but for a few younger ones."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

# (type, field) -> the field after which it stands, where its number does not say so.
_AFTER = {
    ("PodSpec", "initContainers"): "volumes",
    ("PodSpec", "ephemeralContainers"): "containers",
    ("Container", "envFrom"): "ports",
    ("Container", "resizePolicy"): "resources",
    ("Container", "restartPolicy"): "resizePolicy",
    ("Container", "volumeDevices"): "volumeMounts",
    ("Container", "startupProbe"): "readinessProbe",
    ("Container", "terminationMessagePolicy"): "terminationMessagePath",
    ("JobSpec", "backoffLimit"): "activeDeadlineSeconds",
    ("CronJobSpec", "timeZone"): "schedule",
    ("ServiceSpec", "clusterIPs"): "clusterIP",
}
# Types whose fields stand in another order than their numbers.
_WHOLE = {"OwnerReference": ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")}
_FIRST = ("kind", "apiVersion")


@lru_cache(maxsize=1)
def _facts() -> Any:
    text = resources.files("cluster_engine.schema").joinpath("facts/protobuf-fields.json").read_text(encoding="utf-8")
    return json.loads(text)


@lru_cache(maxsize=1024)
def order_of(type_name: str) -> dict[str, int]:
    """Field name to its place among the fields of a type; {} where nothing is known."""
    fields = _facts().get(type_name.replace("io.k8s.", "k8s.io.", 1), {})
    names = [fields[number][0] for number in sorted(fields, key=int)]
    kind = type_name.rpartition(".")[2]
    if kind in _WHOLE:
        return {name: place for place, name in enumerate(_WHOLE[kind])}
    # A reference that Go embeds is a name in JSON.
    names = ["name" if name == "localObjectReference" else name for name in names]
    for (owner, field), before in _AFTER.items():
        if owner == kind and field in names and before in names:
            names.remove(field)
            names.insert(names.index(before) + 1, field)
    return {name: place for place, name in enumerate([*_FIRST, *names])}
