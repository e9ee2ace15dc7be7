"""Notifications on their way out: handshake, delivery, retries (contracts/graph.md §6.3, §6.5)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Final
from urllib.parse import quote_plus

import orjson

from sandbox.clock import VirtualClock
from sandbox.delivery import Answered
from shared.model import Json

Deliver = Callable[[str, Mapping[str, str], bytes, float], Awaitable[Answered | None]]
"""`await deliver(url, headers, body, timeout seconds)`: the answer, or None without one in time."""

HANDSHAKE_SECONDS: Final = 10.0
FIRST_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 10.0
GIVE_UP_SECONDS: Final = 4 * 3600.0
FIRST_RETRY_SECONDS: Final = 10.0
WINDOW_SECONDS: Final = 600.0
SLOW_SHARE: Final = 0.10
DROP_SHARE: Final = 0.15
FEWEST_ANSWERS: Final = 10
"""An address is judged slow on this many answers at least: one slow answer of one says nothing."""

MOST_TOGETHER: Final = 100


async def nowhere(url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> None:
    """Stands in until the sandbox says how to deliver: nobody answers."""


class Endpoint:
    """How quickly one address answered in the last ten minutes, and how long it is punished for that."""

    def __init__(self) -> None:
        self._answers: deque[tuple[float, float]] = deque()
        self._dropped_until = 0.0

    def note(self, now: float, took: float) -> None:
        self._answers.append((now, took))
        while self._answers[0][0] < now - WINDOW_SECONDS:
            self._answers.popleft()
        if self._share(now, RETRY_SECONDS) > DROP_SHARE:
            self._dropped_until = now + WINDOW_SECONDS

    def drops(self, now: float) -> bool:
        return now < self._dropped_until

    def delay(self, now: float) -> float:
        """Seconds that a notification waits because the address is slow."""
        return WINDOW_SECONDS if self._share(now, FIRST_SECONDS) > SLOW_SHARE else 0.0

    def _share(self, now: float, seconds: float) -> float:
        recent = [took for at, took in self._answers if at >= now - WINDOW_SECONDS]
        if len(recent) < FEWEST_ANSWERS:
            return 0.0
        return sum(took >= seconds for took in recent) / len(recent)


class Postbox:
    """Collects notifications for each address and delivers them in the background, a moment's together.

    `post` may be called from any thread once the service has answered a call.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.deliver: Deliver = nowhere
        self._clock = clock
        self._waiting: dict[str, list[Json]] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._attempts: set[asyncio.Future[Answered | None]] = set()
        self._starting = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def shake_hands(self, url: str, token: str) -> bool:
        """Whether the address answers the validation request with the token, as plain text and nothing else."""
        self._loop = asyncio.get_running_loop()
        joint = "&" if "?" in url else "?"
        target = f"{url}{joint}validationToken={quote_plus(token)}"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        answer = await self.deliver(target, headers, b"", HANDSHAKE_SECONDS)
        return answer == Answered(200, token.encode(), "text/plain")

    def post(self, url: str, notification: Json, after: float = 0.0) -> None:
        """Deliver soon, or `after` so many virtual seconds."""
        if self._loop is None:
            raise RuntimeError("nobody can have subscribed before the service was called")
        if after:
            self._loop.call_soon_threadsafe(self._start, self._post_later(url, notification, after))
            return
        first = url not in self._waiting
        self._waiting.setdefault(url, []).append(notification)
        if first:
            self._loop.call_soon_threadsafe(self._flush, url)

    async def settle(self) -> None:
        """Wait until everything posted so far was tried, and what failed waits for its next try."""
        while self._waiting or self._starting or self._attempts:
            await asyncio.sleep(0)
            await asyncio.gather(*self._attempts)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _flush(self, url: str) -> None:
        notifications = self._waiting.pop(url)
        endpoint = self._endpoints.setdefault(url.partition("?")[0], Endpoint())
        now = self._clock.monotonic()
        for start in range(0, len(notifications), MOST_TOGETHER):
            body = orjson.dumps({"value": notifications[start : start + MOST_TOGETHER]})
            if endpoint.drops(now):
                continue
            self._starting += 1
            self._start(self._carry(url, body, endpoint, endpoint.delay(now)))

    async def _post_later(self, url: str, notification: Json, after: float) -> None:
        await self._clock.sleep(after)
        self.post(url, notification)

    async def _carry(self, url: str, body: bytes, endpoint: Endpoint, wait: float) -> None:
        """Deliver; if need be again and again with growing pauses, for four hours at most."""
        self._starting -= 1
        if wait:
            await self._clock.sleep(wait)
        if await self._attempt(url, body, endpoint, FIRST_SECONDS):
            return
        pause, waited = FIRST_RETRY_SECONDS, 0.0
        while waited + pause <= GIVE_UP_SECONDS:
            await self._clock.sleep(pause)
            waited += pause
            if await self._attempt(url, body, endpoint, RETRY_SECONDS):
                return
            pause *= 2

    async def _attempt(self, url: str, body: bytes, endpoint: Endpoint, seconds: float) -> bool:
        """One try; how long it took is counted in real time, in which the time limit is counted too."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        headers = {"Content-Type": "application/json"}
        attempt = asyncio.ensure_future(self.deliver(url, headers, body, seconds))
        self._attempts.add(attempt)
        try:
            answer = await attempt
        finally:
            self._attempts.discard(attempt)
        endpoint.note(self._clock.monotonic(), loop.time() - started)
        return answer is not None and 200 <= answer.status < 300
