"""The addresses that Graph and Business Central notify: check, queue, answer at once.

A notification only says *when* to look, never *what* to do: a forged, doubled or lost one changes nothing
(spec/invariants.md I8). Rules: contracts/graph.md §6, contracts/business-central.md §9.4.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.api.directory import is_guid
from shared.api.doors import Door
from shared.api.http import Response
from shared.api.models import BcHandshakeQuery, HandshakeQuery, NotificationsBody
from shared.api.problems import Refusal, bad_member
from shared.api.route import Call, Route
from shared.errors import SettingError, SyncError
from shared.model import Json
from shared.state.runs import Trigger
from shared.state.subscriptions import Service, Subscription
from shared.sync import jobs
from shared.sync.doorbell import doorbell_of, index_of
from shared.sync.feed import note_deleted
from shared.sync.jobs import ask, attend_later, each, look_later
from shared.sync.services import Services

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024
"""A thousand items of Business Central, the most it sends at once, are 350 KB (§9.4)."""
_LONGEST_TOKEN = 4096
_CONTACT = re.compile(r"companies\([0-9a-f-]{36}\)/contacts\(([0-9a-f-]{36})\)", re.IGNORECASE)
_ACCEPTED = Response(202)


@dataclass(frozen=True, slots=True)
class _Told:
    """A notification whose secret was right, and the subscription it belongs to."""

    subscription: Subscription
    item: Mapping[str, Json]


def graph_notifications(call: Call) -> Response:
    """Changes in a mailbox: a run for each setup that a true notification names.

    200 for the handshake, 202 once the runs are queued, 503 where that failed: Graph comes again (§6.5).
    """
    return _graph(call, _changed)


def graph_lifecycle(call: Call) -> Response:
    """What becomes of subscriptions (§6.6): they are renewed, made anew, or caught up with."""
    return _graph(call, _lifecycle)


def bc_notifications(call: Call) -> Response:
    """Changes of a company's contacts: a look at whom they concern.

    A 4xx would end every subscription of this address at once (§9.4), so whatever is wrong with a
    notification it is answered with 202, and 503 where the queue was not to be reached.
    """
    if (answer := _handshake(call)) is not None:
        return answer
    items = _items(call.request.body)
    if not items:
        return _ACCEPTED
    return _queued(lambda: _company_changed(call.services, items))


def bc_handshake(call: Call) -> Response:
    """The same address asked by GET: a handshake or nothing (§9.2)."""
    answer = _handshake(call)
    if answer is None:
        raise bad_member("validationToken", "By GET this address is only checked. Notify it by POST.")
    return answer


def _graph(call: Call, act: Callable[[Services, list[_Told]], None]) -> Response:
    if (answer := _handshake(call)) is not None:
        return answer
    if len(call.request.body) > MOST_BYTES:
        raise Refusal(413, f"A notification has at most {MOST_BYTES} bytes.")
    items = _items(call.request.body)
    if items is None:
        raise Refusal(400, "A JSON object with the list `value` was expected.")
    return _queued(lambda: _told_by_graph(call.services, items, act))


def _told_by_graph(
    services: Services, items: list[Mapping[str, Json]], act: Callable[[Services, list[_Told]], None]
) -> None:
    tenant = services.settings.tenant_id.lower()
    # A tenant may be set by its domain, too; Graph names it by its id.
    known = is_guid(tenant)
    ours = [one for one in items if not known or str(one.get("tenantId") or tenant).lower() == tenant]
    act(services, list(_true(services, Service.GRAPH, ours)))


def _handshake(call: Call) -> Response | None:
    """The token, as plain text and nothing else; one that a browser could take for a page is refused (§6.3)."""
    tokens = [value for name, value in call.request.query if name.lower() == "validationtoken"]
    if not tokens:
        return None
    token = tokens[0]
    if not token or len(token) > _LONGEST_TOKEN or "<" in token or ">" in token:
        raise bad_member("validationToken", "This is no validation token.")
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Response(200, {**headers, "Cache-Control": "no-store"}, token.encode())


def _queued(work: Callable[[], None]) -> Response:
    """202 only when everything is safely queued; whatever stops that is answered so that they come again."""
    try:
        work()
    except SettingError:
        raise
    except SyncError as error:
        log.warning("notifications could not be queued (%s)", type(error).__name__)
        raise Refusal(503, "The notification could not be stored.", headers={"Retry-After": "10"}) from error
    return _ACCEPTED


def _items(body: bytes) -> list[Mapping[str, Json]] | None:
    """The objects in the body's list `value`; None where the body is too large or of another form."""
    if len(body) > MOST_BYTES:
        return None
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    listed = parsed.get("value") if isinstance(parsed, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else None


def _true(services: Services, service: Service, items: list[Mapping[str, Json]]) -> Iterator[_Told]:
    """Those that know their subscription's secret; the others are dropped."""
    index = index_of(services, service)
    dropped = 0
    for item in items:
        name, secret = item.get("subscriptionId"), item.get("clientState")
        found = index.find(name) if isinstance(name, str) and isinstance(secret, str) else None
        if found is not None and _same(found.client_state, str(secret)):
            yield _Told(found, item)
        else:
            dropped += 1
    if dropped:
        log.warning("%s notifications from %s were not ours", dropped, service)


def _same(secret: str, sent: str) -> bool:
    """In constant time. What JSON may hold and UTF-8 may not is no secret of ours."""
    return hmac.compare_digest(secret.encode(), sent.encode(errors="replace"))


def _changed(services: Services, told: list[_Told]) -> None:
    """A run for each setup, whatever changed and however often."""
    each(lambda known: _ring(services, known), {one.subscription.id: one.subscription for one in told}.values())


def _ring(services: Services, known: Subscription) -> None:
    bell = doorbell_of(services)
    key = (known.user, known.company)
    with bell.alone(key):
        if bell.rings(key):
            return
        if services.store.subscriptions.get(Service.GRAPH, known.id) is None:
            return  # The setup was deleted meanwhile: nothing of it may come back.
        began = bell.now()
        claimed = ask(services, known.user, known.company, Trigger.GRAPH, debounced=True)
        if claimed.send:
            bell.rang(key, began, jobs.DEBOUNCE_SECONDS)


def _lifecycle(services: Services, told: list[_Told]) -> None:
    attend: dict[str, Subscription] = {}
    missed: dict[str, Subscription] = {}
    for one in told:
        match one.item.get("lifecycleEvent"):
            case "reauthorizationRequired" | "subscriptionRemoved":
                attend[one.subscription.id] = one.subscription
            case "missed":
                missed[one.subscription.id] = one.subscription
            case _:
                log.info("an unknown lifecycle event was ignored")
    for subscription in attend.values():
        attend_later(services, subscription.user, subscription.company)
    each(lambda known: _ring(services, known), missed.values())


def _company_changed(services: Services, items: list[Mapping[str, Json]]) -> None:
    """One look per company; what was deleted is written down first, for a look cannot see it."""
    deleted: dict[str, set[str]] = {}
    anything: set[str] = set()
    for one in _true(services, Service.BUSINESS_CENTRAL, items):
        company, change = one.subscription.company, one.item.get("changeType")
        ids = deleted.setdefault(company, set())
        contact = _CONTACT.search(str(one.item.get("resource", "")))
        filtered = "$filter" in str(one.item.get("resource", ""))
        if change == "deleted" and contact:
            ids.add(contact.group(1).lower())
        elif not (change in ("created", "updated") or (change == "collection" and filtered)):
            anything.add(company)
    bell = doorbell_of(services)
    for company, ids in deleted.items():
        if ids or company in anything:
            note_deleted(services, company, None if company in anything else ids)
        elif bell.rings(company):
            continue
        began = bell.now()
        look_later(services, company)
        bell.rang(company, began, jobs.DEBOUNCE_SECONDS)


_TOLD = {200: "text/plain", 202: None}

WEBHOOKS: tuple[Route, ...] = (
    Route(
        "POST",
        "graph/notifications",
        Door.ANONYMOUS,
        graph_notifications,
        "graphNotifications",
        "Graph tells of changes in a mailbox",
        _TOLD,
        unchecked_body=NotificationsBody,
        query=HandshakeQuery,
        problems=(413, 503),
    ),
    Route(
        "POST",
        "graph/lifecycle",
        Door.ANONYMOUS,
        graph_lifecycle,
        "graphLifecycle",
        "Graph tells what becomes of a subscription",
        _TOLD,
        unchecked_body=NotificationsBody,
        query=HandshakeQuery,
        problems=(413, 503),
    ),
    Route(
        "POST",
        "bc/notifications",
        Door.ANONYMOUS,
        bc_notifications,
        "bcNotifications",
        "Business Central tells of changes in a company",
        _TOLD,
        unchecked_body=NotificationsBody,
        query=BcHandshakeQuery,
        problems=(503,),
    ),
    Route(
        "GET",
        "bc/notifications",
        Door.ANONYMOUS,
        bc_handshake,
        "bcHandshake",
        "Business Central checks an address",
        {200: "text/plain"},
        query=BcHandshakeQuery,
    ),
)
"""The addresses for notifications as routes of the API."""
