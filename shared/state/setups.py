"""Setups and what their runs know: one partition per mailbox, so one query brings all of a setup.

Rows: `company` (what the user chose), `company~state` (what runs learned, with the lease), `company~queue` (the
run that waits, see `run_queue`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from itertools import groupby

from pydantic import TypeAdapter

from shared.errors import Busy, LeaseLost, StateConflict
from shared.model import Json, Setup
from shared.state.keys import SEPARATOR, company_key, stamp, user_key
from shared.state.rows import JsonMap, Page, Row, Value, pieces, present
from shared.state.run_queue import QueuedRun, queue_key, queued_run
from shared.state.tables import Change, Tables, Write, within

TABLE = "Setups"
_ATTEMPTS = 6
_SETUP = TypeAdapter(Setup)
_COLUMNS = ("print_key", "delta_link", "linked_filter", "lease_owner", "lease_until")
_SMALL = (
    "PartitionKey",
    "RowKey",
    "setup",
    "body",
    "print_key",
    "lease_owner",
    "lease_until",
    *("run", "mode", "trigger", "at"),
)


@dataclass(frozen=True, slots=True)
class SetupState:
    """What the runs of one setup learned. Times are RFC 3339 UTC texts, "" = never.

    folder_name        as it is called in Outlook
    print_key          key of the fingerprints (sync rules §10), random per setup
    delta_link         Outlook's watermark, several kB
    bc_watermark       Business Central's watermark; bc_digest, bc_count: of the last complete read
    bc_newest          newest lastModifiedDateTime of linked contacts: an older one means a restored environment
    evaluated          digest of filter, policies and folder at the last evaluation of every contact
    linked_filter      at most 48 KiB: which contacts have a link, so that a quiet run need not load the links
    ledger             (at, deletes, changes) of the last 24 hours: the brakes' memory (sync rules §6)
    due_at             earliest retry of a failed contact, "" = none waits
    lease_owner, lease_until   who may write now, and until when
    """

    print_key: bytes = b""
    folder_id: str = ""
    folder_name: str = ""
    folder_created_by_us: bool = False
    marker_seen: bool = False
    adopted_unstamped: bool = False
    must_confirm_creates: bool = False
    delta_link: str = ""
    bc_watermark: str = ""
    bc_digest: str = ""
    bc_count: int = 0
    bc_newest: str = ""
    evaluated: str = ""
    links: int = 0
    linked_filter: bytes = b""
    last_sync_at: str = ""
    last_run: str = ""
    last_full_at: str = ""
    last_delta_at: str = ""
    next_sync_at: str = ""
    due_at: str = ""
    paused_reason: str = ""
    mailbox_address: str = ""
    gone_since: str = ""
    ledger: tuple[tuple[str, int, int], ...] = ()
    push: JsonMap = field(default_factory=dict)
    extra: JsonMap = field(default_factory=dict)
    lease_owner: str = ""
    lease_until: str = ""


_STATE = TypeAdapter(SetupState)


@dataclass(frozen=True, slots=True)
class StoredSetup:
    """A setup and its state as read, with the versions to write them back.

    `queued`: the run that waits for this setup; after `Setups.acquire` the one that the lease just took up.
    """

    setup: Setup
    state: SetupState
    etag: str
    state_etag: str
    queued: QueuedRun | None = None


class Setups:
    """The table of setups. `clock` gives the time in UTC; `token` gives random text, different at each call."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime], token: Callable[[], str]) -> None:
        self._tables = tables
        self._clock = clock
        self._token = token

    def get(self, user: str, company: str) -> StoredSetup | None:
        """One setup with all of its state, None where there is none. One round trip."""
        key = company_key(company)
        where = within(user_key(user), key, f"{key}{SEPARATOR}z")
        return _stored({row.key: row for row in self._tables.rows(TABLE, where)}, key)

    def list(self, user: str) -> list[StoredSetup]:
        """The setups of one mailbox. One round trip."""
        return list(_grouped(self._tables.rows(TABLE, within(user_key(user)))))

    def all(self, page_size: int = 1000) -> Iterator[StoredSetup]:
        """Every setup of every user, `page_size` rows in a round trip, for the scheduled tick.

        Without `delta_link` and `linked_filter` (they would be most of the traffic), hence without
        `state_etag`: nobody can write such a state back.
        """
        rows = self._tables.rows(TABLE, "", _SMALL, page_size)
        for stored in _grouped(self._made_whole(rows)):
            yield replace(stored, state_etag="")

    def _made_whole(self, rows: Iterator[Row]) -> Iterator[Row]:
        """With the further pieces of a long text, asked for only where there are any: one round trip each."""
        for row in rows:
            if row.goes_on("setup") or row.goes_on("body"):
                whole = self._tables.get(TABLE, row.partition, row.key)
                if whole is not None:
                    yield whole
            else:
                yield row

    def names(self, size: int, continuation: str = "") -> Page[tuple[str, str]]:
        """User and company of some setups, from where an earlier page ended. One round trip."""
        page = self._tables.page(TABLE, "chosen eq true", size, continuation, ("user", "company"))
        return Page([(row.text("user"), row.text("company")) for row in page.items], page.next)

    def put(self, setup: Setup, if_match: str | None = None) -> StoredSetup:
        """Creates or replaces what the user chose; the state stays, or begins with a new print key.

        Raises StateConflict where `if_match` is given and the stored setup is not that version.
        """
        for _ in range(_ATTEMPTS):
            found = self.get(setup.user, setup.company)
            if if_match is not None and (found is None or found.etag != if_match):
                raise StateConflict("The setup changed meanwhile: read it again")
            try:
                if found is None:
                    return self._create(setup)
                etag = self._tables.replace(TABLE, _setup_row(setup, found.etag))
                return replace(found, setup=setup, etag=etag)
            except StateConflict:
                if if_match is not None:
                    raise
        raise StateConflict("The setup changes too often: try again")

    def delete(self, user: str, company: str) -> None:
        """Removes the setup, its state and its place in the queue. What belongs to it elsewhere: `personal`."""
        key = company_key(company)
        self._tables.delete_all(TABLE, user_key(user), [key, _state_key(key), queue_key(key)])

    def save_state(self, stored: StoredSetup, state: SetupState) -> StoredSetup:
        """Writes the whole state over the version in `stored`, with the lease as it stands. One round trip.

        Raises LeaseLost where the writer held the lease and the state moved, StateConflict without a lease.
        """
        kept = replace(state, lease_owner=stored.state.lease_owner, lease_until=stored.state.lease_until)
        try:
            return self._write(stored, kept)
        except StateConflict as error:
            if kept.lease_owner:
                raise LeaseLost("Another run took over this setup") from error
            raise

    def amend(self, user: str, company: str, change: Callable[[SetupState], SetupState]) -> StoredSetup | None:
        """Changes the state outside of a run, whoever wrote it meanwhile; None where the setup is gone.

        A run that holds the lease notices at its next write, stops with LeaseLost, and is done again.
        """
        for _ in range(_ATTEMPTS):
            found = self.get(user, company)
            if found is None:
                return None
            state = change(found.state)
            if state == found.state:
                return found
            try:
                return self._write(found, state)
            except StateConflict:
                continue
        raise StateConflict("The state of the setup changes too often: try again")

    def interrupt(self, user: str, company: str) -> None:
        """Takes the lease from whoever works on the setup now: it stops before its next batch."""
        self.amend(user, company, lambda state: replace(state, lease_owner="", lease_until=""))

    def acquire(self, user: str, company: str, owner: str, seconds: float, run: str = "") -> StoredSetup | None:
        """Takes or extends the lease for `owner`; None while another owner holds it or without setup.

        Where the waiting run is `run`, the same transaction takes it out of the queue: `queued` then holds its
        final mode, and later requests make a new run. Two round trips.
        """
        for _ in range(_ATTEMPTS):
            found = self.get(user, company)
            if found is None or _taken(found.state, owner, self._clock()):
                return None
            taken = found.queued if found.queued and found.queued.run == run else None
            try:
                return self._lease(replace(found, queued=taken), owner, seconds)
            except StateConflict:
                continue
        return None

    def renew(self, stored: StoredSetup, seconds: float) -> StoredSetup:
        """Extends the lease; what to write next. One round trip. Raises LeaseLost where the state moved."""
        try:
            return self._lease(replace(stored, queued=None), stored.state.lease_owner, seconds)
        except StateConflict as error:
            raise LeaseLost("Another run took over this setup") from error

    def release(self, stored: StoredSetup, state: SetupState) -> StoredSetup:
        """Writes the final state and gives the lease back, in one round trip.

        Raises LeaseLost where the state moved: then nothing was written.
        """
        try:
            return self._write(stored, replace(state, lease_owner="", lease_until=""))
        except StateConflict as error:
            raise LeaseLost("Another run took over this setup") from error

    def _create(self, setup: Setup) -> StoredSetup:
        seed = f"{self._token()} {self._token()}"
        state = SetupState(print_key=hashlib.sha256(seed.encode()).digest())
        partition, key = user_key(setup.user), company_key(setup.company)
        first = _setup_row(setup, "")
        second = Row(partition, _state_key(key), _state_values(state))
        etag, state_etag = self._tables.transact(
            TABLE, [Write(Change.INSERT, first), Write(Change.INSERT, second)]
        )
        return StoredSetup(setup, state, etag, state_etag)

    def _write(self, stored: StoredSetup, state: SetupState) -> StoredSetup:
        values = _state_values(state)
        etag = self._guarded(stored, Change.REPLACE, values, None)
        return replace(stored, state=state, state_etag=etag, queued=None)

    def _lease(self, stored: StoredSetup, owner: str, seconds: float) -> StoredSetup:
        until = stamp(self._clock() + timedelta(seconds=seconds))
        values: dict[str, Value] = {"lease_owner": owner, "lease_until": until}
        etag = self._guarded(stored, Change.MERGE, values, stored.queued)
        state = replace(stored.state, lease_owner=owner, lease_until=until)
        return replace(stored, state=state, state_etag=etag)

    def _guarded(
        self, stored: StoredSetup, change: Change, values: Mapping[str, Value], taken: QueuedRun | None
    ) -> str:
        """One guarded write; the new version.

        Where the answer was lost, the repeated write looks like a conflict: `write` tells whose it was.
        """
        if not stored.state_etag:
            raise ValueError("a state that was not read whole is not written back")
        partition, key = user_key(stored.setup.user), company_key(stored.setup.company)
        mine = self._token()
        row = Row(partition, _state_key(key), {**values, "write": mine}, stored.state_etag)
        try:
            if taken is not None:
                gone = Write(Change.DELETE, Row(partition, queue_key(key), {}, taken.etag))
                return self._tables.transact(TABLE, [Write(change, row), gone])[0]
            if change is Change.MERGE:
                return self._tables.merge(TABLE, row)
            return self._tables.replace(TABLE, row)
        except (StateConflict, Busy):
            now = self._tables.get(TABLE, partition, row.key, ("write",))
            if now is not None and now.text("write") == mine:
                return now.etag
            raise


