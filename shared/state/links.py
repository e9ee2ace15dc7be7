"""Links: one partition per setup, one row per pair, keyed by the Business Central contact.

Ids, etags and fingerprints only (sync rules §10). Lookups by Outlook id search the partition at the server: a
second row per link would double every write of a first sync.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from shared.model import Field, Link, LinkState, Outcome, Reason
from shared.state.keys import escape, setup_key
from shared.state.rows import Page, Row, Value, present
from shared.state.tables import Tables, either, within

TABLE = "Links"
_PER_FILTER = 12
"""Table Storage allows 15 comparisons in a filter; three are the partition and the range."""
_FEW = 5 * _PER_FILTER
"""From here on, reading the whole partition (1,000 rows a page) takes fewer round trips."""


class Links:
    """The table of links."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load(self, user: str, company: str) -> list[Link]:
        """Every link of a setup, in no order that matters. One round trip per 1,000."""
        return [_link(row) for row in self._rows(user, company)]

    def load_some(self, user: str, company: str, bc_ids: Iterable[str]) -> list[Link]:
        """The links of some Business Central contacts: a round trip per dozen; many: all are read."""
        keys = {escape(bc_id) for bc_id in bc_ids}
        if len(keys) > _FEW:
            return [_link(row) for row in self._rows(user, company) if row.key in keys]
        partition = setup_key(user, company)
        if len(keys) == 1:
            row = self._tables.get(TABLE, partition, next(iter(keys)))
            return [] if row is None else [_link(row)]
        found: list[Link] = []
        for part in _parts(sorted(keys)):
            where = f"{within(partition, part[0])} and RowKey le '{part[-1]}' and {either('RowKey', part)}"
            found.extend(_link(row) for row in self._tables.rows(TABLE, where))
        return found

    def find_by_outlook(self, user: str, company: str, outlook_ids: Iterable[str]) -> list[Link]:
        """The links of some Outlook contacts, as `load_some`."""
        wanted = set(outlook_ids) - {""}
        if len(wanted) > _FEW:
            return [link for link in self.load(user, company) if link.outlook_id in wanted]
        partition = setup_key(user, company)
        found: list[Link] = []
        for part in _parts(sorted(wanted)):
            where = f"{within(partition)} and {either('outlook_id', part)}"
            found.extend(_link(row) for row in self._tables.rows(TABLE, where))
        return found

    def page(
        self, user: str, company: str, outcome: Outcome | None, size: int, continuation: str = ""
    ) -> Page[Link]:
        """A page of links, of one outcome where it is given. One round trip."""
        where = within(setup_key(user, company))
        if outcome is not None:
            where += f" and outcome eq '{outcome.value}'"
        page = self._tables.page(TABLE, where, size, continuation)
        return Page([_link(row) for row in page.items], page.next)

    def save(self, user: str, company: str, links: Iterable[Link]) -> None:
        """Writes the links whole. One round trip per 100; an outage leaves earlier hundreds written."""
        partition = setup_key(user, company)
        self._tables.put_all(TABLE, (_row(partition, link) for link in links))

    def delete(self, user: str, company: str, bc_ids: Iterable[str]) -> None:
        """Forgets links; those that are gone do not matter."""
        self._tables.delete_all(TABLE, setup_key(user, company), (escape(bc_id) for bc_id in bc_ids))

    def count(self, user: str, company: str) -> int:
        """How many links there are. One round trip per 1,000."""
        where = within(setup_key(user, company))
        return sum(1 for _ in self._tables.rows(TABLE, where, ("RowKey",)))

    def clear(self, user: str, company: str) -> int:
        """Forgets all links of a setup; how many."""
        return self._tables.clear(TABLE, within(setup_key(user, company)))

    def _rows(self, user: str, company: str) -> Iterator[Row]:
        return self._tables.rows(TABLE, within(setup_key(user, company)))


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _PER_FILTER):
        yield items[start : start + _PER_FILTER]


def _row(partition: str, link: Link) -> Row:
    values: dict[str, Value] = {
        "bc_id": link.bc_id,
        "outlook_id": link.outlook_id,
        "state": link.state.value,
        "bc_etag": link.bc_etag,
        "outlook_etag": link.outlook_etag,
        "bc_prints": link.bc_prints,
        "outlook_prints": link.outlook_prints,
        "bc_modified": link.bc_modified,
        "matched": link.matched,
        "private": link.private,
        "unlooked": link.unlooked,
        "outcome": link.outcome.value,
        "note": link.note.value if link.note else "",
        "refused": " ".join(link.refused),
        "run": link.run,
        "at": link.at,
    }
    return Row(partition, escape(link.bc_id), present(values))


def _link(row: Row) -> Link:
    note = row.text("note")
    return Link(
        bc_id=row.text("bc_id"),
        outlook_id=row.text("outlook_id"),
        state=LinkState(row.text("state")),
        bc_etag=row.text("bc_etag"),
        outlook_etag=row.text("outlook_etag"),
        bc_prints=row.binary("bc_prints"),
        outlook_prints=row.binary("outlook_prints"),
        bc_modified=row.text("bc_modified"),
        matched=row.flag("matched"),
        private=row.flag("private"),
        unlooked=row.flag("unlooked"),
        outcome=Outcome(row.text("outcome")),
        note=Reason(note) if note else None,
        refused=tuple(map(Field, row.text("refused").split())),
        # Twenty thousand links name a handful of runs and times.
        run=sys.intern(row.text("run")),
        at=sys.intern(row.text("at")),
    )
