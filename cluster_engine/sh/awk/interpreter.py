"""Runs an awk program over records: its rules and statements. Values are floats and texts."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.sh.awk.expressions import Expressions
from cluster_engine.sh.awk.parser import Node
from cluster_engine.sh.awk.values import AwkFault, Input, Leave, Value, number, text

__all__ = ["AwkFault", "Program"]

MAX_STEPS = 200_000


class Program(Expressions):
    """One run of a program: `begin`, `record` for each line, `end`."""

    @property
    def reads_input(self) -> bool:
        return bool(self._rules.main or self._rules.end)

    def assign_text(self, name: str, value: str) -> None:
        self.variables[name] = Input(value)

    def next_file(self, name: str) -> None:
        self.variables["FILENAME"], self.variables["FNR"] = name, 0.0

    def begin(self) -> None:
        self._guarded(lambda: self._all(self._rules.begin))

    def record(self, line: str) -> None:
        self.variables["NR"] = number(self.variables["NR"]) + 1
        self.variables["FNR"] = number(self.variables["FNR"]) + 1
        self.set_record(line)
        self._guarded(self._main)

    def end(self) -> int:
        """Runs the END rules; the exit code."""
        if not self.ended:
            self._guarded(lambda: self._all(self._rules.end))
        return self._code

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Leave as leave:
            if leave.kind == "exit":
                self._code = int(number(leave.value)) % 256
                self.ended = True
        except (RecursionError, OverflowError):
            raise AwkFault("the program goes too deep") from None

    def _all(self, actions: list[Node]) -> None:
        for action in actions:
            self._do(action)

    def _main(self) -> None:
        for index, (pattern, until, action) in enumerate(self._rules.main):
            if not self._selected(index, pattern, until):
                continue
            if action is None:
                self._out(text(self._whole) + text(self.variables["ORS"]))
            else:
                self._do(action)

    def _selected(self, index: int, pattern: Node | None, until: Node | None) -> bool:
        if pattern is None:
            return True
        if until is None:
            return self.truth(self.value(pattern))
        if index not in self._open_ranges:
            if not self.truth(self.value(pattern)):
                return False
            self._open_ranges.add(index)
        if self.truth(self.value(until)):
            self._open_ranges.discard(index)
        return True

    # Statements.

    def _do(self, node: Node) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise AwkFault(f"the program did more than {MAX_STEPS:,} steps; it was stopped")
        getattr(self, f"_do_{node[0]}")(node)

    def _do_block(self, node: Node) -> None:
        for statement in node[1]:
            self._do(statement)

    def _do_expression(self, node: Node) -> None:
        self.value(node[1])

    def _do_print(self, node: Node) -> None:
        values = [self._shown(self.value(one)) for one in node[1]] or [text(self._whole)]
        self._out(text(self.variables["OFS"]).join(values) + text(self.variables["ORS"]))

    def _shown(self, value: Value) -> str:
        if isinstance(value, float) and not value.is_integer():
            return self.formatted(text(self.variables["OFMT"]), [value])
        return text(value)

    def _do_printf(self, node: Node) -> None:
        if not node[1]:
            raise AwkFault("printf: no format")
        form, *values = [self.value(one) for one in node[1]]
        self._out(self.formatted(text(form), values))

    def _do_if(self, node: Node) -> None:
        if self.truth(self.value(node[1])):
            self._do(node[2])
        elif node[3] is not None:
            self._do(node[3])

    def _loop(self, body: Node) -> bool:
        """Whether the loop goes on."""
        try:
            self._do(body)
        except Leave as leave:
            if leave.kind not in ("break", "continue"):
                raise
            return leave.kind == "continue"
        return True

    def _do_while(self, node: Node) -> None:
        while self.truth(self.value(node[1])):
            if not self._loop(node[2]):
                break

    def _do_do(self, node: Node) -> None:
        while self._loop(node[1]) and self.truth(self.value(node[2])):
            pass

    def _do_for(self, node: Node) -> None:
        _, first, condition, after, body = node
        if first is not None:
            self._do(first)
        while condition is None or self.truth(self.value(condition)):
            if not self._loop(body):
                break
            if after is not None:
                self._do(after)

    def _do_each(self, node: Node) -> None:
        _, name, array, body = node
        for key in list(self.array(array)):
            self._assign(("name", name), Input(key))
            if not self._loop(body):
                break

    def _do_delete(self, node: Node) -> None:
        if node[2] is None:
            self.array(node[1]).clear()
        else:
            self.array(node[1]).pop(self._key(node[2]), None)

    def _do_break(self, node: Node) -> None:
        raise Leave("break")

    def _do_continue(self, node: Node) -> None:
        raise Leave("continue")

    def _do_next(self, node: Node) -> None:
        raise Leave("next")

    def _do_exit(self, node: Node) -> None:
        raise Leave("exit", self.value(node[1]) if node[1] is not None else float(self._code))

    def _do_return(self, node: Node) -> None:
        raise Leave("return", self.value(node[1]) if node[1] is not None else "")
