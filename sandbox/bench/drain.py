"""T10: how fast a queue of many mailboxes is drained by one worker and by several."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from sandbox.bench.mailboxes import add_mailboxes, until_done
from sandbox.bench.stage import COMPANY, stage
from sandbox.bench.table import Row, Sizes, at_most, number
from sandbox.install import ROOT, Missing
from sandbox.processes import child
from shared.state.runs import Trigger
from shared.sync.jobs import ask

_CONTACTS = 20
_SLACK = 1.2


def measure(sizes: Sizes) -> list[Row]:
    """The time of several workers against that of one, divided by their number (spec/targets.md T10)."""
    alone: float | None = None
    rows = []
    for workers in sizes.workers:
        wall = _drain(sizes, workers)
        alone = wall if alone is None else alone
        share = number(alone / workers)
        rows.append(
            at_most(
                "T10",
                f"{sizes.mailboxes} mailboxes at {sizes.mailbox_latency * 1_000:.0f} ms, "
                f"{workers} workers; a fair share is {share} s",
                wall,
                _SLACK * alone / workers,
                "s",
            )
        )
    return rows


def _drain(sizes: Sizes, workers: int) -> float:
    with stage(f"scale:{_CONTACTS}", sizes.mailbox_latency) as s, ExitStack() as started:
        users = add_mailboxes(s, sizes.mailboxes)
        command = [sys.executable, "-m", "sandbox.bench.worker"]
        for _ in range(workers):
            process = started.enter_context(child(command, ROOT, s.settings))
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise Missing("A worker did not start.")
        began = time.monotonic()
        for user in users:
            ask(s.services, user, COMPANY, Trigger.TIMER)
        until_done(s, users)
        return time.monotonic() - began
