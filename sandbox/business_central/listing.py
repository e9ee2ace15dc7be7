"""Reading a set: which rows a reader sees, in which order, cut into pages with opaque links."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from itertools import islice
from typing import TypeAlias
from urllib.parse import quote

import orjson

from sandbox.business_central import errors
from sandbox.business_central.database import Company, Row
from sandbox.business_central.entity import EntityType, Kind, Value, Values
from sandbox.business_central.query import Order, Query

_REMEMBERED_LINKS = 100_000


@dataclass(frozen=True, slots=True)
class FewRows:
    """A small set."""

    rows: list[Row]

    def get(self, row_id: str) -> Row | None:
        return next((row for row in self.rows if row.id == row_id), None)

    def all(self) -> Collection[Row]:
        return self.rows


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contacts of a company as one reader sees them: `sight` says where that is not the table itself."""

    company: Company
    sight: Mapping[str, Row | None] = field(default_factory=dict)

    def get(self, row_id: str) -> Row | None:
        return self.sight[row_id] if row_id in self.sight else self.company.rows.get(row_id)

    def all(self) -> Collection[Row]:
        if not self.sight:
            return self.company.rows.values()
        seen = {**self.company.rows, **self.sight}
        return [row for row in seen.values() if row is not None]

    def quick(self, order: tuple[Order, ...], since: str, after: Row | None) -> Iterator[Row] | None:
        """The rows changed since a moment, in order, beyond `after`; None where no index gives that."""
        if self.sight or len(order) != 1:
            return None
        start: tuple[str, ...]
        key: tuple[str, ...]
        if order[0].name == "lastModifiedDateTime":
            index, start = self.company.by_time, (since,) if since else ()
            key = (after.stamp, after.key, after.id) if after is not None else ()
        elif order[0].name == "number" and not since:
            index, start = self.company.by_number, ()
            key = (after.key, after.id) if after is not None else ()
        else:
            return None
        ids = index.downwards(start, key) if order[0].downwards else index.upwards(start, key)
        rows = self.company.rows
        return (rows[each] for each in ids)

    def since(self, moment: str) -> Collection[Row]:
        """At least the rows changed from a moment on ("": all)."""
        if self.sight or not moment:
            return self.all()
        rows = self.company.rows
        return [rows[each] for each in self.company.by_time.upwards((moment,))]


Rows: TypeAlias = FewRows | Contacts
"""What can be listed."""


class Links:
    """The next links that were given out: each is good only as it stands."""

    def __init__(self) -> None:
        self._issued: OrderedDict[tuple[str, str], Row] = OrderedDict()

    def issue(self, path: str, query: str, last: Row) -> None:
        self._issued[path, query] = last
        if len(self._issued) > _REMEMBERED_LINKS:
            self._issued.popitem(last=False)

    def last_row(self, path: str, query: str) -> Row | None:
        """The last row of the page before, as it then was; None for a link that was never given."""
        return self._issued.get((path, query))


@dataclass(frozen=True, slots=True)
class Page:
    """`last`: the row to go on after, None on the final page. `total`: only where counted."""

    rows: list[Row]
    last: Row | None
    total: int | None


def read_page(rows: Rows, query: Query, entity: EntityType, size: int, after: Row | None) -> Page:
    """The next rows that match, in order. `query.order` must not be empty."""
    clause, since = query.clause, query.clause.since if query.clause is not None else ""
    found = rows.quick(query.order, since, after) if isinstance(rows, Contacts) else None
    if found is None:
        found = _sorted(rows, query, entity, since, after)
    if clause is not None:
        matches = clause.matches
        found = (row for row in found if matches(row.values))
    wanted = size if query.top is None else min(size, query.top)
    if after is None and query.skip:
        found = islice(found, query.skip, None)
    page = list(islice(found, wanted + 1))
    more = len(page) > wanted and (query.top is None or query.top > wanted)
    page = page[:wanted]
    total = count(rows, query) if query.count else None
    return Page(page, page[-1] if more and page else None, total)


def count(rows: Rows, query: Query) -> int:
    """How many rows match the filter."""
    if query.clause is None:
        return len(rows.all())
    matches = query.clause.matches
    return sum(matches(row.values) for row in rows.all())


def _sorted(rows: Rows, query: Query, entity: EntityType, since: str, after: Row | None) -> Iterator[Row]:
    candidates: Iterable[Row] = rows.since(since) if isinstance(rows, Contacts) else rows.all()
    if query.clause is not None:
        matches = query.clause.matches
        candidates = [row for row in candidates if matches(row.values)]
    keyed = [(_place(row, query.order, entity), row) for row in candidates]
    if after is not None:
        beyond = _place(after, query.order, entity)
        keyed = [each for each in keyed if each[0] > beyond]
    keyed.sort(key=lambda each: each[0])
    return (row for _, row in keyed)


@total_ordering
class _Downwards:
    """A sort key turned round."""

    __slots__ = ("key",)

    def __init__(self, key: Value) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Downwards) and self.key == other.key

    def __lt__(self, other: _Downwards) -> bool:
        return bool(other.key < self.key)  # type: ignore[operator]

    __hash__ = None  # type: ignore[assignment]


def _place(row: Row, order: tuple[Order, ...], entity: EntityType) -> tuple[Value | _Downwards, ...]:
    """Where a row stands: text by the collation, without case; last the primary key."""
    parts: list[Value | _Downwards] = []
    for term in order:
        value = row.values[term.name]
        kind = entity.properties[term.name].kind
        if kind is Kind.TEXT:
            value = str(value).casefold()
        elif kind is Kind.INSTANT:
            value = row.stamp if term.name == "lastModifiedDateTime" else str(value)[:-1]
        parts.append(_Downwards(value) if term.downwards else value)
    parts.append(_Downwards(row.key) if order[-1].downwards else row.key)
    return tuple(parts)


def next_query(raw: Mapping[str, str], page: Page) -> str:
    """The query of the next link: the old options re-encoded, then `aid=FIN` and the skip token.

    A $top beyond the page goes on with what is left of it (contracts/business-central.md §5.1).
    """
    assert page.last is not None
    parts: list[str] = []
    for name, value in raw.items():
        if name in ("aid", "$skiptoken", "$skip"):
            continue
        if name == "$top":
            value = str(int(value) - len(page.rows))
        parts.append(f"{name}={quote(value, safe='(),')}")
    parts += ["aid=FIN", f"$skiptoken={page.last.id}"]
    return "&".join(parts)


def shown(row: Row, select: tuple[str, ...] | None, etags: bool) -> Values:
    """The row as JSON values, with the ETag in front where the type has one."""
    values: Values = {"@odata.etag": row.etag} if etags else {}
    if select is None:
        return values | row.values
    for name in select:
        values[name] = row.values[name]
    return values


def rows_json(rows: Iterable[Row], select: tuple[str, ...] | None, etags: bool) -> bytes:
    """The rows as a JSON array."""
    if select is None and etags:
        return b"[" + b",".join([row.json for row in rows]) + b"]"
    return orjson.dumps([shown(row, select, etags) for row in rows])


def check_token(raw: Mapping[str, str], last: Row | None, rows: Rows, refuse_deleted: bool) -> None:
    """Refuse a link that was not given out, or whose row is gone."""
    if last is None:
        raise errors.query_syntax("The link is not one that was returned by the service.")
    if refuse_deleted and rows.get(raw["$skiptoken"]) is None:
        raise errors.skip_token_gone()
