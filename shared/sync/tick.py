"""The scheduled tick: finds whose run is due and queues it, in seconds. The work itself is the worker's.

With healthy notifications and nothing changed it asks Business Central one thing per company, and nothing per
user but the hourly look of those whose hour is over (spec/targets.md T6).
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from shared.errors import SyncError
from shared.state.companies import Company
from shared.state.keys import company_key, moment, stamp, user_key
from shared.state.runs import FINISHED, Mode, Trigger
from shared.state.setups import StoredSetup
from shared.state.subscriptions import Service, Subscription
from shared.sync import company_push, feed, push
from shared.sync.at_once import begun
from shared.sync.jobs import ask, each, run_of
from shared.sync.services import Services
from shared.sync.services import services as of_process
from shared.sync.session import evaluated

log = logging.getLogger(__name__)

SAFETY = timedelta(hours=1)
"""However healthy the notifications are, every setup looks by itself so often."""
_SAFETY_SPREAD = timedelta(minutes=15)
_LOST = timedelta(minutes=10)
"""A run that waits, or whose lease ended, for so long may have lost its message."""
_FORGOTTEN = timedelta(hours=1)
_AUDIT_SHARE = 16
_FEWEST_AUDITS = 20
_MOST_SUBSCRIPTIONS = 100
_FEWEST_PURGED = 20
_PURGE_SHARE = 32
"""A round through all setups takes so many ticks: previews are kept for a day, not for a week."""
_COMPANIES_AT_ONCE = 5
_LOOK_SECONDS = 120.0
"""How long the tick waits for the companies' answers, which its own work does not need."""

_Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything stored that the tick goes by, read once."""

    now: datetime
    setups: Sequence[StoredSetup]
    rows: Mapping[_Name, list[Subscription]]
    companies: Mapping[str, Company]


def tick(services: Services | None = None) -> None:
    """One tick. Errors of one company or setup never stop the others.

    Raises SettingError, and Busy where Storage does not answer.
    """
    services = services or of_process()
    found = _read(services)
    with _looking_at_companies(services, found):
        _queue_due(services, found)
        _tend(services, found)
        purged = services.store.purge.step(found.now, purge_share(len(found.setups)))
    log.info("tick over %s setups, %s expired rows went", len(found.setups), purged.rows)


def purge_share(setups: int) -> int:
    """How many of the setups one tick purges."""
    return max(_FEWEST_PURGED, -(-setups // _PURGE_SHARE))


def _read(services: Services) -> Situation:
    rows: defaultdict[_Name, list[Subscription]] = defaultdict(list)
    for row in services.store.subscriptions.all(Service.GRAPH):
        rows[_key(row.user, row.company)].append(row)
    companies = services.store.companies.list(services.settings.bc_environment)
    return Situation(
        services.clock.now(),
        list(services.store.setups.all()),
        rows,
        {company_key(row.id): row for row in companies},
    )


# --- what changed in Business Central -----------------------------------------------------------------------


@contextmanager
def _looking_at_companies(services: Services, found: Situation) -> Iterator[None]:
    """Beside everything else: a company that does not answer holds up nobody else's runs, and no later tick."""
    by_company: defaultdict[str, list[StoredSetup]] = defaultdict(list)
    for stored in found.setups:
        if feed.takes_part(stored):
            by_company[company_key(stored.setup.company)].append(stored)

    looking = services.cache.setdefault("looking", set())
    assert isinstance(looking, set)

    def look(key: str) -> None:
        company, setups = by_company[key][0].setup.company, by_company[key]
        try:
            _guarded("a company", lambda: feed.look(services, company, setups, Trigger.TIMER))
        finally:
            looking.discard(key)

    todo = by_company.keys() - looking
    looking |= todo
    looks = begun([partial(look, key) for key in todo], _COMPANIES_AT_ONCE)
    try:
        yield
    finally:
        done, late = wait(looks, _LOOK_SECONDS)
    for each_look in done:
        each_look.result()
    if late:
        log.warning("%s companies have not answered yet", len(late))


# --- whose run is due ---------------------------------------------------------------------------------------


def _queue_due(services: Services, found: Situation) -> None:
    audits = _audits(services, found)

    def one(stored: StoredSetup) -> None:
        if _resend(services, stored, found.now) or not feed.takes_part(stored):
            return
        mode = Mode.INCREMENTAL
        if _name(stored) in audits:
            mode = Mode.FULL
            _resend_forgotten(services, stored, found.now)
        if mode is Mode.FULL or due(services, stored, found.rows.get(_name(stored), []), found.now):
            ask(services, stored.setup.user, stored.setup.company, Trigger.TIMER, mode)

    each(lambda stored: _guarded("a setup", lambda: one(stored)), found.setups)


