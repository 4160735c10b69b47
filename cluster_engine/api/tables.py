"""Pieces of table cells that several kinds share. Follows pkg/printers/internalversion/printers.go (v1.32)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_engine.api.strategy import Column
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import age

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"
WIDE_CONTAINERS = (Column("Containers", priority=1), Column("Images", priority=1))
WIDE_SELECTOR = Column("Selector", priority=1)


def created(obj: Obj, now_us: int) -> str:
    """The age of an object; `now_us` is virtual microseconds."""
    return age(obj["metadata"].get("creationTimestamp"), now_us)


def containers_and_images(obj: Obj) -> list[str]:
    """The names and the images of a template's containers, as the wide columns show them."""
    containers = ((obj.get("spec") or {}).get("template") or {}).get("spec", {}).get("containers") or ()
    return [",".join(c.get("name") or "" for c in containers), ",".join(c.get("image") or "" for c in containers)]


def joined(values: Sequence[str]) -> str:
    return ",".join(values)


_MODES = (("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"))


def access_modes(modes: Sequence[str] | None) -> str:
    """Access modes by their letters, each once, in Kubernetes' order."""
    return ",".join(short for mode, short in _MODES if mode in (modes or ()))


def or_none(value: Any) -> Any:
    return value if value else NONE
