"""Subscriptions to notifications: whose they are, and the secret that only a true notification knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from shared.state.keys import company_key, escape, user_key
from shared.state.rows import JsonMap, Value
from shared.state.shelf import Shelf
from shared.state.tables import Tables, quoted


class Service(StrEnum):
    """Who notifies."""

    GRAPH = "graph"
    BUSINESS_CENTRAL = "bc"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. `user` is "" for Business Central's, which concern a whole company.

    client_state   secret, compared in constant time; never shown
    expires        as the service said, RFC 3339 UTC
    """

    service: Service
    id: str
    user: str
    company: str
    client_state: str = field(repr=False)
    expires: str = ""
    resource: str = ""
    etag: str = ""
    extra: JsonMap = field(default_factory=dict)


class Subscriptions:
    """The table of subscriptions."""

    def __init__(self, tables: Tables) -> None:
        self._shelf = Shelf(tables, "Subscriptions", Subscription, _key, _columns)

    def get(self, service: Service, subscription: str) -> Subscription | None:
        """One subscription, None where it is not ours. One round trip."""
        return self._shelf.get(service.value, escape(subscription))

    def save(self, subscription: Subscription) -> None:
        """Adds or replaces a subscription. One round trip."""
        self._shelf.save(subscription.service.value, [subscription])

    def delete(self, service: Service, subscription: str) -> None:
        """Forgets a subscription."""
        self._shelf.delete(service.value, [escape(subscription)])

    def of(self, service: Service, company: str, user: str | None = None) -> list[Subscription]:
        """Those of a company, or of one user's setup of it."""
        where = f"company eq {quoted(company_key(company))}"
        if user is not None:
            where += f" and user eq {quoted(user_key(user))}"
        return list(self._shelf.all(service.value, where=where))

    def of_user(self, user: str) -> list[Subscription]:
        """Every subscription to a mailbox."""
        return list(self._shelf.all(Service.GRAPH.value, where=f"user eq {quoted(user_key(user))}"))

    def all(self, service: Service) -> Iterator[Subscription]:
        """Every subscription with a service. One round trip per 1,000."""
        return self._shelf.all(service.value)

    def expiring(self, service: Service, before: str) -> list[Subscription]:
        """Those that end before a time."""
        return list(self._shelf.all(service.value, where=f"expires lt {quoted(before)}"))


def _key(subscription: Subscription) -> str:
    return escape(subscription.id)


def _columns(subscription: Subscription) -> dict[str, Value]:
    return {
        "user": user_key(subscription.user),
        "company": company_key(subscription.company),
        "expires": subscription.expires,
    }
