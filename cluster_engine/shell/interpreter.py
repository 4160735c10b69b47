"""Runs a tree: lists, pipelines, simple commands, redirections, aliases; finds each command by its name."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Sequence

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Output, Process, Stream, Wait
from cluster_engine.shell import compound, programs
from cluster_engine.shell import pipeline as pipes
from cluster_engine.shell.builtins.registry import BUILTINS
from cluster_engine.shell.environment import (
    KUBECTL_COST,
    MAX_CALLS,
    SLICE_US,
    Environment,
    ExpansionFault,
    FunctionReturn,
    LoopControl,
    ShellExit,
    ShellLimit,
    Streams,
)
from cluster_engine.shell.expand import Expander
from cluster_engine.shell.parse import parse
from cluster_engine.shell.redirect import Redirected, reason
from cluster_engine.shell.syntax import (
    AndOr,
    Assignment,
    Command,
    Items,
    Pipeline,
    Redirection,
    Script,
    ShellSyntaxError,
    Simple,
    Text,
    Word,
)

NOT_FOUND = 127
MISUSE = 2
MAX_ALIAS_DEPTH = 10
_RESERVED = ("if", "for", "while", "until", "case", "function", "time")


def run_text(env: Environment, text: str, streams: Streams) -> Process:
    """Runs what was typed. A line that is no command is told so, and is exit code 2."""
    try:
        script = parse(text)
    except ShellSyntaxError as error:
        streams.err.line(f"bash: {error}")
        env.status = MISUSE
        return MISUSE
    except RecursionError:
        streams.err.line("bash: the line is nested too deeply")
        return MISUSE
    try:
        return (yield from run_script(env, script, streams))
    except ShellExit as ended:
        env.status = ended.code
    except (ShellLimit, RecursionError) as error:
        message = str(error) if isinstance(error, ShellLimit) else "commands in commands are nested too deeply"
        streams.err.line(f"bash: {message}")
        env.status = 1
    except (FunctionReturn, LoopControl):
        env.status = 0
    finally:
        env.loops = env.tested = 0
        env.locals.clear()
    return env.status


def run_script(env: Environment, script: Script, streams: Streams) -> Process:
    status = 0
    for node in script:
        status = yield from _and_or(env, node, streams)
        env.status = status
    return status


def _and_or(env: Environment, node: AndOr, streams: Streams) -> Process:
    if node.background:
        return _in_background(env, node, streams)
    last = len(node.rest)
    status = yield from _tested_pipeline(env, node.first, streams, tested=last > 0)
    env.status = status
    for index, (operator, following) in enumerate(node.rest, 1):
        if (status == 0) == (operator == "&&"):
            status = yield from _tested_pipeline(env, following, streams, tested=index < last)
            env.status = status
    return status


def _tested_pipeline(env: Environment, node: Pipeline, streams: Streams, *, tested: bool) -> Process:
    """A pipeline; under `set -e` a failure ends the shell, but not where it is asked about (`tested`)."""
    env.tested += tested or node.negated
    try:
        status = yield from _pipeline(env, node, streams)
    finally:
        env.tested -= tested or node.negated
    if status and "errexit" in env.options and not env.tested and not tested and not node.negated:
        raise ShellExit(status)
    return status


def _in_background(env: Environment, node: AndOr, streams: Streams) -> int:
    inner = env.subshell()
    quiet = Streams(Stream(closed=True), streams.out, streams.err)
    foreground = AndOr(node.first, node.rest)
    try:
        job = env.jobs.add(node.text, contained(inner, run_script(inner, (foreground,), quiet), streams))
    except OSError as error:
        streams.err.line(f"bash: {error}")
        return 1
    env.last_job = job.pid
    streams.err.line(f"[{job.number}] {job.pid}")
    return 0


def contained(env: Environment, process: Process, streams: Streams) -> Process:
    """A process of a subshell: what would end or leave the shell ends only this one."""
    try:
        return (yield from process)
    except ShellExit as ended:
        return ended.code
    except (FunctionReturn, LoopControl):
        return env.status
    except ShellLimit as error:
        streams.err.line(f"bash: {error}")
        return 1


def _pipeline(env: Environment, node: Pipeline, streams: Streams) -> Process:
    clock = env.cluster.clock
    began_us = clock.now_us
    if not node.commands:
        code = 0
    elif len(node.commands) == 1:
        code = yield from run_command(env, node.commands[0], streams)
    else:
        stages: list[pipes.Stage] = []
        reads = streams.stdin
        for index, command in enumerate(node.commands):
            last = index == len(node.commands) - 1
            writes = None if last else Stream()
            out = streams.out if writes is None else Output(writes.write)
            inner = env.subshell()
            inside = Streams(reads, out, streams.err)
            process = contained(inner, run_command(inner, command, inside), inside)
            stages.append(pipes.Stage(process, reads, writes, owns_reads=index > 0))
            if writes is not None:
                reads = writes
        code = yield from pipes.run(stages, clock)
        if "pipefail" in env.options and not code:
            code = next((stage.code for stage in reversed(stages) if stage.code), 0)
    if node.timed:
        seconds = (clock.now_us - began_us) / SECOND_US
        minutes, rest = divmod(seconds, 60)
        streams.err.write(f"\nreal\t{minutes:.0f}m{rest:.3f}s\nuser\t0m0.000s\nsys\t0m0.000s\n")
    return int(not code) if node.negated else code


def run_command(env: Environment, command: Command, streams: Streams) -> Process:
    """One command of any kind. Raises nothing but what leaves the shell: what goes wrong is told in bash's words."""
    if isinstance(command, Simple):
        return (yield from _simple(env, command, streams))
    try:
        if not command.redirections:
            return (yield from compound.run(env, command, streams))
        redirected = Redirected(env, streams)
        expander = Expander(env, streams)
        for redirection in command.redirections:
            yield from redirected.add(redirection, expander)
        try:
            return (yield from compound.run(env, command, redirected.streams()))
        finally:
            redirected.finish()
    except (OSError, ExpansionFault) as error:
        return told(error, streams)


