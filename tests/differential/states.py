"""The lines to compare, as data: each file of `states/` sets a cluster up and types lines on forks of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

STATES = Path(__file__).parent / "states"


@dataclass(frozen=True)
class Line:
    """A line that both kubectls get. `exception` says why they may differ; such a line is run, not compared.

    `unordered` compares the lines of the output as a set; `interrupt` ends the line by Ctrl-C after that many seconds
    of virtual time; `objects` says whether what the line left behind in the cluster is compared as well.
    """

    run: str
    exception: str = ""
    unordered: bool = False
    interrupt: float = 0
    objects: bool = True


@dataclass(frozen=True)
class State:
    """A cluster, made by typing `setup`, the files of its home directory, and the lines to compare."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    # "any": every image exists and runs for ever; "catalogue": containers do what their commands say.
    registry: Literal["any", "catalogue"] = "any"


def load(path: Path) -> State:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    lines = tuple(Line(line) if isinstance(line, str) else Line(**line) for line in data["lines"])
    return State(
        path.stem, data.get("files") or {}, tuple(data.get("setup") or ()), lines, data.get("registry", "any")
    )


def load_all() -> list[State]:
    return [load(path) for path in sorted(STATES.glob("*.yaml"))]
