"""Any other kind: its fields as they are. Follows genericDescriber."""

from __future__ import annotations

import re
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.printers.custom_columns import go_text

_SKIPPED = {
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
}
_ACRONYMS = {"api": "API", "url": "URL", "uid": "UID", "guid": "GUID"}


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj)
    _fields(obj, writer, 0, "")


def _fields(content: Obj, writer: Writer, level: int, path: str) -> None:
    for field in sorted(content):
        value: Any = content[field]
        here = f"{path}.{field}"
        if here in _SKIPPED:
            continue
        if isinstance(value, dict):
            writer.line(level, f"{label_of(field)}:")
            _fields(value, writer, level + 1, here)
        elif isinstance(value, list | tuple):
            writer.line(level, f"{label_of(field)}:")
            for child in value:
                if isinstance(child, dict):
                    _fields(child, writer, level + 1, here)
                else:
                    writer.line(level + 1, go_text(child))
        else:
            writer.field(label_of(field), go_text(value), level)


def label_of(field: str) -> str:
    """`podManagementPolicy` as `Pod Management Policy`. Follows smartLabelFor."""
    if not re.fullmatch(r"[A-Za-z-]+", field):
        return field
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|-", field)
    return " ".join(_ACRONYMS.get(part.lower(), part[:1].upper() + part[1:]) for part in parts)
