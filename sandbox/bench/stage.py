"""Sandbox, Storage and one product: what most rows need, fresh for each of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.azurite import azurite
from sandbox.bench.control import Control, HurriedClock, running_sandbox
from sandbox.install import Missing
from sandbox.seed.cast import COMPANIES, USERS
from shared.model import Setup
from shared.state.runs import Mode, Run, RunState, Trigger
from shared.sync.services import Services, build
from shared.sync.work import run_slice
from shared.transport import Clock, SystemClock

USER = USERS[0].id
COMPANY = COMPANIES[0].id


@dataclass(frozen=True, slots=True)
class Measured:
    """A run and what it took: `wall` and `cpu` in seconds (the product's own process), Storage's round trips."""

    run: Run
    wall: float
    cpu: float
    round_trips: int
    slices: int


@dataclass(frozen=True, slots=True)
class Stage:
    """`settings`: the product's environment, Storage included."""

    control: Control
    settings: dict[str, str]
    services: Services
    clock: Clock

    def set_up(self, user: str = USER, company: str = COMPANY) -> None:
        """A setup with every default."""
        self.services.store.setups.put(Setup(user=user, company=company))

    def sync(self, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.TIMER) -> Measured:
        """One whole run as the worker does it, from taking it up to its end.

        Raises `Missing` when it does not succeed.
        """
        store = self.services.store
        store_run = Run(store.runs.new_id(USER, COMPANY), USER, COMPANY, mode=mode, trigger=trigger)
        run = store.runs.create(store_run)
        trips, cpu, wall = store.round_trips, time.process_time(), self.clock.monotonic()
        slices = 1
        while (delay := run_slice(self.services, run.id)) is not None:
            slices += 1
            self.clock.sleep(delay)
        wall, cpu, trips = self.clock.monotonic() - wall, time.process_time() - cpu, store.round_trips - trips
        ended = store.runs.get(run.id)
        if ended is None or ended.state is not RunState.SUCCEEDED:
            raise Missing(f"The run did not succeed: {ended.state if ended else 'lost'}, {ended}")
        return Measured(ended, wall, cpu, trips, slices)


@contextmanager
def stage(seed: str, latency: float = 0.0, *, hurried: bool = False) -> Iterator[Stage]:
    """Everything started, nothing set up. `hurried`: waiting puts both clocks forward instead."""
    with azurite() as storage, running_sandbox(seed, latency) as control:
        settings = {**control.settings, "AzureWebJobsStorage": storage}
        clock: Clock = HurriedClock(control) if hurried else SystemClock()
        yield Stage(control, settings, build(settings, clock), clock)
