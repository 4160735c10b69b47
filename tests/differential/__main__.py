"""Runs the comparison by hand: `python -m tests.differential [--state TEXT] [--line TEXT] [--json FILE]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from tests.differential.runner import Outcome, Runner
from tests.differential.states import load_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--state", default="", help="only states whose name holds this")
    parser.add_argument("--line", default="", help="only lines that hold this")
    parser.add_argument("--json", type=Path, help="where to write the outcomes")
    arguments = parser.parse_args()
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if outcome.difference and not arguments.json:
            sys.stdout.write(f"=== {outcome.state}: {outcome.line.run}\n{outcome.difference}\n")

    states = [
        dataclasses.replace(state, lines=tuple(line for line in state.lines if arguments.line in line.run))
        for state in load_all()
        if arguments.state in state.name
    ]
    Runner([state for state in states if state.lines], report).run()
    differing = sum(bool(outcome.difference) for outcome in outcomes)
    if arguments.json:
        arguments.json.write_text(json.dumps([dataclasses.asdict(outcome) for outcome in outcomes]))
    sys.stdout.write(f"{len(outcomes)} lines, {differing} differ\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
