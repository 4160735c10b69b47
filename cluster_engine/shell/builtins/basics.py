"""`echo`, `printf`, `pwd`, `cd`, `clear`, `history`, `alias`, `sleep`, `date`, `seq`, `true`, `false`, `help`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.sh.format import escaped, formatted
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.files import HOME

MAX_ALIASES = 100
MAX_SLEEP_SECONDS = 7 * 24 * 3600.0
MAX_SEQUENCE = 100_000
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def echo(env: Environment, args: list[str], streams: Streams) -> Process:
    newline, escapes = True, False
    while args and re.fullmatch(r"-[neE]+", args[0]):
        newline = newline and "n" not in args[0]
        escapes = (escapes or "e" in args[0]) and "E" not in args[0]
        args = args[1:]
    text = " ".join(args)
    if escapes:
        text, stopped = escaped(text)
        newline = newline and not stopped
    streams.out.write(text + ("\n" if newline else ""))
    return 0
    yield


def printf(env: Environment, args: list[str], streams: Streams) -> Process:
    variable = ""
    if args[:1] == ["-v"] and len(args) > 2:
        variable, args = args[1], args[2:]
    if args[:1] == ["--"]:
        args = args[1:]
    if not args:
        streams.err.line("printf: usage: printf [-v var] format [arguments]")
        return 2
    text, faults = formatted(args[0], args[1:], env.cluster.clock.now_us)
    if variable:
        env.assign(variable, text)
    else:
        streams.out.write(text)
    for fault in faults:
        streams.err.line(f"bash: printf: {fault}")
    return int(bool(faults))
    yield


def pwd(env: Environment, args: list[str], streams: Streams) -> Process:
    streams.out.line(_absolute(env))
    return 0
    yield


def _absolute(env: Environment) -> str:
    return f"{HOME}/{env.files.directory}" if env.files.directory else HOME


def cd(env: Environment, args: list[str], streams: Streams) -> Process:
    target = args[0] if args else HOME
    show = target == "-"
    if show:
        target = env.lookup("OLDPWD") or _absolute(env)
    if len(args) > 1:
        streams.err.line("bash: cd: too many arguments")
        return 1
    if not env.files.is_directory(target):
        what = "Not a directory" if env.files.is_file(target) else "No such file or directory"
        streams.err.line(f"bash: cd: {target}: {what}")
        return 1
    before = _absolute(env)
    env.files = env.files.within(env.files.tidy(target))
    env.assign("OLDPWD", before)
    env.assign("PWD", _absolute(env))
    if show:
        streams.out.line(_absolute(env))
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
    if args == ["-a"]:
        env.aliases.clear()
        args = []
    for name in args:
        if env.aliases.pop(name, None) is None:
            streams.err.line(f"bash: unalias: {name}: not found")
            code = 1
    return code
    yield


def seconds_of(text: str) -> float | None:
    """`5`, `1.5s`, `2m`, `1h`: seconds; None for anything else."""
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", text)
    return float(found[1]) * _UNITS[found[2]] if found else None


def sleep(env: Environment, args: list[str], streams: Streams) -> Process:
    """Waits in virtual time."""
    if not args:
        streams.err.line("sleep: missing operand")
        return 1
    total = 0.0
    for arg in args:
        seconds = seconds_of(arg)
        if arg == "infinity":
            seconds = MAX_SLEEP_SECONDS
        if seconds is None:
            streams.err.line(f"sleep: invalid time interval '{arg}'")
            return 1
        total += seconds
    clock = env.cluster.clock
    deadline_us = clock.now_us + round(min(total, MAX_SLEEP_SECONDS) * SECOND_US)
    while clock.now_us < deadline_us:
        yield Wait(deadline_us=deadline_us)
    return 0


_AGO = re.compile(r"([+-]?\d+)\s*(second|sec|minute|min|hour|day|week)s?(\s+ago)?")
_AGO_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}


def date(env: Environment, args: list[str], streams: Streams) -> Process:
    """The cluster's virtual time, in UTC."""
    moment = datetime.fromtimestamp(env.cluster.clock.now_us / SECOND_US, UTC)
    form = "%a %b %e %H:%M:%S UTC %Y"
    queue = list(args)
    while queue:
        arg = queue.pop(0)
        if arg.startswith("+"):
            form = arg[1:]
        elif arg in ("-d", "--date") and queue:
            changed = _moment(queue.pop(0), moment)
            if changed is None:
                streams.err.line(f"date: invalid date '{args[args.index(arg) + 1]}'")
                return 1
            moment = changed
        elif arg.startswith(("-I", "--iso")):
            form = "%Y-%m-%dT%H:%M:%S+00:00" if "s" in arg[2:] and not arg.startswith("--") else "%Y-%m-%d"
        elif arg not in ("-u", "--utc"):
            streams.err.line(f"date: invalid option or date '{arg}'")
            return 1
    nanoseconds = f"{moment.microsecond * 1000:09d}"
    form = form.replace("%N", nanoseconds).replace("%s", str(int(moment.timestamp()))).replace("%e", f"{moment.day:2d}")
    streams.out.line(moment.strftime(form))
    return 0
    yield


