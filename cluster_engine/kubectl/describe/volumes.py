"""Volumes of pods and sources of persistent volumes. Follows describeVolumes."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe.writer import NONE, Writer


def describe(volumes: list[Obj] | None, writer: Writer, indent: str = "") -> None:
    if not volumes:
        writer.line(0, f"{indent}Volumes:", NONE)
        return
    writer.line(0, f"{indent}Volumes:")
    for volume in volumes:
        writer.line(1, f"{' ' if indent else ''}{volume['name']}:")
        source(volume, writer)


# field → (type, what it is, the fields that are shown: (title, field, default))
_SOURCES: dict[str, tuple[str, tuple[tuple[str, str, Any], ...]]] = {
    "hostPath": ("HostPath (bare host directory volume)", (("Path", "path", ""), ("HostPathType", "type", NONE))),
    "emptyDir": (
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        (("Medium", "medium", ""), ("SizeLimit", "sizeLimit", "<unset>")),
    ),
    "secret": (
        "Secret (a volume populated by a Secret)",
        (("SecretName", "secretName", ""), ("Optional", "optional", False)),
    ),
    "configMap": (
        "ConfigMap (a volume populated by a ConfigMap)",
        (("Name", "name", ""), ("Optional", "optional", False)),
    ),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        (("Server", "server", ""), ("Path", "path", ""), ("ReadOnly", "readOnly", False)),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName", "claimName", ""), ("ReadOnly", "readOnly", False)),
    ),
    "local": ("LocalVolume (a persistent volume backed by local storage on a node)", (("Path", "path", ""),)),
    "csi": (
        "CSI (a Container Storage Interface (CSI) volume source)",
        (("Driver", "driver", ""), ("FSType", "fsType", ""), ("ReadOnly", "readOnly", False)),
    ),
}


def source(volume: Obj, writer: Writer) -> None:
    """The one source that the volume has."""
    for field, (what, shown) in _SOURCES.items():
        if field in volume:
            fields = volume[field] or {}
            writer.field("Type", what, 2)
            for title, key, default in shown:
                writer.field(title, _text(fields.get(key, default)), 2)
            return
    if "downwardAPI" in volume:
        writer.line(2, "Type:", "DownwardAPI (a volume populated by information about the pod)")
        writer.line(2, "Items:")
        for item in (volume["downwardAPI"] or {}).get("items") or ():
            if "fieldRef" in item:
                writer.line(3, f"{item['fieldRef'].get('fieldPath')} -> {item.get('path')}")
    elif "projected" in volume:
        _projected(volume["projected"] or {}, writer)
    else:
        writer.line(1, "<unknown>")


def _projected(projected: Obj, writer: Writer) -> None:
    writer.field("Type", "Projected (a volume that contains injected data from multiple sources)", 2)
    for each in projected.get("sources") or ():
        if "secret" in each:
            writer.field("SecretName", each["secret"].get("name", ""), 2)
            # The old kubectl prints the pointer's zero value as its name.
            writer.field("SecretOptionalName", _pointer(each["secret"].get("optional")), 2)
        elif "downwardAPI" in each:
            writer.field("DownwardAPI", "true", 2)
        elif "configMap" in each:
            writer.field("ConfigMapName", each["configMap"].get("name", ""), 2)
            writer.field("ConfigMapOptional", _pointer(each["configMap"].get("optional")), 2)
        elif "serviceAccountToken" in each:
            writer.field("TokenExpirationSeconds", each["serviceAccountToken"].get("expirationSeconds", 3600), 2)


def _pointer(value: bool | None) -> str:
    return "<nil>" if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
