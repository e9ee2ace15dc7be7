"""Many mailboxes on one company: people, setups, and waiting until their runs have ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from sandbox.bench.stage import COMPANY, Stage
from sandbox.install import Missing
from shared.state.runs import FINISHED, RunState
from shared.sync.jobs import each

_LOOK_SECONDS = 0.05
_MOST_SECONDS = 600.0


def add_mailboxes(s: Stage, count: int) -> list[str]:
    """So many users with a mailbox and a setup each; their ids."""
    users = [str(UUID(int=number, version=4)) for number in range(count)]
    for number, user in enumerate(users):
        s.control.people("graph", "add_user", user, f"user{number}@cronus.example", f"User {number}")
    each(s.set_up, users)
    return users


def until_done(s: Stage, users: Sequence[str]) -> None:
    """Waits until every user's runs have ended well, one at least.

    Raises `Missing` for a run that did not, or that takes too long.
    """
    deadline = time.monotonic() + _MOST_SECONDS
    left = list(users)
    while left:
        runs = list(s.services.store.runs.all(left[-1], COMPANY))
        if any(run.state in FINISHED and run.state is not RunState.SUCCEEDED for run in runs):
            raise Missing(f"A run ended as {runs[0].state}: {runs[0].message}")
        if runs and all(run.state in FINISHED for run in runs):
            left.pop()
        elif time.monotonic() > deadline:
            raise Missing(f"{len(left)} mailboxes were not done in {_MOST_SECONDS:.0f} seconds.")
        else:
            time.sleep(_LOOK_SECONDS)
