"""Rows that are one frozen value each: a partition's values by key, in order, in pages, with an end of life."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from shared.state.keys import stamp
from shared.state.rows import Page, Row, Value, packed, present
from shared.state.tables import Tables, quoted, within

T = TypeVar("T")


class Shelf(Generic[T]):
    """One table of values. `key` names a value's row, `columns` what queries ask for (`expires` among them)."""

    def __init__(
        self,
        tables: Tables,
        table: str,
        kind: type[T],
        key: Callable[[T], str],
        columns: Callable[[T], Mapping[str, Value]],
    ) -> None:
        self._tables = tables
        self._table = table
        self._json = TypeAdapter(kind)
        self._key = key
        self._columns = columns

    def save(self, partition: str, items: Iterable[T]) -> None:
        """Adds or replaces values. One round trip per 100."""
        self._tables.put_all(self._table, (self._row(partition, item) for item in items))

    def get(self, partition: str, key: str) -> T | None:
        """The value of a row, None where there is none. One round trip."""
        row = self._tables.get(self._table, partition, key)
        return None if row is None else self._value(row)

    def all(self, partition: str, start: str = "", end: str = "", where: str = "") -> Iterator[T]:
        """The values of a partition, or of a range of its keys, in order. One round trip per 1,000."""
        query = _and(within(partition, start, end), where)
        return (self._value(row) for row in self._tables.rows(self._table, query))

    def page(self, partition: str, size: int, continuation: str = "", where: str = "") -> Page[T]:
        """A page of a partition. One round trip."""
        page = self._tables.page(self._table, _and(within(partition), where), size, continuation)
        return Page([self._value(row) for row in page.items], page.next)

    def delete(self, partition: str, keys: Iterable[str]) -> None:
        """Those that are gone do not matter. One round trip per 100."""
        self._tables.delete_all(self._table, partition, keys)

    def clear(self, partition: str, start: str = "", end: str = "") -> int:
        """Empties a partition or a range of its keys; how many there were."""
        return self._tables.clear(self._table, within(partition, start, end))

    def purge(self, partition: str, now: datetime, most: int) -> int:
        """Removes what expired before `now`, `most` at the most; how many."""
        query = _and(within(partition), f"expires lt {quoted(stamp(now))}")
        return self._tables.clear(self._table, query, most)

    def _row(self, partition: str, item: T) -> Row:
        body = self._json.dump_python(item, mode="json", exclude_defaults=True)
        return Row(partition, self._key(item), present(self._columns(item)) | packed("body", body))

    def _value(self, row: Row) -> T:
        return self._json.validate_python(row.packed("body"))


def _and(first: str, second: str) -> str:
    return f"{first} and {second}" if second else first
