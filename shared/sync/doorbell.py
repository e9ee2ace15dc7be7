"""What notifications are held against, and what keeps a burst of them from becoming a burst of work."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from shared.state.subscriptions import Service, Subscription
from shared.sync.services import Services

_FRESH = 2.0
"""Seconds. Shorter than the delay of the run that follows a new subscription: whoever is not known after a
fresh look is not needed."""
_STALE = 600.0
_MARGIN = 0.5
_MOST_REMEMBERED = 50_000
_STRIPES = 256


class SubscriptionIndex:
    """The subscriptions of one service by id, read when an unknown one comes, but not for every forger."""

    def __init__(self, services: Services, service: Service) -> None:
        self._services = services
        self._service = service
        self._lock = threading.Lock()
        self._known: dict[str, Subscription] = {}
        self._read_at: float | None = None

    def find(self, subscription: str) -> Subscription | None:
        """As it was a little ago: good for checking a secret. One round trip per 1,000, seldom.

        Ids are GUIDs (contracts/graph.md §6, CSDL), so in any letter case.
        """
        wanted = subscription.lower()
        with self._lock:
            age = None if self._read_at is None else self._services.clock.monotonic() - self._read_at
            missing = wanted not in self._known
            if age is None or age > _STALE or (missing and age > _FRESH):
                began = self._services.clock.monotonic()
                rows = self._services.store.subscriptions.all(self._service)
                self._known = {row.id.lower(): row for row in rows if row.client_state}
                self._read_at = began
            return self._known.get(wanted)


class Doorbell:
    """For whom this process has a message under way that nobody can have taken yet."""

    def __init__(self, services: Services) -> None:
        self._monotonic = services.clock.monotonic
        self._lock = threading.Lock()
        self._until: dict[Hashable, float] = {}
        self._stripes = tuple(threading.Lock() for _ in range(_STRIPES))

    def alone(self, key: Hashable) -> threading.Lock:
        """To be held while ringing: of a burst that comes at once, the first does the work for the others."""
        return self._stripes[hash(key) % _STRIPES]

    def rings(self, key: Hashable) -> bool:
        """Whether what happened just now will be seen by what is under way."""
        with self._lock:
            return self._until.get(key, 0.0) > self._monotonic() + _MARGIN

    def rang(self, key: Hashable, began: float, delay: float) -> None:
        """A message was sent at `began` or later and stays hidden for `delay` seconds."""
        with self._lock:
            if len(self._until) > _MOST_REMEMBERED:
                now = self._monotonic()
                self._until = {each: until for each, until in self._until.items() if until > now}
            self._until[key] = began + delay

    def now(self) -> float:
        """The time that `rang` wants to know, seconds."""
        return self._monotonic()


def index_of(services: Services, service: Service) -> SubscriptionIndex:
    """The index of this process."""
    found = services.cache.setdefault(f"subscriptions {service}", SubscriptionIndex(services, service))
    assert isinstance(found, SubscriptionIndex)
    return found


def doorbell_of(services: Services) -> Doorbell:
    """The doorbell of this process."""
    found = services.cache.setdefault("doorbell", Doorbell(services))
    assert isinstance(found, Doorbell)
    return found