def told(error: OSError | ExpansionFault, streams: Streams) -> int:
    streams.err.line(f"bash: {reason(error) if isinstance(error, OSError) else error}")
    return 1


def _simple(env: Environment, command: Simple, streams: Streams) -> Process:
    if env.budget.spend(1):
        yield Wait(deadline_us=env.cluster.clock.now_us + SLICE_US)
    alias = _alias(env, command)
    if alias is not None:
        return (yield from _aliased(env, command, alias, streams))
    expander = Expander(env, streams)
    redirected = Redirected(env, streams)
    try:
        words = yield from expander.fields(command.words)
        for redirection in command.redirections:
            yield from redirected.add(redirection, expander)
        if not words:
            for assignment in command.assignments:
                yield from _assign(env, assignment, expander)
            redirected.finish()
            # `$(false)` alone, and `x=$(false)`, end as their commands did.
            return env.status if expander.has_run else 0
        kept = yield from _assign_for_command(env, command.assignments, expander)
    except ExpansionFault as error:
        # The rest of the line is not run either, as in bash.
        raise ShellExit(told(error, streams)) from None
    except OSError as error:
        return told(error, streams)
    if "xtrace" in env.options:
        streams.err.line("+ " + " ".join(_shown(word) for word in words))
    try:
        return (yield from run_words(env, words, redirected.streams()))
    finally:
        _restore(env, kept)
        try:
            redirected.finish()
        except OSError as error:
            told(error, streams)


def _shown(word: str) -> str:
    return word if word and all(char.isalnum() or char in "-_=./:,%+@{}" for char in word) else f"'{word}'"


def _assign(env: Environment, assignment: Assignment, expander: Expander) -> Generator[Wait, None, None]:
    name = assignment.name
    if any(isinstance(part, Items) for part in assignment.value.parts):
        items = yield from expander.items(assignment.value)
        env.variables.pop(name, None)
        env.arrays[name] = [*env.arrays.get(name, []), *items] if assignment.append else items
        return
    value = yield from expander.text(assignment.value)
    if assignment.index is not None:
        index = yield from expander.text(assignment.index)
        env.assign_element(name, index, value)
        return
    if f"readonly {name}" in env.options:
        raise ExpansionFault(f"{name}: readonly variable")
    env.assign(name, env.lookup(name) + value if assignment.append else value)
    if "xtrace" in env.options:
        expander.trace(f"{name}={value}")


