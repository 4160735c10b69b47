"""Runs a tree: and-or lists, pipelines, redirections, aliases; finds each command by its name."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Output, Process, Stream
from cluster_engine.kubectl.root import main as kubectl
from cluster_engine.shell import expand, pipeline
from cluster_engine.shell.builtins.registry import BUILTINS
from cluster_engine.shell.environment import MAX_VARIABLES, Environment, Streams
from cluster_engine.shell.parse import parse
from cluster_engine.shell.syntax import AndOr, Pipeline, Redirection, Script, ShellSyntaxError, Simple

NOT_FOUND = 127
MISUSE = 2
MAX_ALIAS_DEPTH = 10


def run_text(env: Environment, text: str, streams: Streams) -> Process:
    """Runs what was typed. A line that is no command is told so, and is exit code 2."""
    try:
        script = parse(text)
    except ShellSyntaxError as error:
        streams.err.line(f"bash: {error}")
        env.status = MISUSE
        return MISUSE
    return (yield from run_script(env, script, streams))


def run_script(env: Environment, script: Script, streams: Streams) -> Process:
    if not script:
        return 0
    for node in script:
        env.status = yield from _and_or(env, node, streams)
    return env.status


def _and_or(env: Environment, node: AndOr, streams: Streams) -> Process:
    env.status = yield from _pipeline(env, node.first, streams)
    for operator, following in node.rest:
        if (env.status == 0) == (operator == "&&"):
            env.status = yield from _pipeline(env, following, streams)
    return env.status


def _pipeline(env: Environment, node: Pipeline, streams: Streams) -> Process:
    if len(node.commands) == 1:
        code = yield from _simple(env, node.commands[0], streams)
    else:
        stages: list[pipeline.Stage] = []
        reads = streams.stdin
        for index, command in enumerate(node.commands):
            last = index == len(node.commands) - 1
            writes = None if last else Stream()
            out = streams.out if writes is None else Output(writes.write)
            stages.append(pipeline.Stage(_simple(env, command, Streams(reads, out, streams.err)), reads, writes))
            if writes is not None:
                reads = writes
        code = yield from pipeline.run(stages, env.cluster.clock)
    return int(not code) if node.negated else code


def _simple(env: Environment, command: Simple, streams: Streams) -> Process:
    """One command with its redirections. Raises nothing: what goes wrong is told in bash's words."""
    try:
        words = expand.fields_of(command.words, env.lookup, env.files)
        redirected = _Redirected(env, streams)
        for redirection in command.redirections:
            redirected.add(redirection)
        if not words:
            _assign(env, command)
            redirected.finish()
            return 0
    except OSError as error:
        streams.err.line(f"bash: {_reason(error)}")
        return 1
    plain = command.words[0].plain if command.words else None
    if plain is not None:
        words = _without_alias(env, words)
    try:
        return (yield from _command(env, words, redirected.streams()))
    finally:
        try:
            redirected.finish()
        except OSError as error:
            streams.err.line(f"bash: {_reason(error)}")


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{error.args[0] if error.args else ''}: No such file or directory"
    return str(error)


def _assign(env: Environment, command: Simple) -> None:
    for name, value in command.assignments:
        if name not in env.variables and len(env.variables) >= MAX_VARIABLES:
            raise OSError(f"too many variables: at most {MAX_VARIABLES} are kept")
        env.variables[name] = expand.text_of(value, env.lookup)


def _without_alias(env: Environment, words: list[str]) -> list[str]:
    seen: set[str] = set()
    while words and words[0] in env.aliases and words[0] not in seen and len(seen) < MAX_ALIAS_DEPTH:
        seen.add(words[0])
        words = [*env.aliases[words[0]].split(), *words[1:]]
    return words


def _command(env: Environment, words: list[str], streams: Streams) -> Process:
    name, args = words[0], words[1:]
    if name == "kubectl":
        cluster = env.cluster
        factory = Factory(
            cluster.server, cluster.clock, out=streams.out, err=streams.err, stdin=streams.stdin, files=env.files
        )
        return (yield from kubectl(factory, args))
    builtin = BUILTINS.get(name)
    if builtin is not None:
        return (yield from builtin(env, args, streams))
    streams.err.line(f"bash: {name}: command not found")
    return NOT_FOUND


class _Redirected:
    """The streams of one command after its redirections, taken in their order."""

    def __init__(self, env: Environment, streams: Streams) -> None:
        self._env = env
        self._stdin = streams.stdin
        self._sinks: dict[int, Callable[[str], None]] = {1: streams.out.write, 2: streams.err.write}
        self._files: list[tuple[str, str, list[str]]] = []

    def add(self, redirection: Redirection) -> None:
        """Raises OSError for a file that is not there."""
        target = expand.text_of(redirection.target, self._env.lookup)
        match redirection.operator:
            case "<<":
                self._stdin = Stream(target, closed=True)
            case "<<<":
                self._stdin = Stream(target + "\n", closed=True)
            case "<":
                text = "" if target == "/dev/null" else self._env.files.read(target)
                self._stdin = Stream(text, closed=True)
            case ">&":
                if not target.isdigit() or int(target) not in self._sinks:
                    raise OSError(f"{target}: Bad file descriptor")
                self._sinks[redirection.fd] = self._sinks[int(target)]
            case ">" | ">>":
                sink = self._sink(target, append=redirection.operator == ">>")
                for fd in (1, 2) if redirection.fd == -1 else (redirection.fd,):
                    self._sinks[fd] = sink

    def _sink(self, path: str, *, append: bool) -> Callable[[str], None]:
        if path in ("/dev/null", "/dev/stdout", "/dev/stderr"):
            kept = {"/dev/stdout": self._sinks[1], "/dev/stderr": self._sinks[2]}
            return kept.get(path, lambda text: None)
        before = ""
        if append:
            try:
                before = self._env.files.read(path)
            except FileNotFoundError:
                before = ""
        self._env.files.write(path, before)
        parts: list[str] = []
        self._files.append((path, before, parts))
        return parts.append

    def streams(self) -> Streams:
        return Streams(self._stdin, Output(self._sinks[1]), Output(self._sinks[2]))

    def finish(self) -> None:
        """Writes the files. Raises OSError for what is too large."""
        for path, before, parts in self._files:
            if parts:
                self._env.files.write(path, before + "".join(parts))
