"""Patches of API objects: applied by their type's merge keys, refused in the API server's words.

Follows k8s.io/apiserver/pkg/endpoints/handlers/patch.go (v1.32).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.gotext import plain, quote
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.patch import (
    ANYTHING,
    BadPatchError,
    PatchError,
    PatchSchema,
    UnprocessablePatchError,
    apply_json_patch,
    apply_merge_patch,
    apply_strategic_patch,
    three_way,
    two_way,
)
from cluster_engine.apimachinery.patch.common import PatchMeta
from cluster_engine.apimachinery.patch.json_patch import TooManyOperationsError, strict_errors
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.decode import FieldValidation, decode_fields, strict_words
from cluster_engine.schema.scalars import DecodeError, TypeMismatchError, json_text
from cluster_engine.schema.types import Type, types

PatchType = Literal["json", "merge", "strategic"]
_REJECTED = "the server rejected our request due to an error in our request"


class TypePatchSchema:
    """How the fields of one type merge."""

    __slots__ = ("_type",)

    def __init__(self, type_: Type) -> None:
        self._type = type_

    @property
    def name(self) -> str:
        return self._type.go_name

    def lookup(self, field: str) -> PatchMeta:
        found = self._type.fields.get(field)
        if found is None:
            raise PatchError(f"unable to find api field in struct {self.name} for the json field {quote(field)}")
        if found.type.kind == "map":
            return PatchMeta(ANYTHING, found.patch_strategies, found.merge_key)
        return PatchMeta(_schema_of(found.type.object_name), found.patch_strategies, found.merge_key)


@lru_cache(maxsize=1024)
def _schema_of(type_name: str) -> PatchSchema:
    type_ = types.get(type_name)
    return TypePatchSchema(type_) if type_ is not None else ANYTHING


def patch_schema(api_version: str, kind: str) -> PatchSchema:
    """How a kind's fields merge; for kinds that we have no schema of, maps merge and lists are replaced."""
    type_ = types.for_kind(api_version, kind)
    return _schema_of(type_.name) if type_ is not None else ANYTHING


def apply_patch(current: Obj, body: Any, patch_type: str, resource: Resource | None = None) -> Obj:
    """The object with the patch applied, not yet decoded; `resource` where the object does not say its kind.

    Raises `ApiError` (400, 413, 415, 422).
    """
    try:
        if patch_type == "json":
            return apply_json_patch(current, body)
        if patch_type == "merge":
            return apply_merge_patch(current, body)
        if patch_type == "strategic":
            api_version, kind = current.get("apiVersion", ""), current.get("kind", "")
            if resource is not None:
                api_version, kind = resource.api_version, resource.kind
            schema = patch_schema(api_version, kind)
            return apply_strategic_patch(current, body, schema)
    except TooManyOperationsError as error:
        raise errors.too_large(str(error)) from None
    except BadPatchError as error:
        raise errors.bad_request(str(error)) from None
    except UnprocessablePatchError:
        raise ApiError(422, "Invalid", _REJECTED) from None
    except PatchError as error:
        # The real server answers some of these with 500; what a person sends is never our failure.
        raise errors.bad_request(str(error)) from None
    raise errors.unsupported_media_type(f"the patch type {patch_type} is not supported")


def patch_type_for(obj: Obj) -> PatchType:
    """The kind of patch that a client sends for an object: a plain merge patch for kinds that it has no schema of."""
    return "strategic" if types.for_kind(obj.get("apiVersion", ""), obj.get("kind", "")) is not None else "merge"


def create_three_way_merge_patch(original: Obj | None, modified: Obj, current: Obj) -> Obj:
    """The patch of `kubectl apply`, by the merge keys of the manifest's kind. Raises `PatchError`."""
    schema = patch_schema(modified.get("apiVersion", ""), modified.get("kind", ""))
    return three_way.create_three_way_merge_patch(original, modified, current, schema)


def create_two_way_merge_patch(original: Obj, modified: Obj) -> Obj:
    """The patch of `kubectl set` and `edit`, by the merge keys of the object's kind. Raises `PatchError`."""
    schema = patch_schema(modified.get("apiVersion", ""), modified.get("kind", ""))
    return two_way.create_two_way_merge_patch(original, modified, schema)


def patch_object(
    current: Obj,
    body: Any,
    patch_type: str,
    resource: Resource,
    field_validation: FieldValidation = "Strict",
    read: Callable[[Obj, Resource], tuple[Obj, list[str]]] = decode_fields,
) -> tuple[Obj, list[str]]:
    """The patched object, decoded, and warnings (only with "Warn"). Raises `ApiError`.

    What the patch makes of the object has to be one of its kind: unknown fields and wrong types are a 422 that shows
    the patch (strategic) or the whole result (the others). `read` decodes the fields of a kind without a type.
    """
    patched = apply_patch(current, body, patch_type, resource)
    found = strict_errors(body) if patch_type == "json" else []
    try:
        obj, unknown = read(patched, resource)
    except DecodeError as error:
        why = str(error)
        if patch_type == "strategic" and isinstance(error, TypeMismatchError):
            why = error.converted
        raise _invalid_patch(body, patched, patch_type, why) from None
    found = [*found, *unknown]
    if found and field_validation == "Strict":
        raise _invalid_patch(body, patched, patch_type, strict_words(found))
    return obj, found if field_validation == "Warn" else []


def _invalid_patch(body: Any, patched: Obj, patch_type: str, why: str) -> ApiError:
    if patch_type == "strategic":
        shown = plain(body)
    else:
        shown = json_text(patched)
    fault = errors.invalid_value("patch", shown, why)
    return ApiError(
        422, "Invalid", f' "" is invalid: {fault}',
        {"causes": [{"reason": fault.cause, "message": fault.message, "field": fault.path}]},
    )  # fmt: skip
