from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import Sandbox
from tests.sandbox.graph.api import Api
from tests.sandbox.graph.listener import Listener
from tests.sandbox.graph.wire import Wire


@pytest.fixture
def api() -> Iterator[Api]:
    """A service of its own for each test, without a network."""
    running = Api()
    yield running
    running.close()


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    """The service behind real HTTP, with a subscriber's address."""
    listener = Listener()
    connected = Wire(sandbox, listener)
    yield connected
    connected.close()
    listener.close()
