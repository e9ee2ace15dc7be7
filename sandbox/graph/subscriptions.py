"""Subscriptions: create, renew, list, delete (contracts/graph.md §6.1–§6.4)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sandbox.exchange import ApiRequest, ApiResponse
from sandbox.graph import ids
from sandbox.graph.bodies import read_object, refuse_body
from sandbox.graph.errors import GraphError, bad_body, bad_query, not_supported
from sandbox.graph.notifications import Notifier, Subscription
from sandbox.graph.options import Preferences
from sandbox.graph.postbox import Postbox
from sandbox.graph.routes import split_path
from sandbox.graph.store import Folder
from sandbox.graph.tenant import Tenant, User
from shared.model import Json

MAX_MINUTES: Final = 10_070
MIN_MINUTES: Final = 45
MAX_CLIENT_STATE: Final = 128
MAX_PER_MAILBOX: Final = 1_000
REAUTHORIZE_SECONDS: Final = 600.0

_CHANGES: Final = ("created", "updated", "deleted")
_REQUIRED: Final = ("changeType", "notificationUrl", "resource", "expirationDateTime")
_OPTIONAL: Final = (
    "clientState",
    "lifecycleNotificationUrl",
    "latestSupportedTlsVersion",
    "includeResourceData",
)
_TLS: Final = re.compile(r"v1_[0-3]")


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def _extension_error(message: str) -> GraphError:
    return GraphError(400, "ExtensionError", message)


@dataclass(slots=True)
class _Touched:
    """When a subscription was last renewed and reauthorized, in virtual seconds."""

    patched: float | None = None
    reauthorized: float | None = None


class Subscriptions:
    """All subscriptions of the tenant; what has expired is gone."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.postbox = Postbox(tenant.clock)
        self.notifier = Notifier(tenant, self.postbox)
        self._touched: dict[str, _Touched] = {}

    async def handle(self, request: ApiRequest, rest: list[str]) -> ApiResponse:
        """Carry out a call below `/subscriptions`. Raises GraphError."""
        if request.query:
            raise bad_query("Subscriptions take no query options.")
        if request.method in ("GET", "DELETE"):
            refuse_body(request)
        match request.method, rest:
            case "POST", []:
                return await self._create(request)
            case "GET", []:
                return self._list(request)
            case "POST", [id, "reauthorize" | "microsoft.graph.reauthorize"]:
                return self._reauthorize(self._own(request, id))
            case "GET", [id]:
                return self._answer(request, self._own(request, id), 200)
            case "PATCH", [id]:
                return await self._patch(request, self._own(request, id))
            case "DELETE", [id]:
                self.notifier.remove(self._own(request, id).id)
                return ApiResponse(204)
            case _:
                raise not_supported()

    def _own(self, request: ApiRequest, id: str) -> Subscription:
        """The caller's own living subscription. Raises GraphError 404."""
        found = self.notifier.find(id)
        if found is None or found.app != request.app:
            raise GraphError(404, "ResourceNotFound", f"The object '{id[:50]}' was not found.")
        return found

    def _answer(self, request: ApiRequest, subscription: Subscription, status: int) -> ApiResponse:
        context = f"{request.origin}/$metadata#subscriptions/$entity"
        return ApiResponse(status, {"@odata.context": context, **subscription.to_json()})

    def _list(self, request: ApiRequest) -> ApiResponse:
        own: list[Json] = [one.to_json() for one in self.notifier.alive() if one.app == request.app]
        return ApiResponse(200, {"@odata.context": f"{request.origin}/$metadata#subscriptions", "value": own})

    async def _create(self, request: ApiRequest) -> ApiResponse:
        body = read_object(request)
        for name in body:
            if name not in (*_REQUIRED, *_OPTIONAL, "@odata.type"):
                raise bad_body(f"The property '{name}' cannot be set on a new 'microsoft.graph.subscription'.")
        for name in _REQUIRED:
            if not isinstance(body.get(name), str) or not body[name]:
                raise _invalid(f"The property '{name}' is required and must be a text.")
        if body.get("includeResourceData"):
            raise _invalid("Resource data needs an encryption certificate and is not offered here.")
        user, folder = self._read_resource(str(body["resource"]))
        now = self._tenant.clock.now()
        subscription = Subscription(
            id=ids.guid(self._tenant.rng),
            app=request.app,
            resource=str(body["resource"]),
            user=user,
            folder=folder,
            changes=_read_changes(str(body["changeType"])),
            change_type=str(body["changeType"]),
            client_state=_read_client_state(body),
            url=self._read_url("notificationUrl", body["notificationUrl"]),
            lifecycle_url=self._read_lifecycle_url(body),
            expires=_read_expiration(str(body["expirationDateTime"]), now),
            immutable=Preferences.read(request.headers.get("prefer", "")).immutable,
            tls=_read_tls(body),
        )
        self._check_room(subscription)
        await self._validate(subscription.url)
        if subscription.lifecycle_url is not None:
            await self._validate(subscription.lifecycle_url)
        self._check_room(subscription)
        self.notifier.add(subscription)
        self._touched[subscription.id] = _Touched()
        return self._answer(request, subscription, 201)

    def _read_resource(self, resource: str) -> tuple[User, Folder]:
        """Whose contacts, and of which folder (§6.1). Raises GraphError 400."""
        try:
            segments = split_path(resource)
        except GraphError as error:
            raise _invalid(f"The resource '{resource[:200]}' is not supported.") from error
        match segments:
            case ["users", key, "contacts"]:
                folder_key = ""
            case ["users", key, "contactFolders", folder_key, "contacts"]:
                pass
            case _:
                raise _invalid(f"The resource '{resource[:200]}' is not supported.")
        user = self._tenant.find_user(key)
        if user is None or user.mailbox is None:
            raise _extension_error(
                "Operation: Create; Exception: [Status Code: NotFound; Reason: REST API is not yet supported "
                "for this mailbox.]"
            )
        if not folder_key:
            return user, user.mailbox.default
        if self._tenant.switches["folder_subscription"] == "refused":
            raise _invalid(f"The resource '{resource[:200]}' is not supported.")
        try:
            return user, user.mailbox.folder(folder_key)
        except GraphError as error:
            raise _extension_error(
                f"Operation: Create; Exception: [Status Code: NotFound; Reason: {error.message}]"
            ) from error

    def _read_url(self, name: str, value: Json) -> str:
        """An address that may be notified: https, or on this machine. Raises GraphError 400."""
        if not isinstance(value, str) or not value:
            raise _invalid(f"The property '{name}' must be a text.")
        parts = urlsplit(value)
        anywhere = self._tenant.switches["http_notifications"] == "any"
        plain = parts.scheme == "http" and (anywhere or _is_loopback(parts.hostname or ""))
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise _invalid(f"The '{name}' must be an https address.")
        return value

    def _read_lifecycle_url(self, body: Mapping[str, Json]) -> str | None:
        if body.get("lifecycleNotificationUrl") is None:
            return None
        url = self._read_url("lifecycleNotificationUrl", body["lifecycleNotificationUrl"])
        if urlsplit(url).hostname != urlsplit(str(body["notificationUrl"])).hostname:
            raise _invalid("notificationUrl and lifecycleNotificationUrl must have the same host.")
        return url

    def _check_room(self, wanted: Subscription) -> None:
        """Refuse a twin (409) and the 1,001st of a mailbox (403) (§6.2)."""
        there = [one for one in self.notifier.alive() if one.user.id == wanted.user.id]
        for one in there:
            if one.app == wanted.app and one.folder is wanted.folder and one.changes == wanted.changes:
                message = f"Subscription Id <{one.id}> already exists for the requested combination"
                raise GraphError(409, "Conflict", message)
        if len(there) >= MAX_PER_MAILBOX:
            raise GraphError(403, "Forbidden", "The mailbox has too many active subscriptions.")

    async def _validate(self, url: str) -> None:
        """The handshake, while the caller waits (§6.3). Raises GraphError 400."""
        token = f"Validation: Testing client application reachability. Request: {ids.guid(self._tenant.rng)}"
        late = self._tenant.faults.take("graph", "HANDSHAKE", urlsplit(url).path, "handshake_timeout")
        if late is not None or not await self.postbox.shake_hands(url, token):
            raise _invalid(
                "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
                "validation request."
            )

    async def _patch(self, request: ApiRequest, subscription: Subscription) -> ApiResponse:
        """Renew, or change the address (§6.4)."""
        body = read_object(request)
        changes = body.keys() - {"@odata.type"}
        if not changes & {"expirationDateTime", "notificationUrl"}:
            raise _invalid(
                "Subscription must contain either the 'expirationDateTime' or 'notificationUrl' property "
                "and its value."
            )
        if changes - {"expirationDateTime", "notificationUrl"}:
            raise _invalid("Only 'expirationDateTime' and 'notificationUrl' can be changed.")
        touched, now = self._touched[subscription.id], self._tenant.clock.monotonic()
        if touched.reauthorized is not None and now - touched.reauthorized < REAUTHORIZE_SECONDS:
            raise _invalid("The subscription was reauthorized less than 10 minutes ago.")
        renewed = subscription
        if "expirationDateTime" in body:
            expires = _read_expiration(str(body["expirationDateTime"]), self._tenant.clock.now())
            renewed = replace(renewed, expires=expires)
        if "notificationUrl" in body:
            url = self._read_url("notificationUrl", body["notificationUrl"])
            await self._validate(url)
            self._own(request, subscription.id)
            renewed = replace(renewed, url=url)
        touched.patched = now
        self.notifier.add(renewed)
        return self._answer(request, renewed, 200)

    def _reauthorize(self, subscription: Subscription) -> ApiResponse:
        """Does not extend; not within ten minutes of a PATCH (§6.4)."""
        touched, now = self._touched[subscription.id], self._tenant.clock.monotonic()
        if touched.patched is not None and now - touched.patched < REAUTHORIZE_SECONDS:
            raise _invalid("The subscription was renewed less than 10 minutes ago.")
        touched.reauthorized = now
        return ApiResponse(204)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_changes(text: str) -> frozenset[str]:
    changes = [part.strip() for part in text.split(",")]
    if len(set(changes)) != len(changes) or not set(changes) <= set(_CHANGES):
        raise _invalid("The changeType must be a list of created, updated, deleted.")
    return frozenset(changes)


