"""A mailbox on the scripted server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.graph import GraphClient, graph_endpoint
from tests.transport.scripted import FakeClock, ScriptedServer, transport_to

USER = "7f0e1d2c-0000-4000-8000-0000000000aa"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(FakeClock()) as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[GraphClient]:
    transport = transport_to(server, graph_endpoint(f"{server.origin}/v1.0"))
    yield GraphClient(transport, USER)
    transport.close()
