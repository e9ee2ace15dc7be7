"""Users with their mailboxes, and what every operation on them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest
from sandbox.faults import Faults
from sandbox.graph.errors import GraphError
from sandbox.graph.links import PageLinks
from sandbox.graph.options import Preferences
from sandbox.graph.store import Contact, Folder, Mailbox
from sandbox.graph.switches import Switches
from sandbox.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class User:
    """Someone in the directory; `mailbox` is None for a user without one."""

    id: str
    upn: str
    display_name: str
    mailbox: Mailbox | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a contact, for subscribers. `change`: created, updated or deleted."""

    user: User
    folder: Folder
    contact: Contact
    change: str
    by_api: bool


class Tenant:
    """All users, and the clock, randomness, switches, faults and log that come from outside."""

    def __init__(
        self, clock: VirtualClock, faults: Faults, log: RequestLog, switches: Mapping[str, str], rng: Random
    ) -> None:
        self.clock = clock
        self.faults = faults
        self.log = log
        self.switches = Switches(switches)
        self.rng = rng
        self.pages = PageLinks(log)
        self.listeners: list[Callable[[Event], None]] = []
        self._users: dict[str, User] = {}
        self.directory: dict[str, str] = {}

    def add_user(self, id: str, upn: str, display_name: str, *, mailbox: bool) -> User:
        user = User(id, upn, display_name, Mailbox.empty(self.rng) if mailbox else None)
        self._users[id.casefold()] = self._users[upn.casefold()] = user
        self.directory[upn.casefold()] = display_name
        return user

    def find_user(self, key: str) -> User | None:
        return self._users.get(key.casefold())

    def user(self, key: str) -> User:
        """The user with this GUID or UPN. Raises GraphError 404."""
        user = self.find_user(key)
        if user is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{key[:100]}' is invalid.")
        return user

    def mailbox(self, user: User) -> Mailbox:
        if user.mailbox is None:
            raise GraphError(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )
        return user.mailbox

    def tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a mailbox, taken apart."""

    request: ApiRequest
    options: Mapping[str, str]
    prefer: Preferences
    user: User
    mailbox: Mailbox

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def context(self) -> str:
        """What `@odata.context` begins with."""
        return f"{self.request.origin}/$metadata#users('{self.user.id}')"
