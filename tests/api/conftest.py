"""What the tests of the API share: a server in this process, and one of its own for real clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.harness import Api
from tests.api.real import Server


@pytest.fixture
def api() -> Iterator[Api]:
    """A cluster at rest behind its HTTP face; whatever was asked, nothing inside may have failed."""
    api = Api()
    yield api
    assert list(api.cluster.trace.faults) == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over https, so that kubectl sends tokens; each module has its own."""
    folder: Path = tmp_path_factory.mktemp("server")
    server = Server(folder, "--tls", "--start-seconds", "0.4", "--stop-seconds", "0.3")
    yield server
    errors = server.errors()
    assert server.stop() == 0
    assert errors == ""
