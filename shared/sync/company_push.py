"""The subscription to a company's contacts: one for all of its setups (contracts/business-central.md §9).

Its state is in the company's row: `for` (the address), `id`, `expires`, `since` (the last renewal); where
it did not succeed `error` and `attempts`, or `unsupported`, with `retryAt`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.errors import StateConflict, SyncError
from shared.model import Json
from shared.state.companies import Company
from shared.state.keys import moment, stamp
from shared.state.subscriptions import Service, Subscription
from shared.sync.feed import note_deleted
from shared.sync.jobs import look_later
from shared.sync.services import Services
from shared.sync.terms import half_over, retry_after, secret

log = logging.getLogger(__name__)

BC_PATH = "/api/bc/notifications"
_ASK_AGAIN = timedelta(hours=24)
_OPENING = timedelta(minutes=5)
_ATTEMPTS = 6


def needs_attention(services: Services, row: Company) -> bool:
    """Whether `attend` has something to do now; no requests, no storage."""
    state, now = row.subscription, services.clock.now()
    if not services.settings.public_base_url:
        return False
    if state.get("for") != services.settings.public_base_url:
        return True
    if isinstance(retry := state.get("retryAt"), str):
        return moment(retry) <= now
    return half_over(state, str(state.get("expires", "")), now)


def healthy(services: Services, row: Company | None) -> bool:
    """Whether changes in the company are being told."""
    state = row.subscription if row else {}
    mine = state.get("for") == services.settings.public_base_url
    return mine and bool(state.get("id")) and str(state.get("expires", "")) > stamp(services.clock.now())


def attend(services: Services, company: str) -> None:
    """Bring the company's subscription into order: asked for, renewed, or made anew.

    Where contacts are not offered (contracts/business-central.md §9.1) it is asked again a day later.
    """
    environment, now = services.settings.bc_environment, services.clock.now()
    row = services.store.companies.get(environment, company) or Company(environment, company)
    if not needs_attention(services, row):
        return
    base = services.settings.public_base_url or ""
    # Said first, so that of several workers one subscribes.
    taken = replace(row, subscription={**row.subscription, "for": base, "retryAt": stamp(now + _OPENING)})
    try:
        taken = services.store.companies.save(taken)
        state = _subscribed(services, taken, base, row.subscription)
        _save(services, company, state)
    except StateConflict:
        log.info("another worker attends to the company's subscription")


def close(services: Services, row: Company) -> None:
    """End the company's subscription: its last setup is gone, or no longer synced in the background."""
    for each in services.store.subscriptions.of(Service.BUSINESS_CENTRAL, row.id):
        end(services, each)
    _save(services, row.id, {})


def _subscribed(services: Services, row: Company, base: str, before: Mapping[str, Json]) -> dict[str, Json]:
    """What to remember after an attempt."""
    client, now = services.bc(row.id), services.clock.now()
    url = f"{base}{BC_PATH}?company={row.id}"
    state_secret = secret(
        services.store.companies.claim_key(row.environment, row.id), f"business central {base}"
    )
    name = str(before.get("id", "")) if before.get("for") == base else ""
    try:
        made = client.renew_subscription(name, url, state_secret) if name else None
        if made is None:
            if not client.webhook_supported():
                return {"for": base, "unsupported": True, "retryAt": stamp(now + _ASK_AGAIN)}
            made = client.subscribe(url, state_secret)
    except SyncError as error:
        log.warning("a company could not be subscribed to (%s)", type(error).__name__)
        attempts = before.get("attempts")
        attempts = attempts + 1 if isinstance(attempts, int) else 1
        kept = {key: before[key] for key in ("id", "expires", "since") if key in before}
        return {
            **kept,
            "for": base,
            "error": str(error),
            "attempts": attempts,
            "retryAt": stamp(now + retry_after(attempts)),
        }
    expires = stamp(moment(made.expires))
    services.store.subscriptions.save(
        Subscription(Service.BUSINESS_CENTRAL, made.id, "", row.id, state_secret, expires, made.resource)
    )
    if name != made.id:
        if name:
            # It was gone: nobody knows what was told to it, deletions included (§9.3).
            services.store.subscriptions.delete(Service.BUSINESS_CENTRAL, name)
            note_deleted(services, row.id, None)
        look_later(services, row.id)
    return {"for": base, "id": made.id, "expires": expires, "since": stamp(now)}


def _save(services: Services, company: str, state: Mapping[str, Json]) -> None:
    """Over whatever else was written to the company's row meanwhile. StateConflict where it never rests."""
    environment = services.settings.bc_environment
    for _ in range(_ATTEMPTS):
        row = services.store.companies.get(environment, company) or Company(environment, company)
        try:
            services.store.companies.save(replace(row, subscription=dict(state)))
        except StateConflict:
            continue
        return
    raise StateConflict("A company's row changes too often: try again")


def is_spare(row: Company | None, subscription: Subscription) -> bool:
    """Whether a subscription is not the company's own, and none is being made just now."""
    state = row.subscription if row else {}
    return "retryAt" not in state and state.get("id") != subscription.id


def end(services: Services, row: Subscription) -> None:
    """End one that is not, or no longer, the company's: two workers may have subscribed at once."""
    try:
        services.bc(row.company).unsubscribe(row.id)
    except SyncError as error:
        log.warning("a company's subscription could not be ended (%s)", type(error).__name__)
    services.store.subscriptions.delete(Service.BUSINESS_CENTRAL, row.id)


def told(services: Services, row: Company | None) -> dict[str, Json]:
    """How it is: `active`, `polling` or `failed`, with `expires` and `error` where there are such."""
    subscription = row.subscription if row else {}
    error = subscription.get("error")
    state = "active" if healthy(services, row) else ("failed" if error else "polling")
    kept = {name: subscription[name] for name in ("expires", "error") if name in subscription}
    return {"state": state, **kept}
