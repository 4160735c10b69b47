"""A fast server for all scenarios, and a namespace of its own for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.real import Server
from tests.e2e.framework import Framework

# Virtual seconds a real second; E2E_SPEED=1 walks through everything as slowly as a real cluster.
SPEED = os.environ.get("E2E_SPEED", "20")
REGISTRY = os.environ.get("E2E_REGISTRY", "any")


@pytest.fixture(scope="session")
def e2e_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("e2e")
    server = Server(folder, "--speed", SPEED, "--registry", REGISTRY)
    yield server
    errors = server.errors()
    assert server.stop() == 0
    assert errors == ""


@pytest.fixture(scope="session")
def suite(e2e_server: Server) -> Framework:
    """What is asked of a cluster once, before any scenario."""
    framework = Framework(e2e_server, float(SPEED))
    framework.before_suite()
    return framework


@pytest.fixture
def f(suite: Framework, request: pytest.FixtureRequest) -> Iterator[Framework]:
    """A namespace for one scenario; what is in it is gone afterwards, and every node is well."""
    module = request.module.__name__.rpartition("test_")[2]
    suite.before_each(module)
    yield suite
    suite.after_each()
