"""Compound commands: loops, `if`, `case`, groups, functions, `[[ … ]]` and `(( … ))`."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.shell import patterns
from cluster_engine.shell.conditions import Condition, TestFault
from cluster_engine.shell.environment import (
    SLICE_US,
    Environment,
    FunctionReturn,
    LoopControl,
    ShellExit,
    Streams,
)
from cluster_engine.shell.expand import Expander
from cluster_engine.shell.syntax import (
    Calculation,
    Case,
    Command,
    CountingFor,
    For,
    Function,
    Group,
    If,
    Script,
    Simple,
    Test,
    While,
    Word,
)

MAX_FUNCTIONS = 200


def run(env: Environment, command: Command, streams: Streams) -> Process:
    """Raises OSError and ExpansionFault, and what leaves loops, functions and shells."""
    match command:
        case For():
            return (yield from _for(env, command, streams))
        case CountingFor():
            return (yield from _counting_for(env, command, streams))
        case While():
            return (yield from _while(env, command, streams))
        case If():
            return (yield from _if(env, command, streams))
        case Case():
            return (yield from _case(env, command, streams))
        case Group():
            return (yield from _group(env, command, streams))
        case Function():
            return _define(env, command)
        case Test():
            return (yield from _test(env, command, streams))
        case Calculation():
            return int((yield from Expander(env, streams).number(command.expression)) == 0)
        case Simple():
            raise TypeError("a simple command is not a compound one")


def _condition(env: Environment, script: Script, streams: Streams) -> Generator[Wait, None, bool]:
    """Whether a list succeeds; its failure does not end a `set -e` shell."""
    env.tested += 1
    try:
        return (yield from env.run_script(env, script, streams)) == 0
    finally:
        env.tested -= 1


def _turn(env: Environment) -> Generator[Wait, None, None]:
    """Counts an iteration, and lets others have their turn now and then."""
    if env.budget.spend(1):
        yield Wait(deadline_us=env.cluster.clock.now_us + SLICE_US)


def _body(env: Environment, body: Script, streams: Streams) -> Generator[Wait, None, tuple[int, bool]]:
    """(status, whether the loop goes on) after one run of a loop's body."""
    yield from _turn(env)
    env.loops += 1
    try:
        return (yield from env.run_script(env, body, streams)), True
    except LoopControl as control:
        if control.levels > 1 and env.loops > 1:
            raise LoopControl(control.kind, control.levels - 1) from None
        return 0, control.kind == "continue"
    finally:
        env.loops -= 1


def _for(env: Environment, command: For, streams: Streams) -> Process:
    if command.words is None:
        values = list(env.positional)
    else:
        values = yield from Expander(env, streams).fields(command.words)
    status, going = 0, True
    for value in values:
        env.assign(command.name, value)
        status, going = yield from _body(env, command.body, streams)
        if not going:
            break
    return status


def _counting_for(env: Environment, command: CountingFor, streams: Streams) -> Process:
    expander = Expander(env, streams)
    yield from expander.number(command.first)
    status = 0
    while not command.condition.parts or (yield from expander.number(command.condition)):
        status, going = yield from _body(env, command.body, streams)
        if not going:
            break
        yield from expander.number(command.after)
    return status


def _while(env: Environment, command: While, streams: Streams) -> Process:
    status = 0
    while (yield from _condition(env, command.condition, streams)) != command.until:
        status, going = yield from _body(env, command.body, streams)
        if not going:
            break
    return status


def _if(env: Environment, command: If, streams: Streams) -> Process:
    for condition, body in command.branches:
        if (yield from _condition(env, condition, streams)):
            return (yield from env.run_script(env, body, streams))
    return (yield from env.run_script(env, command.otherwise, streams))


def _case(env: Environment, command: Case, streams: Streams) -> Process:
    expander = Expander(env, streams)
    subject = yield from expander.text(command.subject)
    status, falling = 0, False
    for choices, body, ending in command.items:
        if not falling:
            for choice in choices:
                falling = patterns.matches(subject, (yield from expander.pattern(choice)))
                if falling:
                    break
        if falling:
            status = yield from env.run_script(env, body, streams)
            if ending == ";;":
                break
            falling = ending == ";&"
    return status


def _group(env: Environment, command: Group, streams: Streams) -> Process:
    if not command.subshell:
        return (yield from env.run_script(env, command.body, streams))
    inner = env.subshell()
    try:
        return (yield from env.run_script(inner, command.body, streams))
    except ShellExit as ended:
        return ended.code
    except (FunctionReturn, LoopControl):
        return inner.status


def _define(env: Environment, command: Function) -> int:
    if command.name not in env.functions and len(env.functions) >= MAX_FUNCTIONS:
        raise OSError(f"too many functions: at most {MAX_FUNCTIONS} are kept")
    env.functions[command.name] = command.body
    return 0


def _test(env: Environment, command: Test, streams: Streams) -> Process:
    expander = Expander(env, streams)
    words: list[str] = []
    operators: set[int] = set()
    for token in command.tokens:
        if isinstance(token, Word):
            compares = bool(words) and words[-1] in ("=", "==", "!=")
            words.append((yield from (expander.pattern(token) if compares else expander.text(token))))
        else:
            operators.add(len(words))
            words.append(token)
    try:
        condition = Condition(env, words, double=True, operators=frozenset(operators))
        return int(not condition.value())
    except TestFault as error:
        streams.err.line(f"bash: [[: {error}")
        return 2
