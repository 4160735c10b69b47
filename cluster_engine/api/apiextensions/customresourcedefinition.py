"""CustomResourceDefinitions. Follows pkg/registry/customresourcedefinition/strategy.go of apiextensions-apiserver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_engine.api.apiextensions import validation
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import NAME, Column, Strategy, with_status_of
from cluster_engine.apimachinery.conditions import set_condition
from cluster_engine.apimachinery.errors import ApiError, bad_request
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj, with_meta
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.decode import FieldValidation, decode_part
from cluster_engine.schema.patching import PatchType
from cluster_engine.schema.scalars import DecodeError

_SCHEMA_TYPE = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_MAPS_OF_SCHEMAS = ("properties", "patternProperties", "definitions")
_LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf")
# Fields of the types that Go writes even when they are empty.
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_PENDING = {
    "type": "Terminating",
    "status": "True",
    "reason": "InstanceDeletionPending",
    "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
}
_NAMES: Obj = {"plural": "", "kind": ""}


class CustomResourceDefinitionStrategy(Strategy):
    """The rules of CustomResourceDefinitions."""

    resource = Resource(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False,
        singular="customresourcedefinition", short_names=("crd", "crds"), categories=("api-extensions",),
        subresources=("status",),
    )  # fmt: skip
    columns = (NAME, Column("Created At", "date"))
    tracks_generation = True
    allow_unconditional_update = False

    def decode(
        self, body: Any, field_validation: FieldValidation, duplicates: Sequence[str] = ()
    ) -> tuple[Obj, list[str]]:
        crd, warnings = super().decode(body, field_validation, duplicates)
        return self._with_schemas(crd), warnings

    def patch(
        self, current: Obj, body: Any, patch_type: PatchType, field_validation: FieldValidation
    ) -> tuple[Obj, list[str]]:
        crd, warnings = super().patch(current, body, patch_type, field_validation)
        return self._with_schemas(crd), warnings

    def _with_schemas(self, crd: Obj) -> Obj:
        """The definition with the parts of schemas read that have no type of their own (`items` and its like)."""
        spec = crd.get("spec") or {}
        versions = spec.get("versions") or []
        if "metadata" not in crd:
            crd = {**crd, "metadata": {}}
        try:
            read = [_read_version(version) for version in versions]
        except DecodeError as error:
            raise self._cannot_handle(str(error)) from None
        return crd if read == versions else {**crd, "spec": {**spec, "versions": read}}

    def _cannot_handle(self, why: str) -> ApiError:
        kind, version = self.resource.kind, quote(self.resource.version)
        return bad_request(f"{kind} in version {version} cannot be handled as a {kind}: {why}")

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        said = {**_NAMES, **(spec.get("names") or {})}
        if not said.get("singular"):
            said["singular"] = said["kind"].lower()
        if not said.get("listKind") and said["kind"]:
            said["listKind"] = f"{said['kind']}List"
        versions = [{"served": False, "storage": False, **version} for version in spec.get("versions") or ()]
        conversion = spec.get("conversion") or {"strategy": "None"}
        return {**obj, "spec": {**spec, "names": said, "versions": versions, "conversion": conversion}}

    def prepare_for_create(self, obj: Obj) -> Obj:
        status = {"conditions": None, "acceptedNames": dict(_NAMES), "storedVersions": None}
        return _with_stored_version({**obj, "status": status})

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return _with_stored_version(with_status_of(new, old))

    def prepare_for_delete(self, obj: Obj, now: str) -> Obj:
        """The definition waits for the end of its objects. Follows pkg/registry/customresourcedefinition/etcd.go."""
        status = obj.get("status") or {}
        finalizers = obj["metadata"].get("finalizers") or []
        if FINALIZER not in finalizers:
            obj = with_meta(obj, finalizers=[*finalizers, FINALIZER])
        return {**obj, "status": {**status, "conditions": set_condition(status.get("conditions"), _PENDING, now)}}

    def validate(self, obj: Obj) -> Errors:
        errors = validation.validate_definition(obj)
        # On an update that is a question of what the definition said before.
        return errors if obj["metadata"].get("resourceVersion") else errors + validation.validate_approval(obj, None)

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return validation.validate_definition_update(new, old) + validation.validate_approval(new, old)

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        accepted = (new.get("status") or {}).get("acceptedNames") or {}
        return validation.validate_names("status.acceptedNames", accepted)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]


def _with_stored_version(crd: Obj) -> Obj:
    """The definition with its storage version among those in which objects have been stored."""
    status = crd.get("status") or {}
    stored = status.get("storedVersions") or []
    for version in crd["spec"]["versions"]:
        if version.get("storage"):
            name = version.get("name") or ""
            return crd if name in stored else {**crd, "status": {**status, "storedVersions": [*stored, name]}}
    return crd


def _read_version(version: Obj) -> Obj:
    schema = version.get("schema") or {}
    whole = schema.get("openAPIV3Schema")
    status = (version.get("subresources") or {}).get("status")
    if status is not None and not isinstance(status, dict):
        raise DecodeError("json: cannot unmarshal into Go struct field CustomResourceSubresources.status")
    if whole is None:
        return version
    read = _read(whole)
    return version if read is whole else {**version, "schema": {**schema, "openAPIV3Schema": read}}


def _read(schema: Obj) -> Obj:
    """A schema whose own fields have been read, with all schemas in it read too."""
    changes: Obj = {}
    for name in _MAPS_OF_SCHEMAS:
        inner = {key: _read(value) for key, value in (schema.get(name) or {}).items()}
        if any(inner[key] is not schema[name][key] for key in inner):
            changes[name] = inner
    for name in _LISTS_OF_SCHEMAS:
        parts = [_read(part) for part in schema.get(name) or ()]
        if any(new is not old for new, old in zip(parts, schema.get(name) or (), strict=True)):
            changes[name] = parts
    if schema.get("not") is not None:
        changes["not"] = _read(schema["not"])
    items, others = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, list):
        changes["items"] = [_read_untyped(item) for item in items]
    elif items is not None:
        changes["items"] = _read_untyped(items)
    if others is not None and not isinstance(others, bool):
        if not isinstance(others, dict):
            raise DecodeError("boolean or JSON schema expected")
        changes["additionalProperties"] = _read_untyped(others)
    return {**schema, **changes} if any(schema.get(name) is not value for name, value in changes.items()) else schema


def _read_untyped(value: Any) -> Obj:
    """A schema that nobody has read yet. What is unknown in it goes without a word, as in the API server."""
    decoded, _ = decode_part(value, _SCHEMA_TYPE)
    read: Obj = _read(decoded)
    return read
