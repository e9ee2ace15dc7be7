"""How much a service takes from whom: rates, and calls at once."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from sandbox.clock import VirtualClock


class Rate(Protocol):
    def take(self, key: str) -> int:
        """Count one call of `key`: 0 if it may go on, else the seconds to wait."""
        ...


class TokenBucket:
    """So many calls per period, refilled evenly (contracts/graph.md §9)."""

    def __init__(self, clock: VirtualClock, calls: int, seconds: float) -> None:
        self._clock = clock
        self._size = float(calls)
        self._per_second = calls / seconds
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> int:
        now = self._clock.monotonic()
        level, at = self._levels.get(key, (self._size, now))
        level = min(self._size, level + (now - at) * self._per_second)
        if level < 1.0:
            self._levels[key] = (level, now)
            return max(1, math.ceil((1.0 - level) / self._per_second))
        self._levels[key] = (level - 1.0, now)
        return 0


class SlidingWindow:
    """So many calls in any window of this length (contracts/business-central.md §11)."""

    def __init__(self, clock: VirtualClock, calls: int, seconds: float) -> None:
        self._clock = clock
        self._calls = calls
        self._seconds = seconds
        self._taken: dict[str, deque[float]] = {}

    def take(self, key: str) -> int:
        now = self._clock.monotonic()
        taken = self._taken.setdefault(key, deque())
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
        if len(taken) >= self._calls:
            return max(1, math.ceil(taken[0] + self._seconds - now))
        taken.append(now)
        return 0


class Entry(Enum):
    """What became of a call that wanted a slot."""

    IN = "in"
    FULL = "full"
    TOO_LATE = "too late"


@dataclass(slots=True)
class _Line:
    running: int
    waiting: deque[asyncio.Future[None]]


class Slots:
    """So many calls of one key at once; more wait in a queue of limited length and patience.

    Lives on one event loop. Whoever got `IN` calls `leave`.
    """

    def __init__(self, clock: VirtualClock, at_once: int, queue: int = 0, patience: float = 0.0) -> None:
        self._clock = clock
        self.at_once = at_once
        self.queue = queue
        self._patience = patience
        self._lines: dict[str, _Line] = {}

    def busy(self, key: str) -> bool:
        """True if a call that comes now finds all slots taken."""
        line = self._lines.get(key)
        return line is not None and line.running >= self.at_once

    async def enter(self, key: str) -> Entry:
        line = self._lines.setdefault(key, _Line(0, deque()))
        if line.running < self.at_once:
            line.running += 1
            return Entry.IN
        if len(line.waiting) >= self.queue:
            return Entry.FULL
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        patience = asyncio.ensure_future(self._clock.sleep(self._patience))
        try:
            await asyncio.wait({turn, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            if not turn.done():
                line.waiting.remove(turn)
        return Entry.IN if turn.done() else Entry.TOO_LATE

    def leave(self, key: str) -> None:
        line = self._lines[key]
        if line.waiting:
            line.waiting.popleft().set_result(None)
            return
        line.running -= 1
        if not line.running:
            del self._lines[key]
