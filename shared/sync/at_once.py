"""Two readings at the same time: neither list waits for the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def at_once(one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
    """Both answers. Raises what `one` raises, else what `other` does, once both have ended."""
    with ThreadPoolExecutor(1, "reading") as thread:
        second = thread.submit(other)
        first = one()
        return first, second.result()
