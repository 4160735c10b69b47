"""Tables that the server made, as a person reads them. Follows cli-runtime/pkg/printers/tableprinter.go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.apimachinery.labels import format_labels
from cluster_engine.apimachinery.meta import Obj, labels_of
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl.printers.tabwriter import TableWriter


@dataclass(slots=True)
class TablePrinter:
    """Prints tables of one resource. It remembers the columns: later tables (of a watch) need not repeat them."""

    wide: bool = False
    no_headers: bool = False
    with_namespace: bool = False
    # The resource whose kind goes before the name, as in `pod/web-0`.
    with_kind: Resource | None = None
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()
    _columns: list[Obj] = field(default_factory=list)
    _writer: TableWriter = field(default_factory=TableWriter)
    _headed: bool = False

    def render(self, tables: Iterable[Obj]) -> str:
        """The lines of some tables, aligned together."""
        rows: list[list[str]] = []
        for table in tables:
            columns = table["columnDefinitions"] or self._columns
            if columns != self._columns:
                self._columns, self._headed = columns, False
            if not self._headed and not self.no_headers and table["rows"]:
                rows.append(self._header())
            self._headed = self._headed or bool(table["rows"])
            rows.extend(self._row(row) for row in table["rows"])
        return self._writer.render(rows)

    def _shown(self) -> list[tuple[int, Obj]]:
        return [(i, column) for i, column in enumerate(self._columns) if self.wide or not column.get("priority")]

    def _header(self) -> list[str]:
        cells = ["NAMESPACE"] if self.with_namespace else []
        cells += [column["name"].upper() for _, column in self._shown()]
        cells += [label.rpartition("/")[2].upper() for label in self.label_columns]
        return [*cells, "LABELS"] if self.show_labels else cells

    def _row(self, row: Obj) -> list[str]:
        obj = row.get("object") or {"metadata": {}}
        cells = [obj["metadata"].get("namespace", "")] if self.with_namespace else []
        for index, column in self._shown():
            text = cell_text(row["cells"][index] if index < len(row["cells"]) else "")
            if self.with_kind is not None and column.get("format") == "name":
                text = f"{self.with_kind.group_kind.lower()}/{text}"
            cells.append(text)
        labels = labels_of(obj)
        cells += [labels.get(label, "") for label in self.label_columns]
        return [*cells, format_labels(labels)] if self.show_labels else cells


def cell_text(value: Any) -> str:
    """A cell as text on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    for index, char in enumerate(text):
        if char in "\f\n\r":
            return text[:index] + "..."
    return text.replace("\t", "\\t").replace("\x1b", "^[")
