"""Field selectors, e.g. `status.phase!=Running,spec.nodeName=k8s-node01`.

Follows k8s.io/apimachinery/pkg/fields/selector.go (v1.32).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cluster_engine.apimachinery.gotext import quote

MAX_SELECTOR_LENGTH = 16_384
_OPERATORS = ("!=", "==", "=")
_ESCAPED = "\\,="


class FieldSelectorError(ValueError):
    """A field selector that cannot be understood; the message is Kubernetes' own."""


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One term. `operator` is `=` or `!=`."""

    field: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{escape(self.value)}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """An immutable field selector: all of its terms must match. A field that is missing is the empty string."""

    requirements: tuple[FieldRequirement, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.requirements

    def matches(self, fields: Mapping[str, str]) -> bool:
        for term in self.requirements:
            if (fields.get(term.field, "") == term.value) is (term.operator == "!="):
                return False
        return True

    def exact_value(self, field: str) -> str | None:
        """The value that the selector asks of a field with `=`, or None."""
        for term in self.requirements:
            if term.field == field and term.operator == "=":
                return term.value
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING = FieldSelector()


def parse(text: str) -> FieldSelector:
    """The selector that a text means. Raises `FieldSelectorError`."""
    if not text:
        return EVERYTHING
    if len(text) > MAX_SELECTOR_LENGTH:
        raise FieldSelectorError(f"field selector is too long: may not be more than {MAX_SELECTOR_LENGTH} bytes")
    return _parse(text)


@lru_cache(maxsize=512)
def _parse(text: str) -> FieldSelector:
    terms = []
    for part in sorted(_split(text)):
        if not part:
            continue
        split = _split_term(part)
        if split is None:
            raise FieldSelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = split
        terms.append(FieldRequirement(field, "!=" if operator == "!=" else "=", _unescape(value)))
    return FieldSelector(tuple(terms))


def check(selector: FieldSelector, group: str, supported: Iterable[str]) -> None:
    """Refuses fields that a kind does not offer (`supported` holds what it offers beside name and namespace).

    Raises `FieldSelectorError` in the words of the kind's field label conversion: kinds with fields of their own have
    one (`field label not supported: x`), all others the default one of the runtime scheme.
    """
    own = frozenset(supported)
    allowed = own | {"metadata.name", "metadata.namespace"}
    for term in selector.requirements:
        if term.field in allowed:
            continue
        if own and group == "batch":
            raise FieldSelectorError(f"field label {quote(term.field)} not supported for batchv1.Job")
        if own:
            raise FieldSelectorError(f"field label not supported: {term.field}")
        raise FieldSelectorError(
            f'{quote(term.field)} is not a known field selector: only "metadata.name", "metadata.namespace"'
        )


def escape(value: str) -> str:
    """A value with backslash, comma and equals sign escaped."""
    for char in _ESCAPED:
        value = value.replace(char, "\\" + char)
    return value


def _split(text: str) -> list[str]:
    """The comma-separated terms; an escaped comma belongs to its term."""
    terms, start, escaped = [], 0, False
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            terms.append(text[start:index])
            start = index + 1
    terms.append(text[start:])
    return terms


def _split_term(term: str) -> tuple[str, str, str] | None:
    for index in range(len(term)):
        for operator in _OPERATORS:
            if term.startswith(operator, index):
                return term[:index], operator, term[index + len(operator) :]
    return None


def _unescape(value: str) -> str:
    if not any(char in value for char in _ESCAPED):
        return value
    made, escaped = [], False
    for char in value:
        if escaped:
            if char not in _ESCAPED:
                raise FieldSelectorError(f"invalid field selector: invalid escape sequence: \\{char}")
            made.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in ",=":
            raise FieldSelectorError(f"invalid field selector: unescaped character in value: {ord(char)}")
        else:
            made.append(char)
    if escaped:
        raise FieldSelectorError("invalid field selector: invalid escape sequence: \\")
    return "".join(made)
