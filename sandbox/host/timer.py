"""Fires the timer functions: one thread each, one catch-up for however many times were missed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sandbox.host.functions import HostError, TimerFunction
from sandbox.host.invocation import FunctionFailed, invoke, timer_value
from shared.schedule import Schedule

_LOOK_SECONDS = 1.0
"""How long to wait before looking at the clock again, which may jump when a machine wakes up."""
_LATE_SECONDS = 2.0


class Timer:
    """One timer function. `now`: the time in UTC. Never fires on start, only when a time comes."""

    def __init__(self, function: TimerFunction, now: Callable[[], datetime]) -> None:
        self._function = function
        self._now = now
        try:
            self._schedule = Schedule.parse(function.schedule)
        except ValueError as error:
            raise HostError(f"Timer {function.name}: the schedule {function.schedule!r} {error}.") from None
        self._first = self._schedule.after(now())
        if self._first is None:
            raise HostError(
                f"Timer {function.name}: the schedule {function.schedule!r} names a day that never comes."
            )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"timer-{function.name}", daemon=True)

    def start(self) -> None:
        """Begins to watch the clock."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stops firing and waits so long for a call that runs."""
        self._stopped.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        due = self._first
        while due is not None and not self._stopped.is_set():
            now = self._now()
            if now < due:
                self._stopped.wait(min(_LOOK_SECONDS, (due - now).total_seconds()))
                continue
            late = (now - due).total_seconds() > _LATE_SECONDS
            # A failure has been logged, and is not tried again before the next time, as on the platform.
            with suppress(FunctionFailed):
                invoke(self._function, timer_value(past_due=late))
            # Times that went by meanwhile are not made up for one by one.
            due = self._schedule.after(max(due, self._now()))


def _unusable(function: TimerFunction, why: str) -> HostError:
    return HostError(f"Timer {function.name}: the schedule {function.schedule!r} {why}.")
