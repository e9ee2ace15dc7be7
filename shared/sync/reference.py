"""What translating fields needs of Business Central beside the contacts: countries, the length of a website."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from shared.business_central.client import WEBSITE_MAX, BcClient
from shared.errors import AccessDenied, NotFound, Refused
from shared.fields import CountryBook, FieldContext
from shared.model import Json
from shared.sync.at_once import at_once

log = logging.getLogger(__name__)

T = TypeVar("T")


def read_reference(bc: BcClient) -> dict[str, Json]:
    """As it is remembered between runs. What is not shown: ISO codes and today's length are assumed."""
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
