"""The place of the one plain run that waits for a setup, and the answers to repeated requests.

A plain request that finds a run waiting joins it, and the wider mode wins (spec/interfaces.md §4). The waiting
run stands in the setup's own partition: taking the lease and taking up the run is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.errors import StateConflict
from shared.state.keys import SEPARATOR, after, company_key, escape, moment, stamp, user_key
from shared.state.rows import Row
from shared.state.runs import Mode, Run, Runs, Trigger
from shared.state.tables import Tables, quoted

TABLE = "Setups"
IDEMPOTENCY = "Idempotency"
_ATTEMPTS = 6
_REMEMBERED = timedelta(days=1)
_STALE = timedelta(minutes=2)
"""A run that waits for longer may have lost its message, or even its row."""
_LONG_AGO = stamp(datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """The run that waits: its id, the widest mode and the strongest trigger asked for, since when."""

    run: str
    mode: Mode
    trigger: Trigger
    at: str
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The run that will do what was asked for.

    `send`: the caller is to send its message: the run is new, or waits for so long that its message may be lost
    (a second message does no harm).
    """

    run: str
    created: bool
    send: bool


def queue_key(key: str) -> str:
    """Row of the waiting run; `key` is the company's."""
    return f"{key}{SEPARATOR}queue"


def queued_run(row: Row | None) -> QueuedRun | None:
    """The waiting run of a row as read."""
    if row is None:
        return None
    mode, trigger = Mode(row.text("mode")), Trigger(row.text("trigger"))
    return QueuedRun(row.text("run"), mode, trigger, row.text("at"), row.etag)


def wider(one: Mode, other: Mode) -> Mode:
    """Full covers incremental."""
    return Mode.FULL if Mode.FULL in (one, other) else Mode.INCREMENTAL


def stronger(one: Trigger, other: Trigger) -> Trigger:
    """What a person asked for stays so when it joins a timer's run (`untilFullSync`, sync rules §1)."""
    return Trigger.MANUAL if Trigger.MANUAL in (one, other) else one


class RunQueue:
    """Who waits for which setup."""

    def __init__(self, tables: Tables, runs: Runs, clock: Callable[[], datetime]) -> None:
        self._tables = tables
        self._runs = runs
        self._clock = clock

    def waiting(self, user: str, company: str) -> QueuedRun | None:
        """The run that waits, if any. One round trip."""
        return queued_run(self._tables.get(TABLE, user_key(user), queue_key(company_key(company))))

    def claim(self, run: Run) -> Claimed:
        """Makes `run` the waiting one and stores it, or joins it to the one that waits. Two round trips.

        Only for plain runs: those with a filter or a preview are stored by `Runs.create` and never join.
        """
        for _ in range(_ATTEMPTS):
            mine = QueuedRun(run.id, run.mode, run.trigger, stamp(self._clock()))
            try:
                self._tables.insert(TABLE, _row(run, mine))
            except StateConflict:
                waiting = self.waiting(run.user, run.company)
            else:
                self._ensure(run)
                return Claimed(run.id, created=True, send=True)
            if waiting is not None and waiting.run == run.id:
                self._ensure(run)
                return Claimed(run.id, created=True, send=True)
            try:
                if waiting is not None:
                    return self._join(waiting, run)
            except StateConflict:
                continue
        raise StateConflict("Runs of this setup come and go too fast: try again")

    def unsent(self, user: str, company: str, run: str) -> None:
        """Notes that `run` waits without a message: the next request, or the next tick, sends it."""
        waiting = self.waiting(user, company)
        if waiting is not None and waiting.run == run:
            row = _row(Run(run, user, company), replace(waiting, at=_LONG_AGO))
            self._tables.replace(TABLE, row)

    def clear(self, user: str, company: str, run: str) -> None:
        """Takes `run` out of the queue, where it failed before it began."""
        waiting = self.waiting(user, company)
        if waiting is not None and waiting.run == run:
            self._tables.delete(TABLE, user_key(user), queue_key(company_key(company)))

    def _join(self, waiting: QueuedRun, run: Run) -> Claimed:
        mode, trigger = wider(waiting.mode, run.mode), stronger(waiting.trigger, run.trigger)
        stale = self._clock() - moment(waiting.at) > _STALE
        wanted = replace(waiting, mode=mode, trigger=trigger)
        if stale:
            wanted = replace(wanted, at=stamp(self._clock()))
        if wanted != waiting:
            self._tables.replace(TABLE, _row(run, wanted))
            self._ensure(replace(run, id=waiting.run, mode=mode, trigger=trigger))
        return Claimed(waiting.run, created=False, send=stale)

    def _ensure(self, run: Run) -> None:
        """Stores the run, or its mode and trigger where it is stored: the queue's row was written first."""
        try:
            self._runs.create(run)
        except StateConflict:
            stored = self._runs.get(run.id)
            if stored is not None and (stored.mode, stored.trigger) != (run.mode, run.trigger):
                self._runs.update(replace(stored, mode=run.mode, trigger=run.trigger))


def _row(run: Run, waiting: QueuedRun) -> Row:
    values = {
        "run": waiting.run,
        "mode": waiting.mode.value,
        "trigger": waiting.trigger.value,
        "at": waiting.at,
    }
    return Row(user_key(run.user), queue_key(company_key(run.company)), values, waiting.etag)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The run that an Idempotency-Key stands for, and the digest of the request that first came with it."""

    run: str
    request: str


class Idempotency:
    """Idempotency-Keys: the same key gives the same run."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime]) -> None:
        self._tables = tables
        self._clock = clock

    def remember(self, scope: str, key: str, run: str, request: str) -> Remembered:
        """Lets `key` of a caller's `scope` stand for `run`, or says which run it stands for since earlier.

        `scope` begins with the user whom the request is about and a blank (`clear`).

        `run` need not exist yet: who gets an id back whose run is missing makes the run with that id.
        """
        at = stamp(self._clock())
        row = Row(escape(scope), escape(key), {"run": run, "request": request, "at": at})
        try:
            self._tables.insert(IDEMPOTENCY, row)
        except StateConflict:
            found = self._tables.get(IDEMPOTENCY, row.partition, row.key)
            if found is None:
                raise
            return Remembered(found.text("run"), found.text("request"))
        return Remembered(run, request)

    def purge(self, now: datetime, most: int) -> int:
        """Forgets keys of more than a day ago, `most` at the most; how many."""
        return self._tables.clear(IDEMPOTENCY, f"at lt {quoted(stamp(now - _REMEMBERED))}", most)

    def clear(self, user: str) -> int:
        """Forgets the keys of all requests about a user; how many there were."""
        mine = escape(f"{user_key(user)} ")
        where = f"PartitionKey ge {quoted(mine)} and PartitionKey lt {quoted(after(mine))}"
        return self._tables.clear(IDEMPOTENCY, where)

    def point(self, scope: str, key: str, run: str) -> None:
        """Lets the key stand for another run: the one that its own was joined to."""
        self._tables.merge(IDEMPOTENCY, Row(escape(scope), escape(key), {"run": run}))
