"""Latest outcome of contacts that have no link, failed or are held (sync rules §9); links carry their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.model import Outcome, Reason, Side
from shared.state.keys import after, escape, join, setup_key, stamp
from shared.state.rows import Page, Value
from shared.state.shelf import Shelf
from shared.state.tables import Tables, either, quoted

_PER_FILTER = 12


@dataclass(frozen=True, slots=True)
class ContactOutcome:
    """What became of one contact. No contact data.

    side, id   which contact
    version    etag of the contact when it was looked at
    related    the Business Central contact that is the reason, e.g. of `duplicate`
    code       what the service called its refusal
    attempts, next_at   failures so far and when it is tried again, "" = not by itself
    parked     it failed too often: only an edit or a person brings it back
    """

    side: Side
    id: str
    outcome: Outcome
    reason: Reason | None = None
    at: str = ""
    run: str = ""
    attempts: int = 0
    next_at: str = ""
    parked: bool = False
    version: str = ""
    related: str = ""
    code: str = ""


class Outcomes:
    """The table of outcomes."""

    def __init__(self, tables: Tables) -> None:
        self._shelf = Shelf(tables, "Outcomes", ContactOutcome, _key, _columns)

    def save(self, user: str, company: str, outcomes: Iterable[ContactOutcome]) -> None:
        """Replaces the latest outcome of each contact. One round trip per 100."""
        self._shelf.save(setup_key(user, company), outcomes)

    def delete(self, user: str, company: str, contacts: Iterable[tuple[Side, str]]) -> None:
        """Forgets contacts that are well, linked or gone."""
        self._shelf.delete(setup_key(user, company), (join(side, contact) for side, contact in contacts))

    def get(self, user: str, company: str, contacts: Iterable[tuple[Side, str]]) -> list[ContactOutcome]:
        """Those of some contacts. One round trip per dozen; for many, the whole partition."""
        partition = setup_key(user, company)
        keys = sorted({join(side, contact) for side, contact in contacts})
        if len(keys) > 5 * _PER_FILTER:
            wanted = set(keys)
            return [found for found in self._shelf.all(partition) if _key(found) in wanted]
        found: list[ContactOutcome] = []
        for start in range(0, len(keys), _PER_FILTER):
            where = either("RowKey", keys[start : start + _PER_FILTER])
            found.extend(self._shelf.all(partition, where=where))
        return found

    def due(self, user: str, company: str, now: datetime) -> list[ContactOutcome]:
        """Failed contacts whose retry is due (sync rules §7)."""
        return list(self._shelf.all(setup_key(user, company), where=f"next_at le {quoted(stamp(now))}"))

    def next_due(self, user: str, company: str) -> str:
        """When the earliest retry is due, "" where none waits."""
        waiting = self._shelf.all(setup_key(user, company), where="next_at gt ''")
        return min((outcome.next_at for outcome in waiting), default="")

    def page(
        self,
        user: str,
        company: str,
        outcome: Outcome | None = None,
        side: Side | None = None,
        size: int = 100,
        continuation: str = "",
    ) -> Page[ContactOutcome]:
        """A page of outcomes, by side and contact. One round trip."""
        where: list[str] = []
        if outcome is not None:
            where.append(f"outcome eq {quoted(outcome)}")
        if side is not None:
            start = f"{escape(side)}~"
            where.append(f"RowKey ge {quoted(start)} and RowKey lt {quoted(after(start))}")
        return self._shelf.page(setup_key(user, company), size, continuation, " and ".join(where))

    def all(self, user: str, company: str) -> list[ContactOutcome]:
        """Every outcome of a setup."""
        return list(self._shelf.all(setup_key(user, company)))

    def clear(self, user: str, company: str) -> int:
        """Forgets every outcome of a setup; how many."""
        return self._shelf.clear(setup_key(user, company))


def _key(outcome: ContactOutcome) -> str:
    return join(outcome.side, outcome.id)


def _columns(outcome: ContactOutcome) -> dict[str, Value]:
    return {"outcome": outcome.outcome.value, "next_at": outcome.next_at}
