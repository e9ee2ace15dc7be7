"""Which company is open to which user (sync rules §1), and which mailbox an address means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.state.keys import company_key, escape, stamp, user_key
from shared.state.rows import Row
from shared.state.tables import Tables, quoted, within

_ACCESS = "Access"
_ALIASES = "Aliases"
_ALIAS = "alias"
_FRESH = timedelta(days=1)


class Access:
    """The table of opened pairs."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime]) -> None:
        self._tables = tables
        self._clock = clock

    def open(self, user: str, company: str, by: str) -> None:
        """Opens a company to a user; `by` says which door did. Once open, opening again changes nothing."""
        values = {"user": user, "company": company, "by": by, "at": stamp(self._clock())}
        if not self.is_open(user, company):
            self._tables.replace(_ACCESS, Row(user_key(user), company_key(company), values))

    def close(self, user: str, company: str) -> None:
        """Closes it again."""
        self._tables.delete(_ACCESS, user_key(user), company_key(company))

    def is_open(self, user: str, company: str) -> bool:
        """Whether the user may see this company. One round trip."""
        return self._tables.get(_ACCESS, user_key(user), company_key(company), ("RowKey",)) is not None

    def companies(self, user: str) -> list[str]:
        """The companies that are open to a user. One round trip."""
        return [row.text("company") for row in self._tables.rows(_ACCESS, within(user_key(user)))]

    def clear(self, user: str) -> int:
        """Closes every company to a user; how many there were."""
        return self._tables.clear(_ACCESS, within(user_key(user)))


@dataclass(frozen=True, slots=True)
class Alias:
    """Whose an address is, by object id. `fresh`: learned within a day."""

    user: str
    fresh: bool


class Aliases:
    """Addresses of mailboxes. An address may change hands: the latest word counts."""

    def __init__(self, tables: Tables, clock: Callable[[], datetime]) -> None:
        self._tables = tables
        self._clock = clock

    def put(self, address: str, user: str) -> None:
        """Lets an address mean the mailbox with this object id."""
        values = {"address": address, "id": user, "user": user_key(user), "at": stamp(self._clock())}
        self._tables.replace(_ALIASES, Row(_ALIAS, _folded(address), values))

    def find(self, address: str) -> Alias | None:
        """Whose the address was when it was last asked for, None where it is unknown. One round trip."""
        row = self._tables.get(_ALIASES, _ALIAS, _folded(address))
        if row is None:
            return None
        return Alias(row.text("id"), fresh=row.text("at") > stamp(self._clock() - _FRESH))

    def of(self, user: str) -> list[str]:
        """The addresses known of a mailbox."""
        return [row.text("address") for row in self._tables.rows(_ALIASES, _of(user))]

    def clear(self, user: str) -> int:
        """Forgets the addresses of a mailbox; how many there were."""
        return self._tables.clear(_ALIASES, _of(user))


def _folded(address: str) -> str:
    return escape(address.strip().casefold())


def _of(user: str) -> str:
    return f"{within(_ALIAS)} and user eq {quoted(user_key(user))}"
