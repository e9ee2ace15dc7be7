"""Writes that go out in batches: one batch under way at a time, the next leaves before the last is stored.

What was throttled, failed or got lost goes into a later batch; the others are not held up by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from shared.errors import Busy
from shared.transport.clock import Clock
from shared.transport.http import Answer, Transport
from shared.transport.lanes import Lane
from shared.transport.retry import TOO_MANY_REQUESTS, GiveUp, Lookup, Resend, is_transient, next_step

W = TypeVar("W")
R = TypeVar("R")

LOOKS = 2
"""How often a lost creation is looked for before it is repeated: an index may lag (contracts/graph.md §10)."""
LOOK_PAUSE = 5.0
"""Seconds between two looks."""
STEP = 15.0
"""Seconds between two looks at whether to go on waiting; a shorter wait is not looked at."""
TOGETHER = 1.0
"""Seconds by which waiting jobs are held back so that they share a batch."""


@dataclass(frozen=True, slots=True)
class Job(Generic[W]):
    """One write on its way. `due`: monotonic seconds before which it must not go out.

    `lost`: an attempt's outcome is unknown; `looks`: how often it was looked for since, every `look_pause`
    seconds.
    """

    write: W
    attempt: int = 1
    waited: float = 0.0
    due: float = 0.0
    lost: bool = False
    looks: int = 0
    look_pause: float = LOOK_PAUSE

    def looked_in_vain(self, now: float) -> Job[W]:
        """To be looked for once more, or else, after enough looks, to be sent again."""
        looks = self.looks + 1
        if looks < LOOKS:
            return replace(self, looks=looks, due=now + self.look_pause)
        return self.sent_in_vain()

    def sent_in_vain(self) -> Job[W]:
        """To be sent again: it is certain now that the attempt before was not carried out."""
        return replace(self, lost=False, looks=0, attempt=self.attempt + 1)

    def after(
        self, answer: Answer, transport: Transport, *, safe: bool, look_pause: float = LOOK_PAUSE
    ) -> Job[W] | GiveUp:
        """The same job for a later batch, after a transient answer of its item; GiveUp when it was enough."""
        if answer.skipped:
            return self
        now = transport.clock.monotonic()
        step = next_step(
            self.attempt,
            answer.status,
            answer.retry_after,
            safe=safe,
            waited=self.waited,
            jitter=transport.jitter(),
            patience=transport.patience,
        )
        match step:
            case Resend(after):
                return replace(self, attempt=self.attempt + 1, waited=self.waited + after, due=now + after)
            case Lookup(after):
                waited = self.waited + after
                return replace(self, lost=True, looks=0, look_pause=look_pause, waited=waited, due=now + after)
            case GiveUp():
                return step
            case _:
                raise ValueError(f"status {answer.status} is final")


@dataclass(slots=True)
class Round(Generic[W, R]):
    """What one batch led to: results that stand, and jobs for a later batch."""

    results: list[R] = field(default_factory=list)
    again: list[Job[W]] = field(default_factory=list)


def run_batches(
    writes: Iterable[W],
    size: int,
    exchange: Callable[[Sequence[Job[W]]], Round[W, R]],
    on_done: Callable[[R], None],
    should_stop: Callable[[], bool],
    transport: Transport,
    lane: Lane,
) -> bool:
    """Send everything, `size` at a time; True when all are done, False when `should_stop` said so.

    `exchange` runs in a thread of its own, never twice at once; `on_done` in the caller's, while the next
    batch is under way. `should_stop` is asked before each batch, and now and then while all that is left has
    to wait for long. An exception of either ends it; what a batch had done by then is the caller's to find
    out, as after a crash.
    """
    queue = [Job(write) for write in writes]
    stopped = False
    clock = transport.clock

    def rest() -> None:
        """Wait until something may go; a longer wait than there is patience for is the next batch's to tell."""
        nonlocal stopped
        left = _idle_time(queue, transport, lane)
        while STEP < left <= transport.patience.budget and not stopped:
            stopped = should_stop()
            if not stopped:
                clock.sleep(min(left, STEP))
                left = _idle_time(queue, transport, lane)

    with ThreadPoolExecutor(1, "batches") as thread:

        def start() -> Future[Round[W, R]] | None:
            nonlocal queue, stopped
            if not queue or stopped:
                return None
            stopped = should_stop()
            if stopped:
                return None
            # What falls due during a pause of the lane can go out together at its end.
            earliest = clock.monotonic() + transport.lanes.pause_left(lane)
            batch, queue = _choose(queue, size, earliest)
            return thread.submit(_exchange_when_due, batch, exchange, clock)

        under_way = start()
        while under_way is not None:
            done = under_way.result()
            queue.extend(done.again)
            waits = _idle_time(queue, transport, lane) > STEP
            try:
                under_way = None if waits else start()
            finally:
                for result in done.results:
                    on_done(result)
            if waits:
                rest()
                under_way = start()
    return not stopped


def read_batches(
    count: int,
    size: int,
    send: Callable[[Sequence[int]], Sequence[Answer]],
    on_answer: Callable[[int, Answer], None],
    transport: Transport,
    lane: Lane,
) -> None:
    """Read `count` things by number, `size` at a time; `on_answer` gets each standing answer, in any order.

    `send` puts the reads of the numbers it is given into one batch. What failed each time comes as it was
    answered last. Raises Busy where the service asks for more time than there is.
    """

    def exchange(jobs: Sequence[Job[int]]) -> Round[int, tuple[int, Answer]]:
        done: Round[int, tuple[int, Answer]] = Round()
        for job, answer in zip(jobs, send([job.write for job in jobs]), strict=True):
            if not is_transient(answer.status):
                done.results.append((job.write, answer))
                continue
            later = job.after(answer, transport, safe=True)
            if isinstance(later, GiveUp):
                if answer.status != TOO_MANY_REQUESTS and later.retry_after is None:
                    done.results.append((job.write, answer))
                    continue
                raise Busy(
                    transport.endpoint.service,
                    answer.status or 0,
                    answer.code or "noAnswer",
                    "is busy",
                    "It is tried again later.",
                    later.retry_after,
                )
            done.again.append(later)
        return done

    run_batches(range(count), size, exchange, lambda each: on_answer(*each), lambda: False, transport, lane)


def _idle_time(queue: Sequence[Job[W]], transport: Transport, lane: Lane) -> float:
    """Seconds for which nothing of it may go out."""
    if not queue:
        return 0.0
    due = min(job.due for job in queue) - transport.clock.monotonic()
    return max(0.0, due, transport.lanes.pause_left(lane))


def _choose(queue: list[Job[W]], size: int, now: float) -> tuple[list[Job[W]], list[Job[W]]]:
    horizon = max(now, min(job.due for job in queue) + TOGETHER)
    ready = [job.due <= now for job in queue]
    if not any(ready):
        ready = [job.due <= horizon for job in queue]
    chosen = [index for index, is_ready in enumerate(ready) if is_ready][:size]
    taken = set(chosen)
    return [queue[index] for index in chosen], [job for index, job in enumerate(queue) if index not in taken]


def _exchange_when_due(
    batch: Sequence[Job[W]], exchange: Callable[[Sequence[Job[W]]], Round[W, R]], clock: Clock
) -> Round[W, R]:
    wait = max(job.due for job in batch) - clock.monotonic()
    if wait > 0:
        clock.sleep(wait)
    return exchange(batch)
