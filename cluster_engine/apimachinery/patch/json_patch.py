"""JSON patches (RFC 6902), refused as the API server refuses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonpatch
import jsonpointer
import orjson

from cluster_engine.apimachinery.patch.common import BadPatchError, UnprocessablePatchError, check_depth

MAX_OPERATIONS = 10_000
# Copies of copies grow without end; the API server stops at the size of the largest request.
MAX_RESULT_BYTES = 3 * 1024 * 1024
_FIELDS = frozenset(("op", "path", "from", "value"))


class TooManyOperationsError(BadPatchError):
    """More operations than the API server takes. To a client it is a 413."""


def apply_json_patch(document: dict[str, Any], operations: Any) -> dict[str, Any]:
    """The document with all operations applied, or an error and nothing.

    Raises `BadPatchError` for what is no patch, `UnprocessablePatchError` for one that does not apply: a path that is
    not there, a test that fails.
    """
    if not isinstance(operations, list):
        words = "object" if isinstance(operations, Mapping) else "string" if isinstance(operations, str) else "number"
        raise BadPatchError(
            f"error decoding patch: json: cannot unmarshal {words} into Go value of type []handlers.jsonPatchOp"
        )
    if len(operations) > MAX_OPERATIONS:
        raise TooManyOperationsError(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        )
    check_depth(operations)
    # The library changes documents in place, so it gets one of its own.
    made: Any = orjson.loads(orjson.dumps(document))
    size = 0
    for operation in operations:
        made = _apply(made, operation)
        if operation.get("op") == "copy":
            size += len(orjson.dumps(_resolve(made, operation["path"])))
            if size > MAX_RESULT_BYTES:
                raise UnprocessablePatchError("Unable to complete the copy, the accumulated size increase is too large")
    if not isinstance(made, dict):
        raise UnprocessablePatchError("the patch leaves no object")
    return made


def strict_errors(operations: list[Any]) -> list[str]:
    """What strict decoding has against the operations: fields that no operation has."""
    return [
        f'json patch unknown field "[{index}].{name}"'
        for index, operation in enumerate(operations)
        if isinstance(operation, Mapping)
        for name in operation
        if name not in _FIELDS
    ]


def _apply(document: Any, operation: Any) -> Any:
    if not isinstance(operation, Mapping):
        raise BadPatchError("error decoding patch: json: cannot unmarshal into Go value of type handlers.jsonPatchOp")
    if operation.get("op") in ("add", "replace", "test") and "value" not in operation:
        operation = {**operation, "value": None}
    try:
        return jsonpatch.JsonPatch([dict(operation)]).apply(document, in_place=True)
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
    ) as error:
        raise UnprocessablePatchError(str(error)) from None


def _resolve(document: Any, path: str) -> Any:
    try:
        return jsonpointer.resolve_pointer(document, path, None)
    except jsonpointer.JsonPointerException:
        return None  # a path that ends in "-", just after the last element
