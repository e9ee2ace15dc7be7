"""Subscriptions to the changes of a contact folder (contracts/graph.md §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from shared.graph.mailbox import IMMUTABLE, objects, pages, refusal, segment
from shared.graph.records import text
from shared.model import Json
from shared.transport.http import Answer, Call, JsonObject, Transport
from shared.transport.lanes import Lane

LONGEST_MINUTES = 10_000
"""Live limit 10,070 minutes, documented 10,080; a margin for clocks (§6.2)."""
_LANE = Lane("graph subscriptions", 4)


@dataclass(frozen=True, slots=True)
class Subscription:
    """`expires`: RFC 3339 as Graph gave it."""

    id: str
    resource: str
    notification_url: str
    client_state: str
    expires: str


class GraphSubscriptions:
    """The app's own subscriptions, of all mailboxes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        user: str,
        folder: str,
        notification_url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> Subscription:
        """Subscribe to a folder; Graph asks the notification address while this waits.

        `user`: object id. `expires`: aware, at most LONGEST_MINUTES ahead. `client_state`: at most 128
        characters, random: by it a subscription whose answer was lost is found again. If the app has one
        for the same resource and address already (409), that one comes back, or goes if its secret is another.
        Raises Refused when the address was not reachable or the folder can't be subscribed to.
        """
        resource = f"/users/{quote(user, safe='@')}/contactFolders/{segment(folder)}/contacts"
        body: dict[str, Json] = {
            "changeType": "created,updated,deleted",
            "notificationUrl": notification_url,
            "lifecycleNotificationUrl": lifecycle_url,
            "resource": resource,
            "expirationDateTime": _stamp(expires),
            "clientState": client_state,
            "latestSupportedTlsVersion": "v1_2",
        }
        answer = self._send("POST", "/subscriptions", body, safe=False)
        if answer.lost or answer.status == 409 or (answer.ok and not text(answer.body, "id")):
            known = self._same_place(resource, notification_url)
            for existing in known:
                if existing.client_state == client_state:
                    return existing
            # Of an earlier life of the setup: what it tells bears a secret that nobody knows any more.
            for existing in known:
                self.delete(existing.id)
            if known:
                answer = self._send("POST", "/subscriptions", body, safe=False)
        if answer.ok and text(answer.body, "id"):
            return _parse(answer.body, _stamp(expires))
        raise refusal(answer, "did not accept the subscription")

    def renew(self, subscription_id: str, expires: datetime) -> Subscription | None:
        """Prolong it; None when it is gone: then subscribe anew and run a delta round."""
        body = {"expirationDateTime": _stamp(expires)}
        answer = self._send("PATCH", _path(subscription_id), body, safe=True)
        if answer.status == 404:
            return None
        if not answer.ok:
            raise refusal(answer, "did not renew the subscription")
        return replace(_parse(answer.body, _stamp(expires)), id=subscription_id)

    def get(self, subscription_id: str) -> Subscription | None:
        """One subscription; None when it is gone."""
        answer = self._send("GET", _path(subscription_id), None, safe=True)
        if answer.status == 404:
            return None
        if not answer.ok:
            raise refusal(answer, "did not show the subscription")
        return _parse(answer.body)

    def delete(self, subscription_id: str) -> None:
        """End it; it is no error when it is gone already."""
        answer = self._send("DELETE", _path(subscription_id), None, safe=True)
        if not answer.ok and answer.status != 404:
            raise refusal(answer, "did not end the subscription")

    def list(self) -> list[Subscription]:
        """Every subscription of this app."""
        return [
            _parse(item)
            for page in pages(self._read, "/subscriptions", "did not list the subscriptions")
            for item in objects(page)
        ]

    def _same_place(self, resource: str, notification_url: str) -> Sequence[Subscription]:
        """The app's subscriptions to this resource that tell this address."""
        return [
            each
            for each in self.list()
            if each.notification_url == notification_url and _same(each.resource, resource)
        ]

    def _read(self, url: str) -> Answer:
        return self._send("GET", url, None, safe=True)

    def _send(self, method: str, url: str, body: Mapping[str, Json] | None, *, safe: bool) -> Answer:
        return self._transport.send(Call(method, url, _LANE, safe, {"Prefer": IMMUTABLE}, body))


def _path(subscription_id: str) -> str:
    return f"/subscriptions/{quote(subscription_id, safe='')}"


def _same(one: str, other: str) -> bool:
    # Graph spells the words of a resource in other letters, with or without the first slash (contracts/graph.md
    # §6.5); a folder's id is told from another by its letters (§1.1).
    mine, others = one.strip("/").split("/"), other.strip("/").split("/")
    return mine[3:4] == others[3:4] and "/".join(mine).casefold() == "/".join(others).casefold()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(item: JsonObject, asked: str = "") -> Subscription:
    """`asked`: the end that holds where the answer names none."""
    return Subscription(
        id=text(item, "id"),
        resource=text(item, "resource"),
        notification_url=text(item, "notificationUrl"),
        client_state=text(item, "clientState"),
        expires=text(item, "expirationDateTime") or asked,
    )
