"""What is put into the queue: runs of setups, and the two errands that belong to no run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from shared.errors import Busy, SyncError
from shared.state.keys import SEPARATOR
from shared.state.run_queue import Claimed
from shared.state.runs import Mode, Run, Trigger
from shared.sync.services import Services

LOOK = "look"
"""Stands for a run's id in a message: see which setups of the company are concerned by its changes."""
ATTEND = "attend"
"""Stands for a run's id in a message: the setup's subscription needs attention."""
DEBOUNCE_SECONDS = 3.0
"""Changes come in bursts: what follows within this time is done by the same run."""
_TOGETHER = 8

T = TypeVar("T")


def owner(services: Services, run: str) -> str:
    """Who holds a setup's lease: a run in this delivery alone, so that a doubled message does not share it."""
    return f"{run}{SEPARATOR}{services.token()[:16]}"


def run_of(owner: str) -> str:
    """The run that a lease's owner works on."""
    return owner.partition(SEPARATOR)[0]


def ask(
    services: Services,
    user: str,
    company: str,
    trigger: Trigger,
    mode: Mode = Mode.INCREMENTAL,
    *,
    debounced: bool = False,
) -> Claimed:
    """Queue a plain run of a setup, or join the one that waits. Three round trips as a rule.

    The row first, the message second: a run whose message was lost is found by the tick. Raises Busy where
    either could not be stored; then whoever asks again does not find it waiting for nothing.
    """
    store = services.store
    run = Run(store.runs.new_id(user, company), user, company, mode=mode, trigger=trigger)
    waiting = run.id
    try:
        claimed = store.run_queue.claim(run)
        waiting = claimed.run
        if claimed.send:
            store.jobs.send(claimed.run, user, company, DEBOUNCE_SECONDS if debounced else 0.0)
    except Busy:
        with suppress(SyncError):
            store.run_queue.unsent(user, company, waiting)
        raise
    return claimed


def look_later(services: Services, company: str) -> None:
    """Queue a look at a company's changes, after the debounce."""
    services.store.jobs.send(LOOK, "", company, DEBOUNCE_SECONDS)


def attend_later(services: Services, user: str, company: str) -> None:
    """Queue a look at a setup's subscription."""
    services.store.jobs.send(ATTEND, user, company)


def each(action: Callable[[T], None], items: Iterable[T]) -> None:
    """Do it for all, several at a time: most of it is waiting. The first error comes out at the end."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        waiting = [pool.submit(action, item) for item in items]
    for future in waiting:
        future.result()