def _assign_for_command(
    env: Environment, assignments: Sequence[Assignment], expander: Expander
) -> Generator[Wait, None, dict[str, str | None]]:
    """Sets the variables that stand before a command, and returns what they were."""
    kept: dict[str, str | None] = {}
    for assignment in assignments:
        kept.setdefault(assignment.name, env.variables.get(assignment.name))
        yield from _assign(env, assignment, expander)
    return kept


def _restore(env: Environment, kept: dict[str, str | None]) -> None:
    for name, value in kept.items():
        if value is None:
            env.variables.pop(name, None)
        else:
            env.variables[name] = value


def _alias(env: Environment, command: Simple) -> str | None:
    """The alias that the first word is, unless it stands within its own meaning."""
    plain = command.words[0].plain if command.words else None
    if plain is None or plain not in env.aliases or f"alias {plain}" in env.options:
        return None
    return env.aliases[plain]


def _aliased(env: Environment, command: Simple, alias: str, streams: Streams) -> Process:
    """Runs an alias's text with the command's further words at its end."""
    name = f"alias {command.words[0].plain}"
    try:
        script = parse(alias)
    except ShellSyntaxError as error:
        streams.err.line(f"bash: {error}")
        return MISUSE
    if not script:
        return 0
    script = (*script[:-1], _with_words(script[-1], command))
    env.options.add(name)
    try:
        return (yield from run_script(env, script, streams))
    finally:
        env.options.discard(name)


def _with_words(node: AndOr, command: Simple) -> AndOr:
    pipeline = node.rest[-1][1] if node.rest else node.first
    last = pipeline.commands[-1]
    if isinstance(last, Simple):
        redirections: tuple[Redirection, ...] = (*last.redirections, *command.redirections)
        last = Simple((*command.assignments, *last.assignments), (*last.words, *command.words[1:]), redirections)
    longer = Pipeline((*pipeline.commands[:-1], last), pipeline.negated, pipeline.timed)
    if node.rest:
        return AndOr(node.first, (*node.rest[:-1], (node.rest[-1][0], longer)))
    return AndOr(longer)


def run_words(env: Environment, words: Sequence[str], streams: Streams) -> Process:
    """A command by its name and its arguments: a function, kubectl, or a command of the shell."""
    name, args = words[0], list(words[1:])
    function = env.functions.get(name)
    if function is not None:
        return (yield from _call(env, function, args, streams))
    if name == "kubectl":
        if env.budget.spend(KUBECTL_COST):
            yield Wait(deadline_us=env.cluster.clock.now_us + SLICE_US)
        return (yield from programs.kubectl(env, args, streams))
    builtin = BUILTINS.get(name.removeprefix("/bin/").removeprefix("/usr/bin/"))
    if builtin is not None:
        try:
            return (yield from builtin(env, args, streams))
        except OSError as error:
            streams.err.line(f"{name}: {reason(error)}")
            return 1
    if "/" in name:
        return (yield from programs.script_file(env, name, args, streams))
    streams.err.line(f"bash: {name}: command not found")
    close = difflib.get_close_matches(name, ["kubectl", *BUILTINS, *env.aliases, *_RESERVED], n=1, cutoff=0.7)
    if close and len(name) > 2:
        env.hint(f'Did you mean "{close[0]}"?')
    return NOT_FOUND


def _call(env: Environment, function: Command, args: list[str], streams: Streams) -> Process:
    if len(env.locals) >= MAX_CALLS:
        raise ShellLimit(f"functions call each other more than {MAX_CALLS} deep; it was stopped")
    before, env.positional = env.positional, args
    env.locals.append({})
    loops, env.loops = env.loops, 0
    try:
        return (yield from run_command(env, function, streams))
    except FunctionReturn as returned:
        return returned.code
    finally:
        env.positional, env.loops = before, loops
        if env.locals:
            _restore(env, env.locals.pop())


def simple(words: Sequence[str]) -> Simple:
    """A command of plain words."""
    return Simple((), tuple(Word((Text(word, True),)) for word in words))
