"""What administrators see and decide: how every setup is doing, and which company is open to whom."""

from __future__ import annotations

from dataclasses import replace

from shared.api.directory import company_name, company_of, user_of
from shared.api.http import Response
from shared.api.models import PageQuery
from shared.api.paging import listed, read_page
from shared.api.route import Call, empty
from shared.api.setups import next_sync_at
from shared.api.views import OverviewView, RunView, paused_reason
from shared.state.setups import StoredSetup
from shared.sync import push
from shared.sync.services import Services


def overview(call: Call) -> Response:
    """Every setup of every user: no contact data, only how it goes."""
    query, store = call.query_as(PageQuery), call.services.store
    page = read_page(store.setups.names, query.size, query.page or "")
    found = [store.setups.get(user, company) for user, company in page.items]
    return listed(call, [_line(call.services, stored) for stored in found if stored is not None], page.next)


def open_company(call: Call) -> Response:
    """Opens a company to a user."""
    services, user, company = call.services, user_of(call, ask=True), company_of(call)
    company_name(services, company)
    services.store.access.open(user, company, f"administrator {call.caller.user}")
    return empty()


def close_company(call: Call) -> Response:
    """Closes a company to a user: what is set up stays, paused, and nothing flows any more.

    A run that is under way stops before its next batch.
    """
    services, user, company = call.services, user_of(call), company_of(call)
    services.store.access.close(user, company)
    stored = services.store.setups.get(user, company)
    if stored is not None and not stored.setup.paused:
        services.store.setups.put(replace(stored.setup, paused=True))
        push.close(services, stored)
    if stored is not None:
        services.store.setups.interrupt(user, company)
    return empty()


def _line(services: Services, stored: StoredSetup) -> OverviewView:
    setup, state = stored.setup, stored.state
    last = services.store.runs.get(state.last_run) if state.last_run else None
    return OverviewView(
        user=setup.user,
        address=state.mailbox_address or None,
        company=setup.company,
        paused=setup.paused or bool(state.paused_reason),
        paused_reason=paused_reason(setup, state.paused_reason),
        last_sync_at=state.last_sync_at or None,
        next_sync_at=next_sync_at(services, stored),
        last_run=RunView.of(last) if last else None,
        failures=last.counts.failed if last else 0,
        held=last.counts.held if last else 0,
        links=state.links,
        push=push.shown(services, stored),
    )
