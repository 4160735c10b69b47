"""Where describers write: lines with an indent of two spaces a level, and tabs that become columns at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cluster_engine.apimachinery.labels import format_labels
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.last_applied import ANNOTATION
from cluster_engine.kubectl.printers import tabwriter

MAX_ANNOTATION = 140
NONE = "<none>"


class Writer:
    """Collects lines; `raw` keeps the tabs, `text` turns them into columns."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    @property
    def raw(self) -> str:
        return "".join(self._parts)

    @property
    def text(self) -> str:
        return tabwriter.align(self.raw)

    def line(self, level: int, *cells: Any) -> None:
        """One line of cells, separated by tabs."""
        self._parts.append("  " * level + "\t".join(str(cell) for cell in cells) + "\n")

    def field(self, title: str, value: Any, level: int = 0) -> None:
        """`Title:<tab>value`."""
        self.line(level, f"{title}:", value)

    def lines(self, title: str, values: Sequence[str], indent: str = "", *, indented: bool = False) -> None:
        """A title whose values stand one below the other; `<none>` without any."""
        # Further lines begin with a tab even where the title is indented, but for tolerations and the like.
        self._parts.append(f"{indent}{title}:\t{values[0] if values else NONE}\n")
        self._parts.extend(f"{indent if indented else ''}\t{value}\n" for value in values[1:])

    def labels(self, title: str, labels: Mapping[str, str] | None, indent: str = "") -> None:
        self.lines(title, [f"{key}={value}" for key, value in sorted((labels or {}).items())], indent)

    def annotations(self, title: str, annotations: Mapping[str, str] | None, indent: str = "") -> None:
        """Annotations without the one of `apply`; long ones go on a line of their own, cut after 140 characters."""
        shown: list[str] = []
        for key, value in sorted((annotations or {}).items()):
            if key == ANNOTATION:
                continue
            value = value.removesuffix("\n")
            if len(value) + len(key) + 2 > MAX_ANNOTATION or "\n" in value:
                shown.append(f"{key}:")
                shown.extend("  " + _shorten(part, MAX_ANNOTATION - 2) for part in value.split("\n"))
            else:
                shown.append(f"{key}: {value}")
        # The annotations' own lines begin with a tab even where the title is indented.
        self._parts.append(f"{indent}{title}:\t{shown[0] if shown else NONE}\n")
        self._parts.extend(f"\t{line}\n" for line in shown[1:])

    def head(self, obj: Obj, *, namespaced: bool = True) -> None:
        """Name, namespace, labels and annotations, with which most kinds begin."""
        meta = obj["metadata"]
        self.field("Name", meta["name"])
        if namespaced:
            self.field("Namespace", meta.get("namespace", ""))
        self.labels("Labels", meta.get("labels"))
        self.annotations("Annotations", meta.get("annotations"))

    def table(self, level: int, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A header, a line of dashes below it, and rows."""
        self.line(level, *header)
        self.line(level, *("-" * len(title) for title in header))
        for row in rows:
            self.line(level, *row)

    def conditions(self, conditions: Sequence[Obj] | None) -> None:
        """The short form: type, status, reason."""
        if conditions:
            self.line(0, "Conditions:")
            rows = ((f"{c['type']} ", c["status"], c.get("reason", "")) for c in conditions)
            self.table(1, ("Type", "Status", "Reason"), rows)


def _shorten(text: str, length: int) -> str:
    return text[:length] + "..." if len(text) > length else text


def rfc1123(timestamp: str | None) -> str:
    """A timestamp as `Mon, 02 Jan 2006 15:04:05 +0000`. A missing one is Go's zero time."""
    if not timestamp:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    return datetime.fromtimestamp(parse_time(timestamp) // SECOND_US, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


def go_list(values: Sequence[Any] | None) -> str:
    """As Go prints a slice of strings: `[a b]`."""
    return "[" + " ".join(str(value) for value in values or ()) + "]"


def selector_map(selector: Mapping[str, str] | None) -> str:
    return format_labels(selector)
