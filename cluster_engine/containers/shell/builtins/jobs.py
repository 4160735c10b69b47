"""`kill`, `trap`, `wait`, `jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.process import SIGNALS
from cluster_engine.containers.runner import Program, Wait

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process
    from cluster_engine.containers.shell.interpreter import Shell

_NUMBERS = {number: name for name, number in SIGNALS.items()}


def signal_name(word: str) -> str | None:
    """`TERM` of `TERM`, `SIGTERM`, `term` or `15`; "EXIT" of 0; None for no signal."""
    word = word.upper().removeprefix("SIG")
    if word in ("0", "EXIT"):
        return "EXIT"
    if word.isdigit():
        return _NUMBERS.get(int(word))
    return word if word in SIGNALS else None


def send(process: Process, words: list[str]) -> tuple[int, list[str]]:
    """`kill WORDS`: (exit code, words of complaint)."""
    signal = "TERM"
    rest = list(words)
    if rest and rest[0].startswith("-") and len(rest[0]) > 1 and rest[0] != "--":
        option = rest.pop(0)[1:]
        if option == "l":
            return 0, []
        if option in ("s", "n") and rest:
            option = rest.pop(0)
        name = signal_name(option)
        if name is None:
            return 1, [f"bad signal name '{option}'"]
        signal = name
    code = 0
    faults: list[str] = []
    for word in rest:
        if word == "--":
            continue
        if not word.lstrip("-").isdigit():
            code, faults = 1, [*faults, f"invalid number '{word}'"]
            continue
        targets = [process.pod.find(process.container, abs(int(word)))]
        if int(word) == -1:
            targets = [p for p in process.pod.visible(process.container) if p is not process and p.pid != 1] or [None]
        for target in targets:
            if target is None:
                code, faults = 1, [*faults, f"can't kill pid {word}: No such process"]
            elif process.user.uid not in (0, target.user.uid):
                code, faults = 1, [*faults, f"can't kill pid {word}: Operation not permitted"]
            elif signal != "EXIT":
                target.signal(SIGNALS[signal])
    return code, faults


def kill(shell: Shell, words: list[str]) -> Program:
    rest = words[1:]
    if rest[:1] == ["-l"]:
        shell.process.out(" ".join(name for name in SIGNALS) + "\n")
        return 0
    numbered = {f"%{index}": str(job.pid) for index, job in enumerate(shell.jobs, 1)}
    rest = [numbered.get(word, word) for word in rest]
    code, faults = send(shell.process, rest)
    for fault in faults:
        shell.process.err(f"{shell.name}: {fault}\n")
    # A signal to itself is handled before the next command.
    yield from shell.handle_signals()
    return code


def trap(shell: Shell, words: list[str]) -> Program:
    rest = words[1:]
    if rest[:1] == ["--"]:
        rest = rest[1:]
    if not rest:
        for signal, text in shell.traps.items():
            shell.process.out(f"trap -- '{text}' {signal}\n")
        return 0
    action: str | None = rest[0]
    signals = rest[1:]
    if not signals or action == "-" or (action or "").isdigit():
        signals = signals if signals and action == "-" else rest
        action = None
    for word in signals:
        name = signal_name(word)
        if name is None:
            shell.complain(
                f"trap: {word}: invalid signal specification" if shell.flavour == "bash" else "trap: bad trap"
            )
            return 1
        shell.trap(name, action)
    return 0
    yield


def wait(shell: Shell, words: list[str]) -> Program:
    """Waits for jobs; a trapped signal ends the waiting."""
    numbers = {int(word) for word in words[1:] if word.isdigit()}
    targets = [job for job in shell.jobs if not numbers or job.pid in numbers]
    if numbers and not targets:
        return 127
    code = 0
    for job in targets:
        while job.exit_code is None:
            if shell.pending:
                code = 128 + SIGNALS.get(shell.pending[0], 0)
                yield from shell.handle_signals()
                return code
            yield Wait(on=(job.done, shell.signalled))
        code = job.exit_code
    shell.jobs = [job for job in shell.jobs if job.exit_code is None]
    return code if numbers else 0


def jobs(shell: Shell, words: list[str]) -> Program:
    for index, job in enumerate(shell.jobs, 1):
        state = "Running" if job.exit_code is None else "Done"
        shell.process.out(f"[{index}]  {state}                 {' '.join(job.argv)}\n")
    return 0
    yield
