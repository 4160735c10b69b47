"""Records, fields, variables and expressions of awk: the part of a program that works out values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from cluster_engine.rng import Rng
from cluster_engine.sh.awk import library
from cluster_engine.sh.awk.parser import Node, Rules
from cluster_engine.sh.awk.values import AwkFault, Input, Leave, Value, number, regex, split_fields, text
from cluster_engine.sh.format import one as format_one

MAX_CALLS = 30
MAX_ELEMENTS = 100_000
_FORMAT = re.compile(r"%(?:%|([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z]))")


class Expressions:
    """The state of one run, and the values of its expressions."""

    def __init__(self, rules: Rules, out: Callable[[str], None], environ: dict[str, str], rng: Rng) -> None:
        self._rules, self._out = rules, out
        self.rng: Rng = rng
        self.variables: dict[str, Value] = {
            "FS": " ", "OFS": " ", "ORS": "\n", "RS": "\n", "NR": 0.0, "FNR": 0.0, "NF": 0.0, "SUBSEP": "\x1c",
            "FILENAME": "", "OFMT": "%.6g", "CONVFMT": "%.6g", "RSTART": 0.0, "RLENGTH": -1.0,
        }  # fmt: skip
        self.arrays: dict[str, dict[str, Value]] = {"ENVIRON": {name: Input(one) for name, one in environ.items()}}
        self._frames: list[dict[str, Any]] = []
        self._fields: list[Value] = []
        self._whole: Value = ""
        self._open_ranges: set[int] = set()
        self._steps = 0
        self._code = 0
        self.ended = False

    def _do(self, node: Node) -> None:
        """Runs a statement: a function's body."""
        raise NotImplementedError

    # Records and fields.

    def set_record(self, line: str) -> None:
        self._whole = Input(line)
        self._fields = [Input(one) for one in split_fields(line, text(self.variables["FS"]))]
        self.variables["NF"] = float(len(self._fields))

    def field(self, index: int) -> Value:
        if index == 0:
            return self._whole
        if index < 0:
            raise AwkFault(f"trying to access out of range field {index}")
        return self._fields[index - 1] if index <= len(self._fields) else Input("")

    def _set_field(self, index: int, value: Value) -> None:
        if index == 0:
            self.set_record(text(value))
            return
        if not 0 < index < 10_000:
            raise AwkFault(f"trying to access out of range field {index}")
        self._fields.extend([""] * (index - len(self._fields)))
        self._fields[index - 1] = value
        self.variables["NF"] = float(len(self._fields))
        self._rebuild()

    def _rebuild(self) -> None:
        self._whole = Input(text(self.variables["OFS"]).join(text(one) for one in self._fields))

    # Expressions.

    def value(self, node: Node) -> Value:
        found: Value = getattr(self, f"_value_{node[0]}")(node)
        return found

    def truth(self, value: Value) -> bool:
        if isinstance(value, Input) and value.is_number:
            return number(value) != 0
        return value != 0 if isinstance(value, float) else value != ""

    def _value_number(self, node: Node) -> Value:
        return float(node[1])

    def _value_string(self, node: Node) -> Value:
        return str(node[1])

    def _value_paren(self, node: Node) -> Value:
        return self.value(node[1])

    def _value_group(self, node: Node) -> Value:
        return self._key(node[1])

    def _value_regex(self, node: Node) -> Value:
        return float(regex(node[1]).search(text(self._whole)) is not None)

    def _value_name(self, node: Node) -> Value:
        for frame in self._frames[-1:]:
            if node[1] in frame:
                found = frame[node[1]]
                return "" if isinstance(found, dict) else found
        return self.variables.get(node[1], Input(""))

    def _value_field(self, node: Node) -> Value:
        return self.field(int(number(self.value(node[1]))))

    def _value_element(self, node: Node) -> Value:
        array, key = self.array(node[1]), self._key(node[2])
        if key not in array:
            self._bound(array)
            array[key] = Input("")
        return array[key]

    @staticmethod
    def _bound(array: dict[str, Value]) -> None:
        if len(array) >= MAX_ELEMENTS:
            raise AwkFault(f"an array has at most {MAX_ELEMENTS:,} elements")

    def _key(self, nodes: list[Node]) -> str:
        return text(self.variables["SUBSEP"]).join(text(self.value(one)) for one in nodes)

    def array(self, name: str) -> dict[str, Value]:
        if self._frames and name in self._frames[-1]:
            found = self._frames[-1][name]
            if not isinstance(found, dict):
                found = self._frames[-1][name] = {}
            return found
        return self.arrays.setdefault(name, {})

    def _value_assign(self, node: Node) -> Value:
        _, operator, target, source = node
        value = self.value(source)
        if operator:
            operator = "^" if operator == "**" else operator
            value = self._calculate(operator, number(self.value(target)), number(value))
        return self._assign(target, value)

    def _assign(self, target: Node, value: Value) -> Value:
        if target[0] == "field":
            self._set_field(int(number(self.value(target[1]))), value)
        elif target[0] == "element":
            array, key = self.array(target[1]), self._key(target[2])
            if key not in array:
                self._bound(array)
            array[key] = value
        elif self._frames and target[1] in self._frames[-1]:
            self._frames[-1][target[1]] = value
        else:
            self.variables[target[1]] = value
            if target[1] == "NF":
                count = max(0, min(int(number(value)), 10_000))
                self._fields = [*self._fields, *[""] * count][:count]
                self._rebuild()
        return value

    def _value_step(self, node: Node) -> Value:
        _, operator, before, target = node
        old = number(self.value(target))
        new = old + (1 if operator == "++" else -1)
        self._assign(target, new)
        return new if before else old

    def _value_choice(self, node: Node) -> Value:
        return self.value(node[2] if self.truth(self.value(node[1])) else node[3])

    def _value_or(self, node: Node) -> Value:
        return float(self.truth(self.value(node[1])) or self.truth(self.value(node[2])))

    def _value_and(self, node: Node) -> Value:
        return float(self.truth(self.value(node[1])) and self.truth(self.value(node[2])))

    def _value_in(self, node: Node) -> Value:
        return float(self._key(node[1]) in self.array(node[2]))

    def _value_match(self, node: Node) -> Value:
        _, negated, left, right = node
        found = self.pattern(right).search(text(self.value(left))) is not None
        return float(found != negated)

    def pattern(self, node: Node) -> re.Pattern[str]:
        """What stands where an expression is wanted: one in slashes, or a text that is one."""
        return regex(node[1] if node[0] == "regex" else text(self.value(node)))

    def _value_compare(self, node: Node) -> Value:
        _, operator, left_node, right_node = node
        left, right = self.value(left_node), self.value(right_node)
        one: Any
        two: Any
        if all(isinstance(side, float) or (isinstance(side, Input) and side.is_number) for side in (left, right)):
            one, two = number(left), number(right)
        else:
            one, two = text(left), text(right)
        outcomes = {
            "<": one < two,
            "<=": one <= two,
            "==": one == two,
            "!=": one != two,
            ">": one > two,
            ">=": one >= two,
        }
        return float(outcomes[operator])

    def _value_concat(self, node: Node) -> Value:
        joined = text(self.value(node[1])) + text(self.value(node[2]))
        if len(joined) > 1024 * 1024:
            raise AwkFault("a text is longer than a million characters")
        return joined

    def _value_binary(self, node: Node) -> Value:
        return self._calculate(node[1], number(self.value(node[2])), number(self.value(node[3])))

    def _calculate(self, operator: str, left: float, right: float) -> float:
        if operator in ("/", "%") and right == 0:
            raise AwkFault("division by zero" + (" in %" if operator == "%" else ""))
        try:
            match operator:
                case "+":
                    return left + right
                case "-":
                    return left - right
                case "*":
                    return left * right
                case "/":
                    return left / right
                case "%":
                    return math.fmod(left, right)
                case _:
                    return float(left**right)
        except (OverflowError, ValueError, ZeroDivisionError, TypeError):
            return math.inf

    def _value_unary(self, node: Node) -> Value:
        inner = self.value(node[2])
        if node[1] == "!":
            return float(not self.truth(inner))
        return -number(inner) if node[1] == "-" else number(inner)

    def _value_call(self, node: Node) -> Value:
        _, name, arguments = node
        if name in self._rules.functions:
            return self._call(name, arguments)
        found = library.FUNCTIONS.get(name)
        if found is None:
            raise AwkFault(f"calling undefined function {name}")
        return found(self, arguments)

    def _call(self, name: str, arguments: list[Node]) -> Value:
        parameters, body = self._rules.functions[name]
        if len(self._frames) >= MAX_CALLS:
            raise AwkFault(f"functions call each other more than {MAX_CALLS} deep")
        frame: dict[str, Any] = {}
        for index, parameter in enumerate(parameters):
            if index >= len(arguments):
                frame[parameter] = Input("")
            elif arguments[index][0] == "name" and arguments[index][1] in self.arrays:
                frame[parameter] = self.arrays[arguments[index][1]]
            else:
                frame[parameter] = self.value(arguments[index])
        self._frames.append(frame)
        try:
            self._do(body)
        except Leave as leave:
            if leave.kind != "return":
                raise
            return leave.value
        finally:
            self._frames.pop()
        return ""

    def formatted(self, form: str, values: list[Value]) -> str:
        queue = list(values)

        def replace(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            flags, width, precision, kind = found.groups()
            if width == "*":
                width = text(queue.pop(0)) if queue else ""
            if precision == "*":
                precision = text(queue.pop(0)) if queue else ""
            value = queue.pop(0) if queue else ""
            if kind == "c" and isinstance(value, float):
                return chr(int(value) % 0x110000)
            shown = text(value) if kind in "sc" else repr(number(value))
            if kind in "diouxX":
                shown = str(int(number(value)))
            return format_one(flags or "", width or "", precision, kind, shown, [])

        return _FORMAT.sub(replace, form)
