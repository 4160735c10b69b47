"""YAML that remembers where everything stands, so that an error in a lesson can name its line."""

from pathlib import Path
from typing import Any

import yaml


class LessonError(Exception):
    """A lesson file is wrong. The message starts with the file and the line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


class Node:
    """A value of a lesson file with its line (from 1), and ways to take it apart that say what is wrong."""

    def __init__(self, path: Path, node: yaml.Node, what: str) -> None:
        self.path = path
        self.line = node.start_mark.line + 1
        self.what = what
        self._node = node

    def error(self, message: str) -> LessonError:
        """Return an error at this place."""
        return LessonError(self.path, self.line, f"{self.what}: {message}")

    def mapping(self, *, required: tuple[str, ...] = (), optional: tuple[str, ...] | None = None) -> dict[str, "Node"]:
        """Return the mapping's values; with `optional` given, no other keys may be there."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error("must be a mapping")
        values: dict[str, Node] = {}
        for key_node, value_node in self._node.value:
            key = str(key_node.value)
            if key in values:
                raise LessonError(self.path, key_node.start_mark.line + 1, f"{self.what}: {key!r} stands here twice")
            if optional is not None and key not in required and key not in optional:
                known = ", ".join((*required, *optional))
                raise LessonError(
                    self.path, key_node.start_mark.line + 1, f"{self.what}: unknown key {key!r} (known: {known})"
                )
            values[key] = Node(self.path, value_node, f"{self.what}.{key}" if self.what else key)
        for key in required:
            if key not in values:
                raise self.error(f"{key!r} is missing")
        return values

    def items(self) -> list["Node"]:
        """Return the values of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error("must be a list")
        return [Node(self.path, node, f"{self.what}[{index}]") for index, node in enumerate(self._node.value)]

    def value(self) -> Any:
        """Return the plain Python value."""
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_document(self._node)
        except yaml.YAMLError as error:
            raise self.error(str(error)) from None

    def text(self) -> str:
        """Return a text that is not empty."""
        value = self.value()
        if not isinstance(value, str) or not value.strip():
            raise self.error("must be a text")
        return value

    def number(self) -> int:
        """Return a whole number."""
        value = self.value()
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error("must be a whole number")
        return value


def load(path: Path, what: str = "") -> Node:
    """Read one YAML document. Raises `LessonError`."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LessonError(path, line, f"is not YAML: {error.problem}") from None
    except OSError as error:
        raise LessonError(path, 1, f"cannot be read: {error.strerror}") from None
    if node is None:
        raise LessonError(path, 1, "is empty")
    return Node(path, node, what)
