"""The state of the app as one object: built once per process, connected when first used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.settings import StorageSettings
from shared.state.access import Access, Aliases
from shared.state.claims import Claims
from shared.state.companies import Companies
from shared.state.conflicts import Conflicts
from shared.state.connection import queue_service, table_service
from shared.state.held import HeldItems
from shared.state.job_queue import JobQueue
from shared.state.links import Links
from shared.state.outcomes import Outcomes
from shared.state.personal import Personal
from shared.state.purge import Purge
from shared.state.removed import RemovedCopies
from shared.state.run_queue import Idempotency, RunQueue
from shared.state.runs import Runs
from shared.state.setups import Setups
from shared.state.subscriptions import Subscriptions
from shared.state.tables import Tables


class Store:
    """Everything that is kept. Thread-safe; tables and the queue appear when first used.

    `clock` gives the time in UTC, `token` gives random text of at least 128 bits, different at each call.
    Errors: StateConflict, LeaseLost, Busy, AccessDenied (shared/errors.py).
    """

    def __init__(
        self,
        storage: StorageSettings,
        clock: Callable[[], datetime],
        token: Callable[[], str],
        retention_days: int = 30,
    ) -> None:
        retention = timedelta(days=retention_days)
        self._tables = Tables(lambda: table_service(storage))
        self.jobs = JobQueue(lambda: queue_service(storage))
        self.setups = Setups(self._tables, clock, token)
        self.links = Links(self._tables)
        self.outcomes = Outcomes(self._tables)
        self.conflicts = Conflicts(self._tables, clock, retention)
        self.held = HeldItems(self._tables, clock, retention)
        self.removed = RemovedCopies(self._tables, clock, retention)
        self.companies = Companies(self._tables, token)
        self.claims = Claims(self._tables, self.companies, clock)
        self.access = Access(self._tables, clock)
        self.aliases = Aliases(self._tables, clock)
        self.subscriptions = Subscriptions(self._tables)
        self.runs = Runs(self._tables, clock, token, retention)
        self.run_queue = RunQueue(self._tables, self.runs, clock)
        self.idempotency = Idempotency(self._tables, clock)
        self.purge = Purge(
            self._tables,
            self.setups,
            self.runs,
            self.conflicts,
            self.held,
            self.removed,
            self.claims,
            self.idempotency,
        )
        self.personal = Personal(
            self.setups,
            self.links,
            self.outcomes,
            self.conflicts,
            self.held,
            self.removed,
            self.runs,
            self.access,
            self.aliases,
            self.subscriptions,
            self.claims,
            self.idempotency,
        )

    @property
    def round_trips(self) -> int:
        """Requests sent to Storage since the start (spec/targets.md T3)."""
        return self._tables.round_trips + self.jobs.round_trips
