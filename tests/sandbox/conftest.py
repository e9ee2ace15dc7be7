"""The sandbox, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An empty sandbox, started; whatever it calls a crash fails the test."""
    with Sandbox() as running:
        yield running
        crashes = [violation for violation in running.log.violations if violation.kind == "crash"]
        assert crashes == []
