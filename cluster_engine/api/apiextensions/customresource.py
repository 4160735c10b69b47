"""Objects of custom kinds: the rules of each version that a CustomResourceDefinition says to serve.

Follows k8s.io/apiextensions-apiserver/pkg/registry/customresource/{strategy,status_strategy,validator}.go and
pkg/apiserver/customresource_handler.go (v1.32). Rules in CEL are not evaluated; conversion webhooks are not called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from cluster_engine.api.apiextensions import coercion, embedded, openapi, schemas, values
from cluster_engine.api.apiextensions import scale as scales
from cluster_engine.api.apiextensions.columns import Columns, compile_path, find
from cluster_engine.api.apiextensions.nodes import META_TYPE, SchemaNode, root_node
from cluster_engine.api.apiextensions.schemas import RULES, Schema
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import Strategy, with_status_of, without
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError, FieldError, bad_request, invalid_value
from cluster_engine.apimachinery.gotext import plain, quote
from cluster_engine.apimachinery.jsonpath.steps import Step
from cluster_engine.apimachinery.meta import Obj, with_meta
from cluster_engine.apimachinery.names import qualified_name
from cluster_engine.apimachinery.scheme import Resource, version_order
from cluster_engine.schema.decode import FieldValidation, check_type_fields, decode_part, strict_words, unrecognized
from cluster_engine.schema.patching import PatchType, patch_object
from cluster_engine.schema.scalars import DecodeError, json_text, untyped

_STANDARD_FINALIZERS = ("foregroundDeletion", "kubernetes", "orphan")
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)
# Faults after which the rules in CEL are not looked at.
_BLOCKING = (
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
)  # fmt: skip
_NO_STRATEGIC_PATCH = (
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
    "application/merge-patch+json, application/apply-patch+yaml"
)


class CustomResourceStrategy(Strategy):
    """The rules of one version of one custom kind; `strategies_of` makes a subclass for each."""

    tracks_generation = True
    allow_unconditional_update = False
    checks_finalizers = False
    converts = True
    schema: ClassVar[Schema | None]
    # The version in which objects are stored: its apiVersion and its schema.
    stored_version: ClassVar[str]
    stored_schema: ClassVar[Schema | None]
    has_status: ClassVar[bool]
    scale_paths: ClassVar[Obj | None]
    has_rules: ClassVar[bool]
    terminating: ClassVar[bool]
    deprecation: ClassVar[str]
    table: ClassVar[Columns]
    selectable: ClassVar[dict[str, list[Step]]]
    root: ClassVar[SchemaNode]

    def decode(
        self, body: Any, field_validation: FieldValidation, duplicates: Sequence[str] = ()
    ) -> tuple[Obj, list[str]]:
        self._check_type(body)
        try:
            obj, unknown = self._read(body)
        except DecodeError as error:
            raise self._cannot_handle(str(error)) from None
        found = [*(f"duplicate field {quote(path)}" for path in duplicates), *unknown]
        if found and field_validation == "Strict":
            raise self._cannot_handle(strict_words(found))
        return obj, found if field_validation == "Warn" else []

    def patch(
        self, current: Obj, body: Any, patch_type: PatchType, field_validation: FieldValidation
    ) -> tuple[Obj, list[str]]:
        if patch_type == "strategic":
            raise errors.unsupported_media_type(_NO_STRATEGIC_PATCH)

        def read(patched: Obj, _: Resource) -> tuple[Obj, list[str]]:
            self._check_type(patched)
            return self._read(patched)

        return patch_object(current, body, patch_type, self.resource, field_validation, read)

    def _check_type(self, body: Any) -> None:
        """Raises `ApiError` for what is no object of the kind."""
        resource = self.resource
        check_type_fields(body, resource)
        kind, api_version = body.get("kind") or "", body.get("apiVersion") or resource.api_version
        if not kind:
            raise unrecognized(body, resource, f"Object 'Kind' is missing in '{json_text(body)}'")
        if api_version != resource.api_version:
            words = f"the API version in the data ({api_version}) does not match the expected API version"
            raise bad_request(f"{words} ({resource.api_version})")
        if kind != resource.kind:
            meta = body.get("metadata")
            name = meta.get("name") if isinstance(meta, Mapping) else ""
            fault = invalid_value("kind", kind, f"must be {resource.kind}")
            raise errors.invalid(resource.kind, resource.group, name if isinstance(name, str) else "", [fault])

    def _read(self, body: Mapping[str, Any]) -> tuple[Obj, list[str]]:
        """(the object without what its schema does not know, what strict decoding has against it)."""
        said = body.get("metadata")
        meta, faults = decode_part({} if said is None else said, META_TYPE)
        unknown = [fault.replace('unknown field "', 'unknown field "metadata.', 1) for fault in faults]
        resource = self.resource
        # The metadata has a type of its own; the rest is JSON.
        rest = untyped({name: value for name, value in body.items() if name != "metadata"})
        obj = {**rest, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
        pruned, paths = coercion.prune(obj, self.schema)
        read: Obj = coercion.prune_nulls(pruned, self.schema)
        return read, [*unknown, *(f"unknown field {quote(path)}" for path in paths)]

    def _cannot_handle(self, why: str) -> ApiError:
        kind, version = self.resource.kind, self.resource.version
        return bad_request(f"{kind} in version {quote(version)} cannot be handled as a {kind}: {why}")

    def node(self) -> SchemaNode:
        return self.root

    # Other versions: the same fields under another apiVersion, as far as that version has them.

    def to_storage(self, obj: Obj) -> Obj:
        return self._in_version(obj, self.stored_version, self.stored_schema)

    def from_storage(self, obj: Obj) -> Obj:
        return self._in_version(obj, self.resource.api_version, self.schema)

    def _in_version(self, obj: Obj, api_version: str, schema: Schema | None) -> Obj:
        if obj["apiVersion"] != api_version:
            obj = {**obj, "apiVersion": api_version}
        pruned, _ = coercion.prune(obj, schema)
        made: Obj = coercion.default(coercion.prune_nulls(pruned, schema), schema)
        return made

    def default(self, obj: Obj) -> Obj:
        made: Obj = coercion.default(obj, self.schema)
        return made

    def prepare_for_create(self, obj: Obj) -> Obj:
        if self.terminating:
            words = "create not allowed while custom resource definition is terminating"
            raise ApiError(405, "MethodNotAllowed", words, {"group": self.resource.group, "kind": self.resource.plural})
        return without(obj, "status") if self.has_status else obj

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return with_status_of(new, old) if self.has_status else new

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        return without(new, "metadata") != without(old, "metadata")

    def prepare_for_status_update(self, new: Obj, old: Obj) -> Obj:
        made = with_meta(old, managedFields=new["metadata"].get("managedFields"))
        return {**made, "status": new["status"]} if "status" in new else without(made, "status")

    def validate(self, obj: Obj) -> Errors:
        # An update is looked at beside what there was before.
        return [] if obj["metadata"].get("resourceVersion") else self._validate(obj, values.ABSENT)

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return self._validate(new, old)

    def _validate(self, obj: Obj, old: Any) -> Errors:
        found = values.validate(obj, self.schema, old)
        if self.scale_paths is not None:
            found += scales.validate(obj, self.scale_paths, spec=True)
        found += embedded.validate_embedded(obj, self.schema)
        return self._with_lists_and_rules(found, obj, old)

    def _with_lists_and_rules(self, found: Errors, obj: Obj, old: Any) -> Errors:
        if old is values.ABSENT or not embedded.duplicates(old, self.schema):
            found = [*found, *embedded.duplicates(obj, self.schema)]
        if self.has_rules and any(fault.cause in _BLOCKING for fault in found):
            found = [*found, invalid_value(values.NO_PATH, None, _UNCHECKED)]
        return found

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        found: Errors = []
        if "status" in new:
            schema = schemas.properties(self.schema).get("status")
            faults = values.validate(new["status"], schema, old.get("status", values.ABSENT))
            found = [replace(fault, path=_in_status(fault)) for fault in faults]
        if self.scale_paths is not None:
            found += scales.validate(new, self.scale_paths, spec=False)
        return self._with_lists_and_rules(found, new, old)

    def warnings(self, obj: Obj) -> list[str]:
        found = [self.deprecation] if self.deprecation else []
        if obj["metadata"].get("generation") == 1:
            for name in sorted(obj["metadata"].get("finalizers") or ()):
                found += _finalizer_warnings(name)
        return found

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return self.table.cells(obj, now_us)

    def fields(self, obj: Obj) -> dict[str, str]:
        found = {name: find(steps, obj) for name, steps in self.selectable.items()}
        return {name: "" if value is None else plain(value) for name, value in found.items()}

    def published_schema(self, prefix: str, *, v2: bool) -> tuple[str, Obj]:
        return openapi.name_of(self.resource), openapi.schema_of(self.resource, self.schema, prefix, v2=v2)

    def scale(self, obj: Obj) -> Obj:
        paths = self.scale_paths or {}
        base = super().scale({**obj, "spec": {}, "status": {}})
        wanted = scales.replicas(obj, paths.get("specReplicasPath") or "")
        there = scales.replicas(obj, paths.get("statusReplicasPath") or "")
        selector = scales.selector(obj, paths.get("labelSelectorPath") or "")
        status = {"replicas": there, "selector": selector} if selector else {"replicas": there}
        return {**base, "spec": {"replicas": wanted} if wanted else {}, "status": status}

    def with_replicas(self, obj: Obj, replicas: int) -> Obj:
        return scales.put(obj, (self.scale_paths or {}).get("specReplicasPath") or "", replicas)


def _in_status(fault: FieldError) -> str:
    return "status" if fault.path == values.NO_PATH else f"status.{fault.path}"


def _finalizer_warnings(name: str) -> list[str]:
    """Follows validateKubeFinalizerName."""
    found = [f"metadata.finalizers: {quote(name)}: {fault}" for fault in qualified_name(name)]
    if "/" not in name and name not in _STANDARD_FINALIZERS:
        path = " including a path (/)" if "." in name else ""
        words = f"prefer a domain-qualified finalizer name{path} to avoid accidental conflicts"
        words += " with other finalizer writers"
        found.append(f"metadata.finalizers: {quote(name)}: {words}")
    return found


def strategies_of(crd: Obj, *, terminating: bool = False) -> list[Strategy]:
    """The rules of each version that a definition says to serve, the preferred one first.

    The others are views of that one, whichever is stored: it is a group resource's first that components deal with.
    """
    spec, accepted = crd["spec"], (crd.get("status") or {}).get("acceptedNames") or {}
    versions = {version["name"]: version for version in spec["versions"]}
    stored = next(version for version in versions.values() if version.get("storage"))
    served = sorted((v for v in versions.values() if v.get("served")), key=lambda v: version_order(v["name"]))
    made: list[Strategy] = []
    for version in served:
        resource = _resource(spec, accepted, version, is_view=bool(made))
        columns = Columns(version.get("additionalPrinterColumns") or [])
        schema = _schema(version)
        subresources = version.get("subresources") or {}
        attributes: dict[str, Any] = {
            "resource": resource,
            "columns": columns.columns,
            "table": columns,
            "schema": schema,
            "stored_version": f"{spec['group']}/{stored['name']}",
            "stored_schema": _schema(stored),
            "has_status": subresources.get("status") is not None,
            "scale_paths": subresources.get("scale"),
            "has_rules": any(part.get(RULES) for part in schemas.walk(schema)),
            "terminating": terminating,
            "deprecation": _deprecation(spec, version, list(versions.values())),
            "selectable": _selectable(version),
            "root": root_node(schema),
            "__doc__": f"The rules of {resource.kind} in {resource.api_version}.",
        }
        made.append(type(f"{resource.kind}Strategy", (CustomResourceStrategy,), attributes)())
    return made


def _schema(version: Obj) -> Schema | None:
    found: Schema | None = (version.get("schema") or {}).get("openAPIV3Schema")
    return found


def _resource(spec: Obj, accepted: Obj, version: Obj, *, is_view: bool) -> Resource:
    subresources = version.get("subresources") or {}
    plural = accepted.get("plural") or spec["names"]["plural"]
    return Resource(
        spec["group"],
        version["name"],
        accepted.get("kind") or spec["names"]["kind"],
        plural,
        namespaced=spec["scope"] == "Namespaced",
        singular=accepted.get("singular") or "",
        short_names=tuple(accepted.get("shortNames") or ()),
        categories=tuple(accepted.get("categories") or ()),
        subresources=tuple(name for name in ("status", "scale") if subresources.get(name) is not None),
        list_kind=accepted.get("listKind") or "",
        stored_as=f"{plural}.{spec['group']}" if is_view else "",
    )


def _selectable(version: Obj) -> dict[str, list[Step]]:
    made = {}
    for field in version.get("selectableFields") or ():
        path = field.get("jsonPath") or ""
        steps = compile_path(path)
        if steps is not None:
            made[path.removeprefix(".")] = steps
    return made


def _deprecation(spec: Obj, version: Obj, versions: list[Obj]) -> str:
    """What is said to whoever uses a version that is on its way out. Follows defaultDeprecationWarning."""
    if not version.get("deprecated"):
        return ""
    if version.get("deprecationWarning") is not None:
        return str(version["deprecationWarning"])
    group, kind = spec["group"], spec["names"]["kind"]
    order = version_order(version["name"])
    better = [
        v["name"] for v in versions if v.get("served") and not v.get("deprecated") and version_order(v["name"]) < order
    ]
    words = f"{group}/{version['name']} {kind} is deprecated"
    return f"{words}; use {group}/{min(better, key=version_order)} {kind}" if better else words
