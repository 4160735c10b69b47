"""`-o custom-columns=NAME:.metadata.name,…`. Follows k8s.io/kubectl/pkg/cmd/get/customcolumn.go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.errors import CommandError, PrintedError
from cluster_engine.kubectl.printers import jsonpath
from cluster_engine.kubectl.printers.tabwriter import TableWriter

MAX_COLUMNS = 50


@dataclass(slots=True)
class CustomColumnsPrinter:
    """Prints objects as a table of columns that the person chose."""

    columns: list[tuple[str, str]]
    no_headers: bool = False
    _writer: TableWriter = field(default_factory=TableWriter)
    _headed: bool = False

    def render(self, items: list[Obj]) -> str:
        rows: list[list[str]] = []
        if not self._headed and not self.no_headers:
            rows.append([name for name, _ in self.columns])
        self._headed = True
        try:
            rows.extend([self._cell(path, obj) for _, path in self.columns] for obj in items)
        except jsonpath.JsonPathError as error:
            raise PrintedError(self._writer.render(rows), str(error)) from None
        return self._writer.render(rows)

    @staticmethod
    def _cell(path: str, obj: Obj) -> str:
        values = jsonpath.find(path, obj) if path else []
        return ",".join(go_text(value) for value in values) if values else "<none>"


def parse(spec: str, *, no_headers: bool = False) -> CustomColumnsPrinter:
    """The printer of `NAME:PATH,…`. Raises CommandError."""
    if not spec:
        raise CommandError("custom-columns format specified but no custom columns given")
    columns = []
    for part in spec.split(",")[:MAX_COLUMNS]:
        name, colon, path = part.partition(":")
        if not colon:
            raise CommandError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        try:
            columns.append((name, jsonpath.relaxed(path) if path else ""))
        except jsonpath.JsonPathError as error:
            raise CommandError(str(error)) from None
    return CustomColumnsPrinter(columns, no_headers)


def go_text(value: Any) -> str:
    """A value as Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    return str(value)
