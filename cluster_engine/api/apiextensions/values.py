"""Whether a value has the form that its schema asks for, in the words of the validator that the API server uses.

Of a value that is the same as before an update nothing is said (ratcheting). Follows k8s.io/kube-openapi's
pkg/validation/validate and apiextensions-apiserver's pkg/apiserver/validation/{validation,ratcheting}.go.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from cluster_engine.api.apiextensions import formats, schemas
from cluster_engine.api.apiextensions.schemas import INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, MAP_TYPE, Schema
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import (
    FieldError,
    invalid_value,
    not_supported,
    required,
    too_long,
    too_many,
)
from cluster_engine.apimachinery.gotext import GoText, quote, syntax
from cluster_engine.apimachinery.regexp import RegexpError, compile_pattern

NO_PATH = "<nil>"
ABSENT = object()


class Result:
    """What was found at one place: faults by their words (each once), and how much did match, which chooses among the
    alternatives of `anyOf` and `oneOf`.
    """

    __slots__ = ("faults", "matches")

    def __init__(self) -> None:
        self.faults: dict[str, FieldError] = {}
        self.matches = 0

    def add(self, words: str, fault: FieldError) -> None:
        self.faults.setdefault(words, fault)

    def merge(self, other: Result) -> None:
        for words, fault in other.faults.items():
            self.faults.setdefault(words, fault)
        self.matches += other.matches


def validate(value: Any, schema: Schema | None, old: Any = ABSENT, path: str = "") -> Errors:
    """The faults of a value. `old` is what stood there before, where that is known."""
    if schema is None:
        return []
    return list(_validate(value, schema, path, old).faults.values())


def _validate(value: Any, schema: Schema, path: str, old: Any) -> Result:
    result = Result()
    type_ = _type_of(schema)
    format_ = formats.known(schema.get("format") or "")
    if value is None:
        _check_type(result, value, schema, type_, format_, path)
        _check_enum(result, value, schema, path)
    else:
        if type_ or format_:
            _check_type(result, value, schema, type_, format_, path)
            result.matches += 1
        result.merge(_junctors(value, schema, path, old))
        result.matches += 1
        if isinstance(value, str):
            _check_string(result, value, schema, path)
            result.matches += 1
            if format_:
                _check_format(result, value, format_, path)
                result.matches += 1
        elif isinstance(value, int | float) and not isinstance(value, bool):
            _check_number(result, value, schema, path)
            result.matches += 2
        elif isinstance(value, list):
            _check_list(result, value, schema, path, old)
            result.matches += 2
        _check_enum(result, value, schema, path)
        result.matches += 1
        if isinstance(value, dict):
            _check_object(result, value, schema, path, old)
            result.matches += 1
        result.matches += 1
    if result.faults and old is not ABSENT and value == old:
        result.faults = {}
    return result


def _type_of(schema: Schema) -> str:
    return "integer,string" if schema.get(INT_OR_STRING) else schema.get("type") or ""


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    for type_, name in ((str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object")):
        if isinstance(value, type_):
            return name
    return "null"


def _add(result: Result, path: str, value: Any, words: str, cause: str = "FieldValueInvalid") -> None:
    """A fault whose words name its place themselves."""
    fault = invalid_value(path.removeprefix(".") or NO_PATH, value, words)
    result.add(words, FieldError(fault.type, fault.path, fault.message, cause))


def _check_type(result: Result, value: Any, schema: Schema, type_: str, format_: str, path: str) -> None:
    found = _kind_of(value)
    types = type_.split(",") if type_ else []
    if value is None:
        if types and not schema.get("nullable"):
            words = f'{path} in body must be of type {type_}: "null"'
            _add(result, path, "null", words, "FieldValueTypeInvalid")
        return
    fits = found in types
    if found == "number":
        fits = fits or ("integer" in types and _is_whole(value))
    elif found == "integer":
        fits = fits or "number" in types
    if format_ and not fits and not isinstance(value, str | list):
        words = f"{path} in body must be of type {format_}: {quote(_format_of(value))}"
        _add(result, path, _format_of(value), words, "FieldValueTypeInvalid")
    elif format_ and isinstance(value, str | list) and not {"number", "integer"} & set(types):
        result.matches += 1
    elif not fits:
        words = f"{path} in body must be of type {type_}: {quote(found)}"
        _add(result, path, found, words, "FieldValueTypeInvalid")
    else:
        result.matches += 1


def _format_of(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return "int64" if isinstance(value, int) else "float64"


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value) and abs(value) <= 2**53


def _check_string(result: Result, value: str, schema: Schema, path: str) -> None:
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern") or ""
    where = path.removeprefix(".") or NO_PATH
    if longest is not None and len(value) > longest:
        result.add(f"{path} in body should be at most {longest} chars long", too_long(where, longest))
    elif shortest is not None and len(value) < shortest:
        _add(result, path, value, f"{path} in body should be at least {shortest} chars long")
    elif pattern:
        try:
            if not compile_pattern(pattern).found_in(value):
                _add(result, path, value, f"{path} in body should match '{pattern}'")
        except RegexpError as error:
            _add(result, path, value, f"{path} in body should match '{pattern}, but pattern is invalid: {error}'")


def _check_format(result: Result, value: str, format_: str, path: str) -> None:
    if not formats.fits(format_, value):
        words = f"{path} in body must be of type {format_}: {quote(value)}"
        _add(result, path, value, words, "FieldValueTypeInvalid")


def _check_number(result: Result, value: float, schema: Schema, path: str) -> None:
    multiple, least, most = schema.get("multipleOf"), schema.get("minimum"), schema.get("maximum")
    if multiple is not None:
        factor = int(multiple) if isinstance(value, int) else multiple
        if factor <= 0:
            _add(result, path, factor, f"factor MultipleOf declared for {path} must be positive: {number(factor)}")
        elif (isinstance(value, int) and value % factor) or (
            isinstance(value, float) and not _is_whole(value / factor)
        ):
            _add(result, path, _shown(value), f"{path} in body should be a multiple of {number(factor)}")
    if least is not None:
        limit, strictly = int(least) if isinstance(value, int) else least, bool(schema.get("exclusiveMinimum"))
        if value < limit or (strictly and value == limit):
            words = "greater than" if strictly else "greater than or equal to"
            _add(result, path, _shown(value), f"{path} in body should be {words} {number(limit)}")
    if most is not None:
        limit, strictly = int(most) if isinstance(value, int) else most, bool(schema.get("exclusiveMaximum"))
        if value > limit or (strictly and value == limit):
            words = "less than" if strictly else "less than or equal to"
            _add(result, path, _shown(value), f"{path} in body should be {words} {number(limit)}")


def number(value: float) -> str:
    """A number as Go's `%v` prints it."""
    if isinstance(value, int):
        return str(value)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    mantissa, sign, exponent = repr(value).partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}" if sign else mantissa


