"""`env`, `hostname`, `id`, `ps`, `date`, `sleep`, `kill`, `uname`, `timeout`: the system and its processes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.programs.listing import user_name
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, parse, plain
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell.builtins.words import echo_text, printf_text
from cluster_engine.containers.shell.conditional import TestFault, test

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_BOOT_US = 6 * 3600 * 1_000_000


@plain
def true(process: Process) -> int:
    return 0


@plain
def false(process: Process) -> int:
    return 1


@plain
def echo(process: Process) -> int:
    process.out(echo_text(arguments(process), escapes=False))
    return 0


@plain
def printf(process: Process) -> int:
    words = arguments(process)
    if not words:
        raise UsageFault("missing operand")
    text, faults = printf_text(words[0], words[1:])
    for fault in faults:
        process.err(f"printf: invalid number '{fault}'\n")
    process.out(text)
    return int(bool(faults))


@plain
def test_(process: Process) -> int:
    words = arguments(process)
    if process.name == "[":
        if not words or words[-1] != "]":
            raise UsageFault("missing ]")
        words = words[:-1]
    try:
        return int(not test(process, words))
    except TestFault as error:
        process.err(f"{process.name}: {error}\n")
        return 2


def seconds_of(words: list[str]) -> float | None:
    """What `sleep WORDS` waits; None for `infinity`. Raises `UsageFault`."""
    total = 0.0
    for word in words:
        if word in ("infinity", "inf"):
            return None
        found = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", word)
        if found is None:
            raise UsageFault(f"invalid number '{word}'")
        total += float(found[1]) * _UNITS[found[2]]
    return total


@checked
def sleep(process: Process) -> Program:
    words = arguments(process)
    if not words:
        raise UsageFault("missing operand")
    seconds = seconds_of(words)
    if process.name == "usleep" and seconds is not None:
        seconds /= 1_000_000
    yield Wait() if seconds is None else process.sleep(seconds)
    return 0


@checked
def env(process: Process) -> Program:
    environment = dict(process.env)
    words = arguments(process)
    while words:
        if words[0] in ("-i", "-"):
            environment = {}
        elif words[0] == "-u" and len(words) > 1:
            environment.pop(words.pop(1), None)
        elif "=" in words[0] and not words[0].startswith("-"):
            name, _, value = words[0].partition("=")
            environment[name] = value
        else:
            break
        words.pop(0)
    if not words:
        process.out("".join(f"{name}={value}\n" for name, value in environment.items()))
        return 0
    return (yield from become(process, words, environment))


def become(process: Process, words: list[str], env: dict[str, str] | None = None) -> Program:
    """Runs another program in the place of this one."""
    environment = process.env if env is None else env
    try:
        main, argv = process.container.load(words, environment, process.cwd)
    except ProgramNotFound as missing:
        shown = "No such file or directory" if missing.code == 127 else missing.reason
        process.err(f"{process.name}: can't execute '{missing.program}': {shown}\n")
        return missing.code
    process.argv, process.env = argv, environment
    return (yield from main(process))


@plain
def printenv(process: Process) -> int:
    names = arguments(process)
    if not names:
        process.out("".join(f"{name}={value}\n" for name, value in process.env.items()))
        return 0
    for name in names:
        if name in process.env:
            process.out(process.env[name] + "\n")
    return int(any(name not in process.env for name in names))


@plain
def hostname(process: Process) -> int:
    words = arguments(process)
    name = process.pod.hostname
    domain = _domain(process)
    if "-f" in words or "--fqdn" in words:
        process.out(f"{name}.{domain}\n" if domain else f"{name}\n")
    elif "-i" in words or "-I" in words:
        process.out(f"{process.pod.network.ip} \n" if "-I" in words else f"{process.pod.network.ip}\n")
    elif "-d" in words:
        process.out(f"{domain}\n")
    elif words and not words[0].startswith("-"):
        process.err("hostname: sethostname: Operation not permitted\n")
        return 1
    else:
        process.out(f"{name}\n")
    return 0


def _domain(process: Process) -> str:
    """The domain that /etc/hosts gives the pod."""
    try:
        text = process.fs.read("/etc/hosts").decode("utf-8", "replace")
    except OSError:
        return ""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == process.pod.network.ip and "." in words[1]:
            return words[1].partition(".")[2]
    return ""


@plain
def id_(process: Process) -> int:
    options, _ = parse(arguments(process), "ugnGr")
    user, group = process.user.uid, process.user.gid
    groups = sorted({group, *process.user.groups})
    name, group_name = user_name(process, user), user_name(process, group, file="/etc/group")
    if "u" in options:
        process.out(f"{name if 'n' in options else user}\n")
    elif "g" in options:
        process.out(f"{group_name if 'n' in options else group}\n")
    elif "G" in options:
        process.out(" ".join(map(str, groups)) + "\n")
    else:
        listed = ",".join(_named(number, user_name(process, number, file="/etc/group")) for number in groups)
        process.out(f"uid={_named(user, name)} gid={_named(group, group_name)} groups={listed}\n")
    return 0


def _named(number: int, name: str) -> str:
    return str(number) if name == str(number) else f"{number}({name})"


@plain
def whoami(process: Process) -> int:
    name = user_name(process, process.user.uid)
    if name == str(process.user.uid):
        process.err(f"whoami: unknown uid {name}\n")
        return 1
    process.out(f"{name}\n")
    return 0


@plain
def date(process: Process) -> int:
    options, rest = parse(
        arguments(process), "uRI", "dsr", long={"utc": "u", "date": "d", "iso-8601": "I", "rfc-2822": "R"}
    )
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=process.pod.read_clock())
    if "s" in options:
        raise UsageFault("can't set date: Operation not permitted")
    if "d" in options:
        moment = _moment(options["d"], moment)
    if rest and rest[0].startswith("+"):
        process.out(_formatted(rest[0][1:], moment) + "\n")
    elif "R" in options:
        process.out(f"{moment:%a, %d %b %Y %H:%M:%S} +0000\n")
    elif "I" in options:
        process.out(f"{moment:%Y-%m-%d}\n")
    else:
        process.out(f"{moment:%a %b} {moment.day:2d} {moment:%H:%M:%S} UTC {moment.year}\n")
    return 0


def _formatted(form: str, moment: datetime) -> str:
    seconds = int((moment - datetime.fromtimestamp(0, UTC)).total_seconds())
    form = (
        form.replace("%s", str(seconds)).replace("%N", f"{moment.microsecond:06d}000").replace("%e", f"{moment.day:2d}")
    )
    form = form.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d").replace("%D", "%m/%d/%y").replace("%R", "%H:%M")
    return moment.strftime(form)


def _moment(text: str, now: datetime) -> datetime:
    if text.startswith("@") and text[1:].isdigit():
        return datetime.fromtimestamp(int(text[1:]), UTC)
    if text == "now":
        return now
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise UsageFault(f"invalid date '{text}'") from None


@plain
def uname(process: Process) -> int:
    options, _ = parse(arguments(process), "asnrvmpio", long={"all": "a", "machine": "m", "kernel-release": "r"})
    values = {
        "s": "Linux", "n": process.pod.hostname, "r": process.pod.kernel,
        "v": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.129-1 (2025-03-06)", "m": "x86_64", "o": "GNU/Linux",
    }  # fmt: skip
    letters = "snrvmo" if "a" in options else [letter for letter in "snrvmo" if letter in options] or ["s"]
    process.out(" ".join(values[letter] for letter in letters) + "\n")
    return 0


@plain
def uptime(process: Process) -> int:
    now_us = process.pod.read_clock()
    minutes = (_BOOT_US + now_us % _BOOT_US) // 60_000_000
    clock = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    process.out(f" {clock:%H:%M:%S} up {minutes // 60}:{minutes % 60:02d},  load average: 0.12, 0.10, 0.09\n")
    return 0


@plain
def free(process: Process) -> int:
    unit = 1024 if "-m" not in process.argv else 1024 * 1024
    total = 8 << 30
    used = 1 << 30
    process.out("              total        used        free      shared  buff/cache   available\n")
    values = [total, used, total - 2 * used, 1 << 20, used, total - used]
    process.out("Mem:    " + "".join(f"{value // unit:>12}" for value in values) + "\n")
    process.out("Swap:   " + "".join(f"{0:>12}" for _ in range(3)) + "\n")
    return 0


@plain
def nproc(process: Process) -> int:
    process.out("4\n")
    return 0


@plain
def which(process: Process) -> int:
    code = 0
    for name in arguments(process):
        try:
            process.out(process.container.find(name, process.env, process.cwd) + "\n")
        except ProgramNotFound:
            code = 1
    return code


@plain
def pwd(process: Process) -> int:
    process.out(process.cwd + "\n")
    return 0


@plain
def tty(process: Process) -> int:
    process.out("/dev/pts/0\n" if process.terminal is not None else "not a tty\n")
    return int(process.terminal is None)


@plain
def stty(process: Process) -> int:
    """`stty size`; there is nothing to set."""
    terminal = process.terminal
    if terminal is None:
        process.err("stty: standard input: Inappropriate ioctl for device\n")
        return 1
    if process.argv[1:] == ["size"]:
        process.out(f"{terminal.rows} {terminal.columns}\n")
    return 0


@plain
def clear(process: Process) -> int:
    process.out("\x1b[H\x1b[J")
    return 0


@plain
def nothing(process: Process) -> int:
    """A program whose effect cannot be seen here (`sync`, `stty`, `nologin`)."""
    return 0


@plain
def package_manager(process: Process) -> int:
    """There is no network to the outside to install anything from."""
    if process.name.startswith("apk"):
        process.err("WARNING: fetching https://dl-cdn.alpinelinux.org/alpine: temporary error (try again later)\n")
        return 1
    process.err(
        "Err:1 http://deb.debian.org/debian bookworm InRelease\n  Temporary failure resolving 'deb.debian.org'\n"
    )
    return 100
