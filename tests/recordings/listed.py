"""Which steps of the recordings may differ, and why: `differences.yaml`, and the documentation's table of it.

`python -m tests.recordings.listed` writes the table into docs/terminal.md and docs/api.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = Path(__file__).parent / "differences.yaml"
PAGES = (ROOT / "docs/terminal.md", ROOT / "docs/api.md")
BEGIN, END = "<!-- differences: written by tests/recordings/listed.py -->", "<!-- end of differences -->"
CLASSES = ("today", "idle kubelet", "recorded", "shortfall")


@dataclass(frozen=True)
class Difference:
    """Steps that differ for one reason: recording -> their numbers."""

    kind: str
    why: str
    source: str
    steps: dict[str, list[int]]

    @property
    def count(self) -> int:
        return sum(map(len, self.steps.values()))


def listed() -> list[Difference]:
    entries = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [Difference(one["class"], one["why"], one["source"], one["steps"]) for one in entries]


def steps_of(recording: str) -> set[int]:
    """The steps of a recording that may differ."""
    return {number for one in listed() for number in one.steps.get(recording, ())}


def table() -> str:
    """The list as the documentation has it."""
    rows = ["| recording: steps | number | class | what is printed here | source |", "|---|---|---|---|---|"]
    for one in listed():
        steps = "; ".join(f"`{name}`: {', '.join(map(str, numbers))}" for name, numbers in one.steps.items())
        rows.append(f"| {steps} | {one.count} | {one.kind} | {one.why} | {one.source} |")
    return "\n".join(rows)


def with_table(page: str) -> str:
    """The page with the table of the moment in its place."""
    return re.sub(
        rf"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{table()}\n{END}", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