def _shown(value: float) -> GoText:
    return GoText(number(value))


def _check_enum(result: Result, value: Any, schema: Schema, path: str) -> None:
    allowed = schema.get("enum")
    # A null is none of them, even where it is listed.
    if not allowed or (value is not None and any(_same(value, other) for other in allowed)):
        return
    texts = [text if isinstance(text, str) else orjson.dumps(text).decode() for text in allowed]
    where = path.removeprefix(".") or NO_PATH
    shown = GoText(syntax(value)) if isinstance(value, dict | list) else value
    result.add(f"{path} in body should be one of {texts}", not_supported(where, shown, texts))


def _same(value: Any, other: Any) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _check_list(result: Result, value: list[Any], schema: Schema, path: str, old: Any) -> None:
    below = schemas.items(schema)
    if below is not None:
        earlier = _by_keys(schema, old)
        keys = schema.get(LIST_MAP_KEYS) or ()
        for index, item in enumerate(value):
            before = earlier.get(_key_of(item, keys), ABSENT) if earlier else ABSENT
            result.merge(_validate(item, below, f"{path}[{index}]", before))
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        _add(result, path, len(value), f"{path} in body should have at least {least} items")
    if most is not None and len(value) > most:
        where = path.removeprefix(".") or NO_PATH
        result.add(f"{path} in body should have at most {most} items", too_many(where, len(value), most))


