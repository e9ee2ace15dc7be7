"""Runs: what was asked for, how far it is, what it did.

A run's id says where it is stored: its setup's digest is the partition, and the rest, newest first, the row.
So a setup's runs are one range in the right order, without an index to keep. Actions have a partition per run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter

from shared.errors import StateConflict
from shared.model import Json, Setup
from shared.state.keys import after, escape, inverted, setup_key, stamp
from shared.state.rows import JsonMap, Page, Row, Value, packed
from shared.state.tables import Tables, quoted, within

RUNS = "Runs"
ACTIONS = "RunActions"
_PLAN_KEPT = timedelta(days=1)


class RunKind(StrEnum):
    SYNC = "sync"
    PREVIEW = "preview"
    RESTORE = "restore"


class Mode(StrEnum):
    INCREMENTAL = "incremental"
    FULL = "full"


class Trigger(StrEnum):
    MANUAL = "manual"
    TIMER = "timer"
    GRAPH = "graph"
    BUSINESS_CENTRAL = "businessCentral"


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    NEEDS_CONFIRMATION = "needsConfirmation"


FINISHED = frozenset(RunState) - {RunState.QUEUED, RunState.RUNNING}


@dataclass(frozen=True, slots=True)
class SideCounts:
    """Writes to one side. Nothing is ever deleted in Business Central."""

    created: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the contacts that a run looked at."""

    to_outlook: SideCounts = SideCounts()
    to_business_central: SideCounts = SideCounts()
    unchanged: int = 0
    conflicts: int = 0
    held: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as `GET /api/runs/{runId}` tells it, and what it needs to go on.

    filter      for this run only (sync rules §4), None = the setup's own
    setup       for this preview only, None = the stored one
    source      the preview that is applied, or the run whose removals are brought back
    slice       how many slices of at most five minutes were begun
    checkpoint  where the next slice goes on
    trace       traceparent of the request
    expires     when the run and its actions go: a preview after a day
    etag        version as read; no part of the run itself
    """

    id: str
    user: str
    company: str
    kind: RunKind = RunKind.SYNC
    mode: Mode = Mode.INCREMENTAL
    trigger: Trigger = Trigger.MANUAL
    state: RunState = RunState.QUEUED
    phase: str = ""
    done: int = 0
    total: int = 0
    queued_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    counts: Counts = Counts()
    message: str = ""
    filter: Mapping[str, str] | None = None
    setup: Setup | None = None
    source: str = ""
    idempotency_key: str = ""
    slice: int = 0
    checkpoint: JsonMap = field(default_factory=dict)
    trace: str = ""
    expires: str = ""
    etag: str = field(default="", compare=False)


_JSON = TypeAdapter(Run)


class Runs:
    """The table of runs. `clock` gives the time in UTC; `token` gives random text, different at each call."""

    def __init__(
        self, tables: Tables, clock: Callable[[], datetime], token: Callable[[], str], retention: timedelta
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._token = token
        self._retention = retention

    def new_id(self, user: str, company: str) -> str:
        """An id for a run of this setup that is about to be made."""
        return f"{_partition(user, company)}-{inverted(self._clock())}-{escape(self._token())}"

    def create(self, run: Run) -> Run:
        """Stores a new run; `queued_at` and `expires` are set where blank. One round trip.

        Raises StateConflict where there is a run with this id.
        """
        now = self._clock()
        kept = _PLAN_KEPT if run.kind is RunKind.PREVIEW else self._retention
        stored = replace(run, queued_at=run.queued_at or stamp(now), expires=run.expires or stamp(now + kept))
        return replace(stored, etag=self._tables.insert(RUNS, _row(stored)))

    def get(self, run: str) -> Run | None:
        """One run, None where there is none, whatever the text. One round trip."""
        partition, _, key = run.partition("-")
        if not partition or not key or escape(run) != run:
            return None
        row = self._tables.get(RUNS, partition, key)
        return None if row is None else _run(row)

    def update(self, run: Run) -> Run:
        """Writes the run over the version it was read as. One round trip.

        Raises StateConflict where it changed meanwhile.
        """
        if not run.etag:
            raise ValueError("a run that was not read is not written back")
        try:
            return replace(run, etag=self._tables.replace(RUNS, _row(run)))
        except StateConflict:
            # A write whose answer was lost is repeated by the SDK and meets itself.
            stored = self.get(run.id)
            if stored != run:
                raise
            return stored

    def add_actions(self, run: str, first: int, actions: Sequence[Mapping[str, Json]]) -> int:
        """Appends what the run did, or would do, numbered from `first`; the next number.

        The same numbers again replace: a slice that is repeated leaves no twins.
        """
        rows = (
            Row(run, f"{number:07d}", packed("action", dict(action)))
            for number, action in enumerate(actions, first)
        )
        self._tables.put_all(ACTIONS, rows)
        return first + len(actions)

    def actions(self, run: str, size: int = 100, continuation: str = "") -> Page[dict[str, Json]]:
        """A page of what the run did, in the order it was added. One round trip."""
        page = self._tables.page(ACTIONS, within(run), size, continuation)
        return Page([_action(row) for row in page.items], page.next)

    def all_actions(self, run: str) -> Iterator[dict[str, Json]]:
        """Everything the run did, in the order it was added. One round trip per 1,000."""
        return (_action(row) for row in self._tables.rows(ACTIONS, within(run)))

    def recent(self, user: str, company: str, size: int = 20, continuation: str = "") -> Page[Run]:
        """A page of a setup's runs, newest first. One round trip."""
        page = self._tables.page(RUNS, within(_partition(user, company)), size, continuation)
        return Page([_run(row) for row in page.items], page.next)

    def all(self, user: str, company: str) -> Iterator[Run]:
        """Every run of a setup that is kept, newest first."""
        return (_run(row) for row in self._tables.rows(RUNS, within(_partition(user, company))))

    def purge(self, user: str, company: str, now: datetime, most: int) -> int:
        """Removes expired runs of a setup and their actions, `most` at the most; how many runs."""
        where = f"{within(_partition(user, company))} and expires lt {quoted(stamp(now))}"
        return self._remove(where, most)

    def clear(self, user: str, company: str) -> int:
        """Removes every run of a setup and their actions; how many runs.

        Also actions without a run: those that one wrote while it was removed.
        """
        runs = self._remove(within(_partition(user, company)), None)
        start = f"{_partition(user, company)}-"
        where = f"PartitionKey ge {quoted(start)} and PartitionKey lt {quoted(after(start))}"
        self._tables.clear(ACTIONS, where)
        return runs

    def _remove(self, where: str, most: int | None) -> int:
        keys: list[tuple[str, str]] = []
        for row in self._tables.rows(RUNS, where, ("PartitionKey", "RowKey")):
            if most is not None and len(keys) >= most:
                break
            keys.append((row.partition, row.key))
        for partition, key in keys:
            self._tables.clear(ACTIONS, within(f"{partition}-{key}"))
            self._tables.delete(RUNS, partition, key)
        return len(keys)


def _partition(user: str, company: str) -> str:
    return hashlib.sha256(setup_key(user, company).encode()).hexdigest()[:20]


def _row(run: Run) -> Row:
    partition, _, key = run.id.partition("-")
    values: dict[str, Value] = {
        "user": run.user,
        "company": run.company,
        "state": run.state.value,
        "expires": run.expires,
        # Packed: the checkpoint of a long run names thousands of contacts.
        **packed("body", _JSON.dump_python(run, mode="json", exclude={"etag"}, exclude_defaults=True)),
    }
    return Row(partition, key, values, run.etag)


def _run(row: Row) -> Run:
    return replace(_JSON.validate_python(row.packed("body")), etag=row.etag)


def _action(row: Row) -> dict[str, Json]:
    action = row.packed("action")
    return action if isinstance(action, dict) else {}
