"""What the tests of the API share: a server in this process, and one of its own for real clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.harness import Api


@pytest.fixture
def api() -> Iterator[Api]:
    """A cluster at rest behind its HTTP face; whatever was asked, nothing inside may have failed."""
    api = Api()
    yield api
    assert list(api.cluster.trace.faults) == []
