"""When the scheduled sync comes next: NCRONTAB, six fields, seconds first, UTC (spec/interfaces.md §3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_HORIZON_DAYS = 366 * 8  # 29 February may be eight years away


def next_time(schedule: str, now: datetime) -> datetime | None:
    """The first time of a checked schedule after `now`; None where there is none, as for 30 February."""
    seconds, minutes, hours, days, months, weekdays = _parsed(schedule)
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(_HORIZON_DAYS):
        if day.day in days and day.month in months and day.isoweekday() % 7 in weekdays:
            for hour in hours:
                for minute in minutes:
                    for second in seconds:
                        found = day.replace(hour=hour, minute=minute, second=second)
                        if found > now:
                            return found
        day += timedelta(days=1)
    return None


@lru_cache(maxsize=8)
def _parsed(schedule: str) -> tuple[tuple[int, ...], ...]:
    """The values of each field, in order."""
    return tuple(
        tuple(sorted({value for part in text.split(",") for value in _values(part, *field)}))
        for text, field in zip(schedule.split(), _FIELDS, strict=True)
    )


def _values(part: str, low: int, high: int, names: tuple[str, ...]) -> range:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        start, stop = low, high
    else:
        start = _number(first, low, names)
        # A step after a single value runs to the end of the field: 5/15 is 5, 20, 35, 50.
        stop = _number(last, low, names) if dash else (high if slash else start)
    return range(start, stop + 1, int(step) if slash else 1)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text.lower()) + low if text.lower() in names else int(text)
