"""Volumes of a pod: one source each, and what the common sources need.

Follows validation.ValidateVolumes and validateVolumeSource (v1.32). Sources of clouds that a simulated cluster cannot
reach are counted, but not looked into.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.persistentvolumeclaim import validate_claim_spec
from cluster_engine.api.core.podspec.env import field_reference, resource_reference
from cluster_engine.api.memo import IdentityMemo
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.meta import Obj

FILE_MODE_WORDS = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
# In the order in which Kubernetes looks at them.
_SOURCES = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
_SHOWN_PATHS = {"downwardAPI": "downwarAPI", "cephfs": "cephFS"}

_valid: IdentityMemo[bool] = IdentityMemo()


def validate_volumes(path: str, volumes: list[Obj], pod_name: str) -> tuple[dict[str, Obj], Errors]:
    """The usable volumes by name, and the faults. `pod_name` is "" for a template."""
    found: dict[str, Obj] = {}
    errors: Errors = []
    for index, volume in enumerate(volumes):
        name = volume.get("name") or ""
        if _valid.get(volume) and name not in found and not volume.get("ephemeral"):
            found[name] = volume
            continue
        at = f"{path}[{index}]"
        faults = _source(at, volume, pod_name)
        faults += checks.dns_label(f"{at}.name", name) if name else [required(f"{at}.name")]
        if name in found:
            faults.append(duplicate(f"{at}.name", name))
        if faults:
            errors += faults
        else:
            found[name] = volume
            _valid.put(volume, True)
    created = {f"{pod_name}-{volume.get('name')}" for volume in volumes if volume.get("ephemeral")} if pod_name else ()
    for index, volume in enumerate(volumes):
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in created:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid_value(f"{path}[{index}].persistentVolumeClaim.claimName", claim, detail))
    return found, errors


def _source(path: str, volume: Obj, pod_name: str) -> Errors:
    errors: Errors = []
    count = 0
    for field in _SOURCES:
        source = volume.get(field)
        if source is None:
            continue
        if count:
            shown = _SHOWN_PATHS.get(field, field)
            errors.append(forbidden_field(f"{path}.{shown}", "may not specify more than 1 volume type"))
            continue
        count += 1
        check = _CHECKS.get(field)
        if check is not None:
            errors += check(f"{path}.{field}", source)
        if field == "ephemeral" and pod_name and volume.get("name"):
            claim = f"{pod_name}-{volume['name']}"
            errors += [
                invalid_value(f"{path}.name", volume["name"], f'PVC name "{claim}": {fault}')
                for fault in names.dns1123_subdomain(claim)
            ]
    if not count:
        errors.append(required(path, "must specify a volume type"))
    return errors


def _empty_dir(path: str, source: Obj) -> Errors:
    size = source.get("sizeLimit")
    if size is not None and quantity.parse(size).nano < 0:
        return [forbidden_field(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def host_path(path: str, source: Obj) -> Errors:
    if not source.get("path"):
        return [required(f"{path}.path")]
    errors = checks.no_backsteps(f"{path}.path", source["path"])
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATH_TYPES:
        errors.append(not_supported(f"{path}.type", kind, _HOST_PATH_TYPES))
    return errors


def _git_repo(path: str, source: Obj) -> Errors:
    errors = [] if source.get("repository") else [required(f"{path}.repository")]
    return errors + checks.local_descending_path(f"{path}.directory", source.get("directory") or "")


def nfs(path: str, source: Obj) -> Errors:
    errors = [] if source.get("server") else [required(f"{path}.server")]
    if not source.get("path"):
        errors.append(required(f"{path}.path"))
    elif not source["path"].startswith("/"):
        errors.append(invalid_value(f"{path}.path", source["path"], "must be an absolute path"))
    return errors


def _claim(path: str, source: Obj) -> Errors:
    return [] if source.get("claimName") else [required(f"{path}.claimName")]


def _mode(path: str, mode: int | None) -> Errors:
    return [invalid_value(path, mode, FILE_MODE_WORDS)] if mode is not None and not 0 <= mode <= 0o777 else []


def _key_to_path(path: str, items: list[Obj] | None) -> Errors:
    errors: Errors = []
    for index, item in enumerate(items or ()):
        at = f"{path}[{index}]"
        if not item.get("key"):
            errors.append(required(f"{at}.key"))
        if not item.get("path"):
            errors.append(required(f"{at}.path"))
        errors += _local_file(f"{at}.path", item.get("path") or "")
        errors += _mode(f"{at}.mode", item.get("mode"))
    return errors


def _local_file(path: str, value: str) -> Errors:
    """A relative path whose first part does not start with `..`. Follows validateLocalNonReservedPath."""
    errors = checks.local_descending_path(path, value)
    if value.startswith("..") and not value.startswith("../"):
        errors.append(invalid_value(path, value, "must not start with '..'"))
    return errors


def _secret(path: str, source: Obj) -> Errors:
    errors = [] if source.get("secretName") else [required(f"{path}.secretName")]
    errors += _mode(f"{path}.defaultMode", source.get("defaultMode"))
    return errors + _key_to_path(f"{path}.items", source.get("items"))


def _config_map(path: str, source: Obj) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name")]
    errors += _mode(f"{path}.defaultMode", source.get("defaultMode"))
    return errors + _key_to_path(f"{path}.items", source.get("items"))


def _downward_files(path: str, files: list[Obj] | None) -> Errors:
    errors: Errors = []
    for index, file in enumerate(files or ()):
        at = f"{path}[{index}]"
        if not file.get("path"):
            errors.append(required(f"{at}.path"))
        errors += _local_file(f"{at}.path", file.get("path") or "")
        field, resource = file.get("fieldRef"), file.get("resourceFieldRef")
        if field is not None:
            errors += field_reference(f"{at}.fieldRef", field, VOLUME_FIELDS)
            if resource is not None:
                errors.append(
                    invalid_value(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
                )
        elif resource is not None:
            errors += resource_reference(f"{at}.resourceFieldRef", resource, in_volume=True)
        else:
            errors.append(required(at, "one of fieldRef and resourceFieldRef is required"))
        errors += _mode(f"{at}.mode", file.get("mode"))
    return errors


def _downward_api(path: str, source: Obj) -> Errors:
    errors = _mode(f"{path}.defaultMode", source.get("defaultMode"))
    return errors + _downward_files(path, source.get("items"))


def _projected(path: str, source: Obj) -> Errors:
    errors = _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for index, part in enumerate(source.get("sources") or ()):
        at = f"{path}.sources[{index}]"
        count = 0
        for field in ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"):
            projection = part.get(field)
            if projection is None:
                continue
            if count:
                errors.append(
                    forbidden_field(
                        f"{path}.sources[{index}].{field}", "may not specify more than 1 volume type per source"
                    )
                )
                continue
            count += 1
            errors += _projection(f"{at}.{field}", field, projection)
        if not count:
            errors.append(required(at, "no projection sources specified" if not part else "must specify a volume type"))
    return errors


def _projection(path: str, field: str, projection: Obj) -> Errors:
    if field == "downwardAPI":
        return _downward_files(f"{path}.items", projection.get("items"))
    if field == "serviceAccountToken":
        seconds = projection.get("expirationSeconds") or 0
        errors: Errors = []
        if seconds < 600:
            errors.append(
                invalid_value(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
            )
        if seconds > 1 << 32:
            errors.append(
                invalid_value(
                    f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"
                )
            )
        if not projection.get("path"):
            return [*errors, required(f"{path}.path")]
        return errors + _local_file(f"{path}.path", projection["path"])
    if field == "clusterTrustBundle":
        return []
    errors = [] if projection.get("name") else [required(f"{path}.name")]
    return errors + _key_to_path(f"{path}.items", projection.get("items"))


def csi(path: str, source: Obj) -> Errors:
    return [] if source.get("driver") else [required(f"{path}.driver")]


def _ephemeral(path: str, source: Obj) -> Errors:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(f"{path}.volumeClaimTemplate")]
    at = f"{path}.volumeClaimTemplate"
    meta = template.get("metadata") or {}
    errors = checks.labels(f"{at}.metadata.labels", meta.get("labels"))
    errors += checks.annotation_map(f"{at}.metadata.annotations", meta.get("annotations"))
    return errors + validate_claim_spec(f"{at}.spec", template.get("spec") or {})


_CHECKS: dict[str, Callable[[str, Obj], Errors]] = {
    "emptyDir": _empty_dir,
    "hostPath": host_path,
    "gitRepo": _git_repo,
    "secret": _secret,
    "nfs": nfs,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _downward_api,
    "configMap": _config_map,
    "projected": _projected,
    "csi": csi,
    "ephemeral": _ephemeral,
}
