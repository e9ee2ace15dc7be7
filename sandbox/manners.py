"""Who calls again before the time that was named."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest

GRACE = 0.1
"""Seconds in which other calls of the quota may still be under way when the refusal is answered."""

_ROUNDING = 0.002


@dataclass(frozen=True, slots=True)
class _Pause:
    told: float
    until: float
    call: int


class Pauses:
    """Remembers every Retry-After that was answered, and finds the calls that did not wait for it.

    The very call that was refused must wait from the moment it was told; other calls of the same quota
    get `GRACE`, since they may have been sent before the answer arrived.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._pauses: dict[str, list[_Pause]] = {}

    def told(self, key: str, request: ApiRequest, retry_after: str | None) -> None:
        """The caller now knows how long to wait. `retry_after`: seconds or an HTTP date; None: not named."""
        if retry_after is None or not key:
            return
        now = self._clock.monotonic()
        until = now + self._seconds(retry_after)
        self._pauses.setdefault(key, []).append(_Pause(now, until, _call(request)))

    def broken(self, key: str, request: ApiRequest, sent: float) -> float:
        """How many seconds too early this call was sent; 0 if it was not."""
        pauses = self._pauses.get(key)
        if not pauses:
            return 0.0
        now = self._clock.monotonic()
        running = [pause for pause in pauses if pause.until > min(sent, now)]
        self._pauses[key] = running
        call = _call(request)
        early = 0.0
        for pause in running:
            known_from = pause.told if pause.call == call else pause.told + GRACE
            if known_from <= sent < pause.until - _ROUNDING:
                early = max(early, pause.until - sent)
        return early

    def _seconds(self, retry_after: str) -> float:
        try:
            return float(retry_after)
        except ValueError:
            return (parsedate_to_datetime(retry_after) - self._clock.now()).total_seconds()


def _call(request: ApiRequest) -> int:
    return hash((request.method, request.path, request.query, request.body))
