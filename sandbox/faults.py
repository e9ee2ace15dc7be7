"""What is to go wrong, for which calls, and how often."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

BATCH = "/$batch"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong.

    `service`: "graph", "businessCentral" or "" for both. `method`: "" for any. `path`: a regular
    expression searched in the call's path, "" for any path but `$batch` itself (its items are meant then).
    `skip`: so many matching calls pass first. `times`: so many are hit after that, 0 = until cleared.
    `rate`: the share of matching calls that is hit. `retry_after`: sent as it stands ("2.128" too), or a
    range "1..5" to draw whole seconds from. `seconds`: for `delay`. `detail`: what a single kind needs.

    The gate carries out `reject` (status, code, retry_after; not executed), `drop` (connection closed
    before execution), `commit_then_504`, `commit_then_drop`, `html_error` (status) and `delay`; every
    other kind is for the service that knows it.
    """

    kind: str
    service: str = ""
    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 0
    code: str = ""
    retry_after: str | None = None
    seconds: float = 0.0
    detail: Mapping[str, str] = field(default_factory=dict)
    rate: float = 1.0

    def concerns(self, service: str, method: str, path: str) -> bool:
        if self.service not in ("", service) or self.method not in ("", method):
            return False
        if not self.path:
            return not path.endswith(BATCH)
        return re.search(self.path, path) is not None


class Faults:
    """The faults still to come, in the order they were added. Safe to use from any thread."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random(0)
        self._lock = threading.Lock()
        self._coming: list[_Coming] = []

    def add(self, fault: Fault) -> None:
        re.compile(fault.path)
        with self._lock:
            self._coming.append(_Coming(fault, fault.skip, fault.times or None))

    def clear(self) -> None:
        with self._lock:
            self._coming.clear()

    def coming(self) -> list[Fault]:
        """What was added and has not been used up."""
        with self._lock:
            return [each.fault for each in self._coming]

    def take(self, service: str, method: str, path: str, *kinds: str) -> Fault | None:
        """The first fault of these kinds (of any kind if none is named) that hits this call, counted down.

        A drawn `retry_after` is already a number in the answer.
        """
        if not self._coming:
            return None
        with self._lock:
            for each in self._coming:
                if kinds and each.fault.kind not in kinds:
                    continue
                if not each.fault.concerns(service, method, path) or not self._hits(each):
                    continue
                if each.left == 0:
                    self._coming.remove(each)
                return self._drawn(each.fault)
        return None

    def _hits(self, each: _Coming) -> bool:
        if each.skip:
            each.skip -= 1
            return False
        if each.fault.rate < 1.0 and self._rng.random() >= each.fault.rate:
            return False
        if each.left is not None:
            each.left -= 1
        return True

    def _drawn(self, fault: Fault) -> Fault:
        low, dots, high = (fault.retry_after or "").partition("..")
        if not dots:
            return fault
        return replace(fault, retry_after=str(self._rng.randint(int(low), int(high))))


@dataclass(slots=True)
class _Coming:
    """`left` is None where the fault stays until it is cleared."""

    fault: Fault
    skip: int
    left: int | None
