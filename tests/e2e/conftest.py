"""A fast server for all scenarios, and a namespace of its own for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.real import Server
from tests.e2e.framework import Framework

# Virtual seconds a real second; E2E_SPEED=1 walks through everything as slowly as a real cluster.
SPEED = os.environ.get("E2E_SPEED", "40")
REGISTRY = os.environ.get("E2E_REGISTRY", "any")


def run_suite(folder: Path, registry: str) -> Iterator[Framework]:
    """A server, of which is asked what is asked of a cluster once, before any scenario."""
    server = Server(folder, "--speed", SPEED, "--registry", registry)
    framework = Framework(server, float(SPEED))
    framework.before_suite()
    yield framework
    errors = server.errors()
    assert server.stop() == 0
    assert errors == ""


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Framework]:
    yield from run_suite(tmp_path_factory.mktemp("e2e"), REGISTRY)


@pytest.fixture(scope="session")
def suite_of_the_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Framework]:
    yield from run_suite(tmp_path_factory.mktemp("e2e-catalogue"), "catalogue")


def scenario(suite: Framework, request: pytest.FixtureRequest) -> Iterator[Framework]:
    """A namespace for one scenario; what is in it is gone afterwards, and every node is well."""
    suite.before_each(request.module.__name__.rpartition("test_")[2])
    yield suite
    suite.after_each()


@pytest.fixture
def f(suite: Framework, request: pytest.FixtureRequest) -> Iterator[Framework]:
    yield from scenario(suite, request)


@pytest.fixture
def g(suite_of_the_catalogue: Framework, request: pytest.FixtureRequest) -> Iterator[Framework]:
    """The same where containers end by themselves."""
    yield from scenario(suite_of_the_catalogue, request)
