from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.graph.api import Api


@pytest.fixture
def api() -> Iterator[Api]:
    """A service of its own for each test."""
    running = Api()
    yield running
    running.close()
