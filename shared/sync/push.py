"""Subscriptions: one per setup with Graph, one per company with Business Central, and how they are.

They only make the sync quicker: without one, or with a dead one, the tick polls. What is known about them is in
the tables of subscriptions and companies, never in a setup's state, which belongs to the run under the lease.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import StateConflict, SyncError
from shared.graph.subscriptions import LONGEST_MINUTES
from shared.model import Json
from shared.state.companies import Company
from shared.state.keys import company_key, moment, stamp, user_key
from shared.state.runs import Trigger
from shared.state.setups import StoredSetup
from shared.state.subscriptions import Service, Subscription
from shared.sync.feed import note_deleted, takes_part
from shared.sync.jobs import DEBOUNCE_SECONDS, ask, look_later
from shared.sync.services import Services
from shared.sync.session import Session

log = logging.getLogger(__name__)

GRAPH_PATH = "/api/graph/notifications"
LIFECYCLE_PATH = "/api/graph/lifecycle"
BC_PATH = "/api/bc/notifications"
_FIRST_RETRY = timedelta(minutes=15)
_LAST_RETRY = timedelta(hours=24)
_HEARD_EVERY = timedelta(minutes=10)
_OPENING = timedelta(minutes=5)
_ATTEMPTS = 6


# --- a setup's subscription with Graph ----------------------------------------------------------------------


def wanted(services: Services, stored: StoredSetup) -> str:
    """What a subscription must be for; "" without address, folder or background sync: there is to be none."""
    base, folder = services.settings.public_base_url, stored.state.folder_id
    return f"{base} {folder}" if base and folder and takes_part(stored) else ""


def ensure(services: Services, session: Session) -> None:
    """At the end of a run: the first one subscribes and leaves the rest to the tick; else it costs nothing."""
    now_is = replace(session.stored, state=session.state)
    target = wanted(services, now_is)
    if session.state.push.get("for", "") == target:
        return
    if target:
        attend(services, now_is)
        open_company(services, session.setup.company)
    else:
        end(services, _rows(services, now_is))
    session.state = replace(session.state, push={"for": target} if target else {})


def attend(services: Services, stored: StoredSetup, rows: Iterable[Subscription] | None = None) -> None:
    """Bring the setup's subscription into order: renewed, or made anew with a run that catches up, or ended.

    `rows`: what is stored of it, where that was read already. What goes wrong is stored and tried again later.
    """
    rows = _rows(services, stored) if rows is None else list(rows)
    target = wanted(services, stored)
    good = [row for row in rows if target and row.client_state and row.extra.get("for") == target]
    # First, for Graph allows but one subscription to a folder (contracts/graph.md §6.2).
    end(services, (row for row in rows if row not in good[:1]))
    if target and not (good and _renew(services, good[0])):
        _open(services, stored, target, attempts=_attempts(rows))


def needs_attention(services: Services, stored: StoredSetup, rows: Iterable[Subscription]) -> bool:
    """Whether `attend` has something to do now; no requests, no storage."""
    rows, target, now = list(rows), wanted(services, stored), services.clock.now()
    if not target:
        return bool(rows)
    good = [row for row in rows if row.client_state and row.extra.get("for") == target]
    if good:
        return len(rows) > 1 or _half_over(good[0].extra, good[0].expires, now)
    waits = [row.expires for row in rows if not row.client_state]
    return "for" in stored.state.push and all(at <= stamp(now) for at in waits)


def healthy(services: Services, stored: StoredSetup, rows: Iterable[Subscription]) -> bool:
    """Whether changes in the folder are being told."""
    target, now = wanted(services, stored), stamp(services.clock.now())
    return any(
        target and row.client_state and row.extra.get("for") == target and row.expires > now for row in rows
    )


def heard(services: Services, row: Subscription) -> None:
    """Remember that a notification came, seldom enough; `row` as just read."""
    now, last = services.clock.now(), row.extra.get("heardAt")
    if not isinstance(last, str) or moment(last) + _HEARD_EVERY <= now:
        services.store.subscriptions.save(replace(row, extra={**row.extra, "heardAt": stamp(now)}))


def end(services: Services, rows: Iterable[Subscription]) -> None:
    """End subscriptions with Graph and forget them; one that cannot be ended now runs out by itself."""
    for row in rows:
        if row.client_state:
            try:
                services.graph_subscriptions().delete(row.id)
            except SyncError as error:
                log.warning("a subscription could not be ended (%s)", type(error).__name__)
        services.store.subscriptions.delete(Service.GRAPH, row.id)


def _open(services: Services, stored: StoredSetup, target: str, attempts: int) -> None:
    user, company, now = stored.setup.user, stored.setup.company, services.clock.now()
    base = services.settings.public_base_url or ""
    secret = _secret(stored.state.print_key, f"graph {target}")
    try:
        made = services.graph_subscriptions().create(
            user,
            stored.state.folder_id,
            base + GRAPH_PATH,
            base + LIFECYCLE_PATH,
            secret,
            now + timedelta(minutes=LONGEST_MINUTES),
        )
    except SyncError as error:
        log.warning("a mailbox could not be subscribed to (%s)", type(error).__name__)
        _trouble(services, stored, str(error), attempts + 1)
        return
    extra: dict[str, Json] = {"for": target, "since": stamp(now)}
    expires = stamp(moment(made.expires))
    services.store.subscriptions.save(
        Subscription(Service.GRAPH, made.id, user, company, secret, expires, made.resource, extra=extra)
    )
    # What changed between the last reading and now was told to nobody (contracts/graph.md §6.4).
    ask(services, user, company, Trigger.GRAPH, delay=DEBOUNCE_SECONDS)


def _renew(services: Services, row: Subscription) -> bool:
    """Whether the subscription lives on. A refusal is stored and tried again by the next tick."""
    now = services.clock.now()
    try:
        renewed = services.graph_subscriptions().renew(row.id, now + timedelta(minutes=LONGEST_MINUTES))
    except SyncError as error:
        log.warning("a subscription could not be renewed (%s)", type(error).__name__)
        services.store.subscriptions.save(replace(row, extra={**row.extra, "error": str(error)}))
        return True
    if renewed is None:
        services.store.subscriptions.delete(Service.GRAPH, row.id)
        return False
    extra = {name: value for name, value in row.extra.items() if name != "error"}
    after = replace(row, expires=stamp(moment(renewed.expires)), extra={**extra, "since": stamp(now)})
    services.store.subscriptions.save(after)
    return True


def _trouble(services: Services, stored: StoredSetup, error: str, attempts: int) -> None:
    """A row without a secret says why there is no subscription; it "expires" when the next attempt is due."""
    wait = min(_FIRST_RETRY * 2 ** (attempts - 1), _LAST_RETRY)
    user, company = stored.setup.user, stored.setup.company
    services.store.subscriptions.save(
        Subscription(
            Service.GRAPH,
            f"none {user} {company}",
            user,
            company,
            "",
            stamp(services.clock.now() + wait),
            extra={"error": error, "attempts": attempts},
        )
    )


def _attempts(rows: Iterable[Subscription]) -> int:
    found = [row.extra.get("attempts") for row in rows if not row.client_state]
    return max((number for number in found if isinstance(number, int)), default=0)


def _rows(services: Services, stored: StoredSetup) -> list[Subscription]:
    return services.store.subscriptions.of(Service.GRAPH, stored.setup.company, stored.setup.user)


# --- a company's subscription with Business Central -----------------------------------------------------------


def company_needs_attention(services: Services, row: Company) -> bool:
    """Whether `open_company` has something to do now; no requests, no storage."""
    state, now = row.subscription, services.clock.now()
    if not services.settings.public_base_url:
        return False
    if state.get("for") != services.settings.public_base_url:
        return True
    if isinstance(retry := state.get("retryAt"), str):
        return moment(retry) <= now
    return _half_over(state, str(state.get("expires", "")), now)


def company_healthy(services: Services, row: Company | None) -> bool:
    """Whether changes in the company are being told."""
    state = row.subscription if row else {}
    mine = state.get("for") == services.settings.public_base_url
    return mine and bool(state.get("id")) and str(state.get("expires", "")) > stamp(services.clock.now())


def open_company(services: Services, company: str) -> None:
    """Bring the company's subscription into order: asked for, renewed, or made anew.

    Where contacts are not offered (contracts/business-central.md §9.1) it is asked again a day later.
    """
    environment, now = services.settings.bc_environment, services.clock.now()
    row = services.store.companies.get(environment, company) or Company(environment, company)
    if not company_needs_attention(services, row):
        return
    base = services.settings.public_base_url or ""
    # Said first, so that of several workers one subscribes.
    taken = replace(row, subscription={**row.subscription, "for": base, "retryAt": stamp(now + _OPENING)})
    try:
        taken = services.store.companies.save(taken)
        state = _subscribed(services, taken, base, row.subscription)
        _save_subscription(services, company, state)
    except StateConflict:
        log.info("another worker attends to the company's subscription")


def close_company(services: Services, row: Company) -> None:
    """End the company's subscription: its last setup is gone, or no longer synced in the background."""
    name = str(row.subscription.get("id", ""))
    if name:
        try:
            services.bc(row.id).unsubscribe(name)
        except SyncError as error:
            log.warning("a company's subscription could not be ended (%s)", type(error).__name__)
        services.store.subscriptions.delete(Service.BUSINESS_CENTRAL, name)
    _save_subscription(services, row.id, {})


