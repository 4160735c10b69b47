"""`serve --look document`: a real kubectl prints the tables of v1.12."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.api.real import Server


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("look"), "--look", "document", "--start-seconds", "0.2")
    server.kubectl("create deployment web --image=nginx:1.12 --replicas=2")
    server.kubectl("rollout status deployment/web --timeout=60s")
    yield server
    assert server.stop() == 0


def columns(server: Server, arguments: str) -> list[str]:
    return re.split(r" {2,}", server.kubectl(f"get {arguments}").splitlines()[0].rstrip())


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("deployments", "NAME DESIRED CURRENT UP-TO-DATE AVAILABLE AGE"),
        ("deployments -o wide", "NAME DESIRED CURRENT UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR"),
        ("pods", "NAME READY STATUS RESTARTS AGE"),
        ("pods -o wide", "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE"),
        ("replicasets", "NAME DESIRED CURRENT READY AGE"),
    ],
)
def test_the_columns_of_the_time(old: Server, arguments: str, shown: str) -> None:
    assert " ".join(columns(old, arguments)) == shown


def test_a_deployments_row(old: Server) -> None:
    row = old.kubectl("get deployment web").splitlines()[1]
    assert re.fullmatch(r"web +2 +2 +2 +2 +\d+s", row)


def test_a_stateful_sets_row(old: Server) -> None:
    old.write("set.yaml", SET)
    old.kubectl("apply -f set.yaml")
    old.kubectl("rollout status statefulset/web --timeout=60s")
    shown = old.kubectl("get statefulset")
    assert re.fullmatch(r"NAME +DESIRED +CURRENT +AGE\nweb +2 +2 +\d+s\n", shown)


SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: set}}
  template:
    metadata: {labels: {app: set}}
    spec: {containers: [{name: nginx, image: "nginx:1.12"}]}
"""
