"""What subscribers are told: change notifications and lifecycle events (contracts/graph.md §6.5, §6.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from sandbox.graph import ids
from sandbox.graph.postbox import Postbox
from sandbox.graph.store import Folder
from sandbox.graph.tenant import Event, Tenant, User
from shared.model import Json

LIFECYCLE_EVENTS: Final = ("reauthorizationRequired", "subscriptionRemoved", "missed")
_AS_TOLD: Final = timezone(timedelta(hours=-8))
"""Notifications write the expiration with an offset, unlike the API (§6.5)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants to hear of what; `change_type` as it was asked for, `immutable` the form of ids to tell."""

    id: str
    app: str
    resource: str
    user: User
    folder: Folder
    changes: frozenset[str]
    change_type: str
    client_state: str | None
    url: str
    lifecycle_url: str | None
    expires: datetime
    immutable: bool
    tls: str

    def to_json(self) -> dict[str, Json]:
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.app,
            "changeType": self.change_type,
            "clientState": self.client_state,
            "notificationUrl": self.url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": self.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creatorId": str(uuid5(NAMESPACE_OID, self.app)),
            "includeResourceData": None,
            "latestSupportedTlsVersion": self.tls,
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


class Notifier:
    """The living subscriptions, told of every event that concerns them."""

    def __init__(self, tenant: Tenant, postbox: Postbox) -> None:
        self.tenant_id = "5b1c7c2e-3a64-4f0e-9a51-0d6f2c1b8e11"
        self._tenant = tenant
        self._postbox = postbox
        self._subscriptions: dict[str, Subscription] = {}
        tenant.listeners.append(self._on_event)

    def add(self, subscription: Subscription) -> None:
        """Add one, or put a renewed one in its place."""
        self._subscriptions[subscription.id] = subscription

    def remove(self, id: str) -> None:
        del self._subscriptions[id]

    def find(self, id: str) -> Subscription | None:
        found = self._subscriptions.get(id)
        return found if found is not None and found.expires > self._tenant.clock.now() else None

    def alive(self) -> list[Subscription]:
        now = self._tenant.clock.now()
        self._subscriptions = {one.id: one for one in self._subscriptions.values() if one.expires > now}
        return list(self._subscriptions.values())

    def lifecycle(self, id: str, event: str) -> None:
        """Tell of a lifecycle event (§6.6); `subscriptionRemoved` also ends the subscription."""
        if event not in LIFECYCLE_EVENTS:
            raise ValueError(f"{event!r} is none of {', '.join(LIFECYCLE_EVENTS)}")
        subscription = self._subscriptions[id]
        if event == "subscriptionRemoved":
            self.remove(id)
        if subscription.lifecycle_url is not None:
            told = self._envelope(subscription)
            self._postbox.post(subscription.lifecycle_url, {**told, "lifecycleEvent": event})

    def _on_event(self, event: Event) -> None:
        if not self._subscriptions:
            return
        api_only = self._tenant.switches["folder_subscription"] == "api_only"
        for subscription in self.alive():
            if subscription.folder is not event.folder or event.change not in subscription.changes:
                continue
            whole_mailbox = subscription.folder is event.user.mailbox.default if event.user.mailbox else False
            if api_only and not event.by_api and not whole_mailbox:
                continue
            self._tell(subscription, event)

    def _tell(self, subscription: Subscription, event: Event) -> None:
        contact = event.contact.id(subscription.immutable)
        resource = f"Users/{event.user.id}/Contacts/{contact}"
        data: dict[str, Json] = {
            "@odata.type": "#Microsoft.Graph.Contact",
            "@odata.id": resource,
            "id": contact,
        }
        if event.change != "deleted":
            data["@odata.etag"] = event.contact.etag
        told: dict[str, Json] = {
            **self._envelope(subscription),
            "changeType": event.change,
            "resource": resource,
            "resourceData": data,
        }
        self._send(subscription, told)

    def _envelope(self, subscription: Subscription) -> dict[str, Json]:
        return {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": subscription.expires.astimezone(_AS_TOLD).isoformat(),
            "clientState": subscription.client_state,
            "tenantId": self.tenant_id,
        }

    def _send(self, subscription: Subscription, told: dict[str, Json]) -> None:
        """Post one notification, spoilt by a fault where there is one."""
        take = self._tenant.faults.take
        place = f"/{subscription.resource.lstrip('/')}"
        if take("graph", "NOTIFY", place, "notify_drop"):
            return
        if take("graph", "NOTIFY", place, "notify_wrong_state"):
            told = {**told, "clientState": "not-the-one-you-gave"}
        if take("graph", "NOTIFY", place, "notify_unknown"):
            told = {**told, "subscriptionId": ids.guid(self._tenant.rng)}
        copies = 3 if take("graph", "NOTIFY", place, "notify_triple") else 1
        delay = take("graph", "NOTIFY", place, "notify_delay")
        for _ in range(copies):
            self._postbox.post(subscription.url, told, delay.seconds if delay is not None else 0.0)
