"""Claims: two mailboxes that add one new person at once make one Business Central contact (sync rules §3).

Who is to create a contact first claims its addresses; who finds one taken waits, then pairs with what was made.
Only an HMAC of an address is stored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import StateConflict
from shared.state.companies import Companies
from shared.state.keys import after, company_key, escape, stamp, user_key
from shared.state.rows import Row, Value
from shared.state.tables import Change, Tables, Write, quoted

_TABLE = "Claims"
_ATTEMPTS = 6
_OPEN = timedelta(minutes=10)
"""Longer than a slice: whoever has not fulfilled it by then has crashed."""
_FULFILLED = timedelta(hours=1)
"""Long enough for every waiting run to see which contact was made; from then on reading finds it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim. `won`: create the contact, then `fulfil`.

    Not won: `bc_id` is the contact that another run made, "" while it is still at it.
    """

    won: bool
    bc_id: str
    partition: str
    keys: tuple[str, ...]
    owner: str


class Claims:
    """The table of claims."""

    def __init__(self, tables: Tables, companies: Companies, clock: Callable[[], datetime]) -> None:
        self._tables = tables
        self._companies = companies
        self._clock = clock

    def claim(self, environment: str, company: str, addresses: Iterable[str], owner: str) -> Claim:
        """Claims all addresses of one new contact for `owner` (setup and Outlook contact), all or none.

        An owner that claims again after a crash gets its own claim back. Addresses are trimmed and case-folded.
        """
        key = self._companies.claim_key(environment, company)
        partition = f"{escape(environment)}~{company_key(company)}"
        keys = tuple(sorted({_digest(key, address) for address in addresses}))
        for _ in range(_ATTEMPTS):
            now = self._clock()
            found = {name: self._tables.get(_TABLE, partition, name) for name in keys}
            alive = [row for row in found.values() if row is not None and row.text("expires") > stamp(now)]
            others = [row for row in alive if row.text("owner") != owner]
            if others:
                return Claim(False, _made(others), partition, keys, owner)
            if mine := _made(alive):
                return Claim(False, mine, partition, keys, owner)
            values: dict[str, Value] = {"owner": owner, "expires": stamp(now + _OPEN)}
            try:
                self._tables.transact(_TABLE, [_taken(partition, name, found[name], values) for name in keys])
            except StateConflict:
                continue
            return Claim(True, "", partition, keys, owner)
        return Claim(False, "", partition, keys, owner)

    def fulfil(self, claim: Claim, bc_id: str) -> None:
        """The contact was made: those who wait may pair with it. One round trip."""
        expires = stamp(self._clock() + _FULFILLED)
        values: dict[str, Value] = {"owner": claim.owner, "expires": expires, "bc_id": bc_id}
        self._tables.put_all(_TABLE, (Row(claim.partition, name, values) for name in claim.keys))

    def release(self, claim: Claim) -> None:
        """The contact was not made, or is gone again: anybody may claim its addresses."""
        self._tables.delete_all(_TABLE, claim.partition, claim.keys)

    def clear(self, user: str) -> int:
        """Forgets the claims of all setups of a user; how many there were."""
        mine = f"{user_key(user)} "
        return self._tables.clear(_TABLE, f"owner ge {quoted(mine)} and owner lt {quoted(after(mine))}")

    def purge(self, now: datetime, most: int) -> int:
        """Removes expired claims, `most` at the most; how many."""
        return self._tables.clear(_TABLE, f"expires lt {quoted(stamp(now))}", most)


def _digest(key: bytes, address: str) -> str:
    return hmac.new(key, address.strip().casefold().encode(), hashlib.sha256).hexdigest()


def _made(rows: Iterable[Row]) -> str:
    return next((row.text("bc_id") for row in rows if row.text("bc_id")), "")


def _taken(partition: str, name: str, found: Row | None, values: dict[str, Value]) -> Write:
    if found is None:
        return Write(Change.INSERT, Row(partition, name, values))
    return Write(Change.REPLACE, Row(partition, name, values, found.etag))
