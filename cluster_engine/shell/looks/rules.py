"""Words of lines: rules that say which lines of which commands read otherwise in a look."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Output
from cluster_engine.shell.looks.tables import Cell, Columns

# What makes a rule apply: (kubectl's surroundings, the words after `kubectl`, the match).
Condition = Callable[[Factory, Sequence[str], re.Match[str]], bool]
_STRUCTURED = re.compile(r"-o=?\s*(?!wide)\S|--output[= ](?!wide)")


@dataclass(frozen=True, slots=True)
class Rule:
    """Lines of some commands ("" for all) that a pattern fits read as the template says; None drops them."""

    commands: tuple[str, ...]
    pattern: re.Pattern[str]
    template: str | None
    when: Condition | None = None


def rule(commands: str, pattern: str, template: str | None, when: Condition | None = None) -> Rule:
    """`commands` are separated by blanks."""
    return Rule(tuple(commands.split()), re.compile(pattern), template, when)


@dataclass(frozen=True, slots=True)
class Look:
    """Rules for both outputs, and the columns of resources (by `deployments.apps`) that differ."""

    name: str
    out: tuple[Rule, ...] = ()
    err: tuple[Rule, ...] = ()
    columns: Mapping[str, Columns] = field(default_factory=dict)
    # Cells that read otherwise, by their headers.
    cells: Mapping[str, Cell] = field(default_factory=dict)
    # How `get` and `rollout status` see whole objects.
    shown: Mapping[str, Callable[[Obj], Obj]] = field(default_factory=dict)


class Reworded:
    """Applies a look's rules to what one command writes, line by line."""

    def __init__(self, rules: Sequence[Rule], factory: Factory, words: Sequence[str], out: Output) -> None:
        verb = next((word for word in words if not word.startswith("-")), "")
        self._rules = [one for one in rules if not one.commands or verb in one.commands]
        self._factory, self._words, self._out = factory, words, out
        self._as_it_is = _STRUCTURED.search(" ".join(words)) is not None

    def write(self, text: str) -> None:
        if self._as_it_is or not self._rules:
            self._out.write(text)
            return
        lines = text.split("\n")
        kept = [self._line(line) if line else line for line in lines]
        self._out.write("\n".join(line for line in kept if line is not None))

    def _line(self, line: str) -> str | None:
        for one in self._rules:
            found = one.pattern.search(line)
            if found is None or (one.when is not None and not one.when(self._factory, self._words, found)):
                continue
            if one.template is None:
                return None
            line = line[: found.start()] + found.expand(one.template) + line[found.end() :]
        return line
