"""Commands that are more than the shell's own: kubectl, and scripts in files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator, Sequence
from functools import partial

from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Output, Process, Wait
from cluster_engine.kubectl.root import main
from cluster_engine.shell.environment import Environment, ShellExit, Streams
from cluster_engine.shell.looks import LOOKS
from cluster_engine.shell.looks.rules import Reworded
from cluster_engine.shell.looks.tables import LookFactory
from cluster_engine.shell.parse import parse
from cluster_engine.shell.syntax import ShellSyntaxError

NOT_FOUND = 127
CANNOT_RUN = 126


def factory(env: Environment, streams: Streams, words: Sequence[str] = ()) -> Factory:
    """What kubectl is given by this shell, in the shell's look; `words` are what follows `kubectl`."""
    cluster = env.cluster
    look = LOOKS.get(env.look)
    make = Factory if look is None else LookFactory
    made = make(cluster.server, cluster.clock, out=streams.out, err=streams.err, stdin=streams.stdin, files=env.files)
    made.is_terminal = streams.stdin.terminal
    made.local_ports = env.ports
    made.open_editor = partial(_edit, env, streams) if env.editor.present or _own_editor(env) else None
    if look is not None and isinstance(made, LookFactory):
        made.columns, made.cells = look.columns, look.cells
        verbs = [word for word in words if word[:1] != "-"]
        made.shown = look.shown if verbs[:1] == ["get"] or verbs[:2] == ["rollout", "status"] else {}
        made.out = Output(Reworded(look.out, made, words, streams.out).write)
        made.err = Output(Reworded(look.err, made, words, streams.err).write)
    return made


def _own_editor(env: Environment) -> str:
    """What `KUBE_EDITOR` or `EDITOR` names, unless it is the editor pane."""
    chosen = env.lookup("KUBE_EDITOR") or env.lookup("EDITOR")
    return "" if chosen.split()[:1] in ([], ["edit"], ["vi"], ["vim"], ["nano"]) else chosen


def _edit(env: Environment, streams: Streams, path: str, text: str) -> Generator[Wait, None, str]:
    """The file after somebody, or the program that is named as the editor, has changed it. Raises CommandError."""
    env.files.write(path, text)
    program = _own_editor(env)
    if program:
        # As it is a shell's work in the original as soon as there is a quote in it.
        text = f"{program} {shlex.quote(path)}"
        code = yield from run_apart(env, text, "bash", [], streams)
        if code == NOT_FOUND:
            raise CommandError(
                f'unable to launch the editor {json.dumps(program)}: exec: "{program.split()[0]}": executable file not '
                "found in $PATH"
            )
        if code:
            raise CommandError(f"there was a problem with the editor {json.dumps(program)}")
    else:
        yield from env.editor.edit(env.files.tidy(path))
    return env.files.read(path)


def kubectl(env: Environment, args: list[str], streams: Streams) -> Process:
    return (yield from main(factory(env, streams, args), args))


def script_file(env: Environment, path: str, args: list[str], streams: Streams) -> Process:
    """Runs the script in a file in a shell of its own, as `bash FILE` and `./FILE` do."""
    if env.files.is_directory(path):
        streams.err.line(f"bash: {path}: Is a directory")
        return CANNOT_RUN
    try:
        text = env.files.read(path)
    except FileNotFoundError:
        streams.err.line(f"bash: {path}: No such file or directory")
        return NOT_FOUND
    return (yield from run_apart(env, text, path, args, streams))


def run_apart(env: Environment, text: str, name: str, args: list[str], streams: Streams) -> Process:
    """Runs a script's text in a shell of its own, with its arguments."""
    try:
        script = parse(text)
    except ShellSyntaxError as error:
        streams.err.line(f"{name}: {error}")
        return 2
    inner = env.subshell()
    inner.positional = args
    inner.variables["0"] = name
    inner.options.clear()
    try:
        return (yield from env.run_script(inner, script, streams))
    except ShellExit as ended:
        return ended.code
