"""Subscriptions: one per setup with Graph, one per company with Business Central, and how they are.

They only make the sync quicker: without one, or with a dead one, the tick polls. What is known about them is in
the tables of subscriptions and companies, never in a setup's state, which belongs to the run under the lease.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from shared.errors import SyncError
from shared.graph.subscriptions import LONGEST_MINUTES
from shared.model import Json
from shared.state.companies import Company
from shared.state.keys import company_key, moment, stamp, user_key
from shared.state.runs import Trigger
from shared.state.setups import StoredSetup
from shared.state.subscriptions import Service, Subscription
from shared.sync import company_push
from shared.sync.feed import takes_part
from shared.sync.jobs import ask
from shared.sync.services import Services
from shared.sync.session import Session
from shared.sync.terms import half_over, retry_after
from shared.sync.terms import secret as secret_of

log = logging.getLogger(__name__)

GRAPH_PATH = "/api/graph/notifications"
LIFECYCLE_PATH = "/api/graph/lifecycle"


# --- a setup's subscription with Graph ----------------------------------------------------------------------


def wanted(services: Services, stored: StoredSetup) -> str:
    """What a subscription must be for; "" without address, folder or background sync: there is to be none."""
    base, folder = services.settings.public_base_url, stored.state.folder_id
    return f"{base} {folder}" if base and folder and takes_part(stored) else ""


def ensure(services: Services, session: Session) -> None:
    """At the end of a run: the first one subscribes and leaves the rest to the tick; else it costs nothing.

    What is kept of it goes with the state that the run writes anyway: for what, and when a notification came.
    """
    now_is = replace(session.stored, state=session.state)
    target = wanted(services, now_is)
    if session.state.push.get("for", "") == target:
        if session.run.trigger is Trigger.GRAPH:
            heard = {**session.state.push, "heardAt": session.run.queued_at}
            session.state = replace(session.state, push=heard)
        return
    if target:
        attend(services, now_is)
        company_push.attend(services, session.setup.company)
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
        return len(rows) > 1 or half_over(good[0].extra, good[0].expires, now)
    waits = [row.expires for row in rows if not row.client_state]
    return "for" in stored.state.push and all(at <= stamp(now) for at in waits)


def healthy(services: Services, stored: StoredSetup, rows: Iterable[Subscription]) -> bool:
    """Whether changes in the folder are being told."""
    target, now = wanted(services, stored), stamp(services.clock.now())
    return any(
        target and row.client_state and row.extra.get("for") == target and row.expires > now for row in rows
    )


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
    secret = secret_of(stored.state.print_key, f"graph {target}")
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
    ask(services, user, company, Trigger.TIMER, debounced=True)


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
    user, company = stored.setup.user, stored.setup.company
    services.store.subscriptions.save(
        Subscription(
            Service.GRAPH,
            f"none {user} {company}",
            user,
            company,
            "",
            stamp(services.clock.now() + retry_after(attempts)),
            extra={"error": error, "attempts": attempts},
        )
    )


def _attempts(rows: Iterable[Subscription]) -> int:
    found = [row.extra.get("attempts") for row in rows if not row.client_state]
    return max((number for number in found if isinstance(number, int)), default=0)


def _rows(services: Services, stored: StoredSetup) -> list[Subscription]:
    return services.store.subscriptions.of(Service.GRAPH, stored.setup.company, stored.setup.user)


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
        company_push.close(services, row)


def shown(services: Services, stored: StoredSetup) -> dict[str, Json]:
    """The setup's `push` (spec/interfaces.md §4). Two round trips."""
    row = services.store.companies.get(services.settings.bc_environment, stored.setup.company)
    return told(services, stored, _rows(services, stored), row)


def told(
    services: Services, stored: StoredSetup, rows: Iterable[Subscription], company: Company | None
) -> dict[str, Json]:
    """`state`: `active` (changes in Outlook are told), `polling` (nobody was asked to) or `failed`.

    `expires`, `heardAt` (when the latest notification came that made a run) and `error` where there are such;
    `businessCentral`: the same of the company.
    """
    rows = list(rows)
    live = next((row for row in rows if row.client_state), None)
    trouble = next((str(row.extra["error"]) for row in rows if row.extra.get("error")), "")
    state = "polling"
    if wanted(services, stored):
        state = "active" if healthy(services, stored, rows) else ("failed" if trouble or live else "polling")
    answer: dict[str, Json] = {"state": state, "businessCentral": company_push.told(services, company)}
    if live is not None:
        answer |= {"expires": live.expires, "heardAt": stored.state.push.get("heardAt")}
    if trouble:
        answer["error"] = trouble
    return answer
