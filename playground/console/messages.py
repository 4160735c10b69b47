"""What a browser may say: one JSON object a frame, its `type` and fields checked before anything looks at them."""

from __future__ import annotations

from typing import Any

import orjson

from playground.sandboxes import limits

NUMBER = (int, float)
# Of each type its fields and what they may be. A field whose types include None may be left out.
FIELDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "hello": {"revision": (int, None)},
    "command": {"terminal": (str,), "line": (str,)},
    "undo": {"terminal": (str,)},
    "redo": {"terminal": (str,)},
    "reset": {"terminal": (str,), "what": (str,)},
    "interrupt": {"terminal": (str,)},
    "input": {"terminal": (str,), "text": (str,)},
    "resize": {"terminal": (str,), "columns": (int,), "rows": (int,)},
    "close_editor": {"terminal": (str,), "path": (str,)},
    "complete": {"terminal": (str,), "line": (str,), "cursor": (int,), "id": (str, int)},
    "check": {"id": (str, int), "path": (str, None), "text": (str,)},
    "repair": {"id": (str, int), "text": (str,), "answers": (dict, None)},
    "save": {"path": (str,), "text": (str,)},
    "apply": {"path": (str,), "text": (str,), "terminal": (str,)},
    "pace": {"speed": NUMBER, "paused": (bool,)},
    "look": {"look": (str,)},
    "step": {},
    "describe": {"id": (str, int), "key": (str,)},
    "show_lesson": {"slug": (str,)},
}
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "an object", None: "null"}


class BadMessage(ValueError):
    """A frame that is no message; the text says why."""


def parse(frame: str | bytes | None) -> dict[str, Any]:
    """The message in a frame, with every field of its type. Raises `BadMessage`; `LimitError` for what is too long."""
    if not isinstance(frame, str):
        raise BadMessage("a message is a text frame with one JSON object")
    limits.check_frame(len(frame))
    data = frame.encode("utf-8", "replace")
    limits.check_frame(len(data))
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadMessage("that is not JSON") from None
    if not isinstance(message, dict):
        raise BadMessage("a message is one JSON object")
    type_ = message.get("type")
    if not isinstance(type_, str) or type_ not in FIELDS:
        raise BadMessage(f"unknown message type {_shown(type_)}")
    fields = {name: _field(type_, name, message.get(name), types) for name, types in FIELDS[type_].items()}
    return {"type": type_} | fields


def _field(type_: str, name: str, value: Any, types: tuple[Any, ...]) -> Any:
    allowed = tuple(t for t in types if t is not None)
    if value is None and None in types:
        return None
    # A bool is an int to Python, and to nobody else.
    if isinstance(value, allowed) and (not isinstance(value, bool) or bool in types):
        return value
    wanted = " or ".join(dict.fromkeys(_WORDS[t] for t in types))
    raise BadMessage(f"{type_}: {name} must be {wanted}")


def _shown(value: Any) -> str:
    return repr(value)[:60] if isinstance(value, str) else "(none)"
