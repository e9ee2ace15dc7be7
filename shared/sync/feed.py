"""What changed in a Business Central company, and which of its setups that concerns.

One request for all setups of a company instead of one for each. It only decides who looks sooner: every setup
keeps its own watermark and looks by itself within the hour.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.core.scope import bc_scope
from shared.errors import FilterError, StateConflict, SyncError
from shared.filters import parse_filter
from shared.filters.filter import EMPTY
from shared.model import BcContact, Json
from shared.state.companies import Company
from shared.state.keys import company_key
from shared.state.runs import Trigger
from shared.state.setups import StoredSetup
from shared.sync.bloom import holds
from shared.sync.jobs import ask, each
from shared.sync.services import Services
from shared.sync.watermarks import instant, overlap_before

log = logging.getLogger(__name__)

_MOST_SEEN = 5_000
_MOST_NOTED = 1_000
_ATTEMPTS = 6
_CACHED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class News:
    """`changed`: contacts as they are now; `gone`: ids of deleted ones; `everyone`: others may be gone, too."""

    changed: Sequence[BcContact] = ()
    gone: frozenset[str] = frozenset()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone or self.everyone)


@dataclass(frozen=True, slots=True)
class _Cached:
    at: float
    setups: tuple[StoredSetup, ...]


def takes_part(stored: StoredSetup) -> bool:
    """Whether the setup is synced without being asked (sync rules §1)."""
    return stored.setup.background_sync and not stored.setup.paused and not stored.state.paused_reason


def look(services: Services, company: str, setups: Iterable[StoredSetup], trigger: Trigger) -> bool:
    """Queue runs for the setups of this company that its changes concern; whether it could be read.

    One request to Business Central. The company's watermark moves last: what breaks off is repeated.
    """
    known = [each for each in setups if each.state.bc_watermark and takes_part(each)]
    row = _row(services, company)
    since = row.watermark or min((each.state.bc_watermark for each in known), default="")
    if not known or not since:
        return True
    try:
        opened = services.bc(company).read_changed(since)
    except SyncError as error:
        log.warning("the changes of a company could not be read (%s)", type(error).__name__)
        _keep(services, replace(row, last_error=str(error)))
        return False
    news, after = _compare(row, opened.contacts, opened.count, since)
    if news:
        wanted = concerned(services, known, news)
        each(lambda one: _ask(services, one, trigger), wanted)
        log.info("%s of %s setups are concerned by a company's changes", len(wanted), len(known))
    if after != row:
        _keep(services, after)
    return True


def look_now(services: Services, company: str) -> None:
    """A look because Business Central said that something changed."""
    look(services, company, _setups_of(services, company), Trigger.BUSINESS_CENTRAL)


def concerned(services: Services, setups: Iterable[StoredSetup], news: News) -> list[StoredSetup]:
    """The setups that have a link to one of these contacts, or should have one by their filter now."""
    setups = list(setups)
    if news.everyone:
        return setups
    persons = [contact for contact in news.changed if bc_scope(contact, EMPTY) is None]
    ids = {contact.id for contact in news.changed} | news.gone
    found = [one for one in setups if _wants(one, persons)]
    names = {_name(one) for one in found}
    rest = [one for one in setups if _name(one) not in names]
    linked: list[StoredSetup] = []

    def ask_links(one: StoredSetup) -> None:
        whole = services.store.setups.get(*_name(one))
        if whole is not None and _has(whole, ids):
            linked.append(one)

    each(ask_links, rest)
    return found + linked


def note_deleted(services: Services, company: str, ids: Iterable[str] | None) -> None:
    """Remember deleted contacts, or that any may be (None), until the next look. Raises StateConflict, Busy."""
    for _ in range(_ATTEMPTS):
        row = _row(services, company)
        gone = sorted({*_texts(row.extra.get("gone")), *(ids or ())})
        everyone = ids is None or row.extra.get("everyone") is True or len(gone) > _MOST_NOTED
        extra: dict[str, Json] = {**row.extra, "gone": [] if everyone else list(gone), "everyone": everyone}
        try:
            services.store.companies.save(replace(row, extra=extra))
        except StateConflict:
            continue
        return
    raise StateConflict("A company's row changes too often: try again")


def _setups_of(services: Services, company: str) -> list[StoredSetup]:
    """All setups of a company, as they were up to half a minute ago: notifications come more often."""
    now = services.clock.monotonic()
    cached = services.cache.get("setups")
    if not isinstance(cached, _Cached) or now - cached.at > _CACHED_SECONDS:
        cached = _Cached(now, tuple(services.store.setups.all()))
        services.cache["setups"] = cached
    return [one for one in cached.setups if company_key(one.setup.company) == company_key(company)]


def _row(services: Services, company: str) -> Company:
    environment = services.settings.bc_environment
    return services.store.companies.get(environment, company) or Company(environment, company)


def _keep(services: Services, row: Company) -> None:
    """Where another look, or a note of something deleted, was quicker, the next look does it again."""
    try:
        services.store.companies.save(row)
    except StateConflict:
        log.info("a company's changes were read by two at once")


def _compare(
    row: Company, contacts: Sequence[BcContact], count: int | None, since: str
) -> tuple[News, Company]:
    """What is new against the last look, and the row after this one."""
    newest = max((contact.modified for contact in contacts), key=instant, default="")
    watermark = overlap_before(newest) if newest else since
    recent = [contact for contact in contacts if instant(contact.modified) >= instant(watermark)]
    seen = sorted(_print(contact) for contact in recent)
    digest = hashlib.sha256("".join(seen).encode()).hexdigest()[:32]
    before = frozenset(_texts(row.extra.get("seen")))
    everyone = row.extra.get("everyone") is True or (count is not None and count < row.count)
    gone = frozenset(_texts(row.extra.get("gone")))
    changed = () if digest == row.digest else tuple(c for c in contacts if _print(c) not in before)
    extra = {name: value for name, value in row.extra.items() if name not in ("gone", "everyone", "seen")}
    if len(seen) <= _MOST_SEEN:
        extra["seen"] = list(seen)
    after = replace(
        row,
        watermark=watermark,
        digest=digest,
        count=row.count if count is None else count,
        last_error="",
        extra=extra,
    )
    return News(changed, gone, everyone), after


def _print(contact: BcContact) -> str:
    return hashlib.sha256(f"{contact.id} {contact.etag}".encode()).hexdigest()[:12]


def _wants(stored: StoredSetup, persons: Sequence[BcContact]) -> bool:
    try:
        chosen = parse_filter(dict(stored.setup.filter))
    except FilterError:
        return True  # Its own run says what is wrong.
    return any(chosen.matches(person) for person in persons)


def _has(stored: StoredSetup, ids: Iterable[str]) -> bool:
    """Also a setup that does not say which contacts it has, although it has some."""
    bits = stored.state.linked_filter
    return any(holds(bits, one) for one in ids) if bits else stored.state.links > 0


def _name(stored: StoredSetup) -> tuple[str, str]:
    return stored.setup.user, stored.setup.company


def _ask(services: Services, stored: StoredSetup, trigger: Trigger) -> None:
    ask(services, *_name(stored), trigger)


def _texts(value: Json | None) -> Iterator[str]:
    return (item for item in value if isinstance(item, str)) if isinstance(value, list) else iter(())
