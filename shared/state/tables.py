"""Table Storage with few words: rows by key, by range, in transactions; tables appear when first used."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Protocol, TypeVar, cast

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TableErrorCode, TableServiceClient, UpdateMode

from shared.errors import StateConflict
from shared.state.outage import storage_errors
from shared.state.rows import Page, Row, Value

_PER_TRANSACTION = 100
_PER_PAGE = 1000
_HEAVIEST = 2_000_000
"""Characters and bytes in one transaction, which may be 4 MiB on the wire, where bytes are base64."""
_MISSING_ROW = frozenset({TableErrorCode.RESOURCE_NOT_FOUND, TableErrorCode.ENTITY_NOT_FOUND})
T = TypeVar("T")


class Change(StrEnum):
    """What a transaction does with a row."""

    INSERT = "insert"
    REPLACE = "replace"
    MERGE = "merge"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One step of a transaction. A row with an ETag is changed only if it is still that version."""

    change: Change
    row: Row


class _Pages(Protocol):
    continuation_token: dict[str, str] | None

    def __next__(self) -> Iterable[TableEntity]: ...


class Tables:
    """All tables of the account. Thread-safe; every error is one of `shared.errors`.

    `round_trips` counts the requests sent (spec/targets.md T3).
    """

    def __init__(self, connect: Callable[[], TableServiceClient]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._service: TableServiceClient | None = None
        self._clients: dict[str, TableClient] = {}
        self.round_trips = 0

    def get(self, table: str, partition: str, key: str, select: Sequence[str] = ()) -> Row | None:
        """One row by its keys, None where there is none. One round trip."""

        def read(client: TableClient) -> Row | None:
            try:
                return _row(client.get_entity(partition, key, select=list(select) or None))
            except ResourceNotFoundError as error:
                if _table_is_missing(error):
                    raise
                return None

        return self._send(table, read)

    def rows(
        self, table: str, where: str, select: Sequence[str] = (), per_page: int = _PER_PAGE
    ) -> Iterator[Row]:
        """Every row that the filter names, in the order of keys; one round trip per page."""
        for page in self._pages(table, where, per_page, "", select):
            yield from page.items

    def page(
        self, table: str, where: str, size: int, continuation: str = "", select: Sequence[str] = ()
    ) -> Page[Row]:
        """At most `size` rows from where an earlier page ended. A page may be empty and still have a next."""
        return next(self._pages(table, where, size, continuation, select))

    def insert(self, table: str, row: Row) -> str:
        """A new row; its ETag. Raises StateConflict where the keys are taken."""

        def write(client: TableClient) -> str:
            return str(client.create_entity(_entity(row), response_preference="return-no-content")["etag"])

        return self._send(table, write)

    def replace(self, table: str, row: Row) -> str:
        """The whole row as given; its new ETag. With an ETag: only that version, else StateConflict."""
        return self._put(table, row, UpdateMode.REPLACE)

    def merge(self, table: str, row: Row) -> str:
        """Only the given properties, the others stay; its new ETag. ETag as in `replace`."""
        return self._put(table, row, UpdateMode.MERGE)

    def delete(self, table: str, partition: str, key: str, etag: str = "") -> None:
        """Nothing happens where there is no such row."""

        def remove(client: TableClient) -> None:
            if etag:
                client.delete_entity(partition, key, etag=etag, match_condition=MatchConditions.IfNotModified)
            else:
                client.delete_entity(partition, key)

        self._send(table, remove)

    def transact(self, table: str, writes: Sequence[Write]) -> list[str]:
        """All or nothing: at most 100 writes in one partition, one round trip; the new ETags in order.

        Raises StateConflict where a version moved, a new key is taken or a row to delete is gone.
        """

        def commit(client: TableClient) -> list[str]:
            try:
                answers = client.submit_transaction([_operation(write) for write in writes])
            except HttpResponseError as error:
                if error.status_code == 404 and not _table_is_missing(error):
                    raise StateConflict("A stored row is gone: read it again") from error
                raise
            return [str(answer.get("etag", "")) for answer in answers]

        return self._send(table, commit)

    def put_all(self, table: str, rows: Iterable[Row]) -> None:
        """Replaces or adds any number of rows: 100 in a round trip where they share a partition."""
        ordered = sorted(rows, key=lambda row: row.partition)
        for _, group in groupby(ordered, key=lambda row: row.partition):
            unique = {row.key: row for row in group}
            for part in _slices(list(unique.values()), _weight):
                if len(part) == 1:
                    self.replace(table, part[0])
                else:
                    self.transact(table, [Write(Change.REPLACE, row) for row in part])

    def delete_all(self, table: str, partition: str, keys: Iterable[str]) -> int:
        """Deletes any number of rows of one partition; how many. Rows that are gone do not matter."""
        unique = list(dict.fromkeys(keys))
        for part in _slices(unique):
            try:
                self.transact(table, [Write(Change.DELETE, Row(partition, key)) for key in part])
            except StateConflict:
                # One of them was deleted by somebody else, which undid the whole transaction.
                for key in part:
                    self.delete(table, partition, key)
        return len(unique)

    def clear(self, table: str, where: str, most: int | None = None) -> int:
        """Deletes the rows that the filter names, `most` at the most; how many."""
        found: list[Row] = []
        for row in self.rows(table, where, ("PartitionKey", "RowKey")):
            if most is not None and len(found) >= most:
                break
            found.append(row)
        for partition, group in groupby(found, key=lambda row: row.partition):
            self.delete_all(table, partition, [row.key for row in group])
        return len(found)

    def _pages(
        self, table: str, where: str, size: int, continuation: str, select: Sequence[str]
    ) -> Iterator[Page[Row]]:
        # One iterator of the SDK for all pages: it is a reference cycle, and each would keep its page alive.
        pages: _Pages | None = None

        def read(client: TableClient) -> Page[Row]:
            nonlocal pages
            if pages is None:
                query = client.query_entities(
                    where, results_per_page=min(size, _PER_PAGE), select=list(select) or None
                )
                pages = cast(_Pages, query.by_page(cast(str | None, _opened(continuation))))
            rows = [_row(entity) for entity in next(pages)]
            return Page(rows, _sealed(pages.continuation_token))

        while True:
            page = self._send(table, read)
            yield page
            if not page.next:
                return

    def _put(self, table: str, row: Row, mode: UpdateMode) -> str:
        def write(client: TableClient) -> str:
            entity = _entity(row)
            if not row.etag:
                return str(client.upsert_entity(entity, mode=mode)["etag"])
            try:
                answer = client.update_entity(
                    entity, mode=mode, etag=row.etag, match_condition=MatchConditions.IfNotModified
                )
            except ResourceNotFoundError as error:
                raise StateConflict("A stored row is gone: read it again") from error
            return str(answer["etag"])

        return self._send(table, write)

    def _send(self, table: str, call: Callable[[TableClient], T]) -> T:
        with storage_errors():
            client = self._client(table)
            try:
                return call(client)
            except HttpResponseError as error:
                if error.status_code != 404 or not _table_is_missing(error):
                    raise
            self._count()
            assert self._service is not None
            self._service.create_table_if_not_exists(table)
            self._count()
            return call(client)

    def _client(self, table: str) -> TableClient:
        with self._lock:
            self.round_trips += 1
            if self._service is None:
                self._service = self._connect()
            if table not in self._clients:
                self._clients[table] = self._service.get_table_client(table)
            return self._clients[table]

    def _count(self) -> None:
        with self._lock:
            self.round_trips += 1


def quoted(text: str) -> str:
    """A text literal of a filter."""
    return "'" + text.replace("'", "''") + "'"


def within(partition: str, start: str = "", end: str = "") -> str:
    """The filter for a partition, or for its keys from `start` up to, not including, `end`."""
    where = f"PartitionKey eq {quoted(partition)}"
    if start:
        where += f" and RowKey ge {quoted(start)}"
    if end:
        where += f" and RowKey lt {quoted(end)}"
    return where


def either(name: str, values: Iterable[str]) -> str:
    """The filter for a property that has one of the values."""
    return "( " + " or ".join(f"{name} eq {quoted(value)}" for value in values) + " )"


def _table_is_missing(error: HttpResponseError) -> bool:
    # An insert into a missing table carries no code; an insert has no other 404.
    return getattr(error, "error_code", None) not in _MISSING_ROW


def _slices(items: Sequence[T], weight: Callable[[T], int] = lambda _: 0) -> Iterator[Sequence[T]]:
    part: list[T] = []
    heavy = 0
    for item in items:
        heavy += weight(item)
        if part and (len(part) == _PER_TRANSACTION or heavy > _HEAVIEST):
            yield part
            part, heavy = [], weight(item)
        part.append(item)
    if part:
        yield part


def _weight(row: Row) -> int:
    return sum(len(value) for value in row.values.values() if isinstance(value, str | bytes))


def _entity(row: Row) -> dict[str, Value]:
    return {"PartitionKey": row.partition, "RowKey": row.key, **row.values}


def _row(entity: TableEntity) -> Row:
    partition = entity.pop("PartitionKey", "")
    key = entity.pop("RowKey", "")
    # A selected property that the row lacks comes as null; Azurite leaves it out.
    values = {name: value for name, value in entity.items() if value is not None}
    return Row(partition, key, values, entity.metadata["etag"] or "")


def _operation(write: Write) -> tuple[str, dict[str, Value], dict[str, object]]:
    options: dict[str, object] = {}
    if write.row.etag:
        options = {"etag": write.row.etag, "match_condition": MatchConditions.IfNotModified}
    entity = _entity(write.row)
    match write.change:
        case Change.INSERT:
            return "create", entity, {}
        case Change.DELETE:
            return "delete", entity, options
        case Change.REPLACE | Change.MERGE:
            mode = UpdateMode.REPLACE if write.change is Change.REPLACE else UpdateMode.MERGE
            return "update" if write.row.etag else "upsert", entity, {"mode": mode, **options}


def _sealed(token: dict[str, str] | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode() if token else ""


def _opened(continuation: str) -> dict[str, str] | None:
    if not continuation:
        return None
    token: dict[str, str] = json.loads(base64.urlsafe_b64decode(continuation))
    return token
