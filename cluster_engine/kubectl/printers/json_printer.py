"""Objects as JSON, as Go writes it: sorted keys, four spaces, and the three characters of HTML escaped."""

from __future__ import annotations

import json
from typing import Any

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def escaped(text: str) -> str:
    """JSON with the characters of HTML escaped, as Go's encoder does."""
    return text.translate(_HTML)


def pretty(value: Any, *, in_order: bool = False) -> str:
    """Indented JSON, its keys sorted, or in the order that they have."""
    return json.dumps(value, indent=4, sort_keys=not in_order, ensure_ascii=False).translate(_HTML)


def compact(value: Any, *, in_order: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=not in_order, ensure_ascii=False).translate(_HTML)
