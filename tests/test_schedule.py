"""NCRONTAB (spec/interfaces.md §3): which texts are schedules, and when they come round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.schedule import Schedule


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ("0 */15 * * * *", "2026-03-01 10:14:59.5", "2026-03-01 10:15:00"),
        ("0 */15 * * * *", "2026-03-01 10:15:00", "2026-03-01 10:30:00"),
        ("0 */15 * * * *", "2026-12-31 23:59:00", "2027-01-01 00:00:00"),
        ("*/20 * * * * *", "2026-03-01 10:14:45.5", "2026-03-01 10:15:00"),
        ("0 5/20 8-10 * * *", "2026-03-01 10:45:00", "2026-03-02 08:05:00"),
        ("30 5/20 8-9 * * mon-fri", "2026-02-27 09:45:31", "2026-03-02 08:05:30"),
        ("0 0 9 * * MON-FRI", "2026-03-06 09:00:00", "2026-03-09 09:00:00"),
        ("0 0 9 * * sun", "2026-03-06 09:00:00", "2026-03-08 09:00:00"),
        ("30 0 0 29 feb *", "2026-03-01 00:00:00", "2028-02-29 00:00:30"),
        ("0 0,30 6,18 1,15 JAN,Jul *", "2026-01-15 18:30:00", "2026-07-01 06:00:00"),
    ],
)
def test_schedule_comes_round(schedule: str, moment: str, expected: str) -> None:
    assert Schedule.parse(schedule).after(_at(moment)) == _at(expected)


def test_schedule_is_in_utc_wherever_the_question_comes_from() -> None:
    summer = timezone(timedelta(hours=2))
    noon = Schedule.parse("0 0 12 * * *").after(datetime(2026, 7, 1, 13, 59, tzinfo=summer))
    assert noon == _at("2026-07-01 12:00:00")


def test_day_that_never_comes() -> None:
    assert Schedule.parse("0 0 0 30 2 *").after(_at("2026-01-01")) is None


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("*/15 * * * *", "has 5 fields, not six"),
        ("00:15:00", "has 1 fields, not six"),
        ("0 60 * * * *", "has a bad minute: 60"),
        ("0 0 20-10 * * *", "has a bad hour: 20-10"),
        ("0 0 * 0 * *", "has a bad day: 0"),
        ("0 0 * * foo *", "has a bad month: foo"),
        ("0 0 * * * */0", r"has a bad day of week: \*/0"),
        ("0 */-5 * * * *", "has a bad minute"),
        ("0 1, * * * *", "has a bad minute"),
        ("0 \u0661 * * * *", "has a bad minute"),
    ],
)
def test_what_is_no_schedule_is_told_with_the_field_at_fault(schedule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Schedule.parse(schedule)
