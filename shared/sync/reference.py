"""What translating fields needs of Business Central beside the contacts: countries, the length of a website."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from shared.business_central.client import WEBSITE_MAX, BcClient
from shared.errors import AccessDenied, NotFound, Refused
from shared.fields import CountryBook, FieldContext
from shared.model import Json
from shared.state.companies import Reference
from shared.state.keys import moment, stamp
from shared.sync.at_once import at_once
from shared.sync.services import Services

log = logging.getLogger(__name__)

T = TypeVar("T")
_KEPT = timedelta(days=1)
_CACHED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Cached:
    reference: Reference
    until: datetime


def reference_of(services: Services, company: str, *, anew: bool) -> Reference:
    """What was read of the company within a day, by whichever of its setups; with `anew` read now.

    This process looks for what others read once an hour.
    """
    companies, environment, now = (
        services.store.companies,
        services.settings.bc_environment,
        services.clock.now(),
    )
    place = f"reference {company.lower()}"
    cached = services.cache.get(place)
    if not anew and isinstance(cached, _Cached) and cached.until > now:
        return cached.reference
    known = None if anew else companies.reference(environment, company)
    if known is None or known.at < stamp(now - _KEPT):
        known = Reference(_read(services.bc(company)), stamp(now))
        companies.keep_reference(environment, company, known)
    services.cache[place] = _Cached(known, min(now + _CACHED, moment(known.at) + _KEPT))
    return known


def _read(bc: BcClient) -> dict[str, Json]:
    """As it is remembered. What is not shown: ISO codes and today's length are assumed."""
    nothing: list[tuple[str, str]] = []
    countries, longest = at_once(
        lambda: _shown(bc.countries, nothing), lambda: _shown(bc.website_max, WEBSITE_MAX)
    )
    return {"countries": [[code, name] for code, name in countries], "websiteMax": longest}


def field_context(known: Mapping[str, Json], companies: Mapping[str, tuple[str, ...]]) -> FieldContext:
    """Of what was remembered. `companies`: shared with the run, which fills it as it reads."""
    rows = known.get("countries")
    listed = rows if isinstance(rows, list) else []
    pairs = [(str(row[0]), str(row[1])) for row in listed if isinstance(row, list)]
    longest = known.get("websiteMax")
    return FieldContext(CountryBook(pairs), companies, longest if isinstance(longest, int) else WEBSITE_MAX)


def _shown(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except (NotFound, Refused, AccessDenied) as error:
        log.warning("no reference data of Business Central: %s", error)
        return otherwise
