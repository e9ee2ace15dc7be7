"""The timers of the local host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.host import HostError
from tests.host.conftest import StartHost
from tests.host.small_app import Seen, small_app


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("*/15 * * * *", "has 5 fields"),
        ("0 60 * * * *", "bad minute: 60"),
        ("0 */0 * * * *", "bad minute: */0"),
        ("0 0 9 * * FRI-MON", "bad day of week: FRI-MON"),
        ("0 x * * * *", "bad minute: x"),
        ("0 0 0 30 2 *", "never comes"),
    ],
)
def test_bad_schedule_is_named_with_the_field_at_fault_and_http_is_served(
    start_host: StartHost, caplog: pytest.LogCaptureFixture, schedule: str, said: str
) -> None:
    host = start_host(small_app(Seen(), schedule=schedule))
    assert "Timer tick: " in caplog.text
    assert said in caplog.text
    assert requests.get(f"{host.url}/api/made", timeout=10).status_code == 202


def test_timer_fires_when_its_time_comes_and_not_on_start(start_host: StartHost) -> None:
    offset = timedelta()
    start = _at("2026-03-01 10:00:30")

    def now() -> datetime:
        return start + offset

    seen = Seen()
    start_host(small_app(seen, schedule="0 */15 * * * *"), now=now)
    assert seen.ticks.empty()
    offset = timedelta(minutes=14, seconds=30)
    assert seen.ticks.get(timeout=10) is False


def test_many_missed_times_make_one_late_call(start_host: StartHost) -> None:
    offset = timedelta()
    start = _at("2026-03-01 10:00:30")

    def now() -> datetime:
        return start + offset

    seen = Seen()
    host = start_host(small_app(seen, schedule="0 */15 * * * *"), now=now)
    offset = timedelta(hours=5)
    assert seen.ticks.get(timeout=10) is True
    host.__exit__(None, None, None)
    assert seen.ticks.empty()


def test_schedule_may_come_from_a_setting(start_host: StartHost) -> None:
    seen = Seen()
    start_host(small_app(seen, schedule="%WHEN%"), {"WHEN": "* * * * * *"})
    assert seen.ticks.get(timeout=10) is False


def test_missing_setting_of_a_schedule_is_named(start_host: StartHost) -> None:
    with pytest.raises(HostError, match="refers to the setting WHEN"):
        start_host(small_app(Seen(), schedule="%WHEN%"))
