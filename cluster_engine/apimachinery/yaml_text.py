"""YAML as people paste it: loaded safely, by the rules of sigs.k8s.io/yaml, with the place of every field.

Documents are split and their faults worded as kubectl does. Nothing in a text can make loading slow or large: size,
depth, nodes and aliases are bounded. Values come out as JSON: keys are strings, dates stay strings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import yaml

from cluster_engine.apimachinery.yaml_composer import (
    CONVERTING,
    ComposeError,
    Composer,
    Document,
    Duplicate,
    Position,
    TooLargeError,
    YamlError,
)

__all__ = ["Document", "Duplicate", "Position", "TooLargeError", "YamlError", "lint", "load_documents"]

MAX_BYTES = 3 * 1024 * 1024
# The C scanner is ten times faster, and its words are libyaml's, which Go's YAML shares.
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LIBYAML_WORDS = (
    ("mapping values are not allowed here", "mapping values are not allowed in this context"),
    ("expected <block end>, but found '-'", "did not find expected key"),
    ("expected <block end>, but found '?'", "did not find expected '-' indicator"),
    ("expected <block end>", "did not find expected key"),
    ("expected ',' or ']'", "did not find expected ',' or ']'"),
    ("expected ',' or '}'", "did not find expected ',' or '}'"),
    ("expected the node content", "did not find expected node content"),
    ("expected '<document start>'", "did not find expected <document start>"),
    ("that cannot start any token", "found character that cannot start any token"),
    ("expected alphabetic or numeric character", "did not find expected alphabetic or numeric character"),
)


def load_documents(text: str) -> list[Document]:
    """The documents of a text, empty ones left out. Raises `YamlError` for the first fault."""
    _check_size(text)
    return [document for document in _documents(text) if document.value is not None]


def lint(text: str) -> tuple[list[Document], list[YamlError]]:
    """The documents that can be read, and the faults of the others: one fault does not hide other documents."""
    documents: list[Document] = []
    faults: list[YamlError] = []
    try:
        _check_size(text)
        for line, chunk in _split(text):
            try:
                documents.append(_load(chunk, line))
            except YamlError as error:
                faults.append(error)
    except YamlError as error:
        faults.append(error)
    return [document for document in documents if document.value is not None], faults


def _documents(text: str) -> Iterator[Document]:
    for line, chunk in _split(text):
        yield _load(chunk, line)


def _check_size(text: str) -> None:
    if len(text) > MAX_BYTES or (not text.isascii() and len(text.encode("utf-8", "replace")) > MAX_BYTES):
        raise TooLargeError(f"Request entity too large: limit is {MAX_BYTES}", 1)


def _split(text: str) -> Iterator[tuple[int, str]]:
    """(line at which it starts, text) of each document. Follows YAMLReader of k8s.io/apimachinery/pkg/util/yaml."""
    lines: list[str] = []
    start = 1
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("---"):
            rest = line[3:].strip()
            if rest and not rest.startswith("#"):
                raise YamlError(f"invalid Yaml document separator: {rest}", number, 4)
            if lines:
                yield start, "\n".join(lines) + "\n"
                lines, start = [], number + 1
                continue
        lines.append(line.rstrip("\r"))
    yield start, "\n".join(lines)


def _load(chunk: str, line: int) -> Document:
    if chunk.lstrip().startswith("{"):
        try:
            value = orjson.loads(chunk.encode("utf-8", "replace"))
        except orjson.JSONDecodeError:
            return _load_yaml(chunk, line)
        # JSON is read as JSON: it has escapes that YAML has not. Its places and its limits come from YAML all the same.
        try:
            document = _load_yaml(chunk, line)
        except TooLargeError:
            raise
        except YamlError:
            document = Document(None, line)
        document.value = value
        return document
    return _load_yaml(chunk, line)


def _load_yaml(chunk: str, line: int) -> Document:
    document = Document(None, line)
    composer = Composer(document)
    try:
        for event in yaml.parse(chunk.encode("utf-8", "replace").decode(), Loader=_LOADER):
            if not composer.take(event):
                break
    except yaml.YAMLError as error:
        raise _syntax_error(error, chunk, line) from None
    except ComposeError as error:
        where = f"line {error.line + 1}: " if error.says_line else ""
        kind = TooLargeError if error.too_large else YamlError
        raise kind(f"{CONVERTING}{error.prefix}{where}{error}", line + error.line, error.column + 1) from None
    return document


def _syntax_error(error: yaml.YAMLError, chunk: str, start: int) -> YamlError:
    """The scanner's or parser's error in the words of Go's YAML, whose line is that of the document, often one less."""
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        before = chunk[:position]
        words = "control characters are not allowed"
        return YamlError(f"{CONVERTING}yaml: {words}", start + before.count("\n"), position - before.rfind("\n"))
    problem = str(getattr(error, "problem", None) or "unknown problem parsing YAML content")
    for ours, theirs in _LIBYAML_WORDS:
        if ours in problem:
            problem = theirs
            break
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    told = 0
    if mark is not None and mark.line:
        told = mark.line + (1 if isinstance(error, yaml.scanner.ScannerError) else 0)
    elif context is not None and context.line:
        told = context.line
    where = f"line {told}: " if told else ""
    at_line, at_column = (mark.line, mark.column) if mark is not None else (0, 0)
    last = chunk.rstrip("\n").count("\n")
    if at_line > last:  # the end of the text is no place to mark
        at_line, at_column = last, 0
    return YamlError(f"{CONVERTING}yaml: {where}{problem}", start + at_line, at_column + 1)
