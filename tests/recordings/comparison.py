"""Compares what was printed for a recorded step with the recording, after what varies is taken out of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
NAMES = sorted(path.stem for path in DATA.glob("*.yaml"))
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_AGE = r"(?<![\w.=:-])(\d+d)?(\d+h)?(\d+m)?\d+s(?![\w])|(?<![\w.=:-])\d+[dhm](\d+[hm])?(?!\w)"
_RULES = [
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"), "<time>"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "<id>"),
    (re.compile(r'(resourceVersion"?: ?"?)\d+'), r"\1<rv>"),
    (re.compile(r"\b10\.96\.0\.1\b"), "<kubernetes>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "<ip>"),
    (re.compile(r"\b[a-z0-9]+-node-?\d+\b"), "<node>"),
    (re.compile(r"-?default-token-[a-z0-9]{5}|kube-api-access-[a-z0-9]{5}"), "<token volume>"),
    (re.compile(rf"(?<=[a-z0-9])-[{_SAFE}]{{6,10}}-[{_SAFE}]{{5}}\b"), "-<hash>-<random>"),
    (re.compile(rf"(?<=[a-z0-9])-[{_SAFE}]{{6,10}}\b"), "-<hash>"),
    (re.compile(rf"(?<=[a-z0-9])-[{_SAFE}]{{5}}\b"), "-<random>"),
    (re.compile(rf'(pod-template-hash"?[=:] ?"?)[{_SAFE}]{{6,10}}\b'), r"\1<hash>"),
    (re.compile(r"(?<![\w.=-])(\d+d)?(\d+h)?(\d+m)?(\d+s) \(x\d+ over [0-9dhms]+\)"), "<age>"),
    (re.compile(_AGE), "<age>"),
    (re.compile(r"^E\d{4} [\d:.]+ +\d+ "), "<log> "),
    (re.compile(r"[ \t]{2,}|\t"), "  "),
]
_READS = re.compile(r"kubectl (get|describe|rollout (status|history)|explain|api-|diff|logs|top)")
_WATCHES = re.compile(r"rollout status|get pods? -w|get rs -w")

Step = Mapping[str, Any]


def load(name: str) -> dict[str, Any]:
    """A recording."""
    loaded: dict[str, Any] = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def differences(recording: Mapping[str, Any], printed: Mapping[str, Any]) -> dict[int, str]:
    """How the steps differ that do, by their number (the first command is 1)."""
    found: dict[int, str] = {}
    number, settled = 0, True
    for want, got in zip(recording["steps"], printed["steps"], strict=True):
        if "settle" in want:
            settled = True
        elif "run" in want:
            number += 1
            why = difference(want, got, settled=settled)
            if why is not None:
                found[number] = f"{want['run']}: {why}"
            settled = settled and bool(_READS.search(want["run"]))
    return found


def difference(want: Step, got: Step, *, settled: bool) -> str | None:
    """How a step differs, or None. A read in the middle of a movement need only be of the same shape."""
    command = want["run"]
    if want["exit"] != got["exit"]:
        return f"exit {got['exit']}, recorded {want['exit']}: {got.get('stderr') or got['stdout'][:300]}"
    expected, found = _lines(want["stdout"]), _lines(got["stdout"])
    if _WATCHES.search(command) or (_READS.search(command) and not settled):
        return _of_another_shape(command, expected, found)
    if "kubectl get events" in command:
        # Which numbers a rollout passes through depends on who gets ready first.
        expected, found = (
            sorted({re.sub(r"\d+", "#", one) for one in lines if "combined from" not in one})
            for lines in (expected, found)
        )
    elif _READS.search(command) and not re.search(r"kubectl get .*-o (json|yaml)", command):
        expected, found = sorted(set(expected)), sorted(set(found))
    if expected != found:
        missing = [line for line in expected if line not in found]
        extra = [line for line in found if line not in expected]
        return f"missing {missing}, extra {extra}" if missing or extra else "same lines in another order"
    expected, found = _lines(want.get("stderr") or ""), _lines(got.get("stderr") or "")
    return None if expected == found else f"stderr {found}, recorded {expected}"


def _lines(text: str) -> list[str]:
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return [line.strip() for line in text.strip().splitlines() if "version difference" not in line]


def _of_another_shape(command: str, expected: list[str], found: list[str]) -> str | None:
    if bool(expected) != bool(found):
        return f"printed {found}, recorded {expected}"
    if "rollout status" in command and expected:
        ends = [re.sub(r"\d+", "#", lines[-1]) for lines in (expected, found)]
        if ends[0] != ends[1]:
            return f"ends {found[-1]!r}, recorded {expected[-1]!r}"
    return None
