"""Prints a node of a schema as `kubectl explain` does. Follows pkg/explain/v2/templates/plaintext.tmpl."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.explain.nodes import Node

WIDTH = 76
SHOWN_ENUMS = 4


def head_of(resource: Resource) -> str:
    group = f"GROUP:      {resource.group}\n" if resource.group else ""
    return f"{group}KIND:       {resource.kind}\nVERSION:    {resource.version}\n\n"


def body_of(root: Node, path: Sequence[str], *, recursive: bool, max_depth: int) -> str:
    """The explanation of a kind, or of the field at `path` below it. Raises CommandError for no such field."""
    head, node = "", root
    for index, name in enumerate(path):
        found = _field(node, name)
        if found is None:
            raise CommandError(f'field "{path[-1]}" does not exist')
        node = found
        if index == len(path) - 1:
            head += f"FIELD: {name} <{node.word}>\n{_enum_of_one(node)}\n\n"
    return head + _body(node, recursive=recursive, max_depth=max_depth) + "\n"


def _field(node: Node, name: str) -> Node | None:
    """A field of the object, or of what a list or a map holds."""
    while node.item is not None:
        node = node.item
    return node.fields.get(name)


def _body(node: Node, *, recursive: bool, max_depth: int) -> str:
    description = "".join(f"{one}\n" for one in node.descriptions if one)
    text = "DESCRIPTION:\n" + _indented(wrapped(description or "<empty>", WIDTH), 4) + "\n"
    fields = _field_list(node, 1, frozenset(), recursive=recursive, max_depth=max_depth)
    return text + (f"FIELDS:\n{fields}" if fields else "")


def _field_list(node: Node, level: int, seen: frozenset[str], *, recursive: bool, max_depth: int) -> str:
    """The fields, those of what a list or a map holds included; a type within itself is left out."""
    if node.ref:
        if node.ref in seen:
            return ""
        seen |= {node.ref}
    if node.item is not None:
        return _field_list(node.item, level, seen, recursive=recursive, max_depth=max_depth)
    parts: list[str] = []
    for name, child in sorted(node.fields.items()):
        parts.append(_field_detail(name, child, level, required=name in node.required, short=recursive))
        if recursive and (max_depth == 0 or level < max_depth):
            parts.append(_field_list(child, level + 1, seen, recursive=True, max_depth=max_depth))
    return "".join(parts)


def _field_detail(name: str, node: Node, level: int, *, required: bool, short: bool) -> str:
    indent = 2 * level
    text = f"{' ' * indent}{name}\t<{node.word}>{' -required-' if required else ''}{_enum_in_list(node, indent)}\n"
    if short:
        return text
    description = wrapped(node.description or "<no description>", 78 - indent)
    return text + _indented(description, indent + 2) + "\n\n"


def _enum_in_list(node: Node, indent: int) -> str:
    if not node.enum:
        return ""
    shown = ", ".join(one or '""' for one in node.enum[:SHOWN_ENUMS])
    more = ", ...." if len(node.enum) > SHOWN_ENUMS else ""
    return f"\n{' ' * indent}enum: {shown}{more}"


def _enum_of_one(node: Node) -> str:
    return "ENUM:" + "".join(f"\n    {one or chr(34) * 2}" for one in node.enum) if node.enum else ""


def _indented(text: str, amount: int) -> str:
    pad = " " * amount
    return pad + text.replace("\n", "\n" + pad)


def wrapped(text: str, limit: int) -> str:
    """The text with lines of at most `limit` characters, broken at spaces. Follows go-wordwrap."""
    out: list[str] = []
    current, word, space = 0, "", ""
    for char in text:
        if char == "\n":
            if word or current + len(space) <= limit:
                out.append(space + word)
            out.append("\n")
            current, word, space = 0, "", ""
        elif char.isspace() and char != "\u00a0":
            if not space or word:
                current += len(space) + len(word)
                out.append(space + word)
                word = space = ""
            space += char
        else:
            word += char
            if current + len(space) + len(word) > limit and len(word) < limit:
                out.append("\n")
                current, space = 0, ""
    if word or current + len(space) <= limit:
        out.append(space + word)
    return "".join(out)
