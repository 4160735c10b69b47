"""`ps`, `kill`, `pgrep`, `top`, `timeout`, `nohup`, `watch`: programs about processes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.process import SIGKILL, SIGNALS, SIGTERM
from cluster_engine.containers.programs.listing import user_name
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, parse, plain
from cluster_engine.containers.programs.system import become, seconds_of
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.shell.builtins.jobs import send, signal_name

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process


@plain
def ps(process: Process) -> int:
    words = arguments(process)
    full = any("f" in word or "u" in word for word in words)
    debian = process.container.plan.family.startswith(("debian", "redhat"))
    if not debian:
        process.out("PID   USER     TIME  COMMAND\n")
    elif any("u" in word for word in words):
        process.out("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
    else:
        process.out(
            "UID          PID    PPID  C STIME TTY          TIME CMD\n" if full else "    PID TTY          TIME CMD\n"
        )
    if process.pod.share_processes and not debian:
        # The pause container is the first of them.
        process.out("    1 65535     0:00 /pause\n")
    for other in process.pod.visible(process.container):
        user, command = user_name(process, other.user.uid), other.command_line
        started = datetime.fromtimestamp(other.started_us // 1_000_000, UTC)
        parent = other.parent.pid if other.parent is not None else 0
        if not debian:
            process.out(f"{other.pid:5d} {user:<8.8s}  0:00 {command}\n")
        elif any("u" in word for word in words):
            process.out(
                f"{user:<8s} {other.pid:7d}  0.0  0.1  11176  7000 ?        Ss   {started:%H:%M}   0:00 {command}\n"
            )
        elif full:
            process.out(f"{user:<8s} {other.pid:7d} {parent:7d}  0 {started:%H:%M} ?        00:00:00 {command}\n")
        else:
            process.out(f"{other.pid:7d} ?        00:00:00 {other.name}\n")
    return 0


@plain
def pidof(process: Process) -> int:
    names = [word for word in arguments(process) if not word.startswith("-")]
    full = "-f" in process.argv
    found = [
        other.pid
        for other in process.pod.visible(process.container)
        if other is not process
        and any(
            (process.name == "pidof" and other.name == name)
            or (process.name != "pidof" and re.search(name, " ".join(other.argv) if full else other.name))
            for name in names
        )
    ]
    if process.name == "pidof" and found:
        process.out(" ".join(map(str, reversed(found))) + "\n")
    elif process.name == "pgrep":
        process.out("".join(f"{pid}\n" for pid in found))
    else:
        signal = next(
            (name for word in process.argv[1:] if word.startswith("-") and (name := signal_name(word[1:]))), "TERM"
        )
        for pid in found:
            other_process = process.pod.find(process.container, pid)
            if process.name != "pidof" and other_process is not None:
                other_process.signal(SIGNALS.get(signal, SIGTERM))
    return int(not found)


@plain
def kill(process: Process) -> int:
    code, faults = send(process, arguments(process))
    for fault in faults:
        process.err(f"kill: {fault}\n")
    return code


@checked
def timeout(process: Process) -> Program:
    words = arguments(process)
    signal = SIGTERM
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word in ("-s", "-k", "--signal", "--kill-after") and words:
            value = words.pop(0)
            if word in ("-s", "--signal"):
                signal = SIGNALS.get(signal_name(value) or "TERM", SIGTERM)
        elif word == "-t" and words:
            words = [words.pop(0), *words]
        elif word in ("-9", "-KILL"):
            signal = SIGKILL
    if len(words) < 2:
        raise UsageFault("missing operand")
    seconds = seconds_of(words[:1]) or 0.0
    try:
        child = process.container.spawn(words[1:], fds=dict(process.fds), parent=process, env=process.env)
    except ProgramNotFound as missing:
        process.err(f"timeout: can't execute '{missing.program}': No such file or directory\n")
        return missing.code
    deadline_us = process.now_us + round(seconds * 1_000_000)
    while child.exit_code is None and process.now_us < deadline_us:
        yield Wait(on=(child.done,), deadline_us=deadline_us)
    if child.exit_code is not None:
        return child.exit_code
    child.signal(signal)
    child.end(128 + signal)
    return 143 if process.container.plan.family in ("busybox", "alpine") else 124


@checked
def nohup(process: Process) -> Program:
    words = [word for word in arguments(process) if word != "--"]
    if process.name == "nice" and words[:1] == ["-n"]:
        words = words[2:]
    return (yield from become(process, words))


@checked
def watch(process: Process) -> Program:
    """Runs a command again and again; it never ends by itself."""
    options, words = parse(arguments(process), "tdecx", "n")
    seconds = seconds_of([options.get("n", "2")]) or 2.0
    process.lazy = True
    while not process.stdout.broken:
        process.out("\x1b[H\x1b[J")
        if "t" not in options:
            process.out(f"Every {seconds:.1f}s: {' '.join(words)}\n\n")
        child = process.container.spawn(["sh", "-c", " ".join(words)], fds=dict(process.fds), parent=process)
        while child.exit_code is None:
            yield Wait(on=(child.done,))
        yield process.sleep(seconds)
    return 0


@checked
def top(process: Process) -> Program:
    process.out("Mem: 1048576K used, 7340032K free, 1024K shrd, 10240K buff, 524288K cached\n")
    process.out("CPU:   1% usr   1% sys   0% nic  98% idle\n")
    process.out("  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n")
    for other in process.pod.visible(process.container):
        parent = other.parent.pid if other.parent is not None else 0
        user = user_name(process, other.user.uid)
        process.out(f"{other.pid:5d} {parent:5d} {user:<8.8s} S     4400   0%   0   0% {' '.join(other.argv)}\n")
    if "-b" in process.argv or "-n" in process.argv or "-bn1" in process.argv:
        return 0
    process.lazy = True
    yield Wait()
    return 0
