"""What a real cluster printed is what this one prints, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.real import Run, Server
from tests.api.replay import SPEED, difference, differences, plain
from tests.recordings.comparison import DATA

# Those that take little real time; `tests/recordings` types all of them in the terminal.
SHORT = ("deletion", "deploy-history-limit", "deploy-orphan-adopt", "namespace-rbac", "patch-apply")
RECORDINGS = [DATA / f"{name}.yaml" for name in SHORT]
# Steps on which today's Kubernetes prints something else than the recorded v1.20: (recording, command) -> why.
ADAPTED: dict[tuple[str, str], str] = {}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, "--speed", str(SPEED))
    yield server
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_every_step_prints_what_the_recorded_cluster_printed(recording: Path, fresh: Server) -> None:
    found = {command: why for command, why in differences(recording, fresh) if why is not None}
    expected = {command for name, command in ADAPTED if name == recording.stem}
    assert {command: why for command, why in found.items() if command not in expected} == {}
    assert expected <= set(found), "a step that was adapted agrees by now"
    assert fresh.errors() == ""


@pytest.mark.parametrize(
    ("stdout", "code", "differs"),
    [
        ("NAME READY\nweb-7c5ddbdf54-x2x9z 1/1 5s", 0, False),
        ("NAME READY\nweb-6d4cf56db6-zzzzz 1/1 2m10s", 0, False),
        ("NAME READY\nweb-7c5ddbdf54-x2x9z 0/1 5s", 0, True),
        ("NAME READY", 0, True),
        ("NAME READY\nweb-7c5ddbdf54-x2x9z 1/1 5s", 1, True),
    ],
)
def test_the_comparison_sees_what_matters(stdout: str, code: int, differs: bool) -> None:
    step = {"run": "kubectl get pods", "stdout": "NAME   READY\nweb-5f8cd4fd9b-4k2l8   1/1   7s", "exit": 0}
    assert (difference(step, Run(stdout, "", code), settled=True) is not None) is differs


def test_what_varies_is_taken_out() -> None:
    assert plain("a 10.244.1.7 k8s-node01 3h20m resourceVersion: 77") == ["a ADDRESS NODE AGE resourceVersion: VERSION"]
