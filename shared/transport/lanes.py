"""Who may send now: slots per mailbox or app, in fair order, and pauses that a service asked for.

Graph lets an app do 4 things at once in one mailbox (contracts/graph.md §5.1), Business Central 5 per app
(contracts/business-central.md §11). A lane is one such quota, shared by every thread of the process. Where
several parties share it, the one that holds the least comes first: who asks for much, or holds its slots for
long, makes nobody wait for more than one of its requests to end.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.transport.clock import Clock


@dataclass(frozen=True, slots=True)
class Lane:
    """One quota: its name, and how many things may run at once in it."""

    name: str
    slots: int


@dataclass(slots=True, eq=False)
class _Ticket:
    party: str


@dataclass(slots=True)
class _Traffic:
    """`busy`: slots held by each party; `waiting`: in the order they came."""

    busy: Counter[str] = field(default_factory=Counter)
    waiting: list[_Ticket] = field(default_factory=list)
    paused_until: float = 0.0

    def next(self) -> _Ticket:
        return min(self.waiting, key=lambda ticket: self.busy[ticket.party])


class Lanes:
    """The traffic of all lanes. One object per process and app registration."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._traffic: dict[str, _Traffic] = {}

    @contextmanager
    def slot(self, lane: Lane, weight: int = 1, party: str = "") -> Iterator[None]:
        """Hold `weight` slots of the lane (at most all of them).

        The party that holds the fewest is next, of several such the first that came.
        """
        weight = min(weight, lane.slots)
        ticket = _Ticket(party)
        with self._changed:
            traffic = self._traffic.setdefault(lane.name, _Traffic())
            traffic.waiting.append(ticket)
            try:
                while traffic.next() is not ticket or traffic.busy.total() + weight > lane.slots:
                    self._changed.wait()
            finally:
                traffic.waiting.remove(ticket)
                self._changed.notify_all()
            traffic.busy[party] += weight
        try:
            yield
        finally:
            with self._changed:
                traffic.busy[party] -= weight
                traffic.busy += Counter()  # forgets who holds nothing
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