def _read_client_state(body: Mapping[str, Json]) -> str | None:
    value = body.get("clientState")
    if value is not None and (not isinstance(value, str) or len(value) > MAX_CLIENT_STATE):
        raise _invalid(f"The clientState must be a text of at most {MAX_CLIENT_STATE} characters.")
    return value


def _read_tls(body: Mapping[str, Json]) -> str:
    value = body.get("latestSupportedTlsVersion") or "v1_2"
    if not isinstance(value, str) or _TLS.fullmatch(value) is None:
        raise _invalid("The latestSupportedTlsVersion must be one of v1_0 to v1_3.")
    return value


def _read_expiration(text: str, now: datetime) -> datetime:
    """At most 10,070 minutes ahead; less than 45 is raised to 45 (§6.2). Raises GraphError 400."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_body("The value of 'expirationDateTime' is not an Edm.DateTimeOffset.") from error
    if moment.tzinfo is None:
        raise bad_body("The value of 'expirationDateTime' needs an offset from UTC.")
    moment = moment.astimezone(UTC)
    if moment <= now:
        raise _extension_error("Subscription expiration can only be in the future.")
    if moment > now + timedelta(minutes=MAX_MINUTES):
        raise _extension_error(f"Subscription expiration can only be {MAX_MINUTES} minutes in the future.")
    return max(moment, now + timedelta(minutes=MIN_MINUTES))