def due(services: Services, stored: StoredSetup, rows: Iterable[Subscription], now: datetime) -> bool:
    """Whether the setup should look for changes by itself now: no requests, no storage."""
    state = stored.state
    if stored.queued is not None or state.lease_until > stamp(now):
        return False
    if not state.last_sync_at or (state.due_at and state.due_at <= stamp(now)):
        return True
    if state.evaluated != evaluated(stored.setup, state.folder_id):
        return True
    if not push.healthy(services, stored, rows):
        return True
    early = _SAFETY_SPREAD * _fraction(stored, "safety")
    return now - moment(state.last_sync_at) >= SAFETY - early


def audit_due(stored: StoredSetup, period: timedelta, now: datetime) -> bool:
    """Whether the setup's own time of the day (of the period) for a full sync has come since the last one.

    Every setup has its time, by a hash of its name. A full sync shortly before counts for it.
    """
    last = stored.state.last_full_at
    if not last or stored.queued is not None or stored.state.lease_until > stamp(now):
        return False
    seconds = period.total_seconds()
    offset = seconds * _fraction(stored, "audit")
    after = (moment(last) + period / 8).timestamp()
    slot = math.ceil((after - offset) / seconds) * seconds + offset
    return now.timestamp() >= slot


def _audits(services: Services, found: Situation) -> set[_Name]:
    """The setups to be audited now: after an outage not all at once, the longest waiting first."""
    period = timedelta(hours=services.settings.full_sync_every_hours)
    waiting = [one for one in found.setups if feed.takes_part(one) and audit_due(one, period, found.now)]
    most = max(_FEWEST_AUDITS, -(-len(found.setups) // _AUDIT_SHARE))
    return {_name(one) for one in sorted(waiting, key=lambda one: one.state.last_full_at)[:most]}


def _resend(services: Services, stored: StoredSetup, now: datetime) -> bool:
    """A run that waits, or whose lease ended, for so long gets another message: twice does no harm."""
    user, company = stored.setup.user, stored.setup.company
    long_ago = stamp(now - _LOST)
    queued, state = stored.queued, stored.state
    if queued is not None:
        if queued.at < long_ago:
            ask(services, user, company, queued.trigger, queued.mode)
        return True
    if not state.lease_owner or state.lease_until > long_ago:
        return False
    run = services.store.runs.get(run_of(state.lease_owner))
    if run is None or run.state in FINISHED:
        return False
    services.store.jobs.send(run.id, user, company)
    return True


def _resend_forgotten(services: Services, stored: StoredSetup, now: datetime) -> None:
    """Before an audit: runs that wait apart from the plain one (previews, filters) and got no message."""
    user, company = stored.setup.user, stored.setup.company
    long_ago = stamp(now - _FORGOTTEN)
    for run in services.store.runs.recent(user, company).items:
        if run.state not in FINISHED and run.queued_at < long_ago:
            services.store.jobs.send(run.id, user, company)


# --- subscriptions ------------------------------------------------------------------------------------------


def _tend(services: Services, found: Situation) -> None:
    """Renew at half-life, make anew what is missing, end what nobody wants: a bounded number per tick."""
    todo: list[Callable[[], None]] = []
    names = {_name(stored) for stored in found.setups}
    for stored in found.setups:
        rows = found.rows.get(_name(stored), [])
        if push.needs_attention(services, stored, rows):
            todo.append(lambda stored=stored, rows=rows: push.attend(services, stored, rows))  # type: ignore[misc]
    for name in found.rows.keys() - names:
        todo.append(lambda rows=found.rows[name]: push.end(services, rows))  # type: ignore[misc]
    wanted = {company_key(one.setup.company) for one in found.setups if push.wanted(services, one)}
    for key, row in found.companies.items():
        if key in wanted and company_push.needs_attention(services, row):
            todo.append(lambda row=row: company_push.attend(services, row.id))  # type: ignore[misc]
        elif key not in wanted and row.subscription:
            todo.append(lambda row=row: company_push.close(services, row))  # type: ignore[misc]
    for other in services.store.subscriptions.all(Service.BUSINESS_CENTRAL):
        if company_push.is_spare(found.companies.get(company_key(other.company)), other):
            todo.append(lambda other=other: company_push.end(services, other))  # type: ignore[misc]
    each(lambda act: _guarded("a subscription", act), todo[:_MOST_SUBSCRIPTIONS])


def _guarded(what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except SyncError as error:
        log.warning("%s was left out of this tick (%s)", what, type(error).__name__)


def _name(stored: StoredSetup) -> _Name:
    return _key(stored.setup.user, stored.setup.company)


def _key(user: str, company: str) -> _Name:
    return user_key(user), company_key(company)


def _fraction(stored: StoredSetup, purpose: str) -> float:
    """A number in [0, 1) that is the setup's own."""
    digest = hashlib.sha256(f"{purpose} {_name(stored)}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
