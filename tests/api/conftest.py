"""A world whose product is asked over its API, by a service with the key and by people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sandbox.world import TENANT_ID, Sandbox
from shared.sync.work import run_slice
from tests.api.caller import Answer, Api, principal
from tests.sync.world import ANNA, COMPANY, World


@dataclass
class Office:
    """The world, with doors. `key`: a trusted service."""

    world: World
    key: Api

    def signed_in(self, user: str = ANNA, *roles: str, tenant: str = TENANT_ID) -> Api:
        return Api(self.world.services, "user", principal(user, tenant, *roles))

    def set_up(self, user: str = ANNA, company: str = COMPANY, **choices: object) -> Answer:
        made = self.key.put(f"users/{user}/setups/{company}", choices)  # type: ignore[arg-type]
        assert made.status in (200, 201), made
        return made

    def do(self, accepted: Answer) -> Answer:
        """Does an accepted run to its end; how it stands then."""
        assert accepted.status == 202, accepted
        run = str(accepted["runId"])
        for _ in range(20):
            delay = run_slice(self.world.services, run)
            if delay is None:
                break
            self.world.sandbox.clock.advance(delay)
        return self.key.get(f"runs/{run}")

    def sync(self, user: str = ANNA, company: str = COMPANY, mode: str = "incremental") -> Answer:
        return self.do(self.key.post("sync", {"user": user, "company": company, "mode": mode}))


@contextmanager
def working_office(storage: str) -> Iterator[Office]:
    """Two mailboxes, one company, nothing opened; App Service Authentication is on."""
    with Sandbox() as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "REQUESTS_CA_BUNDLE", sandbox.settings()["REQUESTS_CA_BUNDLE"])
        world = World.create(sandbox, storage, WEBSITE_AUTH_ENABLED="true")
        yield Office(world, Api(world.services))
        assert sandbox.log.violations == []


@pytest.fixture
def office(storage: str) -> Iterator[Office]:
    """A working office of the test's own."""
    with working_office(storage) as office:
        yield office
