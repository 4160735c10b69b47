"""Variables and options of the shell: `export`, `unset`, `local`, `declare`, `read`, `set`, `shift`, `env`…"""

from __future__ import annotations

import re
from collections.abc import Generator

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.shell.arithmetic import ArithmeticFault, evaluate
from cluster_engine.shell.builtins.arguments import OptionError, read
from cluster_engine.shell.environment import Environment, Streams

_NAME = re.compile(r"[A-Za-z_]\w*")
# What `set -o NAME` and the letters of `set` are called; others are taken and do nothing.
_LETTERS = {
    "e": "errexit",
    "x": "xtrace",
    "u": "nounset",
    "f": "noglob",
    "n": "noexec",
    "v": "verbose",
    "a": "allexport",
}
_OPTIONS = frozenset({*_LETTERS.values(), "pipefail", "noclobber", "emacs", "vi", "posix", "monitor", "history"})


def _declare(env: Environment, name: str, args: list[str], streams: Streams) -> int:
    code = 0
    for arg in args:
        key, equals, value = arg.partition("=")
        append = key.endswith("+")
        key = key.removesuffix("+")
        if not _NAME.fullmatch(key):
            streams.err.line(f"bash: {name}: `{arg}': not a valid identifier")
            code = 1
            continue
        if name == "local":
            if not env.locals:
                streams.err.line("bash: local: can only be used in a function")
                return 1
            env.locals[-1].setdefault(key, env.variables.get(key))
            if not equals:
                env.assign(key, "")
        if equals:
            env.assign(key, env.lookup(key) + value if append else value)
        if name == "export":
            env.exported.add(key)
        if name == "readonly":
            env.options.add(f"readonly {key}")
    return code


