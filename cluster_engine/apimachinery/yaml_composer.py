"""Building a YAML document's value from parser events, with the place of every field and a bound on everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.yaml_scalars import ScalarError, key_text, resolve

MAX_DEPTH = 100
MAX_NODES = 200_000
CONVERTING = "error converting YAML to JSON: "


class YamlError(ValueError):
    """A text that is no YAML. `line` and `column` (from 1) are those of the whole text; the message is kubectl's."""

    def __init__(self, message: str, line: int, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    @property
    def problem(self) -> str:
        """The message without the word of the conversion, as `yaml.ToJSON` gives it: `yaml: line 4: …`."""
        return self.message.removeprefix(CONVERTING)


class TooLargeError(YamlError):
    """A text beyond a limit: nobody reads it any further."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in the text: from (line, column) to before (end_line, end_column), all from 1."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that stands twice in one map; the last one counts."""

    path: str
    message: str
    position: Position


@dataclass(slots=True)
class Document:
    """One document: its value as JSON, the line (from 1) at which it starts, and where its fields stand.

    `keys` has the place of each field's name, `positions` that of its value; both by path: `spec.containers[0].image`.
    """

    value: Any
    line: int
    positions: dict[str, Position] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)

    def locate(self, path: str) -> Position:
        """The place of a field, or of the nearest one around it; takes paths as field errors have them."""
        for candidate in _around(path):
            if candidate in self.keys or candidate in self.positions:
                found = self.positions.get(candidate) if candidate == path else None
                if found is not None and found.line == found.end_line:
                    return found
                return self.keys.get(candidate) or self.positions[candidate]
        return self.positions.get("", Position(self.line, 1, self.line, 1))


def _around(path: str) -> Iterator[str]:
    """The path, then what is around it, outwards. A map's entry may be written `data[key]` or `data.key`."""
    while path:
        yield path
        if path.endswith("]") and "[" in path:
            head, _, key = path[:-1].rpartition("[")
            if not key.isdigit():
                yield f"{head}.{key}"
            path = head
        else:
            cut = max(path.rfind("."), path.rfind("["))
            path = path[:cut] if cut > 0 else ""


class ComposeError(Exception):
    """A fault that the parser does not see. Line and column count from 0, within the document."""

    def __init__(
        self, words: str, mark: Any, *, prefix: str = "yaml: ", says_line: bool = False, too_large: bool = False
    ) -> None:
        super().__init__(words)
        self.line, self.column = mark.line, mark.column
        self.prefix = prefix
        self.says_line = says_line
        self.too_large = too_large


class _Frame:
    """A list or a map that is being read."""

    __slots__ = ("anchor", "key", "merges", "nodes", "path", "start", "value")

    def __init__(self, value: Any, path: str, anchor: str | None, nodes: int, start: Any) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.nodes = nodes
        self.start = start
        self.key: str | None = None
        self.merges: list[dict[str, Any]] = []


_MERGE_KEY = "<<"


class Composer:
    """Builds one document's value from parser events, without recursion."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._stack: list[_Frame] = []
        # anchor -> (value, how many nodes it holds), or None while it is being read
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._nodes = 0
        self._aliased = 0

    def take(self, event: Any) -> bool:
        """Takes one event; False at the end of the document."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._count(event.start_mark)
            self._add_scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._count(event.start_mark)
            self._open({} if kind is yaml.MappingStartEvent else [], event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(event)
        elif kind is yaml.AliasEvent:
            self._add_alias(event)
        elif kind is yaml.DocumentEndEvent:
            return False
        return True

    def _count(self, mark: Any, nodes: int = 1, *, aliased: bool = False) -> None:
        self._nodes += nodes
        if aliased:
            self._aliased += nodes
            # Go's YAML allows 99% of a small document to come from aliases, and less of a large one.
            if self._aliased > 100 and self._nodes > 1000 and self._aliased > 0.99 * self._nodes:
                raise ComposeError("document contains excessive aliasing", mark, too_large=True)
            if self._nodes > MAX_NODES:
                raise ComposeError("document contains excessive aliasing", mark, too_large=True)
        if self._nodes > MAX_NODES:
            raise ComposeError(f"exceeded max number of {MAX_NODES} nodes", mark, too_large=True)

    def _add_scalar(self, event: Any) -> None:
        if self._awaits_key():
            self._start_key(event)
            return
        try:
            value = resolve(event.value, event.tag, plain=event.implicit[0])
        except ScalarError as error:
            raise ComposeError(
                str(error), event.start_mark, prefix="yaml: unmarshal errors:\n  ", says_line=True
            ) from None
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, _position(event.start_mark, event.end_mark, self._document.line))

    def _add_alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise ComposeError(f"unknown anchor '{event.anchor}' referenced", event.start_mark)
        found = self._anchors[event.anchor]
        if found is None:
            raise ComposeError(f"anchor '{event.anchor}' value contains itself", event.start_mark)
        value, nodes = found
        self._count(event.start_mark, nodes, aliased=True)
        if self._awaits_key():
            self._key_is(value, event)
            return
        self._add(value, _position(event.start_mark, event.end_mark, self._document.line))

    def _open(self, value: Any, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise ComposeError(f"exceeded max depth of {MAX_DEPTH}", event.start_mark, too_large=True)
        if self._awaits_key():
            raise ComposeError(f"invalid map key: {'map[]' if value == {} else '[]'}", event.start_mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(value, self._path(), event.anchor, self._nodes, event.start_mark))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        for merged in frame.merges:
            for key, value in merged.items():
                frame.value.setdefault(key, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, self._nodes - frame.nodes + 1)
        self._add(frame.value, _position(frame.start, event.end_mark, self._document.line))

    def _add(self, value: Any, position: Position) -> None:
        """Puts a value where it belongs: into the list or map around it, or it is the document."""
        self._document.positions[self._path()] = position
        if not self._stack:
            self._document.value = value
            return
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key == _MERGE_KEY:
            self._merge(frame, value, position)
            frame.key = None
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _merge(self, frame: _Frame, value: Any, position: Position) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise YamlError(
                f"{CONVERTING}yaml: map merge requires map or sequence of maps as the value",
                position.line,
                position.column,
            )
        frame.merges.extend(sources)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _start_key(self, event: Any) -> None:
        if event.implicit[0] and event.value == _MERGE_KEY:
            self._stack[-1].key = _MERGE_KEY
            return
        try:
            key = resolve(event.value, event.tag, plain=event.implicit[0])
        except ScalarError as error:
            raise ComposeError(
                str(error), event.start_mark, prefix="yaml: unmarshal errors:\n  ", says_line=True
            ) from None
        if event.anchor:
            self._anchors[event.anchor] = (key, 1)
        self._key_is(key, event)

    def _key_is(self, key: Any, event: Any) -> None:
        try:
            text = key_text(key)
        except ScalarError as error:
            raise ComposeError(str(error), event.start_mark, prefix="") from None
        frame = self._stack[-1]
        frame.key = text
        position = _position(event.start_mark, event.end_mark, self._document.line)
        path = self._path()
        if text in frame.value:
            words = f"line {event.start_mark.line + 1}: key {quote(text)} already set in map"
            self._document.duplicates.append(Duplicate(path, words, position))
        self._document.keys[path] = position

    def _path(self) -> str:
        """The path of the value that comes next."""
        if not self._stack:
            return ""
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            return f"{frame.path}[{len(frame.value)}]"
        return f"{frame.path}.{frame.key}" if frame.path else str(frame.key)


def _position(start: Any, end: Any, line: int) -> Position:
    return Position(line + start.line, start.column + 1, line + end.line, end.column + 1)
