"""How Go prints values in error messages: `%q` of a string, `%#v` of the few structs that show up in field errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


class GoText(str):
    """Text that is already Go's form of a value: errors show it as it is, without quotes."""

    __slots__ = ()


def quote(text: str) -> str:
    """The string as Go's `%q` prints it (strconv.Quote)."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def string_map(values: Mapping[str, str] | None) -> GoText:
    """A `map[string]string` as `%#v` prints it, keys in order."""
    if values is None:
        return GoText("map[string]string(nil)")
    inner = ", ".join(f"{quote(key)}:{quote(str(values[key]))}" for key in sorted(values))
    return GoText(f"map[string]string{{{inner}}}")


def string_slice(values: Sequence[str] | None) -> GoText:
    """A `[]string` as `%#v` prints it."""
    if values is None:
        return GoText("[]string(nil)")
    return GoText(f"[]string{{{', '.join(map(quote, values))}}}")


def int_or_string(value: int | str) -> GoText:
    """An `intstr.IntOrString` as `%#v` prints it."""
    if isinstance(value, str):
        return GoText(f"intstr.IntOrString{{Type:1, IntVal:0, StrVal:{quote(value)}}}")
    return GoText(f'intstr.IntOrString{{Type:0, IntVal:{value}, StrVal:""}}')


def label_selector(selector: Mapping[str, Any]) -> GoText:
    """A `v1.LabelSelector` as `%#v` prints it."""
    expressions = selector.get("matchExpressions")
    if expressions is None:
        shown = "[]v1.LabelSelectorRequirement(nil)"
    else:
        shown = "[]v1.LabelSelectorRequirement{" + ", ".join(map(_requirement, expressions)) + "}"
    labels = string_map(selector.get("matchLabels"))
    return GoText(f"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:{shown}}}")


def _requirement(expression: Mapping[str, Any]) -> str:
    key, operator = quote(expression.get("key") or ""), quote(expression.get("operator") or "")
    values = string_slice(expression.get("values"))
    return f"v1.LabelSelectorRequirement{{Key:{key}, Operator:{operator}, Values:{values}}}"


def plain(value: Any) -> str:
    """A JSON value as Go's `%v` prints it: `map[spec:map[replicas:3]]`, keys in order, `<nil>` for null."""
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(map(plain, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def syntax(value: Any) -> str:
    """A JSON value as Go's `%#v` prints it: `map[string]interface {}{"replicas":3}`."""
    if isinstance(value, Mapping):
        return "map[string]interface {}{" + ", ".join(f"{quote(k)}:{syntax(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[]interface {}{" + ", ".join(map(syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else str(value)
