"""Forgetting in time: what expired goes, a bounded piece of work per call (sync rules §10)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.state.claims import Claims
from shared.state.conflicts import Conflicts
from shared.state.held import HeldItems
from shared.state.keys import moment, stamp
from shared.state.removed import RemovedCopies
from shared.state.rows import Row
from shared.state.run_queue import Idempotency
from shared.state.runs import Runs
from shared.state.setups import Setups
from shared.state.tables import Tables

_TABLE = "Maintenance"
_KEYS = ("purge", "cursor")
_PAUSE = timedelta(hours=6)
_PER_SETUP = 500
_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows went, and whether a round through all setups is over."""

    rows: int
    round_over: bool


class Purge:
    """Goes round all setups, some at each call, and rests between rounds."""

    def __init__(
        self,
        tables: Tables,
        setups: Setups,
        runs: Runs,
        conflicts: Conflicts,
        held: HeldItems,
        removed: RemovedCopies,
        claims: Claims,
        idempotency: Idempotency,
    ) -> None:
        self._tables = tables
        self._setups = setups
        self._whole_tables = (claims.purge, idempotency.purge)
        self._of_setup: tuple[Callable[[str, str, datetime, int], int], ...] = (
            runs.purge,
            conflicts.purge,
            held.purge,
            removed.purge,
        )

    def step(self, now: datetime, most_setups: int = 20) -> Purged:
        """The next setups of the round: four round trips each, and two more for what belongs to no setup.

        One round trip and nothing else within six hours of the last round.
        """
        cursor = self._tables.get(_TABLE, *_KEYS)
        rested = cursor.text("over_at") if cursor is not None else ""
        place = cursor.text("place") if cursor is not None else ""
        if not place and rested and moment(rested) <= now < moment(rested) + _PAUSE:
            return Purged(0, round_over=True)
        rows = sum(purge(now, _PER_SETUP) for purge in self._whole_tables)
        page = self._setups.names(most_setups, place)

        def purge(name: tuple[str, str]) -> int:
            return self.setup(name[0], name[1], now)

        with ThreadPoolExecutor(_TOGETHER) as pool:
            rows += sum(pool.map(purge, page.items))
        values = {"place": page.next, "over_at": "" if page.next else stamp(now)}
        self._tables.replace(_TABLE, Row(*_KEYS, values))
        return Purged(rows, round_over=not page.next)

    def setup(self, user: str, company: str, now: datetime) -> int:
        """What expired of one setup; how many rows."""
        return sum(purge(user, company, now, _PER_SETUP) for purge in self._of_setup)
