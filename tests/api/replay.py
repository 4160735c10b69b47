"""Runs recorded steps against a server, and says where it printed something else than the recorded cluster."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.api.real import Run, Server

SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]"
# What may differ from run to run, and what stands in its place. The order matters: times before versions before names.
VARIABLE = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "TIME"),
    (r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
    (r'(resourceVersion"?: ?"?)\d+', r"\1VERSION"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "ADDRESS"),
    (r"\b[a-z0-9]+-node-?\d+\b", "NODE"),
    (rf"(?<=[a-z0-9])-{SUFFIX}{{6,10}}(?:-{SUFFIX}{{5}})?\b", "-HASH"),
    (rf"(?<=[a-z0-9])-{SUFFIX}{{5}}\b", "-HASH"),
    (rf'(pod-template-hash"?[=:] ?"?){SUFFIX}{{6,10}}\b', r"\1HASH"),
    (r"(?<![\w.=:-])(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+s(?: \(x\d+ over \w+\))?(?!\w)", "AGE"),
    (r"(?<![\w.=:-])\d+[dhm](?:\d+[hm])?(?!\w)", "AGE"),
    (r"[ \t]+", " "),
]
RULES = [(re.compile(pattern), standing) for pattern, standing in VARIABLE]
READS = re.compile(r"kubectl (get|describe|rollout (status|history))")
# What a person would wait for before looking again: until these have stood still for a while.
SEEN = "{range .items[*]}{.metadata.name}{.metadata.resourceVersion} {end}"
STATE = f"kubectl get deploy,rs,sts,po,pvc -A -o jsonpath='{SEEN}'"
# Time runs faster there than here.
SPEED = 4
STILL_SECONDS, SETTLE_SECONDS = 0.8, 60.0


def plain(text: str) -> list[str]:
    """The lines without what may differ."""
    for rule, standing in RULES:
        text = rule.sub(standing, text)
    return [line.strip() for line in text.strip().splitlines()]


def difference(step: dict[str, Any], ran: Run, *, settled: bool) -> str | None:
    """How a step's outcome differs from the recorded one; None where it does not."""
    if step["exit"] != ran.code:
        return f"exit code {ran.code} instead of {step['exit']}: {ran.stderr or ran.stdout}"
    looks = READS.search(step["run"]) is not None
    if looks and not settled:
        return None  # read in the middle of a movement: only whether it worked can be compared
    for name, wanted, got in (("stdout", step["stdout"], ran.stdout), ("stderr", step.get("stderr") or "", ran.stderr)):
        expected, found = plain(wanted), plain(got)
        if looks:
            expected, found = sorted(expected), sorted(found)
        if expected != found:
            missing = [line for line in expected if line not in found]
            extra = [line for line in found if line not in expected]
            return f"{name}: missing {missing}, extra {extra}"
    return None


def differences(recording: Path, server: Server) -> Iterator[tuple[str, str | None]]:
    """(command, how it differs) for every step of a recording."""
    scenario = yaml.safe_load(recording.read_text())
    for name, text in (scenario.get("files") or {}).items():
        server.write(name, text)
    settled = True
    for step in scenario["steps"]:
        if "settle" in step:
            settle(server)
            settled = True
        elif "sleep" in step:
            time.sleep(step["sleep"] / SPEED)
        elif "run" in step:
            yield step["run"], difference(step, server.run(step["run"]), settled=settled)
            if not READS.search(step["run"]):
                settled = False


def settle(server: Server) -> None:
    """Waits until nothing changes."""
    end = time.monotonic() + SETTLE_SECONDS
    last, since = "", time.monotonic()
    while time.monotonic() < end:
        now = server.run(STATE).stdout
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > STILL_SECONDS:
            return
        time.sleep(0.2)
    raise AssertionError("the cluster does not come to rest")