def _by_keys(schema: Schema, old: Any) -> dict[str, Any]:
    """The items of an old list by their keys; only those of lists of type map can be told from each other."""
    if schema.get(LIST_TYPE) != "map" or not isinstance(old, list):
        return {}
    keys = schema.get(LIST_MAP_KEYS) or ()
    return {_key_of(item, keys): item for item in old}


def _key_of(item: Any, keys: Any) -> str:
    found = [item.get(key) for key in keys] if isinstance(item, dict) else [None]
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def _check_object(result: Result, value: dict[str, Any], schema: Schema, path: str, old: Any) -> None:
    known = schemas.properties(schema)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and len(value) < least:
        _add(result, path, len(value), f"{path} in body should have at least {least} properties")
    if most is not None and len(value) > most:
        where = path.removeprefix(".") or NO_PATH
        result.add(f"{path} in body should have at most {most} properties", too_many(where, len(value), most))
    others = schemas.additional(schema)
    for name in sorted(value):
        if name in known:
            continue
        if schema.get("additionalProperties") is False:
            _add(result, path, name, f"{path}.{name} in body is a forbidden property")
        elif others is not None:
            result.merge(_validate(value[name], others, f"{path}.{name}", _before(schema, old, name)))
    for name in sorted(known):
        if name in value:
            where = f"{path}.{name}" if path else name
            result.merge(_validate(value[name], known[name], where, _before(schema, old, name)))
    for name in schema.get("required") or ():
        if name not in value:
            where = f"{path}.{name}"
            result.add(f"{where} in body is required", required(where.removeprefix(".")))


def _before(schema: Schema, old: Any, name: str) -> Any:
    """What stood in a field before, where the object is still the same one."""
    if not isinstance(old, dict) or schema.get(MAP_TYPE) == "atomic":
        return ABSENT
    return old.get(name, ABSENT)


def _junctors(value: Any, schema: Schema, path: str, old: Any) -> Result:
    result = Result()
    shown = quote(path)
    if schema.get("anyOf"):
        _any_of(result, [_validate(value, part, path, old) for part in schema["anyOf"]], shown)
    if schema.get("oneOf"):
        _one_of(result, [_validate(value, part, path, old) for part in schema["oneOf"]], shown)
    if schema.get("allOf"):
        parts = [_validate(value, part, path, old) for part in schema["allOf"]]
        for part in parts:
            result.merge(part)
        valid = sum(not part.faults for part in parts)
        if valid != len(parts):
            none = "" if valid else ". None validated"
            _add(result, "", "", f"{shown} must validate all the schemas (allOf){none}")
    if schema.get("not") is not None and not _validate(value, schema["not"], path, old).faults:
        _add(result, "", "", f"{shown} must not validate the schema (not)")
    result.matches += 1
    return result


def _any_of(result: Result, parts: list[Result], shown: str) -> None:
    valid = next((part for part in parts if not part.faults), None)
    if valid is not None:
        result.merge(valid)
        return
    _add(result, "", "", f"{shown} must validate at least one schema (anyOf)")
    result.merge(max(parts, key=lambda part: part.matches))


def _one_of(result: Result, parts: list[Result], shown: str) -> None:
    valid = [part for part in parts if not part.faults]
    if len(valid) == 1:
        result.merge(valid[0])
        return
    found = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    _add(result, "", "", f"{shown} must validate one and only one schema (oneOf). {found}")
    if not valid:
        result.merge(max(parts, key=lambda part: part.matches))