def export(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args or args == ["-p"]:
        for name in sorted(env.exported & set(env.variables)):
            streams.out.line(f'declare -x {name}="{env.variables[name]}"')
        return 0
    return _declare(env, "export", [arg for arg in args if not arg.startswith("-")], streams)
    yield


def local(env: Environment, args: list[str], streams: Streams) -> Process:
    return _declare(env, "local", [arg for arg in args if not arg.startswith("-")], streams)
    yield


def readonly(env: Environment, args: list[str], streams: Streams) -> Process:
    return _declare(env, "readonly", [arg for arg in args if not arg.startswith("-")], streams)
    yield


def declare(env: Environment, args: list[str], streams: Streams) -> Process:
    flags = "".join(arg[1:] for arg in args if arg.startswith("-"))
    names = [arg for arg in args if not arg.startswith("-")]
    if "A" in flags:
        streams.err.line("bash: declare: the terminal's shell has no associative arrays")
        return 1
    if "a" in flags:
        for name in names:
            env.arrays.setdefault(name.partition("=")[0], [])
        return 0
    if "f" in flags or "F" in flags:
        for name in sorted(env.functions):
            streams.out.line(f"declare -f {name}")
        return 0
    if not names:
        for name in sorted(env.variables):
            streams.out.line(f'declare -- {name}="{env.variables[name]}"')
        return 0
    kind = "readonly" if "r" in flags else "export" if "x" in flags else "local" if env.locals else "declare"
    return _declare(env, kind, names, streams)
    yield


def unset(env: Environment, args: list[str], streams: Streams) -> Process:
    for name in args:
        if name == "-f":
            continue
        env.unset(name)
        env.functions.pop(name, None)
    return 0
    yield


def set_(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args:
        for name in sorted(env.variables):
            streams.out.line(f"{name}={env.variables[name]}")
        return 0
    queue = list(args)
    while queue and queue[0][:1] in ("-", "+") and len(queue[0]) > 1:
        arg = queue.pop(0)
        if arg == "--":
            env.positional = queue
            return 0
        names = [_LETTERS[letter] for letter in arg[1:] if letter in _LETTERS]
        if "o" in arg[1:]:
            if not queue or queue[0] not in _OPTIONS:
                streams.err.line(f"bash: set: {queue[0] if queue else 'o'}: invalid option name")
                return 1
            names.append(queue.pop(0))
        for name in names:
            (env.options.add if arg[0] == "-" else env.options.discard)(name)
    if queue:
        env.positional = queue
    return 0
    yield


def shift(env: Environment, args: list[str], streams: Streams) -> Process:
    count = int(args[0]) if args and args[0].isdigit() else 1
    if count > len(env.positional):
        return 1
    del env.positional[:count]
    return 0
    yield


def let(env: Environment, args: list[str], streams: Streams) -> Process:
    value = 0
    for arg in args:
        try:
            value = evaluate(arg, env)
        except ArithmeticFault as error:
            streams.err.line(f"bash: let: {error}")
            return 1
    return int(value == 0)
    yield


def env_(env: Environment, args: list[str], streams: Streams) -> Process:
    """`env`, `env NAME=VALUE command`, `printenv`."""
    kept = dict(env.variables)
    queue = list(args)
    while queue and "=" in queue[0] and not queue[0].startswith("-"):
        name, _, value = queue.pop(0).partition("=")
        env.assign(name, value)
        env.exported.add(name)
    try:
        if queue and not queue[0].startswith("-"):
            return (yield from env.run_words(env, queue, streams))
        for name in sorted(env.exported & set(env.variables)):
            streams.out.line(f"{name}={env.variables[name]}")
        return 0
    finally:
        env.variables.clear()
        env.variables.update(kept)


def printenv(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args:
        return (yield from env_(env, [], streams))
    code = 0
    for name in args:
        if name in env.variables:
            streams.out.line(env.variables[name])
        else:
            code = 1
    return code


def read_(env: Environment, args: list[str], streams: Streams) -> Process:
    """Takes one line of standard input into variables."""
    try:
        options, names = read(args, "rs", "pnatdu")
    except OptionError as error:
        streams.err.line(f"bash: read: {error}")
        return 2
    for name in names:
        if not _NAME.fullmatch(name):
            streams.err.line(f"bash: read: `{name}': not a valid identifier")
            return 1
    if "p" in options:
        streams.err.write(options["p"])
    deadline_us = None
    if "t" in options and re.fullmatch(r"\d+(\.\d+)?", options["t"]):
        deadline_us = env.cluster.clock.now_us + round(float(options["t"]) * SECOND_US)
    line, ended = yield from _line(env, streams, options.get("d", "\n")[:1] or "\0", deadline_us)
    if "n" in options and options["n"].isdigit():
        line = line[: int(options["n"])]
    if "r" not in options:
        line = re.sub(r"\\(.)", r"\1", line)
    if "a" in options:
        env.arrays[options["a"]] = line.split()
    else:
        _share_out(env, line, names or ["REPLY"], keep=not names)
    return int(ended)


def _line(
    env: Environment, streams: Streams, end: str, deadline_us: int | None
) -> Generator[Wait, None, tuple[str, bool]]:
    """(a line without its end, whether the input ended before it)."""
    text = ""
    while True:
        text += streams.stdin.take()
        line, found, rest = text.partition(end)
        if found:
            streams.stdin.unread(rest)
            return line, False
        if streams.stdin.closed:
            return text, True
        if deadline_us is not None and env.cluster.clock.now_us >= deadline_us:
            return text, True
        yield Wait(streams=(streams.stdin,), deadline_us=deadline_us)


def _share_out(env: Environment, line: str, names: list[str], *, keep: bool) -> None:
    """One word a variable, the last gets the rest."""
    separators = env.variables.get("IFS", " \t\n")
    if keep or not separators:
        env.assign(names[0], line)
        return
    blanks = "".join(char for char in separators if char.isspace())
    rest = line.strip(blanks) if blanks else line
    pattern = re.compile(
        f"[{re.escape(blanks)}]*[{re.escape(separators)}][{re.escape(blanks)}]*"
        if blanks
        else f"[{re.escape(separators)}]"
    )
    pieces = pattern.split(rest, maxsplit=len(names) - 1) if rest else []
    for index, name in enumerate(names):
        env.assign(name, pieces[index] if index < len(pieces) else "")
