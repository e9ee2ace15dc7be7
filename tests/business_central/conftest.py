"""A company on the scripted server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.business_central import BcClient, api_base, bc_endpoint
from tests.transport.scripted import FakeClock, ScriptedServer, transport_to

COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"
BASE = "/v2.0/1111/Production/api/v2.0"
CONTACTS = f"{BASE}/companies({COMPANY})/contacts"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(FakeClock()) as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[BcClient]:
    transport = transport_to(server, bc_endpoint(f"{server.origin}/v2.0"))
    yield BcClient(transport, api_base(f"{server.origin}/v2.0", "1111", "Production"), COMPANY)
    transport.close()
