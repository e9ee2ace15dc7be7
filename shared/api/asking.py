"""Questions to everything the app depends on: asked at once, for somebody waits for the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from functools import partial
from typing import TypeVar

from shared.sync.at_once import begun

N = TypeVar("N")
A = TypeVar("A")

PATIENCE = 20.0
"""Seconds. A service that is away is asked for minutes; an HTTP answer has to come within 230 seconds
(contracts/azure-functions.md, "Plan and limits")."""
TOO_LATE = "There was no answer for too long."


def ask_all(names: Sequence[N], question: Callable[[N], A], too_late: Callable[[N], A]) -> list[A]:
    """The answers in the order of the names; `too_late` stands for those that did not come in time."""
    futures = begun([partial(question, name) for name in names], len(names))
    wait(futures, PATIENCE)
    return [
        future.result() if future.done() else too_late(name)
        for name, future in zip(names, futures, strict=True)
    ]
