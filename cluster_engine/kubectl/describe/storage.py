"""PersistentVolumes and their claims. Follows describePersistentVolume and describePersistentVolumeClaim."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.labels import format_labels
from cluster_engine.apimachinery.meta import Obj, deleting, dig
from cluster_engine.apimachinery.times import age
from cluster_engine.kubectl.describe import volumes
from cluster_engine.kubectl.describe.writer import NONE, Writer, go_list
from cluster_engine.kubectl.factory import Factory

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(modes: list[str] | None) -> str:
    return ",".join(word for mode, word in _MODES.items() if mode in (modes or ()))


def _phase(factory: Factory, obj: Obj) -> Any:
    if deleting(obj):
        return f"Terminating (lasts {age(obj['metadata']['deletionTimestamp'], factory.now_us)})"
    return (obj.get("status") or {}).get("phase", "")


_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def volume(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec = obj["metadata"], obj["spec"]
    writer.head(obj, namespaced=False)
    writer.field("Finalizers", go_list(meta.get("finalizers")))
    writer.field("StorageClass", spec.get("storageClassName", ""))
    writer.field("Status", _phase(factory, obj))
    claim = spec.get("claimRef")
    writer.field("Claim", f"{claim.get('namespace')}/{claim.get('name')}" if claim else "")
    writer.field("Reclaim Policy", spec.get("persistentVolumeReclaimPolicy", ""))
    writer.field("Access Modes", _modes(spec.get("accessModes")))
    if spec.get("volumeMode"):
        writer.field("VolumeMode", spec["volumeMode"])
    writer.field("Capacity", dig(spec, "capacity", "storage", default="0"))
    _affinity(dig(spec, "nodeAffinity", "required"), writer)
    writer.field("Message", (obj.get("status") or {}).get("message", ""))
    writer.line(0, "Source:")
    volumes.source(spec, writer)


def _affinity(required: Obj | None, writer: Writer) -> None:
    if required is None:
        writer.field("Node Affinity", NONE)
        return
    writer.field("Node Affinity", "")
    terms = required.get("nodeSelectorTerms") or []
    writer.field("Required Terms", "" if terms else NONE, 1)
    for index, term in enumerate(terms):
        expressions = []
        for one in term.get("matchExpressions") or ():
            text = f"{one['key']} {one['operator'].lower()}"
            expressions.append(f"{text} [{', '.join(one['values'])}]" if one.get("values") else text)
        writer.field(f"Term {index}", expressions[0] if expressions else NONE, 2)
        for text in expressions[1:]:
            writer.line(2, "", text)


def claim(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    writer.field("StorageClass", spec.get("storageClassName", ""))
    writer.field("Status", _phase(factory, obj))
    bound = bool(spec.get("volumeName"))
    writer.field("Volume", spec.get("volumeName", ""))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    writer.field("Finalizers", go_list(meta.get("finalizers")))
    writer.field("Capacity", dig(status, "capacity", "storage", default="0") if bound else "")
    writer.field("Access Modes", _modes(status.get("accessModes")) if bound else "")
    if spec.get("volumeMode"):
        writer.field("VolumeMode", spec["volumeMode"])
    writer.lines("Used By", sorted(_users(factory, meta["namespace"], meta["name"])))


def _users(factory: Factory, namespace: str, name: str) -> list[str]:
    return [
        pod["metadata"]["name"]
        for pod in factory.list("pods", namespace)
        if any(dig(one, "persistentVolumeClaim", "claimName") == name for one in pod["spec"].get("volumes") or ())
    ]


def storage_class(factory: Factory, obj: Obj, writer: Writer) -> None:
    annotations = obj["metadata"].get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    writer.field("Name", obj["metadata"]["name"])
    writer.field("IsDefaultClass", "Yes" if default else "No")
    writer.field("Annotations", format_labels(annotations))
    writer.field("Provisioner", obj.get("provisioner", ""))
    writer.field("Parameters", format_labels(obj.get("parameters")))
    expansion = obj.get("allowVolumeExpansion")
    writer.field("AllowVolumeExpansion", "<unset>" if expansion is None else str(bool(expansion)))
    if not obj.get("mountOptions"):
        writer.field("MountOptions", "<none>")
    else:
        writer.line(0, "MountOptions:")
        for option in obj["mountOptions"]:
            writer.line(1, option)
    for title, field in (("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")):
        if obj.get(field):
            writer.field(title, obj[field])
