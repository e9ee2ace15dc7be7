"""The scripted server and a transport to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.transport import Endpoint, Transport
from tests.transport.scripted import FakeClock, ScriptedServer, transport_to


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(FakeClock()) as running:
        yield running


@pytest.fixture
def transport(server: ScriptedServer) -> Iterator[Transport]:
    made = transport_to(server, Endpoint("Graph", f"{server.origin}/v1.0", "scope"))
    yield made
    made.close()
