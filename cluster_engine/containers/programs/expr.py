"""`expr`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_engine.containers.programs.options import arguments, plain
from cluster_engine.sh.arithmetic import ArithmeticFault, evaluate

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_OPERATORS = {"=": "==", "&": "&&", "|": "||"}


class _NoVariables:
    def get(self, name: str) -> str | None:
        raise ArithmeticFault("non-integer argument")

    def set(self, name: str, value: str) -> None:
        raise ArithmeticFault("syntax error")


@plain
def expr(process: Process) -> int:
    words = arguments(process)
    try:
        text = _value(words)
    except ArithmeticFault as error:
        process.err(f"expr: {error}\n")
        return 2
    process.out(text + "\n")
    return int(text in ("0", ""))


def _value(words: list[str]) -> str:
    if len(words) == 2 and words[0] == "length":
        return str(len(words[1]))
    if len(words) == 3 and words[1] == ":":
        found = re.match(words[2][:500].replace("\\(", "(").replace("\\)", ")"), words[0])
        if found is None:
            return "0"
        return found[1] or "" if found.re.groups else str(len(found[0]))
    if len(words) == 3 and words[1] in ("=", "!="):
        return str(int((words[0] == words[2]) == (words[1] == "=")))
    return str(evaluate(" ".join(_OPERATORS.get(word, word) for word in words), _NoVariables()))
