"""T6: what a quiet hour costs: a tick over many setups that are all told of changes, and nothing changed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sandbox.bench.stage import Stage, stage
from sandbox.bench.table import Row, Sizes, at_most, exactly
from shared.model import Setup
from shared.state.companies import Company
from shared.state.keys import stamp
from shared.state.setups import SetupState
from shared.state.subscriptions import Service, Subscription
from shared.sync.bloom import bloom
from shared.sync.jobs import each
from shared.sync.services import build
from shared.sync.session import evaluated
from shared.sync.tick import tick

_PER_COMPANY = 2
_MOST_SECONDS = 5.0
_HERE = "https://contacts.example"
_DAY = timedelta(days=1)
_LATER = 60.0
"""Seconds between the last edit and the first runs, so that nothing is news."""


@dataclass(frozen=True, slots=True)
class _Crowd:
    """`contacts`: by setup, the one contact that its filter wants."""

    stage: Stage
    setups: Sequence[Setup]
    contacts: Sequence[str]


def measure(sizes: Sizes) -> list[Row]:
    """Requests and wall time of one tick; then whose runs it queues when one contact changed (T6)."""
    about = f"tick, {sizes.setups:,} setups in {sizes.companies} companies"
    with _crowd(sizes) as crowd:
        requests, wall = _tick(crowd.stage)
        assert _queued(crowd) == []
        changed = sizes.setups // 2
        company = crowd.setups[changed].company
        people = crowd.stage.control.people
        people("businessCentral", "edit_contact", company, crowd.contacts[changed], jobTitle="Director")
        _tick(crowd.stage)
        concerned = _queued(crowd)
    most = _PER_COMPANY * sizes.companies
    rows = [
        at_most("T6", f"{about}: requests to Business Central", requests["businessCentral"], most, ""),
        exactly("T6", f"{about}: requests to Graph", requests["graph"], 0, ""),
        at_most("T6", f"{about}: wall", wall, _MOST_SECONDS, "s"),
    ]
    right = concerned == [changed]
    rows.append(
        Row("T6", "one contact changed: runs queued", str(len(concerned)), "= the 1 concerned", None, right)
    )
    return rows


@contextmanager
def _crowd(sizes: Sizes) -> Iterator[_Crowd]:
    """Setups as their first run would have left them, with subscriptions that have days to live.

    Each filters for a city of its own, where one contact lives.
    """
    with stage("empty", hurried=True) as s:
        s = replace(s, services=build({**s.settings, "PUBLIC_BASE_URL": _HERE}, s.clock))
        companies = [str(UUID(int=number + 1, version=4)) for number in range(sizes.companies)]
        for number, company in enumerate(companies):
            s.control.people("businessCentral", "add_company", company, f"Company {number}")
        setups, contacts = [], []
        for number in range(sizes.setups):
            company, city = companies[number % len(companies)], f"City {number}"
            person = {"type": "Person", "displayName": f"Person {number}", "city": city}
            email = f"person{number}@firm.example"
            made = s.control.people(
                "businessCentral", "create_contact", company, raw=True, email=email, **person
            )
            contacts.append(str(made).lower())
            user = str(UUID(int=number, version=4))
            setups.append(Setup(user, company, filter={"city": city}))
        s.clock.sleep(_LATER)
        now = s.clock.now()
        crowd = _Crowd(s, setups, contacts)
        each(lambda number: _settle(crowd, number, stamp(now)), range(len(setups)))
        told = {"for": _HERE, "since": stamp(now), "expires": stamp(now + _DAY)}
        for company in companies:
            row = Company(
                s.services.settings.bc_environment, company, subscription={**told, "id": f"bc {company}"}
            )
            s.services.store.companies.save(row)
        _tick(s)  # The first look at a company only learns where it stands.
        yield crowd


def _settle(crowd: _Crowd, number: int, now: str) -> None:
    setup, contact = crowd.setups[number], crowd.contacts[number]
    store, clock = crowd.stage.services.store, crowd.stage.clock
    folder = f"folder {number}"
    target = f"{_HERE} {folder}"

    def learned(state: SetupState) -> SetupState:
        return replace(
            state,
            folder_id=folder,
            delta_link="https://graph.example/delta",
            bc_watermark=now,
            evaluated=evaluated(setup, folder),
            links=1,
            linked_filter=bloom([contact]),
            last_sync_at=now,
            last_full_at=now,
            push={"for": target},
        )

    store.setups.put(setup)
    store.setups.amend(setup.user, setup.company, learned)
    store.subscriptions.save(
        Subscription(
            Service.GRAPH,
            f"graph {number}",
            setup.user,
            setup.company,
            "a secret",
            stamp(clock.now() + _DAY),
            extra={"for": target, "since": now},
        )
    )


def _tick(s: Stage) -> tuple[Counter[str], float]:
    """Requests by service, and seconds."""
    mark = s.control.mark()
    began = time.monotonic()
    tick(s.services)
    wall = time.monotonic() - began
    return Counter(call.service for call in s.control.requests_since(mark)), wall


def _queued(crowd: _Crowd) -> list[int]:
    """The numbers of the setups for which a run waits."""
    waiting = {
        (stored.setup.user, stored.setup.company)
        for stored in crowd.stage.services.store.setups.all()
        if stored.queued is not None
    }
    return [n for n, setup in enumerate(crowd.setups) if (setup.user, setup.company) in waiting]
