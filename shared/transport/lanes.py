"""Who may send now: slots per mailbox or app, in fair order, and pauses that a service asked for.

Graph lets an app do 4 things at once in one mailbox (contracts/graph.md §5.1), Business Central 5 per app
(contracts/business-central.md §11). A lane is one such quota, shared by every thread of the process.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.transport.clock import Clock


@dataclass(frozen=True, slots=True)
class Lane:
    """One quota: its name, and how many things may run at once in it."""

    name: str
    slots: int


@dataclass(slots=True)
class _Traffic:
    busy: int = 0
    waiting: deque[object] = field(default_factory=deque)
    paused_until: float = 0.0


class Lanes:
    """The traffic of all lanes. One object per process and app registration."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._traffic: dict[str, _Traffic] = {}

    @contextmanager
    def slot(self, lane: Lane, weight: int = 1) -> Iterator[None]:
        """Hold `weight` slots of the lane (at most all of them); first come, first served."""
        weight = min(weight, lane.slots)
        ticket = object()
        with self._changed:
            traffic = self._traffic.setdefault(lane.name, _Traffic())
            traffic.waiting.append(ticket)
            try:
                while traffic.waiting[0] is not ticket or traffic.busy + weight > lane.slots:
                    self._changed.wait()
            finally:
                traffic.waiting.remove(ticket)
                self._changed.notify_all()
            traffic.busy += weight
        try:
            yield
        finally:
            with self._changed:
                traffic.busy -= weight
                self._forget_if_idle(lane.name, traffic)
                self._changed.notify_all()

    def pause(self, lane: Lane, seconds: float) -> None:
        """Nothing leaves on this lane for so many seconds; a longer pause stays, a shorter one is ignored."""
        with self._changed:
            traffic = self._traffic.setdefault(lane.name, _Traffic())
            traffic.paused_until = max(traffic.paused_until, self._clock.monotonic() + seconds)

    def pause_left(self, lane: Lane) -> float:
        """Seconds until something may leave on this lane; 0.0 when it may now."""
        with self._changed:
            traffic = self._traffic.get(lane.name)
            return max(0.0, traffic.paused_until - self._clock.monotonic()) if traffic else 0.0

    def _forget_if_idle(self, name: str, traffic: _Traffic) -> None:
        if not traffic.busy and not traffic.waiting and traffic.paused_until <= self._clock.monotonic():
            self._traffic.pop(name, None)