def _subscribed(services: Services, row: Company, base: str, before: Mapping[str, Json]) -> dict[str, Json]:
    """What to remember after an attempt."""
    client, now = services.bc(row.id), services.clock.now()
    url = f"{base}{BC_PATH}?company={row.id}"
    secret = _secret(services.store.companies.claim_key(row.environment, row.id), f"business central {base}")
    name = str(before.get("id", "")) if before.get("for") == base else ""
    try:
        made = client.renew_subscription(name, url, secret) if name else None
        if made is None:
            if not client.webhook_supported():
                return {"for": base, "unsupported": True, "retryAt": stamp(now + _LAST_RETRY)}
            made = client.subscribe(url, secret)
    except SyncError as error:
        log.warning("a company could not be subscribed to (%s)", type(error).__name__)
        attempts = before.get("attempts")
        attempts = attempts + 1 if isinstance(attempts, int) else 1
        wait = min(_FIRST_RETRY * 2 ** (attempts - 1), _LAST_RETRY)
        kept = {key: before[key] for key in ("id", "expires", "since") if key in before}
        return {**kept, "for": base, "error": str(error), "attempts": attempts, "retryAt": stamp(now + wait)}
    expires = stamp(moment(made.expires))
    services.store.subscriptions.save(
        Subscription(Service.BUSINESS_CENTRAL, made.id, "", row.id, secret, expires, made.resource)
    )
    if name != made.id:
        if name:
            # It was gone: nobody knows what was told to it, deletions included (§9.3).
            services.store.subscriptions.delete(Service.BUSINESS_CENTRAL, name)
            note_deleted(services, row.id, None)
        look_later(services, row.id)
    return {"for": base, "id": made.id, "expires": expires, "since": stamp(now)}


