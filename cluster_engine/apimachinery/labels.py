"""Label selectors: Kubernetes' text grammar, metav1.LabelSelector objects, and matching.

Follows k8s.io/apimachinery/pkg/labels/selector.go and pkg/apis/meta/v1/helpers.go (v1.32).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.gotext import quote, string_slice

# A request's URL cannot hold much more than this either.
MAX_SELECTOR_LENGTH = 16_384
_MAX_MEMOISED = 8192
_BINARY = ("in", "notin", "=", "==", "!=", "gt", "lt")
_SHOWN = {"=": "=", "==": "==", "!=": "!=", "gt": ">", "lt": "<"}
_OBJECT_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class LabelSelectorError(ValueError):
    """A selector that cannot be understood; the message is Kubernetes' own."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a selector. `operator` is one of = == != in notin exists ! gt lt; `values` are sorted."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "=" | "==" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        number, bound = _integer(value), _integer(self.values[0])
        if number is None or bound is None:
            return False
        return number > bound if self.operator == "gt" else number < bound

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        values = ",".join(self.values)
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({values})"
        return f"{self.key}{_SHOWN[self.operator]}{values}"


class Selector:
    """An immutable selector: all of its requirements must match. Compare, hash and print it by its canonical text."""

    __slots__ = ("_equal", "_nothing", "_others", "_text", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), *, nothing: bool = False) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda requirement: requirement.key))
        self._nothing = nothing
        # Equality is what nearly every selector asks, so it is kept apart and checked first.
        self._equal = tuple((r.key, r.values[0]) for r in self.requirements if _is_equality(r))
        self._others = tuple(r for r in self.requirements if not _is_equality(r))
        self._text = ",".join(map(str, self.requirements))

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not self.requirements and not self._nothing

    @property
    def matches_nothing(self) -> bool:
        return self._nothing

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self._nothing:
            return False
        for key, value in self._equal:
            if labels.get(key) != value:
                return False
        return not self._others or all(requirement.matches(labels) for requirement in self._others)

    def exact_value(self, key: str) -> str | None:
        """The only value that the selector allows for a label, or None where it allows several."""
        for requirement in self.requirements:
            if requirement.key == key:
                return requirement.values[0] if _is_equality(requirement) else None
        return None

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Selector(nothing)" if self._nothing else f"Selector({self._text!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Selector):
            return NotImplemented
        return self.requirements == other.requirements and self._nothing == other._nothing

    def __hash__(self) -> int:
        return hash((self._text, self._nothing))


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def _is_equality(requirement: Requirement) -> bool:
    return requirement.operator in ("=", "==", "in") and len(requirement.values) == 1


def _integer(text: str | None) -> int | None:
    """The text as strconv.ParseInt reads it, or None."""
    if text is None:
        return None
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > 30:
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def requirement(key: str, operator: str, values: Iterable[str] = ()) -> Requirement:
    """A checked requirement. Raises `LabelSelectorError` with every fault, as labels.NewRequirement words them."""
    listed = list(values)
    faults = []
    if key_faults := names.qualified_name(key):
        faults.append(_invalid("key", quote(key), "; ".join(key_faults)))
    shown = string_slice(listed)
    if operator in ("in", "notin"):
        if not listed:
            faults.append(_invalid("values", shown, "for 'in', 'notin' operators, values set can't be empty"))
    elif operator in ("=", "==", "!="):
        if len(listed) != 1:
            faults.append(_invalid("values", shown, "exact-match compatibility requires one single value"))
    elif operator in ("exists", "!"):
        if listed:
            faults.append(_invalid("values", shown, "values set must be empty for exists and does not exist"))
    else:
        if len(listed) != 1:
            faults.append(_invalid("values", shown, "for 'Gt', 'Lt' operators, exactly one value is required"))
        for index, value in enumerate(listed):
            if _integer(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                faults.append(_invalid(f"values[{index}]", quote(value), detail))
    for index, value in enumerate(listed):
        if value_faults := names.label_value(value):
            faults.append(_invalid(f"values[{index}][{key}]", quote(value), "; ".join(value_faults)))
    if faults:
        unique = list(dict.fromkeys(faults))
        raise LabelSelectorError(unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]")
    return Requirement(key, operator, tuple(sorted(set(listed))))


def _invalid(path: str, shown: str, detail: str) -> str:
    return f"{path}: Invalid value: {shown}: {detail}"


def parse(text: str) -> Selector:
    """The selector that a text means, e.g. `app=web,tier in (a,b),!old`. Raises `LabelSelectorError`."""
    if len(text) > MAX_SELECTOR_LENGTH:
        raise LabelSelectorError(f"label selector is too long: may not be more than {MAX_SELECTOR_LENGTH} bytes")
    return _parse(text)


@lru_cache(maxsize=512)
def _parse(text: str) -> Selector:
    return Selector(_Parser(text).parse())


def from_map(labels: Mapping[str, str] | None) -> Selector:
    """A selector that wants all of these labels (a Service's, say); empty matches everything."""
    return Selector(Requirement(key, "=", (value,)) for key, value in (labels or {}).items())


_memo: dict[int, tuple[Mapping[str, Any], Selector]] = {}


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """The selector of a metav1.LabelSelector: None matches nothing, an empty one everything.

    Raises `LabelSelectorError`. Remembered by identity, since objects are immutable once they are in the API.
    """
    if selector is None:
        return NOTHING
    found = _memo.get(id(selector))
    if found is not None and found[0] is selector:
        return found[1]
    made = _from_label_selector(selector)
    if len(_memo) >= _MAX_MEMOISED:
        _memo.clear()
    _memo[id(selector)] = (selector, made)
    return made


def _from_label_selector(selector: Mapping[str, Any]) -> Selector:
    terms = [requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        asked = expression.get("operator") or ""
        operator = _OBJECT_OPERATORS.get(asked)
        if operator is None:
            raise LabelSelectorError(f"{quote(asked)} is not a valid label selector operator")
        terms.append(requirement(expression.get("key") or "", operator, expression.get("values") or ()))
    return Selector(terms)


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A metav1.LabelSelector as `scale` shows it in status.selector, e.g. `app=nginx,tier in (a,b)`; "" for none."""
    return str(from_label_selector(selector))


def format_label_selector(selector: Mapping[str, Any] | None) -> str:
    """A metav1.LabelSelector as tables and `describe` show it: `<none>` when empty, `<error>` when it is wrong."""
    try:
        return selector_text(selector) or "<none>"
    except LabelSelectorError:
        return "<error>"


def format_labels(labels: Mapping[str, str] | None) -> str:
    """Labels as `--show-labels` prints them: sorted, `<none>` when there are none."""
    return ",".join(sorted(f"{key}={value}" for key, value in (labels or {}).items())) or "<none>"


_WHITE = " \t\r\n"
_SPECIAL = "=!(),><"
_END = "end"
_IDENTIFIER = "identifier"


def _tokens(text: str) -> list[tuple[str, str]]:
    """(kind, literal) of each token, the end included. A kind is a symbol itself, or identifier, in, notin, end."""
    found = []
    position, length = 0, len(text)
    while position < length and text[position] != "\0":
        char = text[position]
        if char in _WHITE:
            position += 1
            continue
        start = position
        if char not in _SPECIAL:
            while position < length and text[position] not in _WHITE and text[position] not in _SPECIAL:
                position += 1
            word = text[start:position]
            found.append((word if word in ("in", "notin") else _IDENTIFIER, word))
            continue
        pair = text[start : start + 2]
        symbol = pair if pair in ("==", "!=") else char
        position += len(symbol)
        found.append((symbol, symbol))
    found.append((_END, ""))
    return found


class _Parser:
    """A descent over the tokens. Its errors are word for word those of labels.Parser."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def _look(self) -> tuple[str, str]:
        """The next token where `in` and `notin` may be values."""
        kind, literal = self._tokens[min(self._position, len(self._tokens) - 1)]
        return (_IDENTIFIER, literal) if kind in ("in", "notin") else (kind, literal)

    def _take(self) -> tuple[str, str]:
        token = self._look()
        self._position += 1
        return token

    def parse(self) -> list[Requirement]:
        terms: list[Requirement] = []
        while True:
            kind, literal = self._look()
            if kind == _END:
                return terms
            if kind not in (_IDENTIFIER, "!"):
                raise LabelSelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                terms.append(self._requirement())
            except LabelSelectorError as error:
                raise LabelSelectorError(f"unable to parse requirement: {error}") from None
            kind, literal = self._take()
            if kind == _END:
                return terms
            if kind != ",":
                raise LabelSelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._look()
            if kind not in (_IDENTIFIER, "!"):
                raise LabelSelectorError(f"found '{literal}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        kind, literal = self._take()
        negated = kind == "!"
        if negated:
            kind, literal = self._take()
        if kind != _IDENTIFIER:
            raise LabelSelectorError(f"found '{literal}', expected: identifier")
        if faults := names.qualified_name(literal):
            raise LabelSelectorError(_invalid("<nil>", quote(literal), "; ".join(faults)))
        if negated or self._look()[0] in (_END, ","):
            return requirement(literal, "!" if negated else "exists")
        operator = self._operator()
        values = self._values() if operator in ("in", "notin") else self._exact_value()
        return requirement(literal, operator, values)

    def _operator(self) -> str:
        kind, literal = self._tokens[min(self._position, len(self._tokens) - 1)]
        self._position += 1
        kind = {">": "gt", "<": "lt"}.get(kind, kind)
        if kind not in _BINARY:
            raise LabelSelectorError(f"found '{literal}', expected: {', '.join(_BINARY)}")
        return kind

    def _exact_value(self) -> set[str]:
        if self._look()[0] in (_END, ","):
            return {""}
        kind, literal = self._take()
        if kind != _IDENTIFIER:
            raise LabelSelectorError(f"found '{literal}', expected: identifier")
        return {literal}

    def _values(self) -> set[str]:
        kind, literal = self._take()
        if kind != "(":
            raise LabelSelectorError(f"found '{literal}' expected: '('")
        kind, literal = self._look()
        if kind == ")":
            self._position += 1
            return {""}
        if kind not in (_IDENTIFIER, ","):
            raise LabelSelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        values = self._identifiers()
        if self._take()[0] != ")":
            raise LabelSelectorError(f"found '{literal}', expected: ')'")
        return values

    def _identifiers(self) -> set[str]:
        """`a,b`, where an empty place is the empty value."""
        values: set[str] = set()
        while True:
            kind, literal = self._take()
            if kind == _IDENTIFIER:
                values.add(literal)
                kind, literal = self._look()
                if kind == ")":
                    return values
                if kind != ",":
                    raise LabelSelectorError(f"found '{literal}', expected: ',' or ')'")
            elif kind == ",":
                if not values:
                    values.add("")
                kind = self._look()[0]
                if kind == ")":
                    values.add("")
                    return values
                if kind == ",":
                    values.add("")
            else:
                raise LabelSelectorError(f"found '{literal}', expected: ',', or identifier")
