"""Copies that runs removed from Outlook, kept whole so that a person can have them back (invariant I19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.state.keys import SEPARATOR, after, escape, join, setup_key, stamp
from shared.state.rows import JsonMap, Value
from shared.state.shelf import Shelf
from shared.state.tables import Tables, quoted


@dataclass(frozen=True, slots=True)
class RemovedCopy:
    """One removed Outlook contact. `contact` is Graph's own JSON as it was read before."""

    run: str
    bc_id: str
    outlook_id: str
    contact: JsonMap = field(default_factory=dict)
    at: str = ""
    expires: str = ""


class RemovedCopies:
    """The table of removed copies."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime], retention: timedelta) -> None:
        self._shelf = Shelf(tables, "Removed", RemovedCopy, _key, _columns)
        self._clock = clock
        self._retention = retention

    def save(self, user: str, company: str, copies: Iterable[RemovedCopy]) -> None:
        """Keeps copies, before they are removed. Raises Refused where one does not fit into a row."""
        now = self._clock()
        dated = (replace(copy, at=stamp(now), expires=stamp(now + self._retention)) for copy in copies)
        self._shelf.save(setup_key(user, company), dated)

    def of_run(self, user: str, company: str, run: str) -> list[RemovedCopy]:
        """What a run removed and what was not brought back since."""
        start = f"{escape(run)}{SEPARATOR}"
        return list(self._shelf.all(setup_key(user, company), start, after(start), self._alive()))

    def of_contact(self, user: str, company: str, contact: str) -> list[RemovedCopy]:
        """The removed copies of a contact by either side's id, the latest first."""
        where = f"( bc_id eq {quoted(contact)} or outlook_id eq {quoted(contact)} ) and {self._alive()}"
        found = self._shelf.all(setup_key(user, company), where=where)
        return sorted(found, key=lambda copy: copy.at, reverse=True)

    def delete(self, user: str, company: str, copies: Iterable[RemovedCopy]) -> None:
        """They are back, or were never removed."""
        self._shelf.delete(setup_key(user, company), (_key(copy) for copy in copies))

    def all(self, user: str, company: str) -> list[RemovedCopy]:
        """Every removed copy of a setup."""
        return list(self._shelf.all(setup_key(user, company)))

    def purge(self, user: str, company: str, now: datetime, most: int) -> int:
        """Removes expired copies, `most` at the most; how many."""
        return self._shelf.purge(setup_key(user, company), now, most)

    def clear(self, user: str, company: str) -> int:
        """Forgets every copy of a setup; how many."""
        return self._shelf.clear(setup_key(user, company))

    def _alive(self) -> str:
        return f"expires ge {quoted(stamp(self._clock()))}"


def _key(copy: RemovedCopy) -> str:
    return join(copy.run, copy.bc_id)


def _columns(copy: RemovedCopy) -> dict[str, Value]:
    return {"bc_id": copy.bc_id, "outlook_id": copy.outlook_id, "expires": copy.expires}
