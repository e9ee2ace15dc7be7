"""Held items: what the brakes kept back, decided anew at each run, let go by a person (sync rules §6)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.model import Side
from shared.state.keys import join, setup_key, stamp
from shared.state.rows import JsonMap, Page, Value
from shared.state.shelf import Shelf
from shared.state.tables import Tables

_SHOWN_KEPT = 50
"""Runs a person may still confirm from: more than a day's worth."""


@dataclass(frozen=True, slots=True)
class HeldItem:
    """One action that waits for a person.

    side, id, kind   the contact and what would be done with it
    action           the action as it is shown, values included
    shown_in         the runs that showed exactly this action, the latest last
    confirmed_by     the run whose confirmation covers it, "" = none
    """

    side: Side
    id: str
    kind: str
    action: JsonMap = field(default_factory=dict)
    shown_in: tuple[str, ...] = ()
    confirmed_by: str = ""
    at: str = ""
    expires: str = ""


class HeldItems:
    """The table of held items."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime], retention: timedelta) -> None:
        self._shelf = Shelf(tables, "Held", HeldItem, _key, _columns)
        self._clock = clock
        self._retention = retention

    def all(self, user: str, company: str) -> list[HeldItem]:
        """Every held item of a setup, confirmed ones included."""
        return list(self._shelf.all(setup_key(user, company)))

    def page(self, user: str, company: str, size: int = 100, continuation: str = "") -> Page[HeldItem]:
        """A page of held items. One round trip."""
        return self._shelf.page(setup_key(user, company), size, continuation)

    def replace(
        self, user: str, company: str, run: str, items: Iterable[HeldItem], kept: Iterable[HeldItem] = ()
    ) -> list[HeldItem]:
        """What `run` held is now all that is held, beside `kept`: what it did not decide on.

        The same action as before keeps where it was shown and its confirmation; a different one begins anew: a
        confirmation never covers what was not shown. What is no longer due is forgotten.
        """
        partition = setup_key(user, company)
        before = {_key(item): item for item in self._shelf.all(partition)}
        now = self._clock()
        after: dict[str, HeldItem] = {}
        for item in items:
            key = _key(item)
            known = before.get(key)
            same = known if known is not None and _digest(known) == _digest(item) else None
            shown = (*(shown for shown in same.shown_in if shown != run), run) if same else (run,)
            after[key] = replace(
                item,
                shown_in=shown[-_SHOWN_KEPT:],
                confirmed_by=same.confirmed_by if same else "",
                at=same.at if same else stamp(now),
                expires=stamp(now + self._retention),
            )
        self._shelf.save(partition, after.values())
        self._shelf.delete(partition, before.keys() - after.keys() - {_key(item) for item in kept})
        return list(after.values())

    def confirm(self, user: str, company: str, run: str) -> list[HeldItem]:
        """Lets go what `run` showed and what is still due; what that is."""
        partition = setup_key(user, company)
        shown = [item for item in self._shelf.all(partition) if run in item.shown_in]
        confirmed = [replace(item, confirmed_by=run) for item in shown]
        self._shelf.save(partition, confirmed)
        return confirmed

    def purge(self, user: str, company: str, now: datetime, most: int) -> int:
        """Removes expired items, `most` at the most; how many."""
        return self._shelf.purge(setup_key(user, company), now, most)

    def clear(self, user: str, company: str) -> int:
        """Forgets every held item of a setup; how many."""
        return self._shelf.clear(setup_key(user, company))


def _key(item: HeldItem) -> str:
    return join(item.side, item.id, item.kind)


def _columns(item: HeldItem) -> dict[str, Value]:
    return {"expires": item.expires}


def _digest(item: HeldItem) -> str:
    """What would be done, as the step itself says; beside it more may be known of the contact than before."""
    if of_step := item.action.get("digest"):
        return str(of_step)
    return hashlib.sha256(json.dumps(item.action, sort_keys=True).encode()).hexdigest()
