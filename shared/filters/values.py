"""The values of a comparison by kind of field: enum members, days, spans of time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from shared.errors import FilterError
from shared.filters.fields import FilterField
from shared.filters.syntax import Comparison

BLANK_DAY = "0001-01-01"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_ENCODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


def fold(text: str) -> str:
    """Text without its letter case, by the same lower-casing that OData's tolower does."""
    return text.lower()


@lru_cache(maxsize=256)
def shown_member(text: str) -> str:
    """An enum value as Business Central shows it: `Bank_x0020_Account` is "Bank Account", `_x0020_` is "".

    The API names members the XML way (contracts/business-central.md §2).
    """
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), text).strip()


@lru_cache(maxsize=256)
def member_rank(field: FilterField, text: str) -> int | None:
    """The place of an enum value in Business Central's own order; None for one that isn't known."""
    wanted = fold(shown_member(text))
    return next((rank for rank, name in enumerate(field.members) if fold(name) == wanted), None)


def known_member(field: FilterField, comparison: Comparison) -> int:
    """The rank of the member that a comparison names, "" (-1 where blank is no member) included."""
    rank = member_rank(field, comparison.text)
    if rank is not None:
        return rank
    if comparison.text == "":
        return -1
    names = ", ".join(name for name in field.members if name)
    raise FilterError(field.name, comparison.at, f"one of these was expected: {names}")


def day(field: FilterField, comparison: Comparison) -> str:
    """The day a comparison names as YYYY-MM-DD, so that days compare as texts; blank is the first of all."""
    text = comparison.text
    if comparison.parts == ():
        return BLANK_DAY
    if not comparison.is_pattern and not comparison.ignore_case and _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            pass  # such as the 31st of February: refused below like any other text
    raise FilterError(field.name, comparison.at, "a date was expected, such as 2026-05-31")


def span(field: FilterField, comparison: Comparison) -> tuple[datetime, datetime]:
    """The time a comparison names: the first moment and the one after the last. A day is that day in UTC."""
    text = comparison.text
    if comparison.parts == ():
        return _FIRST_MOMENT, _FIRST_MOMENT + timedelta(microseconds=1)
    if not comparison.is_pattern and not comparison.ignore_case:
        try:
            if _DAY.fullmatch(text):
                start = datetime.fromisoformat(text).replace(tzinfo=UTC)
                return start, _later(start, timedelta(days=1))
            if _MOMENT.fullmatch(text):
                start = datetime.fromisoformat(text.upper()).astimezone(UTC)
                return start, _later(start, timedelta(microseconds=1))
        except (ValueError, OverflowError):
            pass  # no such day, hour or offset: refused below like any other text
    raise FilterError(
        field.name,
        comparison.at,
        "a date or a date and time was expected, such as 2026-05-31 or 2026-05-31T08:00:00Z",
    )


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment + by if _LAST_MOMENT - moment > by else _LAST_MOMENT
