"""`break`, `continue`, `return`, `exit`, `test`, `[`, `eval`, `source`, `bash`, `type`, `command`, `trap`."""

from __future__ import annotations

from cluster_engine.kubectl.process import Process, read_all
from cluster_engine.shell import programs
from cluster_engine.shell.conditions import Condition, TestFault
from cluster_engine.shell.environment import Environment, FunctionReturn, LoopControl, ShellExit, Streams
from cluster_engine.shell.parse import parse
from cluster_engine.shell.syntax import ShellSyntaxError

_KEYWORDS = frozenset(
    {"for", "while", "until", "if", "case", "function", "time", "do", "done", "then", "else", "fi", "esac", "[["}
)


def _number(args: list[str], default: int) -> int:
    return int(args[0]) if args and args[0].lstrip("-").isdigit() and len(args[0]) < 8 else default


def break_(env: Environment, args: list[str], streams: Streams) -> Process:
    return _leave("break", env, args, streams)
    yield


def continue_(env: Environment, args: list[str], streams: Streams) -> Process:
    return _leave("continue", env, args, streams)
    yield


def _leave(kind: str, env: Environment, args: list[str], streams: Streams) -> int:
    if not env.loops:
        streams.err.line(f"bash: {kind}: only meaningful in a `for', `while', or `until' loop")
        return 0
    raise LoopControl(kind, max(1, _number(args, 1)))


def return_(env: Environment, args: list[str], streams: Streams) -> Process:
    if not env.locals:
        streams.err.line("bash: return: can only `return' from a function or sourced script")
        return 2
    raise FunctionReturn(_number(args, env.status) % 256)
    yield


def exit_(env: Environment, args: list[str], streams: Streams) -> Process:
    """Ends a script or the rest of a line; the terminal itself stays open."""
    raise ShellExit(_number(args, env.status) % 256)
    yield


def test(env: Environment, args: list[str], streams: Streams) -> Process:
    return _condition(env, "test", args, streams)
    yield


def bracket(env: Environment, args: list[str], streams: Streams) -> Process:
    if args[-1:] != ["]"]:
        streams.err.line("bash: [: missing `]'")
        return 2
    return _condition(env, "[", args[:-1], streams)
    yield


def _condition(env: Environment, name: str, args: list[str], streams: Streams) -> int:
    try:
        return int(not Condition(env, args, double=False, operators=frozenset()).value())
    except TestFault as error:
        streams.err.line(f"bash: {name}: {error}")
        return 2


def eval_(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        script = parse(" ".join(args))
    except ShellSyntaxError as error:
        streams.err.line(f"bash: eval: {error}")
        return 2
    return (yield from env.run_script(env, script, streams))


def source(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args:
        streams.err.line("bash: source: filename argument required")
        return 2
    if args[0].startswith("/dev/fd") or not env.files.is_file(args[0]):
        streams.err.line(f"bash: {args[0]}: No such file or directory")
        return 1
    try:
        script = parse(env.files.read(args[0]))
    except ShellSyntaxError as error:
        streams.err.line(f"bash: {args[0]}: {error}")
        return 2
    return (yield from env.run_script(env, script, streams))


def bash(env: Environment, args: list[str], streams: Streams) -> Process:
    """`bash FILE`, `bash -c TEXT`, `… | bash`."""
    options = "".join(arg[1:] for arg in args if arg.startswith("-") and arg != "--")
    words = [arg for index, arg in enumerate(args) if not arg.startswith("-") or index > 1]
    if "c" in options:
        if not words:
            streams.err.line("bash: -c: option requires an argument")
            return 2
        return (
            yield from programs.run_apart(env, words[0], words[1] if len(words) > 1 else "bash", words[2:], streams)
        )
    if words:
        return (yield from programs.script_file(env, words[0], words[1:], streams))
    text = yield from read_all(streams.stdin)
    return (yield from programs.run_apart(env, text, "bash", [], streams))


def type_(env: Environment, args: list[str], streams: Streams) -> Process:
    code = 0
    for name in args:
        said = _what(env, name)
        if said is None:
            streams.err.line(f"bash: type: {name}: not found")
            code = 1
        else:
            streams.out.line(said)
    return code
    yield


def _what(env: Environment, name: str) -> str | None:
    from cluster_engine.shell.builtins.registry import BUILTINS

    if name in env.aliases:
        return f"{name} is aliased to `{env.aliases[name]}'"
    if name in _KEYWORDS:
        return f"{name} is a shell keyword"
    if name in env.functions:
        return f"{name} is a function"
    if name == "kubectl":
        return "kubectl is /usr/local/bin/kubectl"
    return f"{name} is a shell builtin" if name in BUILTINS else None


def which(env: Environment, args: list[str], streams: Streams) -> Process:
    from cluster_engine.shell.builtins.registry import BUILTINS

    code = 0
    for name in args:
        if name == "kubectl":
            streams.out.line("/usr/local/bin/kubectl")
        elif name in BUILTINS:
            streams.out.line(f"/usr/bin/{name}")
        else:
            code = 1
    return code
    yield


def command(env: Environment, args: list[str], streams: Streams) -> Process:
    if args[:1] in (["-v"], ["-V"]):
        code = 0
        for name in args[1:]:
            said = _what(env, name)
            code = code or int(said is None)
            if said is not None:
                shown = f"alias {name}='{env.aliases[name]}'" if name in env.aliases else name
                streams.out.line(said if args[0] == "-V" else "/usr/local/bin/kubectl" if name == "kubectl" else shown)
        return code
    return (yield from env.run_words(env, args, streams)) if args else 0


def exec_(env: Environment, args: list[str], streams: Streams) -> Process:
    """Runs a command in the shell's place: a script ends with it, a terminal stays open."""
    if not args:
        return 0
    raise ShellExit((yield from env.run_words(env, args, streams)))


def trap(env: Environment, args: list[str], streams: Streams) -> Process:
    """Signals do not reach scripts here: taken, so that scripts run, and never called."""
    return 0
    yield


def umask(env: Environment, args: list[str], streams: Streams) -> Process:
    if not args:
        streams.out.line("0022")
    return 0
    yield
