"""Business Central's tables in memory: rows, the indexes that keep reads cheap, transactions."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import orjson

from sandbox.business_central.entity import Values
from sandbox.business_central.stamps import etag_of, instant_key

NameParts: TypeAlias = tuple[str, str, str]
"""First name, middle name, surname of a person."""

NO_PARTS: NameParts = ("", "", "")
_REMEMBERED_CHANGES = 200_000


class Row:
    """One record as it stands; never changed, only replaced. ETag and JSON are made when first asked for."""

    __slots__ = ("_etag", "_json", "key", "parts", "salt", "stamp", "values")

    def __init__(
        self,
        values: Values,
        key: str,
        parts: NameParts = NO_PARTS,
        salt: int = 0,
    ) -> None:
        self.values = values
        self.key = key
        self.parts = parts
        self.salt = salt
        self.stamp = instant_key(str(values.get("lastModifiedDateTime", " ")))
        self._etag = ""
        self._json = b""

    @property
    def id(self) -> str:
        """The record's id; its primary key where the type has none."""
        return str(self.values.get("id", self.key))

    def text(self, name: str) -> str:
        return str(self.values[name])

    @property
    def etag(self) -> str:
        if not self._etag:
            self._etag = etag_of(self.values, self.salt)
        return self._etag

    @property
    def json(self) -> bytes:
        """The record with its ETag, as JSON."""
        if not self._json:
            self._json = orjson.dumps({"@odata.etag": self.etag, **self.values})
        return self._json


class SortedIndex:
    """Keys kept in order. Adding at the end is free; anywhere else moves a few kilobytes."""

    def __init__(self) -> None:
        self._keys: list[tuple[str, ...]] = []

    def add(self, key: tuple[str, ...]) -> None:
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
        else:
            bisect.insort(self._keys, key)

    def remove(self, key: tuple[str, ...]) -> None:
        del self._keys[bisect.bisect_left(self._keys, key)]

    def upwards(self, start: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Iterator[str]:
        """Ids from `start` on, or beyond the key `after`."""
        place = max(bisect.bisect_left(self._keys, start), bisect.bisect_right(self._keys, after))
        for at in range(place, len(self._keys)):
            yield self._keys[at][-1]

    def downwards(self, start: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Iterator[str]:
        """Ids from the end down to `start`, or from below the key `after`."""
        top = bisect.bisect_left(self._keys, after) if after else len(self._keys)
        for at in range(top - 1, bisect.bisect_left(self._keys, start) - 1, -1):
            yield self._keys[at][-1]


@dataclass(frozen=True, slots=True)
class Past:
    """What one id held before a change at `at` (virtual seconds); None: nothing."""

    at: float
    id: str
    row: Row | None


@dataclass(slots=True)
class Company:
    """One BC company with its Contact table and its small companions."""

    id: str
    name: str
    display_name: str
    created: str
    timestamp: int
    rows: dict[str, Row] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    by_number: SortedIndex = field(default_factory=SortedIndex)
    by_time: SortedIndex = field(default_factory=SortedIndex)
    members: dict[str, set[str]] = field(default_factory=dict)
    open_tasks: set[str] = field(default_factory=set)
    history: deque[Past] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_CHANGES))
    unseen: dict[str, tuple[float, Row | None]] = field(default_factory=dict)
    last_number: int = 0
    salespeople: list[Values] = field(default_factory=list)
    approval_users: list[Values] = field(default_factory=list)

    def set(self, contact_id: str, row: Row | None) -> Row | None:
        """Put a row in place of what the id holds (None: remove it). Returns what was there."""
        old = self.rows.get(contact_id)
        if old is not None:
            del self.numbers[old.key]
            self.by_number.remove((old.key, contact_id))
            self.by_time.remove((old.stamp, old.key, contact_id))
            self.members[old.text("companyNumber")].discard(contact_id)
        if row is None:
            self.rows.pop(contact_id, None)
            return old
        self.rows[contact_id] = row
        self.numbers[row.key] = contact_id
        self.by_number.add((row.key, contact_id))
        self.by_time.add((row.stamp, row.key, contact_id))
        self.members.setdefault(row.text("companyNumber"), set()).add(contact_id)
        return old

    def by_no(self, number: str) -> Row | None:
        """The contact with this number."""
        contact_id = self.numbers.get(number)
        return self.rows[contact_id] if contact_id is not None else None

    def persons_of(self, number: str) -> list[Row]:
        """The persons of the company contact with this number, by number."""
        rows = [self.rows[each] for each in self.members.get(number, ())]
        return sorted((row for row in rows if row.key != number), key=lambda row: row.key)

    def next_number(self) -> str:
        """The next free number of the series. What it gave out is gone, whatever happens next."""
        while True:
            self.last_number += 1
            number = f"KT{self.last_number:06d}"
            if number not in self.numbers:
                return number

    def other_sight(self, now: float, lag: float) -> Mapping[str, Row | None]:
        """Where a reader's view differs from the table: commits still under way, a replica `lag` behind."""
        self.unseen = {each: kept for each, kept in self.unseen.items() if kept[0] > now}
        seen = {each: row for each, (_, row) in self.unseen.items()}
        if lag:
            for past in reversed(self.history):
                if past.at <= now - lag:
                    break
                seen[past.id] = past.row
        return seen


class Change(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Event:
    """What a webhook record is made of. `at`: the stamp of the moment the trigger ran."""

    company: str
    contact: str
    change: Change
    at: str


@dataclass(slots=True)
class Transaction:
    """Writes that count together. `now`: virtual seconds; `late`: seconds until others see the commit."""

    now: Callable[[], float]
    late: float = 0.0
    journal: list[tuple[Company, str, Row | None, Row | None]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    broken: bool = False

    def set(self, company: Company, contact_id: str, row: Row | None) -> None:
        self.journal.append((company, contact_id, company.set(contact_id, row), row))

    def roll_back_to(self, mark: int, events: int) -> None:
        """Undo what was written since; a row that someone else wrote meanwhile stays."""
        while len(self.journal) > mark:
            company, contact_id, old, new = self.journal.pop()
            if company.rows.get(contact_id) is new:
                company.set(contact_id, old)
        del self.events[events:]

    def roll_back(self) -> None:
        self.roll_back_to(0, 0)

    def commit(self) -> list[Event]:
        """Make the writes part of the past; returns the events they caused."""
        now = self.now()
        first: dict[tuple[str, str], tuple[Company, Row | None]] = {}
        for company, contact_id, old, _ in self.journal:
            first.setdefault((company.id, contact_id), (company, old))
        for (_, contact_id), (company, old) in first.items():
            company.history.append(Past(now, contact_id, old))
            if self.late:
                company.unseen.setdefault(contact_id, (now + self.late, old))
        return self.events
