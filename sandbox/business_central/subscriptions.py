"""The webhook subscriptions of an environment (contracts/business-central.md §9.2, §9.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sandbox.business_central import errors
from sandbox.business_central.entity import SUBSCRIPTION, Values, utf16_length
from sandbox.business_central.stamps import etag_of, plain_stamp
from sandbox.clock import VirtualClock
from shared.model import Json

LIFETIME = timedelta(days=3)
_RESOURCE = re.compile(r"/?api/v2\.0/companies\(([0-9A-Fa-f-]{36})\)/([A-Za-z]+)")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(slots=True)
class Subscription:
    """`company`: id, `entity_set`: both from the resource. Lives until `expires` by the virtual clock."""

    id: str
    url: str
    resource: str
    company: str
    entity_set: str
    client_state: str
    user: str
    created: datetime
    modified: datetime
    expires: datetime
    timestamp: int

    def values(self) -> Values:
        """As the entity shows it."""
        return {
            "subscriptionId": self.id,
            "notificationUrl": self.url,
            "resource": self.resource,
            "timestamp": self.timestamp,
            "userId": self.user,
            "lastModifiedDateTime": plain_stamp(self.modified.replace(microsecond=0)),
            "clientState": self.client_state,
            "expirationDateTime": plain_stamp(self.expires),
            "systemCreatedAt": plain_stamp(self.created),
            "systemCreatedBy": self.user,
            "systemModifiedAt": plain_stamp(self.modified),
            "systemModifiedBy": self.user,
        }

    @property
    def etag(self) -> str:
        return etag_of(self.values())

    def renew(self, now: datetime) -> None:
        self.modified = now
        self.expires = now.replace(microsecond=0) + LIFETIME


class Subscriptions:
    """Those alive; the expired ones go as soon as anyone looks."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._rows: dict[str, Subscription] = {}

    def alive(self) -> list[Subscription]:
        now = self._clock.now()
        self._rows = {each.id: each for each in self._rows.values() if each.expires > now}
        return list(self._rows.values())

    def get(self, subscription_id: str) -> Subscription | None:
        self.alive()
        return self._rows.get(subscription_id)

    def add(self, subscription: Subscription) -> None:
        self._rows[subscription.id] = subscription

    def remove(self, subscription_id: str) -> None:
        self._rows.pop(subscription_id, None)

    def remove_url(self, url: str) -> None:
        """Remove every subscription that shares a notification URL."""
        self._rows = {each.id: each for each in self._rows.values() if each.url != url}

    def any(self) -> bool:
        return bool(self._rows)

    def copy(self) -> list[Subscription]:
        return [replace(each) for each in self._rows.values()]

    def replace(self, rows: list[Subscription]) -> None:
        self._rows = {each.id: replace(each) for each in rows}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The body of a POST or PATCH, checked. None: not given."""

    url: str
    resource: str
    company: str
    entity_set: str
    client_state: str | None


def wanted(body: Mapping[str, Json]) -> Wanted:
    """Check the body of a subscription write. Raises `Refusal`."""
    texts: dict[str, str] = {}
    for name, value in body.items():
        prop = SUBSCRIPTION.properties.get(name)
        if prop is None:
            raise errors.property_unknown(name, SUBSCRIPTION.name)
        if not prop.writable:
            raise errors.read_only(name)
        if not isinstance(value, str):
            raise errors.invalid_body(f"Unable to convert value to String in property '{name}'")
        if prop.length and (length := utf16_length(value)) > prop.length:
            raise errors.too_long(length, prop.length, value)
        texts[name] = value
    for name in ("notificationUrl", "resource"):
        if not texts.get(name):
            raise errors.dialog(f"{name} must be provided.")
    match = _RESOURCE.fullmatch(texts["resource"])
    if match is None:
        raise errors.dialog("The resource cannot be subscribed to.")
    _check_url(texts["notificationUrl"])
    company, entity_set = match.group(1).lower(), match.group(2)
    return Wanted(texts["notificationUrl"], texts["resource"], company, entity_set, texts.get("clientState"))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise errors.dialog("The notification URL is not valid.") from error
    loopback = parts.scheme == "http" and host in _LOOPBACK
    if not host or not (parts.scheme == "https" or loopback):
        raise errors.dialog("The notification URL must be an https address.")
