"""A clock that runs with real time and can be put forward at will."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Real time plus what was advanced; everything in the sandbox that waits, waits on it.

    Safe to use from any thread; sleepers may live on any number of event loops.
    """

    def __init__(self, start: datetime | None = None, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._zero = real()
        self._start = start or datetime.now(UTC)
        self._advanced = 0.0
        self._lock = threading.Lock()
        self._sleepers: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}

    def now(self) -> datetime:
        """The virtual time of day, UTC."""
        return self.at(self.monotonic())

    def at(self, monotonic: float) -> datetime:
        """The virtual time of day that belongs to a reading of `monotonic()`."""
        return self._start + timedelta(seconds=monotonic)

    def monotonic(self) -> float:
        """Virtual seconds since the clock was made."""
        return self._real() - self._zero + self._advanced

    def advance(self, seconds: float) -> None:
        """Put the clock forward; whoever sleeps looks at the time again."""
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        with self._lock:
            self._advanced += seconds
            sleepers, self._sleepers = self._sleepers, {}
        for woken, loop in sleepers.items():
            loop.call_soon_threadsafe(_wake, woken)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many virtual seconds: in real time, or less where the clock is advanced meanwhile."""
        end = self.monotonic() + seconds
        loop = asyncio.get_running_loop()
        while True:
            woken = loop.create_future()
            with self._lock:
                left = end - self.monotonic()
                if left <= 0:
                    return
                self._sleepers[woken] = loop
            timer = loop.call_later(left, _wake, woken)
            try:
                await woken
            finally:
                timer.cancel()
                with self._lock:
                    self._sleepers.pop(woken, None)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
