"""PersistentVolumes. Follows validation.ValidatePersistentVolume and printPersistentVolume (v1.32)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.persistentvolumeclaim import VOLUME_MODES, access_mode_errors, claim_class
from cluster_engine.api.core.podspec.defaults import canonical_amounts
from cluster_engine.api.core.podspec.scheduling import validate_node_selector
from cluster_engine.api.core.podspec.update import spec_diff
from cluster_engine.api.core.podspec.volumes import csi, host_path, nfs
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
# In the order in which Kubernetes looks at them.
_SOURCES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip


class PersistentVolumeStrategy(Strategy):
    """The rules of PersistentVolumes."""

    resource = Resource(
        "", "v1", "PersistentVolume", "persistentvolumes", namespaced=False, singular="persistentvolume",
        short_names=("pv",), subresources=("status",),
    )  # fmt: skip
    columns = (
        NAME,
        Column("Capacity"),
        Column("Access Modes"),
        Column("Reclaim Policy"),
        Column("Status"),
        Column("Claim"),
        Column("StorageClass"),
        Column("VolumeAttributesClass"),
        Column("Reason"),
        AGE,
        Column("VolumeMode", priority=1),
    )

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {}
        if not spec.get("persistentVolumeReclaimPolicy"):
            changes["persistentVolumeReclaimPolicy"] = "Retain"
        if not spec.get("volumeMode"):
            changes["volumeMode"] = "Filesystem"
        source = spec.get("hostPath")
        if source is not None and source.get("type") is None:
            changes["hostPath"] = {**source, "type": ""}
        capacity = spec.get("capacity")
        if capacity and (new := canonical_amounts(capacity)) is not capacity:
            changes["capacity"] = new
        if changes:
            obj = {**obj, "spec": {**spec, **changes}}
        if not (obj.get("status") or {}).get("phase"):
            obj = {**obj, "status": {**(obj.get("status") or {}), "phase": "Pending"}}
        return obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        status: Obj = {"phase": "Pending"}
        created = obj["metadata"].get("creationTimestamp")
        if created:
            status["lastPhaseTransitionTime"] = created
        return {**obj, "status": status}

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        modes = spec.get("accessModes") or []
        errors = [] if modes else [required("spec.accessModes")]
        errors += access_mode_errors("spec.accessModes", modes)
        errors += _capacity(spec.get("capacity") or {})
        policy = spec.get("persistentVolumeReclaimPolicy")
        if policy:
            errors += checks.optional_enum("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES)
        affinity = (spec.get("nodeAffinity") or {}).get("required")
        if spec.get("nodeAffinity") is not None:
            errors += (
                validate_node_selector("spec.nodeAffinity.required", affinity)
                if affinity is not None
                else [required("spec.nodeAffinity.required", "must specify required node constraints")]
            )
        errors += _source(spec, affinity is not None)
        path = (spec.get("hostPath") or {}).get("path")
        if path and posixpath.normpath(path) == "/" and policy == "Recycle":
            detail = "may not be 'recycle' for a hostPath mount of '/'"
            errors.append(forbidden_field("spec.persistentVolumeReclaimPolicy", detail))
        if spec.get("storageClassName"):
            errors += checks.dns_subdomain("spec.storageClassName", spec["storageClassName"])
        return errors + checks.optional_enum("spec.volumeMode", spec.get("volumeMode"), VOLUME_MODES)

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = _source_of(new["spec"]), _source_of(old["spec"])
        errors: Errors = []
        if not checks.same(after, before):
            diff = spec_diff(before, after).replace("core.PodSpec", "core.PersistentVolumeSource")
            words = f"spec.persistentvolumesource is immutable after creation\n{diff}"
            errors.append(forbidden_field("spec.persistentvolumesource", words))
        errors += checks.immutable("volumeMode", new["spec"].get("volumeMode"), old["spec"].get("volumeMode"))
        affinity = old["spec"].get("nodeAffinity")
        if affinity is not None and not checks.same(new["spec"].get("nodeAffinity"), affinity):
            words = f"{checks.IMMUTABLE}, except for updating from beta label to GA"
            errors.append(invalid_value("nodeAffinity", GoText("core.VolumeNodeAffinity{...}"), words))
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        claim = spec.get("claimRef")
        phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase") or ""
        attributes, mode = spec.get("volumeAttributesClassName"), spec.get("volumeMode")
        return [
            obj["metadata"]["name"],
            (spec.get("capacity") or {}).get("storage", "0"),
            tables.access_modes(spec.get("accessModes")),
            spec.get("persistentVolumeReclaimPolicy") or "",
            phase,
            f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else "",
            claim_class(obj),
            tables.UNSET if attributes is None else attributes,
            status.get("reason") or "",
            tables.created(obj, now_us),
            tables.UNSET if mode is None else mode,
        ]


def _source_of(spec: Obj) -> Obj:
    return {field: spec[field] for field in _SOURCES if spec.get(field) is not None}


def _capacity(capacity: Obj) -> Errors:
    errors = [] if capacity else [required("spec.capacity")]
    if "storage" not in capacity or len(capacity) > 1:
        shown = GoText(f"core.ResourceList{{{', '.join(sorted(capacity))}}}")
        errors.append(not_supported("spec.capacity", shown, ("storage",)))
    for name in sorted(capacity):
        errors += checks.positive_quantity(f"spec.capacity[{name}]", capacity[name])
    return errors


def _source(spec: Obj, has_affinity: bool) -> Errors:
    errors: Errors = []
    count = 0
    for field in _SOURCES:
        source = spec.get(field)
        if source is None:
            continue
        if count:
            shown = "cephFS" if field == "cephfs" else field
            errors.append(forbidden_field(f"spec.{shown}", "may not specify more than 1 volume type"))
            continue
        count += 1
        check = _CHECKS.get(field)
        if check is not None:
            errors += check(f"spec.{field}", source)
        if field == "local" and not has_affinity:
            errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    if not count:
        errors.append(required("spec", "must specify a volume type"))
    return errors


def _local(path: str, source: Obj) -> Errors:
    if not source.get("path"):
        return [required(f"{path}.path")]
    return checks.no_backsteps(f"{path}.path", source["path"])


def _csi(path: str, source: Obj) -> Errors:
    errors = csi(path, source)
    return errors if source.get("volumeHandle") else [*errors, required(f"{path}.volumeHandle")]


_CHECKS: dict[str, Callable[[str, Obj], Errors]] = {"hostPath": host_path, "nfs": nfs, "local": _local, "csi": _csi}
