"""At least four hundred lines, typed in the terminal and at the real kubectl, print the same and exit the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.differential.states import load_all

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT_SECONDS = 1800
MIN_LINES = 400
MIN_STATES = 12
STATES = load_all()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every line's outcome, run once in a process of its own (the HTTP server wants an event loop of its own)."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    folder = tmp_path_factory.mktemp("differential")
    found = _compare(folder / "outcomes.json")
    # The real program runs on real time: what differs is looked at once more, alone, and must differ again.
    for index, outcome in enumerate(found):
        if outcome["difference"]:
            again = _compare(folder / f"{index}.json", "--state", outcome["state"], "--line", outcome["line"]["run"])
            found[index] = next(one for one in again if one["line"] == outcome["line"])
    return found


def _compare(path: Path, *chosen: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.differential", "--json", str(path), *chosen]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert path.exists(), done.stderr
    outcomes: list[dict[str, Any]] = json.loads(path.read_text())
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_both_kubectls_print_the_same(outcomes: list[dict[str, Any]], state: str) -> None:
    found = [outcome for outcome in outcomes if outcome["state"] == state]
    assert len(found) == len(next(one for one in STATES if one.name == state).lines)
    differing = [f"$ {outcome['line']['run']}\n{outcome['difference']}" for outcome in found if outcome["difference"]]
    assert not differing, "\n".join(differing)


def test_there_are_enough_lines_and_every_exception_has_a_reason() -> None:
    compared = [line for state in STATES for line in state.lines if not line.exception]
    assert len(STATES) >= MIN_STATES
    assert len(compared) >= MIN_LINES
    assert all(len(line.exception.split()) > 3 for state in STATES for line in state.lines if line.exception)
