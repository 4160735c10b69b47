"""Tables in a look: other columns than the server's, worked out from the objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import age
from cluster_engine.kubectl.factory import Factory

# (header, what stands in the cell of an object, whether it is shown with `-o wide` only)
Column = tuple[str, Callable[[Obj], Any], bool]
Columns = tuple[Column, ...]
# From a cell's text and its row's object, of which only the metadata is there, to what is shown.
Cell = Callable[[str, Obj], str]


def path(*keys: str) -> Callable[[Obj], Any]:
    """A number at a place of an object; 0 where there is none."""

    def find(obj: Obj) -> Any:
        found: Any = obj
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return 0 if found is None else found

    return find


class LookFactory(Factory):
    """kubectl's way to the server, on which tables get a look's columns."""

    columns: Mapping[str, Columns] = {}
    cells: Mapping[str, Cell] = {}
    # How objects read that are shown whole.
    shown: Mapping[str, Callable[[Obj], Obj]] = {}

    _definitions: Sequence[Obj] = ()

    def request(self, verb: Any, resource: Any, namespace: str = "", name: str = "", **options: Any) -> Any:
        wanted = self.columns.get(resource.group_resource) if options.get("accept") == "table" else None
        if wanted is not None:
            options["include_object"] = "Object"
        body = super().request(verb, resource, namespace, name, **options)
        if options.get("accept") != "table":
            change = self.shown.get(resource.group_resource)
            if change is None or verb not in ("get", "list", "watch"):
                return body
            return ShownWatch(body, change) if verb == "watch" else _changed(body, change)
        if verb == "watch":
            render = body.render
            body.render = lambda obj, first: self._table(render(obj, first), wanted)
            return body
        return self._table(body, wanted) if isinstance(body, dict) else body

    def _table(self, table: Obj, wanted: Columns | None) -> Obj:
        if table.get("kind") != "Table":
            return table
        return self._reworded(table) if wanted is None else self._replaced(table, wanted)

    def _replaced(self, table: Obj, wanted: Columns) -> Obj:
        definitions = [
            {"name": header, "type": "string", "format": "name" if header == "Name" else "", "priority": int(wide)}
            for header, _, wide in wanted
        ]
        rows = []
        for row in table["rows"]:
            obj = row["object"]
            cells = [age(cell(obj), self.now_us) if header == "Age" else cell(obj) for header, cell, _ in wanted]
            rows.append({**row, "cells": cells})
        return {**table, "columnDefinitions": definitions if table["columnDefinitions"] else [], "rows": rows}

    def _reworded(self, table: Obj) -> Obj:
        # Later tables of a watch do not repeat the columns.
        self._definitions = table["columnDefinitions"] or self._definitions
        places = {
            index: self.cells[column["name"]]
            for index, column in enumerate(self._definitions)
            if column["name"] in self.cells
        }
        if not places:
            return table
        rows = []
        for row in table["rows"]:
            obj = row.get("object") or {}
            cells = list(row["cells"])
            for index, change in places.items():
                cells[index] = change(str(cells[index]), obj)
            rows.append({**row, "cells": cells})
        return {**table, "rows": rows}


def _changed(body: Any, change: Callable[[Obj], Obj]) -> Any:
    """An object, or each of a list's."""
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        return {**body, "items": [change(item) for item in body["items"]]}
    return change(body) if isinstance(body, dict) else body


class ShownWatch:
    """A watch whose objects read as a look shows them."""

    def __init__(self, watch: Any, change: Callable[[Obj], Obj]) -> None:
        self.__dict__["_watch"] = watch
        self.__dict__["_change"] = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._watch, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._watch, name, value)

    def __len__(self) -> int:
        return len(self._watch)

    def pop(self) -> Any:
        event = self._watch.pop()
        return event if event is None else (event[0], self._change(event[1]), event[2])
