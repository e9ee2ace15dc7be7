"""What was asked of the services, and every breach of good manners towards them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from sandbox.clock import VirtualClock
from shared.model import Json


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that has ended, alone or as an item of a batch.

    `n`: its number in order of arrival. `at`: virtual time of arrival. `started`, `ended`: virtual
    seconds. `status`: 0 where the connection was closed without an answer. `batch`: for an item the
    number of the `$batch` call. `quota_key`: who shares its quota, "" for none. `headers`: as sent, but
    for the token. `raw`: the body as sent.
    """

    n: int
    at: datetime
    service: str
    method: str
    path: str
    query: str
    status: int
    item: bool
    batch: int | None
    app: str
    quota_key: str
    started: float
    ended: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    raw: bytes = field(default=b"", repr=False)

    @property
    def size(self) -> int:
        """Bytes of the request's body."""
        return len(self.raw)

    @property
    def body(self) -> Json:
        """The body of a write as parsed; None where there is none or it is not JSON."""
        if self.method == "GET" or not self.raw:
            return None
        try:
            parsed: Json = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            return None
        return parsed


@dataclass(frozen=True, slots=True)
class Violation:
    """A breach of manners that the real service would answer with trouble, or not notice at all.

    Kinds: `concurrency` (a fifth Graph call at once to one mailbox, a sixth to Business Central by one
    app), `early_retry` (a call of a quota before its Retry-After was over), `foreign_token` (a token for
    another service), `rebuilt_link` (a next or delta link not sent as given), `empty_patch` (changes
    nothing), `repeated_create` (a create sent again that had been carried out), `company_name_sent`,
    `top_paging` (both Business Central); and `crash`, a fault of the sandbox itself.
    """

    kind: str
    service: str
    detail: str
    at: datetime


class RequestLog:
    """Calls and violations since the start or the last `clear()`. Safe to use from any thread."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 1
        self._entries: list[Entry] = []
        self._violations: list[Violation] = []

    def number(self) -> int:
        """The number of a call that just arrived."""
        with self._lock:
            self._next += 1
            return self._next - 1

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def mark(self) -> int:
        """The number that the next call gets, for `entries(since=…)`."""
        return self._next

    def entries(self, service: str | None = None, since: int = 0) -> list[Entry]:
        """The ended calls to `service` (None: to all) numbered `since` or later, in order of arrival."""
        with self._lock:
            found = [e for e in self._entries if e.n >= since and service in (None, e.service)]
        return sorted(found, key=lambda entry: entry.n)

    def violate(self, kind: str, service: str, detail: str) -> None:
        with self._lock:
            self._violations.append(Violation(kind, service, detail, self._clock.now()))

    @property
    def violations(self) -> list[Violation]:
        with self._lock:
            return list(self._violations)

    def counts(self) -> Counter[str]:
        """How many violations there are of each kind."""
        return Counter(violation.kind for violation in self.violations)

    def clear(self) -> None:
        """Forget calls and violations; numbers go on."""
        with self._lock:
            self._entries.clear()
            self._violations.clear()
