"""The faults of what a CustomResourceDefinition says of a version: schema, subresources, columns, selectable fields.

Follows pkg/apis/apiextensions/validation/validation.go (v1.32).
"""

from __future__ import annotations

from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.schema_rules import validate_defaults, validate_schema
from cluster_engine.api.apiextensions.schemas import Schema
from cluster_engine.api.apiextensions.structural import validate_structural
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, required, too_many
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj

COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS = (
    "byte", "date", "date-time", "double", "duration", "email", "float", "hostname", "int32", "int64", "ipv4", "ipv6",
    "password", "uri", "uuid",
)  # fmt: skip
MAX_SELECTABLE_FIELDS = 8
# What may stand at the root of a schema beside a status subresource, as it is listed in the refusal.
_ROOT_FIELDS = (
    "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern "
    "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
    "XValidations"
)
_AT_ROOT = {
    *(name[0].lower() + name[1:] for name in _ROOT_FIELDS.split()),
    schemas.PRESERVES,
    schemas.RULES,
}


def validate_parts(path: str, schema_field: str, parts: Obj, *, with_status: bool) -> Errors:
    """The schema, the subresources, the columns and the selectable fields that stand at one place."""
    errors: Errors = []
    schema = (parts.get("schema") or {}).get("openAPIV3Schema")
    if schema is not None:
        errors += _schema(f"{path}.{schema_field}", schema, with_status=with_status)
    scale = (parts.get("subresources") or {}).get("scale")
    if scale is not None:
        errors += _scale(f"{path}.subresources.scale", scale)
    for index, column in enumerate(parts.get("additionalPrinterColumns") or ()):
        errors += _column(f"{path}.additionalPrinterColumns[{index}]", column)
    if parts.get("selectableFields"):
        where = f"{path}.selectableFields"
        if schema is None and schema_field == "schema":
            words = "selectableFields may only be set when version.schema.openAPIV3Schema is not included"
            errors.append(invalid_value(where, "", words))
        elif schema is None:
            words = "selectableFields may only be set when validations.schema is included"
            errors.append(invalid_value(where, "", words))
        else:
            errors += _selectable(where, parts["selectableFields"], schema)
    return errors


def _schema(path: str, schema: Schema, *, with_status: bool) -> Errors:
    errors: Errors = []
    where = f"{path}.openAPIV3Schema"
    if with_status:
        errors += _root_with_status(where, schema)
    if schema.get("nullable"):
        errors.append(forbidden_field(f"{where}.nullable", "nullable cannot be true at the root"))
    errors += validate_structural(where, schema) or validate_defaults(where, schema)
    return errors + validate_schema(where, schema)


def _root_with_status(path: str, schema: Schema) -> Errors:
    type_ = schema.get("type") or ""
    if type_ and type_ != "object":
        words = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        return [invalid_value(f"{path}.type", type_, words)]
    more = [name for name, value in schema.items() if value not in (None, "", [], {}, False) and name not in _AT_ROOT]
    if not more:
        return []
    words = f"only [{_ROOT_FIELDS}] fields are allowed at the root of the schema if the status subresource is enabled"
    return [invalid_value(path, GoText("apiextensions.JSONSchemaProps{…}"), words)]


def _column(path: str, column: Obj) -> Errors:
    errors: Errors = [] if column.get("name") else [required(f"{path}.name")]
    type_, format_, json_path = (column.get(field) or "" for field in ("type", "format", "jsonPath"))
    words = f"must be one of {','.join(COLUMN_TYPES)}"
    if not type_:
        errors.append(required(f"{path}.type", words))
    elif type_ not in COLUMN_TYPES:
        errors.append(invalid_value(f"{path}.type", type_, words))
    if format_ and format_ not in COLUMN_FORMATS:
        errors.append(invalid_value(f"{path}.format", format_, f"must be one of {','.join(COLUMN_FORMATS)}"))
    if not json_path:
        errors.append(required(f"{path}.JSONPath"))
    return errors + _simple_path(f"{path}.JSONPath", json_path)


def _simple_path(path: str, said: str) -> Errors:
    if said and not said.startswith("."):
        return [invalid_value(path, said, "must be a simple json path starting with .")]
    return []


def _scale(path: str, scale: Obj) -> Errors:
    errors: Errors = []
    for field, root in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        said, where = scale.get(field) or "", f"{path}.{field}"
        if not said:
            errors.append(required(where))
        elif faults := _simple_path(where, said):
            errors += faults
        elif not said.startswith(f"{root}."):
            errors.append(invalid_value(where, said, f"should be a json path under {root}"))
    said, where = scale.get("labelSelectorPath") or "", f"{path}.labelSelectorPath"
    if said and (faults := _simple_path(where, said)):
        errors += faults
    elif said and not said.startswith((".spec.", ".status.")):
        errors.append(invalid_value(where, said, "should be a json path under either .spec or .status"))
    return errors


def _selectable(path: str, fields: list[Obj], schema: Schema | None) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, field in enumerate(fields):
        said, where = field.get("jsonPath") or "", f"{path}[{index}].jsonPath"
        if not said:
            errors.append(required(where))
            continue
        found = _at_path(schema, said)
        if found is None:
            errors.append(invalid_value(where, said, "is an invalid path: does not refer to a valid field"))
            continue
        if said.startswith(".metadata"):
            errors.append(invalid_value(where, said, "must not point to fields in metadata"))
        if found.get("type") not in ("string", "boolean", "integer"):
            words = (
                "must point to a field of type string, boolean or integer. "
                "Enum string fields and strings with formats are allowed."
            )
            errors.append(invalid_value(where, said, words))
        if said in seen:
            errors.append(duplicate(where, said))
        seen.add(said)
    if len(seen) > MAX_SELECTABLE_FIELDS:
        errors.append(too_many(path, len(seen), MAX_SELECTABLE_FIELDS))
    return errors


def _at_path(schema: Schema | None, path: str) -> Schema | None:
    found = schema
    for name in path.removeprefix(".").split("."):
        found = schemas.properties(found).get(name)
    return found if path.startswith(".") else None
