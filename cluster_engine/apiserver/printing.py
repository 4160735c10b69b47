"""Tables and metadata-only objects: the forms of a response beside the whole object (meta.k8s.io/v1)."""

from __future__ import annotations

from functools import lru_cache

from cluster_engine.api.strategy import Column, Strategy
from cluster_engine.apimachinery.meta import Obj


@lru_cache(maxsize=256)
def _definitions(columns: tuple[Column, ...]) -> tuple[Obj, ...]:
    return tuple(
        {"name": c.name, "type": c.type, "format": c.format, "description": c.description, "priority": c.priority}
        for c in columns
    )


def table(
    strategy: Strategy,
    items: list[Obj],
    now_us: int,
    meta: Obj,
    include_object: str = "Metadata",
    *,
    columns: bool = True,
) -> Obj:
    """A `Table` of objects; only the first event of a watch carries the column definitions."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": list(_definitions(strategy.columns)) if columns else [],
        "rows": [_row(strategy, obj, now_us, include_object) for obj in items],
    }


def _row(strategy: Strategy, obj: Obj, now_us: int, include_object: str) -> Obj:
    row: Obj = {"cells": strategy.cells(obj, now_us)}
    conditions = strategy.row_conditions(obj)
    if conditions:
        row["conditions"] = conditions
    if include_object == "Object":
        row["object"] = obj
    elif include_object == "Metadata":
        row["object"] = partial(obj)
    return row


def partial(obj: Obj) -> Obj:
    """The object's metadata, as PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
