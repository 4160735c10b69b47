"""JSON whose faults are told in the words of Go's encoding/json."""

from __future__ import annotations

import json
from typing import Any

MAX_LENGTH = 3 * 1024 * 1024
_WORDS = (
    ("Expecting property name", "looking for beginning of object key string"),
    ("Expecting value", "looking for beginning of value"),
    ("Expecting ':'", "after object key"),
    ("Expecting ','", "after object key:value pair"),
    ("Extra data", "after top-level value"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\", "in string escape code"),
    ("Illegal trailing comma", "looking for beginning of object key string"),
)


def parse(text: str) -> Any:
    """The value; raises ValueError, e.g. `invalid character 'b' looking for beginning of value`."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"Request entity too large: limit is {MAX_LENGTH}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or "Unterminated string" in error.msg:
            raise ValueError("unexpected end of JSON input") from None
        words = next(
            (theirs for ours, theirs in _WORDS if error.msg.startswith(ours)), "looking for beginning of value"
        )
        raise ValueError(f"invalid character {text[error.pos]!r} {words}") from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None
