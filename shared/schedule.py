"""NCRONTAB: when a timer fires. Six fields, seconds first, in UTC (spec/interfaces.md §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EVERY_QUARTER = "0 */15 * * * *"
"""The schedule where none is set."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_HORIZON_DAYS = 366 * 8  # 29 February may be eight years away


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values allowed in each field, in order."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Raises ValueError that ends a sentence about `text`, such as "has a bad minute: 60"."""
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise ValueError(f"has {len(parts)} fields, not six")
        return cls(*(_values(part, *field) for part, field in zip(parts, _FIELDS, strict=True)))

    def after(self, moment: datetime) -> datetime | None:
        """The first time later than `moment`; None where there is none, as for 30 February."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_HORIZON_DAYS):
            if self._on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        for second in self.seconds:
                            found = day.replace(hour=hour, minute=minute, second=second)
                            if found > moment:
                                return found
            day += timedelta(days=1)
        return None

    def _on(self, day: datetime) -> bool:
        return day.day in self.days and day.month in self.months and day.isoweekday() % 7 in self.weekdays


def timer_schedule(setting: str | None) -> str:
    """What the timer is bound to. A setting that is no schedule leaves it to the default.

    The platform would drop the function and say little; so it runs, and says at each tick what is wrong.
    """
    try:
        Schedule.parse(setting or "")
    except ValueError:
        return EVERY_QUARTER
    return " ".join((setting or "").split())


def _values(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        every = _number(step, 0, ()) if slash else 1
        if span == "*":
            start, stop = low, high
        else:
            start = _number(first, low, names)
            # A step after a single value runs to the end of the field: 5/15 is 5, 20, 35, 50.
            stop = _number(last, low, names) if dash else (high if slash else start)
        if not (every > 0 and low <= start <= stop <= high):
            raise ValueError(f"has a bad {name}: {part}")
        values.update(range(start, stop + 1, every))
    return tuple(sorted(values))


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    """-1, which no field allows, for what is no number."""
    if text.lower() in names:
        return names.index(text.lower()) + low
    return int(text) if text.isascii() and text.isdigit() else -1
