"""awk's functions of text and number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.sh.awk.parser import Node
from cluster_engine.sh.awk.values import AwkFault, Input, Value, number, split_fields, text

if TYPE_CHECKING:
    from cluster_engine.sh.awk.expressions import Expressions as Program

Function = Callable[["Program", list[Node]], Value]


def _texts(program: Program, arguments: list[Node], least: int, name: str) -> list[str]:
    if len(arguments) < least:
        raise AwkFault(f"{name}: too few arguments")
    return [text(program.value(one)) for one in arguments]


def _length(program: Program, arguments: list[Node]) -> Value:
    if not arguments:
        return float(len(text(program.field(0))))
    if arguments[0][0] == "name" and arguments[0][1] in program.arrays:
        return float(len(program.arrays[arguments[0][1]]))
    return float(len(text(program.value(arguments[0]))))


def _substr(program: Program, arguments: list[Node]) -> Value:
    whole = _texts(program, arguments[:1], 1, "substr")[0]
    start = round(number(program.value(arguments[1]))) if len(arguments) > 1 else 1
    end = start + round(number(program.value(arguments[2]))) if len(arguments) > 2 else len(whole) + 1
    return whole[max(start, 1) - 1 : max(end, 1) - 1]


def _index(program: Program, arguments: list[Node]) -> Value:
    whole, part = _texts(program, arguments, 2, "index")[:2]
    return float(whole.find(part) + 1)


def _split(program: Program, arguments: list[Node]) -> Value:
    if len(arguments) < 2:
        raise AwkFault("split: too few arguments")
    separator = text(program.variables["FS"])
    if len(arguments) > 2:
        separator = arguments[2][1] if arguments[2][0] == "regex" else text(program.value(arguments[2]))
    pieces = split_fields(text(program.value(arguments[0])), separator)
    array = program.array(arguments[1][1])
    array.clear()
    array.update({str(index): Input(piece) for index, piece in enumerate(pieces, 1)})
    return float(len(pieces))


def _replace(program: Program, arguments: list[Node], count: int) -> Value:
    if len(arguments) < 2:
        raise AwkFault("sub: too few arguments")
    pattern = program.pattern(arguments[0])
    replacement = text(program.value(arguments[1]))
    target = arguments[2] if len(arguments) > 2 else ("field", ("number", 0.0))

    def change(found: re.Match[str]) -> str:
        return re.sub(r"\\(&)|(&)|\\(\\)", lambda one: one[1] or (found[0] if one[2] else "\\"), replacement)

    changed, times = pattern.subn(change, text(program.value(target)), count=count)
    if times:
        program._assign(target, changed)
    return float(times)


def _match(program: Program, arguments: list[Node]) -> Value:
    if len(arguments) < 2:
        raise AwkFault("match: too few arguments")
    found = program.pattern(arguments[1]).search(text(program.value(arguments[0])))
    program.variables["RSTART"] = float(found.start() + 1 if found else 0)
    program.variables["RLENGTH"] = float(found.end() - found.start() if found else -1)
    return program.variables["RSTART"]


def _sprintf(program: Program, arguments: list[Node]) -> Value:
    values = [program.value(one) for one in arguments]
    return program.formatted(text(values[0]), values[1:]) if values else ""


def _of_number(work: Callable[[float], float]) -> Function:
    def function(program: Program, arguments: list[Node]) -> Value:
        try:
            return float(work(number(program.value(arguments[0])))) if arguments else 0.0
        except (ValueError, OverflowError):
            return math.nan

    return function


def _of_text(work: Callable[[str], str]) -> Function:
    def function(program: Program, arguments: list[Node]) -> Value:
        return work(_texts(program, arguments, 1, "the function")[0])

    return function


def _refused(_program: Program, _arguments: list[Node]) -> Value:
    raise AwkFault("system() does not reach anything here; use the shell's own commands")


FUNCTIONS: dict[str, Function] = {
    "length": _length,
    "substr": _substr,
    "index": _index,
    "split": _split,
    "sub": lambda program, arguments: _replace(program, arguments, 1),
    "gsub": lambda program, arguments: _replace(program, arguments, 0),
    "match": _match,
    "sprintf": _sprintf,
    "toupper": _of_text(str.upper),
    "tolower": _of_text(str.lower),
    "int": _of_number(math.trunc),
    "sqrt": _of_number(math.sqrt),
    "exp": _of_number(math.exp),
    "log": _of_number(math.log),
    "sin": _of_number(math.sin),
    "cos": _of_number(math.cos),
    "rand": lambda program, arguments: program.rng.uniform(0, 1),
    "srand": lambda program, arguments: 0.0,
    "system": _refused,
}
