"""Runs a tree of `sh/syntax.py`: lists, pipelines, loops, functions, subshells."""

from __future__ import annotations

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.pipe import Pipe, empty, read_all
from cluster_engine.containers.process import Fd, Process, decode
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell import loops, messages
from cluster_engine.containers.shell.builtins import BUILTINS, SPECIAL
from cluster_engine.containers.shell.conditional import evaluate_conditional
from cluster_engine.containers.shell.redirections import redirected
from cluster_engine.containers.shell.state import MAX_DEPTH, Exit, Leave, Return, State
from cluster_engine.sh import expand, patterns
from cluster_engine.sh.arithmetic import ArithmeticFault, evaluate
from cluster_engine.sh.expand import Expansion, ExpansionFault
from cluster_engine.sh.parser import parse
from cluster_engine.sh.syntax import (
    AndOr,
    Calculation,
    Case,
    Command,
    CountingFor,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Script,
    ShellSyntaxError,
    Simple,
    While,
    Word,
)

# Commands without any wait before the shell has to take some time, as a real one would.
MAX_COMMANDS_AT_ONCE = 20_000
FAULTS = (ExpansionFault, ArithmeticFault, OSError, MemoryError)


class Shell(State):
    """One shell process."""

    def __init__(self, process: Process, name: str) -> None:
        super().__init__(process, name)
        self._commands = 0
        # The exit code of the last command substitution, which is that of a command without words.
        self._substituted = 0

    # Whole texts.

    def run_text(self, text: str) -> Program:
        """Runs a text; a syntax error is told, and is exit code 2."""
        try:
            script = parse(text)
        except ShellSyntaxError as error:
            self.complain(messages.of_syntax(self, error))
            self.status = 2
            return 2
        return (yield from self.run_script(script))

    def run_to_end(self, body: Program) -> Program:
        """A whole shell: its commands, then its EXIT trap; the code of `exit`, or of the last command."""
        try:
            code = yield from body
        except Exit as leave:
            code = leave.code
        except Leave:
            code = self.status
        except FAULTS as error:
            self.complain(messages.of_fault(self, error))
            code = 2
        trap = self.traps.pop("EXIT", None)
        if trap:
            self.status = code
            try:
                yield from self.run_text(trap)
            except Exit as leave:
                code = leave.code
            except Leave:
                pass
        return code

    def run_script(self, script: Script) -> Program:
        for node in script.lists:
            if not self.process.alive:
                raise Exit(self.process.exit_code or 0)
            self.line = node.line
            yield from self._and_or(node)
        return self.status

    # Lists and pipelines.

    def _and_or(self, node: AndOr) -> Program:
        if node.background:
            self._start_job(node)
            return 0
        checked = not node.rest
        yield from self._part(node.first, last=checked)
        for index, (operator, following) in enumerate(node.rest):
            if (self.status == 0) == (operator == "&&"):
                yield from self._part(following, last=index == len(node.rest) - 1)
        if self.pending:
            yield from self.handle_signals()
        return self.status

    def _part(self, node: Pipeline, *, last: bool) -> Program:
        self.unchecked += not last or node.negated
        try:
            yield from self._pipeline(node)
        finally:
            self.unchecked -= not last or node.negated
        if self.status and "e" in self.options and last and not node.negated and not self.unchecked:
            raise Exit(self.status)
        return self.status

    def _pipeline(self, node: Pipeline) -> Program:
        if len(node.commands) == 1:
            self.status = yield from self.run_command(node.commands[0])
        else:
            self.status = yield from self._piped(node.commands)
        if node.negated:
            self.status = int(not self.status)
        return self.status

    def _piped(self, commands: tuple[Command, ...]) -> Program:
        """Each command is a process of its own, as in POSIX."""
        children: list[Process] = []
        source: Pipe | None = None
        for index, command in enumerate(commands):
            last = index == len(commands) - 1
            fds = dict(self.process.fds)
            owned: list[Pipe] = []
            if source is not None:
                fds[0] = source
                owned.append(source)
            if not last:
                source = Pipe()
                fds[1] = source
                owned.append(source)
            children.append(self.fork(command, fds, tuple(owned)))
        codes = []
        for child in children:
            codes.append((yield from self.wait_for(child)))
        if "pipefail" in self.options:
            return next((code for code in reversed(codes) if code), 0)
        return codes[-1]

    def fork(self, body: Command | Script, fds: dict[int, Fd], owned: tuple[Pipe, ...] = ()) -> Process:
        """A subshell in a process of its own."""

        def main(process: Process) -> Program:
            inner = Shell(process, self.name)
            self.copy_to(inner)
            inner.process = process
            process.env = inner.environment()
            if inner.depth > MAX_DEPTH:
                raise MemoryError(0, "out of memory")
            run = inner.run_script(body) if isinstance(body, Script) else inner.run_command(body)
            return inner.run_to_end(run)

        return self.process.container.spawn(
            list(self.process.argv), fds=fds, parent=self.process, cwd=self.process.cwd, main=main, owned=owned
        )

    def wait_for(self, child: Process) -> Program:
        """Waits for a child in the foreground; traps run after it, as in POSIX."""
        while child.exit_code is None:
            yield Wait(on=(child.done,))
        self._commands = 0 if child.now_us != child.started_us else self._commands
        return child.exit_code

    def _start_job(self, node: AndOr) -> None:
        fds: dict[int, Fd] = dict(self.process.fds)
        if not self.interactive:
            fds[0] = empty()
        plain = AndOr(node.first, node.rest, False, node.line)
        child = self.fork(Script((plain,)), fds)
        self.jobs.append(child)
        self.last_job = child.pid
        self.status = 0
        if self.interactive:
            self.process.err(f"[{len(self.jobs)}] {child.pid}\n")

    def substitute(self, script: Script) -> Expansion:
        pipe = Pipe()
        fds: dict[int, Fd] = {**self.process.fds, 1: pipe}
        child = self.fork(script, fds, (pipe,))
        data = yield from read_all(pipe)
        self._substituted = yield from self.wait_for(child)
        return decode(data.replace(b"\0", b""))

    # Commands.

    def run_command(self, command: Command) -> Program:
        """Runs one command in this shell; its exit code."""
        if isinstance(command, Simple):
            return (yield from self._simple(command))
        if isinstance(command, Function):
            self.functions[command.name] = command.body
            return 0
        if not command.redirections:
            return (yield from self._compound(command))
        try:
            with_fds = yield from redirected(self, command.redirections)
        except FAULTS as error:
            self.complain(messages.of_fault(self, error))
            return 1
        with with_fds:
            return (yield from self._compound(command))

    def _compound(self, command: Command) -> Program:
        match command:
            case If():
                return (yield from self._if(command))
            case While():
                return (yield from loops.run_while(self, command))
            case For():
                return (yield from loops.run_for(self, command))
            case CountingFor():
                return (yield from loops.run_counting(self, command))
            case Case():
                return (yield from self._case(command))
            case Group():
                return (yield from self._group(command))
            case Calculation():
                text = yield from expand.text_of(command.expression, self)
                return int(evaluate(text, self) == 0)
        raise TypeError(command)

    def condition(self, script: Script) -> Program:
        """Runs a condition, in which failure is no failure."""
        self.unchecked += 1
        try:
            return (yield from self.run_script(script))
        finally:
            self.unchecked -= 1

    def _if(self, node: If) -> Program:
        for condition, body in node.branches:
            if (yield from self.condition(condition)) == 0:
                return (yield from self.run_script(body))
        if node.otherwise is not None:
            return (yield from self.run_script(node.otherwise))
        return 0

    def _case(self, node: Case) -> Program:
        value = yield from expand.text_of(node.word, self)
        for choices, body in node.branches:
            for choice in choices:
                pattern = yield from self.pattern_of(choice)
                if patterns.matches(pattern, value):
                    return (yield from self.run_script(body)) if body.lists else 0
        return 0

    def pattern_of(self, word: Word) -> Expansion:
        return (yield from expand.text_of(word, self, as_pattern=True))

    def _group(self, node: Group) -> Program:
        if not node.subshell:
            return (yield from self.run_script(node.body))
        return (yield from self.wait_for(self.fork(node.body, dict(self.process.fds))))

    # Simple commands.

    def _simple(self, command: Simple) -> Program:
        self._commands += 1
        if self._commands > MAX_COMMANDS_AT_ONCE:
            self._commands = 0
            yield self.process.sleep(1)
        if command.words and command.words[0].plain == "[[":
            return (yield from self._conditional(command))
        self._substituted = 0
        try:
            words = yield from expand.fields_of(command.words, self)
            assignments = []
            for name, word in command.assignments:
                assignments.append((name, (yield from expand.text_of(word, self))))
            if "x" in self.options:
                shown = [*(f"{name}={value}" for name, value in assignments), *map(messages.quote, words)]
                self.process.err(f"+ {' '.join(shown)}\n")
            if not words:
                for name, value in assignments:
                    self.set(name, value)
            scope = yield from redirected(self, command.redirections)
        except FAULTS as error:
            self.complain(messages.of_fault(self, error))
            constant = isinstance(error, PermissionError) and error.strerror == "is read only"
            fatal = isinstance(error, (ExpansionFault, ArithmeticFault)) or (constant and self.flavour != "bash")
            if fatal and not self.interactive:
                raise Exit(2 if self.flavour != "bash" else 1) from None
            return 2 if self.flavour == "dash" else 1
        with scope:
            if not words:
                return self._substituted
            return (yield from self._run(words, assignments))

    def _conditional(self, command: Simple) -> Program:
        try:
            return (yield from evaluate_conditional(self, command.words[1:-1]))
        except FAULTS as error:
            self.complain(messages.of_fault(self, error))
            return 2

    def _run(self, words: list[str], assignments: list[tuple[str, str]]) -> Program:
        name = words[0]
        function = self.functions.get(name)
        builtin = BUILTINS.get(name)
        if function is None and builtin is None:
            return (yield from self.run_program(words, dict(assignments)))
        old = {key: self.variables.get(key) for key, _ in assignments}
        for key, value in assignments:
            self.set(key, value)
        try:
            if function is not None:
                return (yield from self.call(function, words[1:]))
            assert builtin is not None
            return (yield from builtin(self, words))
        finally:
            if name not in SPECIAL:
                for key, earlier in old.items():
                    if earlier is None:
                        self.unset(key)
                    else:
                        self.variables[key] = earlier

    def run_without_functions(self, words: list[str]) -> Program:
        """`command WORDS`: a builtin or a program, whatever functions there are."""
        builtin = BUILTINS.get(words[0])
        if builtin is not None:
            return (yield from builtin(self, words))
        return (yield from self.run_program(words))

    def call(self, function: Command, arguments: list[str]) -> Program:
        """Calls a function."""
        if len(self.locals) >= MAX_DEPTH:
            self.complain("maximum function nesting level exceeded")
            raise Exit(2)
        kept, self.arguments = self.arguments, arguments
        self.locals.append({})
        try:
            return (yield from self.run_command(function))
        except Return as leave:
            return leave.code
        finally:
            self.arguments = kept
            self.leave_function()

    def run_program(self, words: list[str], extra: dict[str, str] | None = None) -> Program:
        """Starts a program and waits for it."""
        env = {**self.environment(), **(extra or {})}
        try:
            child = self.process.container.spawn(
                words, fds=dict(self.process.fds), parent=self.process, env=env, cwd=self.process.cwd
            )
        except ProgramNotFound as missing:
            self.complain(messages.of_missing(self, missing))
            return missing.code
        return (yield from self.wait_for(child))

    # Signals.

    def handle_signals(self) -> Program:
        """Runs the traps of signals that have come."""
        while self.pending:
            signal = self.pending.pop(0)
            action = self.traps.get(signal)
            if action:
                kept = self.status
                yield from self.run_text(action)
                self.status = kept
        self.process.pod.hurried.discard(id(self.process))
        return self.status
