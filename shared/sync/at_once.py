"""Several things at the same time: two readings, or questions of which some may never be answered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def at_once(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """Both answers. Raises what `one` raises, else what `other` does, once both have ended."""
    with ThreadPoolExecutor(1, "reading") as thread:
        second = thread.submit(other)
        first = one()
        return first, second.result()


def begun(actions: Sequence[Callable[[], A]], at_most: int) -> list[Future[A]]:
    """All of them, `at_most` at a time, in order; who waits for them decides how long.

    Their threads do not keep the process from ending, as those of an executor would.
    """
    futures: list[Future[A]] = [Future() for _ in actions]
    todo = deque(zip(futures, actions, strict=True))

    def work() -> None:
        while todo:
            try:
                future, action = todo.popleft()
            except IndexError:
                return
            try:
                future.set_result(action())
            except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
                future.set_exception(error)

    for _ in range(min(at_most, len(futures))):
        threading.Thread(target=work, name="beside", daemon=True).start()
    return futures
