"""The sandbox and the product beside it; every test ends with a look at the sandbox's complaints."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.world import Sandbox
from tests.sync.world import World


@pytest.fixture
def world(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty company, two mailboxes, no setup yet. Bad manners of the product fail the test."""
    with Sandbox() as sandbox:
        for name, value in sandbox.settings().items():
            if name == "REQUESTS_CA_BUNDLE":
                monkeypatch.setitem(os.environ, name, value)
        world = World.create(sandbox, storage)
        yield world
        assert sandbox.log.violations == []
