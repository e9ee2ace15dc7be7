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
    """A run and what it took.

    `wall`, `cpu`: seconds, the latter of the product's own process. `round_trips`: to Storage.
    `longest`: seconds of the longest of its `slices`.
    """

    run: Run
    wall: float
    cpu: float
    round_trips: int
    slices: int
    longest: float


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
        run = store.runs.create(
            Run(store.runs.new_id(USER, COMPANY), USER, COMPANY, mode=mode, trigger=trigger)
        )
        trips, cpu, began = store.round_trips, time.process_time(), self.clock.monotonic()
        slices: list[float] = []
        delay: float | None = 0.0
        while delay is not None:
            self.clock.sleep(delay)
            started = self.clock.monotonic()
            delay = run_slice(self.services, run.id)
            slices.append(self.clock.monotonic() - started)
        wall, cpu = self.clock.monotonic() - began, time.process_time() - cpu
        trips = store.round_trips - trips
        done = Measured(store.runs.get(run.id) or run, wall, cpu, trips, len(slices), max(slices))
        if done.run.state is not RunState.SUCCEEDED:
            raise Missing(f"The run ended as {done.run.state}: {done.run.message}")
        return done


@contextmanager
def stage(seed: str, latency: float = 0.0, *, hurried: bool = False) -> Iterator[Stage]:
    """Everything started, nothing set up. `hurried`: waiting puts both clocks forward instead."""
    with azurite() as storage, running_sandbox(seed, latency) as control:
        settings = {**control.settings, "AzureWebJobsStorage": storage}
        clock: Clock = HurriedClock(control) if hurried else SystemClock()
        yield Stage(control, settings, build(settings, clock), clock)
