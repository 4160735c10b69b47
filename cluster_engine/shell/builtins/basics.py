"""`echo`, `pwd`, `clear`, `history`, `alias`, `export`, `sleep`, `true`, `false`, `help`."""

from __future__ import annotations

import re

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.shell.environment import MAX_VARIABLES, Environment, Streams

MAX_ALIASES = 100
MAX_SLEEP_SECONDS = 7 * 24 * 3600.0
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "r": "\r", "e": "\x1b"}


def echo(env: Environment, args: list[str], streams: Streams) -> Process:
    newline, escapes = True, False
    while args and re.fullmatch(r"-[neE]+", args[0]):
        newline = newline and "n" not in args[0]
        escapes = escapes or "e" in args[0]
        args = args[1:]
    text = " ".join(args)
    if escapes:
        text = re.sub(r"\\([ntre\\])", lambda found: _ESCAPES[found[1]], text)
    streams.out.write(text + ("\n" if newline else ""))
    return 0
    yield


def pwd(env: Environment, args: list[str], streams: Streams) -> Process:
    streams.out.line(env.variables.get("PWD", "/root"))
    return 0
    yield


def clear(env: Environment, args: list[str], streams: Streams) -> Process:
    streams.out.write("\x1b[H\x1b[2J\x1b[3J")
    return 0
    yield


def history(env: Environment, args: list[str], streams: Streams) -> Process:
    if args == ["-c"]:
        env.history.clear()
        return 0
    if args and not args[0].isdigit():
        streams.err.line(f"bash: history: {args[0]}: numeric argument required")
        return 1
    first = max(0, len(env.history) - int(args[0])) if args else 0
    for number, line in list(enumerate(env.history, 1))[first:]:
        streams.out.line(f"{number:5d}  {line}")
    return 0
    yield


def alias(env: Environment, args: list[str], streams: Streams) -> Process:
    code = 0
    for arg in args or [f"{name}" for name in sorted(env.aliases)]:
        name, equals, value = arg.partition("=")
        if equals and (name in env.aliases or len(env.aliases) < MAX_ALIASES):
            env.aliases[name] = value
        elif name in env.aliases:
            streams.out.line(f"alias {name}='{env.aliases[name]}'")
        else:
            streams.err.line(f"bash: alias: {name}: not found")
            code = 1
    return code
    yield


def unalias(env: Environment, args: list[str], streams: Streams) -> Process:
    code = 0
    for name in args:
        if env.aliases.pop(name, None) is None:
            streams.err.line(f"bash: unalias: {name}: not found")
            code = 1
    return code
    yield


def export(env: Environment, args: list[str], streams: Streams) -> Process:
    for arg in args:
        name, equals, value = arg.partition("=")
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            streams.err.line(f"bash: export: `{arg}': not a valid identifier")
            return 1
        if equals and (name in env.variables or len(env.variables) < MAX_VARIABLES):
            env.variables[name] = value
    if not args:
        for name in sorted(env.variables):
            streams.out.line(f'declare -x {name}="{env.variables[name]}"')
    return 0
    yield


def unset(env: Environment, args: list[str], streams: Streams) -> Process:
    for name in args:
        env.variables.pop(name, None)
    return 0
    yield


def sleep(env: Environment, args: list[str], streams: Streams) -> Process:
    """Waits in virtual time."""
    if not args:
        streams.err.line("sleep: missing operand")
        return 1
    seconds = 0.0
    for arg in args:
        found = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", arg)
        if found is None:
            streams.err.line(f"sleep: invalid time interval '{arg}'")
            return 1
        seconds += float(found[1]) * _UNITS[found[2]]
    clock = env.cluster.clock
    deadline_us = clock.now_us + round(min(seconds, MAX_SLEEP_SECONDS) * SECOND_US)
    while clock.now_us < deadline_us:
        yield Wait(deadline_us=deadline_us)
    return 0


def true(env: Environment, args: list[str], streams: Streams) -> Process:
    return 0
    yield


def false(env: Environment, args: list[str], streams: Streams) -> Process:
    return 1
    yield


_HELP = """This is a small shell on your simulated cluster. It has:

  kubectl (or k)   the cluster's client; `kubectl --help` lists its commands
  ls cat rm tee    your files
  echo head tail grep sort uniq wc cut   text, alone or in pipes
  sleep date pwd history alias export clear help

Lines may hold  ;  &&  ||  |  > file  >> file  < file  <<EOF  $VARIABLE  '…'  "…".
Tab completes, Ctrl-C stops what runs, the arrow keys bring earlier lines back."""


def help_(env: Environment, args: list[str], streams: Streams) -> Process:
    streams.out.line(_HELP)
    return 0
    yield