def _taken(state: SetupState, owner: str, now: datetime) -> bool:
    return state.lease_owner not in ("", owner) and state.lease_until > stamp(now)


def _state_key(key: str) -> str:
    return f"{key}{SEPARATOR}state"


def _setup_row(setup: Setup, etag: str) -> Row:
    values: dict[str, Value] = {
        "user": setup.user,
        "company": setup.company,
        "chosen": True,
        **pieces("setup", _SETUP.dump_json(setup).decode()),
    }
    return Row(user_key(setup.user), company_key(setup.company), values, etag)


def _state_values(state: SetupState) -> dict[str, Value]:
    body = _STATE.dump_json(state, exclude=set(_COLUMNS), exclude_defaults=True).decode()
    columns: dict[str, Value] = {
        "print_key": state.print_key,
        "linked_filter": state.linked_filter,
        "lease_owner": state.lease_owner,
        "lease_until": state.lease_until,
        **pieces("delta_link", state.delta_link),
    }
    return present(columns) | pieces("body", body)


def _state(row: Row) -> SetupState:
    body: dict[str, Json] = json.loads(row.text("body"))
    known = {name: body[name] for name in (item.name for item in fields(SetupState)) if name in body}
    return _STATE.validate_python(
        {
            **known,
            "print_key": row.binary("print_key"),
            "linked_filter": row.binary("linked_filter"),
            "delta_link": row.text("delta_link"),
            "lease_owner": row.text("lease_owner"),
            "lease_until": row.text("lease_until"),
        }
    )


def _stored(rows: Mapping[str, Row], key: str) -> StoredSetup | None:
    row, state = rows.get(key), rows.get(_state_key(key))
    if row is None or state is None:
        return None
    setup = _SETUP.validate_json(row.text("setup"))
    return StoredSetup(setup, _state(state), row.etag, state.etag, queued_run(rows.get(queue_key(key))))


def _grouped(rows: Iterator[Row]) -> Iterator[StoredSetup]:
    for _, group in groupby(rows, key=lambda row: row.partition):
        partition = {row.key: row for row in group}
        for key in partition:
            stored = _stored(partition, key) if SEPARATOR not in key else None
            if stored is not None:
                yield stored
