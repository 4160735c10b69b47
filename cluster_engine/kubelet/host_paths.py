"""What a hostPath volume has to be. Follows pkg/volume/hostpath/host_path.go (checkType)."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.containers.files import Device, Directory, File, Inode
from cluster_engine.kubelet.interfaces import Host

_WORDS = {
    "Directory": "a directory",
    "DirectoryOrCreate": "a directory",
    "File": "a file",
    "FileOrCreate": "a file",
    "Socket": "a socket file",
    "CharDevice": "a character device",
    "BlockDevice": "a block device",
}


def type_fault(pod: Obj, host: Host) -> tuple[str, str] | None:
    """(volume, why) of the first hostPath volume that is not of its type; None where all are, or will be made."""
    for volume in pod["spec"].get("volumes") or ():
        source = volume.get("hostPath") or {}
        type_, path = source.get("type") or "", source.get("path", "")
        if not type_ or _fits(type_, _find(host.node_disk.root, path)):
            continue
        return volume["name"], f"hostPath type check failed: {path} is not {_WORDS[type_]}"
    return None


def _find(root: Directory, path: str) -> Inode | None:
    here: Inode | None = root
    for part in path.split("/"):
        if part and here is not None:
            here = here.get(part) if isinstance(here, Directory) else None
    return here


def _fits(type_: str, found: Inode | None) -> bool:
    if found is None:
        return type_.endswith("OrCreate")
    if type_.startswith("Directory"):
        return isinstance(found, Directory)
    if type_.startswith("File"):
        return isinstance(found, File) and not isinstance(found, Device)
    return type_ == "CharDevice" and isinstance(found, Device)
