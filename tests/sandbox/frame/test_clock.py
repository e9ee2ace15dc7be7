"""The virtual clock."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock import VirtualClock


class StoppedTime:
    """Real time for tests that do not want any to pass."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_time_of_day_starts_where_told_and_goes_with_real_time() -> None:
    real = StoppedTime()
    start = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    clock = VirtualClock(start, real)
    assert clock.now() == start
    real.seconds += 5
    assert clock.now() == start + timedelta(seconds=5)
    assert clock.monotonic() == 5


def test_advancing_moves_both_readings() -> None:
    start = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    clock = VirtualClock(start, StoppedTime())
    clock.advance(86_400)
    assert clock.now() == start + timedelta(days=1)
    assert clock.monotonic() == 86_400
    assert clock.at(60) == start + timedelta(minutes=1)


def test_the_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        VirtualClock().advance(-1)


def test_a_sleeper_wakes_when_the_clock_is_put_past_its_end() -> None:
    clock = VirtualClock()
    asleep = threading.Event()

    async def sleeper() -> None:
        asyncio.get_running_loop().call_soon(asleep.set)
        await clock.sleep(3600)

    began = time.monotonic()
    thread = threading.Thread(target=lambda: asyncio.run(sleeper()))
    thread.start()
    asleep.wait(10)
    clock.advance(3600)
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 10


def test_a_sleeper_goes_on_sleeping_when_the_clock_is_not_put_far_enough() -> None:
    async def story() -> None:
        clock = VirtualClock()
        sleeper = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        clock.advance(3000)
        await asyncio.sleep(0.01)
        assert not sleeper.done()
        clock.advance(601)
        await asyncio.wait_for(sleeper, 5)

    asyncio.run(story())


def test_without_help_a_sleeper_takes_real_time() -> None:
    async def story() -> float:
        clock = VirtualClock()
        before = time.monotonic()
        await clock.sleep(0.05)
        return time.monotonic() - before

    assert asyncio.run(story()) >= 0.05


def test_a_cancelled_sleeper_is_forgotten() -> None:
    async def story() -> None:
        clock = VirtualClock()
        sleeper = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        clock.advance(4000)

    asyncio.run(story())