def _moment(text: str, now: datetime) -> datetime | None:
    if text.startswith("@") and text[1:].isdigit() and len(text) < 13:
        return datetime.fromtimestamp(int(text[1:]), UTC)
    words = {"now": 0, "today": 0, "yesterday": -86400, "tomorrow": 86400}
    if text in words:
        return now + timedelta(seconds=words[text])
    found = _AGO.fullmatch(text.strip())
    try:
        if found:
            seconds = int(found[1]) * _AGO_SECONDS[found[2]]
            return now + timedelta(seconds=-seconds if found[3] else seconds)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seq(env: Environment, args: list[str], streams: Streams) -> Process:
    separator, padded = "\n", False
    while args and re.match(r"-[sw]", args[0]):
        padded = padded or args[0] == "-w"
        if args[0] == "-s" and len(args) > 1:
            separator, args = args[1], args[1:]
        elif args[0].startswith("-s"):
            separator = args[0][2:]
        args = args[1:]
    if not 1 <= len(args) <= 3:
        streams.err.line("seq: missing operand" if not args else f"seq: extra operand '{args[3]}'")
        return 1
    for arg in args:
        if not re.fullmatch(r"-?\d{1,15}", arg):
            streams.err.line(f"seq: invalid number: '{arg}'")
            return 1
    numbers = [int(arg) for arg in args]
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) == 3 else 1
    if step == 0:
        streams.err.line(f"seq: invalid Zero increment value: '{args[1]}'")
        return 1
    found = range(first, numbers[-1] + (1 if step > 0 else -1), step)
    if len(found) > MAX_SEQUENCE:
        streams.err.line(f"seq: more than {MAX_SEQUENCE:,} numbers are not printed")
        return 1
    width = max((len(str(number)) for number in (found[0], found[-1])), default=0) if padded and found else 0
    if found:
        streams.out.line(separator.join(f"{number:0{width}d}" for number in found))
    return 0
    yield


def true(env: Environment, args: list[str], streams: Streams) -> Process:
    return 0
    yield


def false(env: Environment, args: list[str], streams: Streams) -> Process:
    return 1
    yield


_HELP = """This is a small shell on your simulated cluster. It has:

  kubectl (or k)         the cluster's client; `kubectl --help` lists its commands
  edit vi nano FILE      open a file in the editor
  ls cat cp mv rm mkdir touch find tee cd pwd             your files
  grep sed awk sort uniq cut tr head tail wc xargs        text, alone or in pipes
  echo printf seq date sleep watch timeout history alias  and the like
  curl wget nslookup ping                                 ask as from inside the cluster

It knows  ;  &&  ||  |  &  > file  < file  <<EOF  $VARIABLE  $(…)  $((1+1))  *.yaml  {1..3}
for, while, until, if, case, functions, jobs, fg, wait, kill %1, set -e, set -x.
Tab completes, Ctrl-C stops what runs, Ctrl-R searches earlier lines, the arrow keys bring them back.
Nothing here reaches the machine it runs on."""


def help_(env: Environment, args: list[str], streams: Streams) -> Process:
    streams.out.line(_HELP)
    return 0
    yield
