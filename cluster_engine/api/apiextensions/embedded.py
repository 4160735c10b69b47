"""What a schema asks for beside the form of values: items of lists that are told apart, whole objects inside of others.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{listtype,objectmeta}/validation.go.
"""

from __future__ import annotations

from typing import Any

import orjson

from cluster_engine.api.apiextensions import schemas
from cluster_engine.api.apiextensions.schemas import EMBEDDED, LIST_MAP_KEYS, LIST_TYPE, META_FIELDS, Schema
from cluster_engine.api.apiextensions.values import number
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import duplicate, invalid_value, required
from cluster_engine.apimachinery.gotext import GoText, syntax


def duplicates(value: Any, schema: Schema | None, path: str = "") -> Errors:
    """Items that are twice in a set, or in a list by keys."""
    if schema is None:
        return []
    errors: Errors = []
    if isinstance(value, dict):
        others = schemas.additional(schema)
        for name, inner in value.items():
            if name in schemas.properties(schema):
                errors += duplicates(inner, schemas.properties(schema)[name], f"{path}.{name}" if path else name)
            elif others is not None:
                errors += duplicates(inner, others, f"{path}[{name}]")
    elif isinstance(value, list):
        errors += _in_list(value, schema, path)
        below = schemas.items(schema)
        for index, item in enumerate(value):
            errors += duplicates(item, below, f"{path}[{index}]")
    return errors


def _in_list(value: list[Any], schema: Schema, path: str) -> Errors:
    if schema.get(LIST_TYPE) == "set":
        return [duplicate(f"{path}[{index}]", _shown(value[index])) for index in _repeated(value)]
    if schema.get(LIST_TYPE) != "map":
        return []
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            words = "must be an object for an array of list-type map"
            return [invalid_value(f"{path}[{index}]", _shown(item), words)]
    keys = schema.get(LIST_MAP_KEYS) or ()
    said = [{key: item[key] for key in keys if key in item} if item is not None else {} for item in value]
    return [duplicate(f"{path}[{index}]", _shown(said[index])) for index in _repeated(said)]


def _repeated(values: list[Any]) -> list[int]:
    """Where each value that comes more than once comes for the second time."""
    seen: dict[bytes, int] = {}
    found = []
    for index, value in enumerate(values):
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            found.append(index)
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, dict | list):
        return GoText(syntax(value))
    return GoText(number(value)) if isinstance(value, float) else value


def validate_embedded(value: Any, schema: Schema | None, path: str = "") -> Errors:
    """The faults of the type and metadata of objects inside of the object."""
    if schema is None:
        return []
    errors: Errors = []
    if isinstance(value, dict):
        if schema.get(EMBEDDED):
            errors += _type_meta(value, path)
        for name, inner in value.items():
            if not (schema.get(EMBEDDED) and name in META_FIELDS):
                errors += validate_embedded(inner, schemas.at(schema, name), f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            errors += validate_embedded(item, schemas.items(schema), f"{path}[{index}]")
    return errors


def _type_meta(value: dict[str, Any], path: str) -> Errors:
    errors: Errors = [
        required(f"{path}.{field}", "must not be empty") for field in ("apiVersion", "kind") if field not in value
    ]
    for field in ("apiVersion", "kind"):
        said = value.get(field, field)
        if not isinstance(said, str):
            errors.append(invalid_value(f"{path}.{field}", _shown(said), "must be a string"))
        elif not said:
            errors.append(invalid_value(f"{path}.{field}", said, "must not be empty"))
    version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(version, str) and version.count("/") > 1:
        errors.append(invalid_value(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}"))
    if isinstance(kind, str) and kind and (faults := names.dns1035_label(kind.lower())):
        words = "may have mixed case, but should otherwise match: " + ",".join(faults)
        errors.append(invalid_value(f"{path}.kind", kind, words))
    return errors
