"""What subscribers are told, when, and what becomes of those who do not listen.

Rules: contracts/business-central.md §9.4.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

import orjson

from sandbox.business_central.database import Change, Event
from sandbox.business_central.stamps import plain_stamp
from sandbox.business_central.subscriptions import Subscription, Subscriptions
from sandbox.business_central.switches import Switches
from sandbox.clock import VirtualClock
from sandbox.delivery import Answered
from sandbox.faults import Faults
from shared.model import Json

RETRY_AFTER = (60.0, 60.0, 600.0, 6_000.0, 60_000.0)
HANDSHAKE_SECONDS = 5.0
_DELIVERY_SECONDS = 60.0
_FILTER_MARGIN = timedelta(milliseconds=50)
_RETRYABLE = (0, 408, 429)


class Deliver(Protocol):
    """POST out of the sandbox: the answer, None where there was none."""

    def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Awaitable[Answered | None]: ...


@dataclass(frozen=True, slots=True)
class _Pending:
    """One webhook record. `ready`: virtual seconds of its commit; the timer starts there."""

    subscription: str
    event: Event
    at: datetime
    ready: float


@dataclass(frozen=True, slots=True)
class _Item:
    """One entry of a notification; what depends on the subscription is filled in when it is sent."""

    subscription: str
    resource: str
    change: str
    at: str

    def body(self, subscription: Subscription) -> dict[str, Json]:
        return {
            "subscriptionId": subscription.id,
            "clientState": subscription.client_state,
            "expirationDateTime": plain_stamp(subscription.expires),
            "resource": self.resource,
            "changeType": self.change,
            "lastModifiedDateTime": self.at,
        }


class Notifier:
    """Collects webhook records and sends them, one POST per notification URL and window.

    `deliver` and `loop` are set by the service before the first subscription exists.
    """

    def __init__(
        self,
        clock: VirtualClock,
        faults: Faults,
        switches: Switches,
        new_id: Callable[[], str],
        subscriptions: Subscriptions,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._switches = switches
        self._new_id = new_id
        self._subscriptions = subscriptions
        self._lock = threading.Lock()
        self._pending: list[_Pending] = []
        self._job: asyncio.Task[None] | None = None
        self._first = 0.0
        self._deliveries: set[asyncio.Task[None]] = set()
        self.deliver: Deliver | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def record(self, events: Iterable[Event], late: float = 0.0) -> None:
        """Note committed changes for every subscription they concern. Callable from any thread.

        `late`: seconds until the commit.
        """
        if not self._subscriptions.any():
            return
        ready, now = self._clock.monotonic() + late, self._clock.now()
        concerned = [each for each in self._subscriptions.alive() if each.entity_set == "contacts"]
        fresh = [
            _Pending(each.id, event, now, ready)
            for event in events
            for each in concerned
            if each.company == event.company
        ]
        with self._lock:
            self._pending += fresh
        if fresh and self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._start, ready)

    def forget(self) -> None:
        """Drop what is pending."""
        with self._lock:
            self._pending.clear()

    async def shake_hands(self, url: str) -> bool:
        """Whether the receiver returns the validation token, as it must within five seconds."""
        assert self.deliver is not None
        token = f"{self._new_id()}+/{self._new_id()}=="
        separator = "&" if "?" in url else "?"
        asked = f"{url}{separator}validationToken={quote(token, safe='')}"
        answer = await self.deliver(asked, {"Content-Type": "text/plain"}, b"", HANDSHAKE_SECONDS)
        return answer is not None and answer.status == 200 and answer.body == token.encode()

    def _start(self, ready: float) -> None:
        """Have the job running; anew where it sleeps for something later than what is ready then."""
        if self._job is not None and not self._job.done():
            if ready >= self._first:
                return
            self._job.cancel()
        self._job = asyncio.get_running_loop().create_task(self._send_when_due())

    async def _send_when_due(self) -> None:
        while self._pending:
            delay = self._switches.seconds("bc_notification_delay")
            with self._lock:
                self._first = min((each.ready for each in self._pending), default=0.0)
            wait = self._first + delay - self._clock.monotonic()
            if wait > 0:
                await self._clock.sleep(wait)
                continue
            now = self._clock.monotonic()
            with self._lock:
                due = [each for each in self._pending if each.ready <= now]
                self._pending = [each for each in self._pending if each.ready > now]
            for url, items in self._bundles(due).items():
                task = asyncio.get_running_loop().create_task(self._deliver(url, items))
                self._deliveries.add(task)
                task.add_done_callback(self._deliveries.discard)

    def _bundles(self, due: list[_Pending]) -> dict[str, list[_Item]]:
        """The items per notification URL: by subscription, then by time (§9.4)."""
        bundles: dict[str, list[_Item]] = {}
        for subscription in self._subscriptions.alive():
            own = [each for each in due if each.subscription == subscription.id]
            if not own:
                continue
            if len(own) > self._switches.number("bc_collection_threshold"):
                items = [_collection(subscription, own)]
            else:
                items = [_item(each) for each in _merged(own)]
            bundles.setdefault(subscription.url, []).extend(items)
        return bundles

    async def _deliver(self, url: str, items: list[_Item]) -> None:
        if self._faults.take("businessCentral", "POST", url, "lose_notification") is not None:
            return
        for wait in (0.0, *RETRY_AFTER):
            if wait:
                await self._clock.sleep(wait)
            alive = {each.id: each for each in self._subscriptions.alive()}
            items = [item for item in items if item.subscription in alive]
            if not items:
                return
            status = await self._post(url, [item.body(alive[item.subscription]) for item in items])
            if 200 <= status < 300:
                return
            if status not in _RETRYABLE and status < 500:
                self._subscriptions.remove_url(url)
                return
        for item in items:
            self._subscriptions.remove(item.subscription)

    async def _post(self, url: str, values: list[dict[str, Json]]) -> int:
        """Send one notification, twice under a `duplicate_notification` fault; the last status, 0 for none."""
        assert self.deliver is not None
        correlation = self._new_id()
        headers = {
            "Content-Type": "application/json",
            "clientRequestId": correlation,
            "x-ms-correlation-id": correlation,
        }
        body = orjson.dumps({"value": values})
        answer = await self.deliver(url, headers, body, _DELIVERY_SECONDS)
        if self._faults.take("businessCentral", "POST", url, "duplicate_notification") is not None:
            answer = await self.deliver(url, headers, body, _DELIVERY_SECONDS)
        return answer.status if answer is not None else 0


def _item(pending: _Pending) -> _Item:
    event = pending.event
    resource = f"api/v2.0/companies({event.company})/contacts({event.contact})"
    return _Item(pending.subscription, resource, event.change, event.at)


def _merged(changes: list[_Pending]) -> list[_Pending]:
    """Consecutive updates of one contact become the latest of them; nothing else merges."""
    kept: list[_Pending | None] = []
    latest: dict[str, int] = {}
    for each in changes:
        contact, change = each.event.contact, each.event.change
        before = latest.pop(contact, None)
        if change is Change.UPDATED:
            if before is not None:
                kept[before] = None
            latest[contact] = len(kept)
        kept.append(each)
    return [each for each in kept if each is not None]


def _collection(subscription: Subscription, changes: list[_Pending]) -> _Item:
    """Too many changes: one item for all; without a filter where something was deleted."""
    resource = f"api/v2.0/companies({subscription.company})/contacts"
    if not any(each.event.change is Change.DELETED for each in changes):
        start = plain_stamp(min(each.at for each in changes) - _FILTER_MARGIN)
        resource += f"?$filter=lastModifiedDateTime%20gt%20{start}"
    return _Item(subscription.id, resource, "collection", changes[-1].event.at)
