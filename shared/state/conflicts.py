"""Conflict records: what was overwritten, kept so that a person can take it back (sync rules §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.model import Field, Side
from shared.state.keys import SEPARATOR, inverted, moment, setup_key, stamp
from shared.state.rows import Page, Value
from shared.state.shelf import Shelf
from shared.state.tables import Tables, quoted


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field: the value that stands, the one that lost, and whose it was."""

    field: Field
    kept: str
    lost: str
    loser: Side


@dataclass(frozen=True, slots=True)
class Conflict:
    """A settled conflict of one contact. `id`, `at` and `expires` are set when it is stored."""

    bc_id: str
    outlook_id: str
    run: str
    fields: tuple[FieldConflict, ...]
    name: str = ""
    at: str = ""
    expires: str = ""
    resolved: bool = False
    id: str = ""


class Conflicts:
    """The table of conflict records, newest first."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime], retention: timedelta) -> None:
        self._shelf = Shelf(tables, "Conflicts", Conflict, _key, _columns)
        self._clock = clock
        self._retention = retention

    def add(self, user: str, company: str, conflicts: Iterable[Conflict]) -> list[Conflict]:
        """Stores records. The same contact, run and `at` again replace: a repeated slice leaves no twins."""
        stored = [self._complete(conflict) for conflict in conflicts]
        self._shelf.save(setup_key(user, company), stored)
        return stored

    def get(self, user: str, company: str, conflict: str) -> Conflict | None:
        """One record by its id, None where there is none."""
        return self._shelf.get(setup_key(user, company), conflict)

    def of_contact(self, user: str, company: str, contact: str) -> list[Conflict]:
        """The records of a contact by either side's id, newest first, resolved ones included."""
        where = f"( bc_id eq {quoted(contact)} or outlook_id eq {quoted(contact)} )"
        return list(self._shelf.all(setup_key(user, company), where=f"{where} and {self._alive()}"))

    def page(self, user: str, company: str, size: int = 50, continuation: str = "") -> Page[Conflict]:
        """A page of records, newest first. One round trip."""
        return self._shelf.page(setup_key(user, company), size, continuation, self._alive())

    def resolve(self, user: str, company: str, conflict: Conflict) -> Conflict:
        """A person took the other value: the record stays, marked."""
        resolved = replace(conflict, resolved=True)
        self._shelf.save(setup_key(user, company), [resolved])
        return resolved

    def all(self, user: str, company: str) -> list[Conflict]:
        """Every record of a setup."""
        return list(self._shelf.all(setup_key(user, company)))

    def purge(self, user: str, company: str, now: datetime, most: int) -> int:
        """Removes expired records, `most` at the most; how many."""
        return self._shelf.purge(setup_key(user, company), now, most)

    def clear(self, user: str, company: str) -> int:
        """Removes every record of a setup; how many."""
        return self._shelf.clear(setup_key(user, company))

    def _alive(self) -> str:
        return f"expires ge {quoted(stamp(self._clock()))}"

    def _complete(self, conflict: Conflict) -> Conflict:
        at = conflict.at or stamp(self._clock())
        contact = f"{conflict.run} {conflict.bc_id} {conflict.outlook_id}"
        digest = hashlib.sha256(contact.encode()).hexdigest()[:20]
        return replace(
            conflict,
            at=at,
            expires=stamp(moment(at) + self._retention),
            id=f"{inverted(moment(at))}{SEPARATOR}{digest}",
        )


def _key(conflict: Conflict) -> str:
    return conflict.id


def _columns(conflict: Conflict) -> dict[str, Value]:
    return {"bc_id": conflict.bc_id, "outlook_id": conflict.outlook_id, "expires": conflict.expires}