def _save_subscription(services: Services, company: str, state: Mapping[str, Json]) -> None:
    """Whatever else was written to the company's row meanwhile. Raises StateConflict where it never rests."""
    environment = services.settings.bc_environment
    for _ in range(_ATTEMPTS):
        row = services.store.companies.get(environment, company) or Company(environment, company)
        try:
            services.store.companies.save(replace(row, subscription=dict(state)))
        except StateConflict:
            continue
        return
    raise StateConflict("A company's row changes too often: try again")


# --- how they are ---------------------------------------------------------------------------------------------


def close(services: Services, stored: StoredSetup) -> None:
    """The setup goes, or is no longer synced in the background: so do its subscriptions.

    The company's own goes with the last setup. Never fails for the services' sake: what could not be ended
    there runs out, and its notifications are dropped.
    """
    end(services, _rows(services, stored))
    mine = (user_key(stored.setup.user), company_key(stored.setup.company))
    others = (
        each
        for each in services.store.setups.all()
        if company_key(each.setup.company) == mine[1] and user_key(each.setup.user) != mine[0]
    )
    row = services.store.companies.get(services.settings.bc_environment, stored.setup.company)
    if row is not None and row.subscription and not any(takes_part(each) for each in others):
        close_company(services, row)


def shown(services: Services, stored: StoredSetup) -> dict[str, Json]:
    """The setup's `push` (spec/interfaces.md §4). Two round trips."""
    row = services.store.companies.get(services.settings.bc_environment, stored.setup.company)
    return told(services, stored, _rows(services, stored), row)


def told(
    services: Services, stored: StoredSetup, rows: Iterable[Subscription], company: Company | None
) -> dict[str, Json]:
    """`state`: `active` (changes in Outlook are told), `polling` (nobody was asked to) or `failed`.

    `expires`, `heardAt` (the latest notification, to ten minutes) and `error` where there are such;
    `businessCentral`: the same of the company.
    """
    rows = list(rows)
    live = next((row for row in rows if row.client_state), None)
    trouble = next((str(row.extra["error"]) for row in rows if row.extra.get("error")), "")
    state = "polling"
    if wanted(services, stored):
        state = "active" if healthy(services, stored, rows) else ("failed" if trouble or live else "polling")
    answer: dict[str, Json] = {"state": state, "businessCentral": _told_of_company(services, company)}
    if live is not None:
        answer |= {"expires": live.expires, "heardAt": live.extra.get("heardAt")}
    if trouble:
        answer["error"] = trouble
    return answer


def _told_of_company(services: Services, row: Company | None) -> dict[str, Json]:
    subscription = row.subscription if row else {}
    error = subscription.get("error")
    state = "active" if company_healthy(services, row) else ("failed" if error else "polling")
    kept = {name: subscription[name] for name in ("expires", "error") if name in subscription}
    return {"state": state, **kept}


def _half_over(state: Mapping[str, Json], expires: str, now: datetime) -> bool:
    """Whether half of the time since the last renewal is over, or the last attempt went wrong."""
    since = state.get("since")
    if "error" in state or not isinstance(since, str) or not expires:
        return True
    began = moment(since)
    return now >= began + (moment(expires) - began) / 2


def _secret(key: bytes, text: str) -> str:
    """Unguessable, for the key is random; the same again after a lost answer (contracts/graph.md §6.2: 409)."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
