"""The volumes of a pod, and what is mounted into its containers. Follows pkg/volume and pkg/kubelet/kubelet_pods.go."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.containers import volumes
from cluster_engine.containers.files import Directory, File, Inode, Mount, Space
from cluster_engine.containers.volumes import Volume
from cluster_engine.kubelet.inside import environment, fields
from cluster_engine.kubelet.references import ROOT_CA

if TYPE_CHECKING:
    from cluster_engine.containers.filesystem import FileSystem
    from cluster_engine.kubelet.interfaces import Sandbox

DEFAULT_MODE = 0o644
# No disk is smaller, whatever was asked for.
MIN_VOLUME_BYTES = 1024 * 1024
MAX_EMPTY_DIR_BYTES = 8 * 1024 * 1024
# How often the kubelet looks at local storage.
MONITOR_SECONDS = 10.0
_PROVISIONED = "pv.kubernetes.io/provisioned-by"


@dataclass(slots=True)
class _Source:
    """One ConfigMap, Secret or the like that a volume is made of, with what it was made of last."""

    obj: Obj | None
    resource: str


class PodVolumes:
    """The volumes of one pod, made when they are first mounted."""

    def __init__(self, worker: Sandbox) -> None:
        self.worker = worker
        self._volumes: dict[str, Volume] = {}
        self._made_of: dict[str, tuple[int, ...]] = {}

    def mount_all(self, fs: FileSystem, container: Obj, env: dict[str, str]) -> None:
        """Mounts what a container's `volumeMounts` say."""
        by_name = {volume["name"]: volume for volume in self.worker.pod["spec"].get("volumes") or ()}
        # A mount within another one has to come after it.
        for mount in sorted(container.get("volumeMounts") or (), key=lambda mount: mount["mountPath"].count("/")):
            spec = by_name.get(mount["name"])
            if spec is None:
                continue
            volume = self.open(spec)
            target: Inode = volume.root
            path = mount.get("subPath") or environment.expand(mount.get("subPathExpr") or "", env)
            if path:
                target = volumes.sub_path(volume, path)
            read_only = bool(mount.get("readOnly")) or self._is_read_only(spec)
            where = posixpath.normpath("/" + mount["mountPath"])
            fs.mount(where, Mount(target, volume.space, read_only=read_only, source_name=volume.source_name))

    @staticmethod
    def _is_read_only(spec: Obj) -> bool:
        if any(kind in spec for kind in ("configMap", "secret", "downwardAPI", "projected")):
            return True
        return bool((spec.get("persistentVolumeClaim") or {}).get("readOnly"))

    def open(self, spec: Obj) -> Volume:
        """The volume of an entry of the pod's `volumes`."""
        name = spec["name"]
        volume = self._volumes.get(name)
        if volume is None:
            volume = self._volumes[name] = self._make(spec)
            volume.space.listeners.append(self.worker.inside.changed)
            if isinstance(volume.root, Directory) and not volume.root.mtime_us:
                volume.root.mtime_us = self.worker.now_us
        return volume

    def _make(self, spec: Obj) -> Volume:
        worker, host = self.worker, self.worker.host
        disks = host.infrastructure.disks
        if "hostPath" in spec:
            return self._host_path(spec["hostPath"])
        if "persistentVolumeClaim" in spec:
            return self._claimed(spec["persistentVolumeClaim"].get("claimName", ""))
        if "ephemeral" in spec:
            return self._claimed(f"{worker.pod['metadata']['name']}-{spec['name']}")
        if any(kind in spec for kind in ("configMap", "secret", "downwardAPI", "projected")):
            return Volume(f"pod/{worker.uid}/{spec['name']}", self._tree_of(spec), Space(), "tmpfs")
        source = spec.get("emptyDir") or {}
        limit, in_memory = source.get("sizeLimit"), source.get("medium") == "Memory"
        most = quantity.value(limit) if limit else 0
        limit_bytes = min(most, MAX_EMPTY_DIR_BYTES) if most and in_memory else MAX_EMPTY_DIR_BYTES
        volume = disks.open(f"pod/{worker.uid}/{spec['name']}", limit_bytes=limit_bytes)
        if most and not in_memory:
            self._watch_size(volume, spec["name"], str(limit))
        group = (worker.pod["spec"].get("securityContext") or {}).get("fsGroup")
        if group is not None:
            volume.root.gid, volume.root.mode = int(group), 0o2777
        if in_memory:
            volume.source_name = "tmpfs"
        return volume

    def _watch_size(self, volume: Volume, name: str, limit: str) -> None:
        """A disk lets more in than the limit says; the kubelet evicts the pod when it looks next.

        Follows pkg/kubelet/eviction/eviction_manager.go (emptyDirLimitEviction).
        """
        most, planned = quantity.value(limit), False

        def look() -> None:
            nonlocal planned
            planned = False
            if volume.space.used_bytes > most and not self.worker.terminating:
                self.worker.evict(f'Usage of EmptyDir volume "{name}" exceeds the limit "{limit}". ')

        def changed() -> None:
            nonlocal planned
            if volume.space.used_bytes > most and not planned:
                planned = True
                worker = self.worker
                seconds = worker.host.rng.uniform(0.5, MONITOR_SECONDS)
                worker.plan(seconds, look, f"size of the volume {name}")
                worker.rearm()

        volume.space.listeners.append(changed)

    def _host_path(self, source: Obj) -> Volume:
        """A place on the node's own disk."""
        node = self.worker.host.node_disk
        path = source.get("path", "/").strip("/")
        here: Inode = node.root
        wants_file = (source.get("type") or "").startswith("File")
        parts = [part for part in path.split("/") if part]
        for index, part in enumerate(parts):
            assert isinstance(here, Directory)
            entry = here.get(part)
            if entry is None:
                entry = File(b"") if wants_file and index == len(parts) - 1 else Directory()
                here.entries[part] = entry
                node.space.changed()
            here = entry
            if not isinstance(here, Directory):
                break
        if isinstance(here, Directory):
            return Volume(f"node/{path}", here, node.space)
        # A file is mounted as it is: a volume whose root is not a directory.
        holder = Volume(f"node/{path}", Directory(), node.space)
        holder.root = here  # type: ignore[assignment]
        return holder

    def _claimed(self, claim_name: str) -> Volume:
        """The contents of a persistent volume, which outlive the pod."""
        worker = self.worker
        claim = worker.lookup("persistentvolumeclaims", claim_name) or {}
        pv_name = (claim.get("spec") or {}).get("volumeName", "")
        pv = worker.host.source("persistentvolumes", "", pv_name) if pv_name else None
        spec = (pv or {}).get("spec") or {}
        is_provisioned = _PROVISIONED in ((pv or {}).get("metadata", {}).get("annotations") or {})
        for kind in ("hostPath", "local"):
            if kind in spec and not is_provisioned:
                return self._host_path(spec[kind])
        worker.host.infrastructure.follow_volumes()
        capacity = (spec.get("capacity") or {}).get("storage")
        wanted = max(quantity.value(capacity), MIN_VOLUME_BYTES) if capacity else volumes.MAX_VOLUME_BYTES
        limit_bytes = min(wanted, volumes.MAX_VOLUME_BYTES)
        return worker.host.infrastructure.disks.open(f"pv/{pv_name or claim_name}", limit_bytes=limit_bytes)

    # Volumes made of API objects.

    def refresh(self) -> None:
        """Brings those that follow a ConfigMap or a Secret up to date."""
        for spec in self.worker.pod["spec"].get("volumes") or ():
            volume = self._volumes.get(spec["name"])
            if volume is None or not any(kind in spec for kind in ("configMap", "secret", "downwardAPI", "projected")):
                continue
            made_of = self._sources(spec)
            if made_of != self._made_of.get(spec["name"]):
                fresh = self._tree_of(spec)
                volume.root.entries = fresh.entries
                volume.space.changed()

    def _sources(self, spec: Obj) -> tuple[int, ...]:
        """What tells whether a volume is up to date: the identities of the objects that it is made of."""
        found = []
        for source in _sources_of(spec):
            for kind, resource, key in (("configMap", "configmaps", "name"), ("secret", "secrets", "secretName")):
                if kind in source:
                    obj = self._seen(resource, source[kind].get(key) or source[kind].get("name", ""))
                    found.append(id(obj))
            if "downwardAPI" in source:
                found.append(id(self.worker.pod["metadata"].get("labels")))
                found.append(id(self.worker.pod["metadata"].get("annotations")))
        return tuple(found)

    def _seen(self, resource: str, name: str) -> Obj | None:
        """An object as it has reached the pod's volumes by now, up to a minute and a half late."""
        worker = self.worker
        return worker.host.seen(resource, worker.pod["metadata"]["namespace"], name, worker.uid)

    def _tree_of(self, spec: Obj) -> Directory:
        self._made_of[spec["name"]] = self._sources(spec)
        now_us = self.worker.now_us
        found: dict[str, bytes | File] = {}
        kind = next(k for k in ("configMap", "secret", "downwardAPI", "projected") if k in spec)
        default = spec[kind].get("defaultMode")
        for source in _sources_of(spec):
            found |= self._files_of(source)
        group = (self.worker.pod["spec"].get("securityContext") or {}).get("fsGroup") or 0
        mode = DEFAULT_MODE if default is None else int(default)
        return volumes.atomic_tree(found, now_us, mode, int(group))

    def _files_of(self, source: Obj) -> dict[str, bytes | File]:
        if "configMap" in source:
            return self._data_files("configmaps", source["configMap"].get("name", ""), source["configMap"])
        if "secret" in source:
            name = source["secret"].get("secretName") or source["secret"].get("name", "")
            return self._data_files("secrets", name, source["secret"])
        if "downwardAPI" in source:
            items = source["downwardAPI"].get("items") or ()
            return {item["path"]: _as_file(self.field(item).encode(), item) for item in items}
        if "serviceAccountToken" in source:
            token = source["serviceAccountToken"]
            return {token.get("path", "token"): File(b"", DEFAULT_MODE, source=lambda: self._token(token))}
        return {}

    def _data_files(self, resource: str, name: str, source: Obj) -> dict[str, bytes | File]:
        obj = self._seen(resource, name)
        if obj is None and name == ROOT_CA:
            obj = {"data": {"ca.crt": ""}}
        data = environment.decoded(obj, resource) if obj is not None else {}
        items = source.get("items")
        if not items:
            return dict(data)
        found: dict[str, bytes | File] = {}
        for item in items:
            if item["key"] in data:
                found[item["path"]] = _as_file(data[item["key"]], item)
        return found

    def _token(self, source: Obj) -> bytes:
        """A token of the pod's service account, bound to the pod."""
        worker = self.worker
        return worker.host.service_account_token(worker.pod, source).encode()

    def field(self, source: Obj) -> str:
        """The text of a fieldRef or a resourceFieldRef of a volume."""
        worker, config = self.worker, self.worker.host.config
        if "fieldRef" in source:
            path = source["fieldRef"].get("fieldPath", "")
            return fields.field_text(worker.pod, path, host_ip=config.address, pod_ip=worker.ip)
        reference = source.get("resourceFieldRef") or {}
        containers = [*worker.pod["spec"]["containers"], *(worker.pod["spec"].get("initContainers") or ())]
        container = next((c for c in containers if c["name"] == reference.get("containerName")), containers[0])
        return fields.resource_text(container, reference, node_cpu=config.cpu, node_memory=config.memory)


def _as_file(content: bytes, item: Obj) -> bytes | File:
    """An item's content, as a file where the item says what mode it has."""
    mode = item.get("mode")
    return content if mode is None else File(content, int(mode))


def _sources_of(spec: Obj) -> list[Obj]:
    if "projected" in spec:
        return list(spec["projected"].get("sources") or ())
    return [spec]
