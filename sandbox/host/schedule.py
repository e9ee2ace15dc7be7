"""NCRONTAB: six fields, seconds first, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
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
    """When a timer fires: the values allowed in each field."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, moment: datetime) -> datetime:
        """The first time later than `moment`. Raises `ValueError` when there is none, as for 30 February."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_HORIZON_DAYS):
            if self._on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        for second in sorted(self.seconds):
                            found = day.replace(hour=hour, minute=minute, second=second)
                            if found > moment:
                                return found
            day += timedelta(days=1)
        raise ValueError("The schedule names a day that never comes.")

    def _on(self, day: datetime) -> bool:
        weekday = (day.weekday() + 1) % 7
        return day.day in self.days and day.month in self.months and weekday in self.weekdays


def parse_schedule(text: str) -> Schedule:
    """Raises `ValueError` with the field at fault."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"The schedule {text!r} has {len(parts)} fields; NCRONTAB has six, seconds first.")
    return Schedule(*(_values(part, *field) for part, field in zip(parts, _FIELDS, strict=True)))


def _values(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        try:
            every = int(step) if "/" in item else 1
            if span == "*":
                start, stop = low, high
            else:
                start = _number(first, low, names)
                # A step after a single value runs to the end of the field: 5/15 is 5, 20, 35, 50.
                stop = _number(last, low, names) if dash else (high if step else start)
        except ValueError:
            raise ValueError(f"The {name} {item!r} of the schedule is not understood.") from None
        if not (every > 0 and low <= start <= stop <= high):
            raise ValueError(f"The {name} {item!r} of the schedule is not within {low} to {high}.")
        values.update(range(start, stop + 1, every))
    return frozenset(values)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text.upper()) + low if text.upper() in names else int(text)
