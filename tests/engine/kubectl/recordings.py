"""Recordings of a real cluster, played again in the terminal, and compared without what differs from run to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cluster_engine.shell.session import Session
from tests.engine.support import Result, Terminal

DATA = Path(__file__).parent / "data"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_AGE = r"(?<![\w.=:-])(\d+d)?(\d+h)?(\d+m)?\d+s(?![\w])|(?<![\w.=:-])\d+[dhm](\d+[hm])?(?!\w)"
_RULES = [
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"), "<time>"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r'(resourceVersion"?: ?"?)\d+'), r"\1<rv>"),
    (re.compile(r"\b10\.96\.0\.1\b"), "<kubernetes>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "<ip>"),
    (re.compile(r"\b[a-z0-9]+-node-?\d+\b"), "<node>"),
    (re.compile(rf"(?<=[a-z0-9])-[{_SAFE}]{{6,10}}-[{_SAFE}]{{5}}\b"), "-<hash>-<random>"),
    (re.compile(rf"(?<=[a-z0-9])-[{_SAFE}]{{6,10}}\b"), "-<hash>"),
    (re.compile(rf'(pod-template-hash"?[=:] ?"?)[{_SAFE}]{{6,10}}\b'), r"\1<hash>"),
    (re.compile(r"(?<![\w.=-])(\d+d)?(\d+h)?(\d+m)?(\d+s) \(x\d+ over [0-9dhms]+\)"), "<age>"),
    (re.compile(_AGE), "<age>"),
    (re.compile(r"^E\d{4} [\d:.]+ +\d+ "), "<log> "),
    # Since v1.31 the events of scaling say from how many.
    (re.compile(r"(Scaled (?:up|down) replica set \S+) from \d+ to"), r"\1 to"),
    (re.compile(r"[ \t]{2,}|\t"), "  "),
]
_READS = re.compile(r"kubectl (get|describe|rollout (status|history)|api-)")


@dataclass(frozen=True)
class Step:
    """One command of a recording, what it printed then, and what it prints here."""

    command: str
    want: Result
    got: Result
    settled: bool


def normal(text: str) -> list[str]:
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return [line.strip() for line in text.strip().splitlines()]


def recording(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def play(name: str) -> list[Step]:
    """Types every command of a recording, and waits where it waited."""
    script = recording(name)
    terminal = Terminal(script.get("files"))
    background: dict[str, Session] = {}
    steps: list[Step] = []
    settled = True
    for entry in script["steps"]:
        if "settle" in entry:
            terminal.settle()
            settled = True
        elif "sleep" in entry:
            terminal.cluster.run_for(entry["sleep"])
        elif "start" in entry:
            background[entry["name"]] = _watcher(terminal, entry["start"])
        elif "stop" in entry:
            background.pop(entry["stop"]).interrupt()
            terminal.cluster.run_for(0.01)
        else:
            steps.append(_step(terminal, entry, settled))
            settled = settled and bool(_READS.search(entry["run"]))
    return steps


def _watcher(terminal: Terminal, line: str) -> Session:
    session = Session(
        terminal.cluster, name="watcher", files=terminal.files, on_output=lambda *_: None, on_exit=lambda *_: None
    )
    session.type_line(line)
    terminal.cluster.run_for(0.01)
    return session


def _step(terminal: Terminal, entry: dict[str, Any], settled: bool) -> Step:
    got = terminal.run(entry["run"])
    terminal.cluster.run_for(0.1)  # what a person takes to type, or a process to start
    return Step(entry["run"], Result(entry["stdout"], entry.get("stderr") or "", entry["exit"]), got, settled)


def difference(step: Step) -> str | None:
    """What is different in a step, or None. A read in the middle of a movement need only be of the same shape."""
    want, got = normal(step.want.stdout), normal(step.got.stdout)
    if step.want.code != step.got.code:
        return f"exit {step.got.code}, recorded {step.want.code}: {step.got.text[:400]}"
    if "rollout status" in step.command:
        ends = [[re.sub(r"\d+", "#", line) for line in lines[-1:]] for lines in (want, got)]
        return None if ends[0] == ends[1] else f"ends {got[-1:]}, recorded {want[-1:]}"
    if _READS.search(step.command) and not step.settled:
        return None if bool(want) == bool(got) else f"printed {got}, recorded {want}"
    if "kubectl get events" in step.command:
        # Which numbers a rollout passes through depends on who gets ready first.
        want, got = (
            sorted({re.sub(r"\d+", "#", one) for one in lines if "combined from" not in one}) for lines in (want, got)
        )
    elif _READS.search(step.command) and "-o yaml" not in step.command:
        want, got = sorted(set(want)), sorted(set(got))
    if "describe" in step.command:
        want, got = ([one for one in lines if "combined from" not in one] for lines in (want, got))
    if want != got:
        return f"missing {[one for one in want if one not in got]}, extra {[one for one in got if one not in want]}"
    want, got = normal(step.want.stderr), normal(step.got.stderr)
    return None if want == got else f"stderr {got}, recorded {want}"
