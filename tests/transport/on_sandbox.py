"""Our clients, pointed to a running sandbox and driven by its clock."""

from __future__ import annotations

import itertools
from datetime import datetime

from sandbox.world import ENVIRONMENT, TENANT_ID, Sandbox
from shared.business_central import BcClient, api_base, bc_endpoint
from shared.graph import GraphClient, GraphSubscriptions, graph_endpoint
from shared.transport import Endpoint, Lanes, Transport

USER = "7f0e1d2c-0000-4000-8000-0000000000aa"
ADDRESS = "nneka@contoso.example"
COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"


class SandboxClock:
    """The sandbox's time; whoever sleeps puts it forward."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._clock = sandbox.clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class SandboxTokens:
    """Good tokens for one service, without the ceremony."""

    def __init__(self, sandbox: Sandbox, service: str) -> None:
        self._sandbox = sandbox
        self._service = service
        self._token = sandbox.token(service)

    def token(self, scope: str) -> str:
        return self._token

    def renew(self, scope: str, refused: str) -> str:
        if refused == self._token:
            self._token = self._sandbox.token(self._service)
        return self._token


def _transport(sandbox: Sandbox, endpoint: Endpoint, service: str) -> Transport:
    ids = map(str, itertools.count(1))
    clock = SandboxClock(sandbox)
    tokens = SandboxTokens(sandbox, service)
    return Transport(endpoint, tokens, Lanes(clock), clock, lambda: 0.5, lambda: next(ids))


def graph_client(sandbox: Sandbox, user: str = USER) -> GraphClient:
    return GraphClient(_transport(sandbox, graph_endpoint(sandbox.graph_url), "graph"), user)


def graph_subscriptions(sandbox: Sandbox) -> GraphSubscriptions:
    return GraphSubscriptions(_transport(sandbox, graph_endpoint(sandbox.graph_url), "graph"))


def bc_client(sandbox: Sandbox, company: str = COMPANY) -> BcClient:
    transport = _transport(sandbox, bc_endpoint(sandbox.bc_url), "businessCentral")
    return BcClient(transport, api_base(sandbox.bc_url, TENANT_ID, ENVIRONMENT), company)


def assert_good_manners(sandbox: Sandbox) -> None:
    """Nothing was done that the services would mind."""
    assert sandbox.log.violations == []
