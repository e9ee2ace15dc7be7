"""Subscriptions to a company's contacts (contracts/business-central.md §9)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from shared.business_central.company import Company, cut_off, objects, refusal
from shared.business_central.queries import escape
from shared.business_central.records import text
from shared.model import Json
from shared.transport.http import JsonObject

API = "/api/v2.0"
RUNTIME = "/api/microsoft/runtime/beta"
_NOT_MADE = "did not accept the subscription"


@dataclass(frozen=True, slots=True)
class BcSubscription:
    """`expires`: RFC 3339 as Business Central gave it, three days ahead at most. `etag`: for changing it."""

    id: str
    etag: str
    resource: str
    notification_url: str
    client_state: str
    expires: str


def webhook_supported(company: Company) -> bool:
    """Whether this Business Central notifies about contacts; its own list is authoritative (§9.1)."""
    runtime = company.base.removesuffix(API) + RUNTIME
    wanted = escape("resource eq 'v2.0/contacts'")
    answer = company.get(f"{runtime}/{company.path}/webhookSupportedResources?$filter={wanted}")
    return answer.ok and any(text(item, "resource") == "v2.0/contacts" for item in objects(answer.body))


def create(company: Company, notification_url: str, client_state: str) -> BcSubscription:
    """Subscribe to all changes of the company's contacts; the address is asked while this waits.

    `client_state`: random; by it a subscription whose answer was lost is found again.
    Raises Refused when the address did not answer or the 200 subscriptions are used up.
    """
    answer = company.send("POST", "subscriptions", _body(company, notification_url, client_state), safe=False)
    if answer.ok and (made := _parse(answer.body)).id:
        return made
    if answer.ok or answer.lost:
        for existing in list_all(company):
            if existing.notification_url == notification_url and existing.client_state == client_state:
                return existing
    raise cut_off(_NOT_MADE) if answer.ok else refusal(answer, _NOT_MADE)


def renew(
    company: Company, subscription_id: str, notification_url: str, client_state: str
) -> BcSubscription | None:
    """Prolong it by three days; None when it is gone: then subscribe anew and catch up fully."""
    current = get(company, subscription_id)
    if current is None:
        return None
    body = _body(company, notification_url, client_state)
    answer = company.send("PATCH", _path(subscription_id), body, {"If-Match": current.etag}, safe=True)
    if answer.status == 404:
        return None
    if not answer.ok:
        raise refusal(answer, "did not renew the subscription")
    renewed = _parse(answer.body)
    return renewed if renewed.id else get(company, subscription_id)


def delete(company: Company, subscription_id: str) -> None:
    """End it; it is no error when it is gone already."""
    current = get(company, subscription_id)
    if current is None:
        return
    answer = company.send("DELETE", _path(subscription_id), None, {"If-Match": current.etag}, safe=True)
    if not answer.ok and answer.status != 404:
        raise refusal(answer, "did not end the subscription")


def get(company: Company, subscription_id: str) -> BcSubscription | None:
    """One subscription; None when it is gone."""
    answer = company.get(_path(subscription_id))
    if answer.status == 404:
        return None
    if not answer.ok:
        raise refusal(answer, "did not show the subscription")
    found = _parse(answer.body)
    if not found.id:
        raise cut_off("did not show the subscription")
    return found


def list_all(company: Company) -> list[BcSubscription]:
    """Every subscription of the environment that the app may see."""
    pages = company.pages("subscriptions", {}, "did not list the subscriptions")
    return [_parse(item) for page in pages for item in objects(page)]


def _path(subscription_id: str) -> str:
    return f"subscriptions('{quote(subscription_id.replace(chr(39), chr(39) * 2), safe='')}')"


def _body(company: Company, notification_url: str, client_state: str) -> dict[str, Json]:
    return {
        "notificationUrl": notification_url,
        "resource": f"{API}/{company.path}/contacts",
        "clientState": client_state,
    }


def _parse(item: JsonObject) -> BcSubscription:
    return BcSubscription(
        id=text(item, "subscriptionId"),
        etag=text(item, "@odata.etag"),
        resource=text(item, "resource"),
        notification_url=text(item, "notificationUrl"),
        client_state=text(item, "clientState"),
        expires=text(item, "expirationDateTime"),
    )
