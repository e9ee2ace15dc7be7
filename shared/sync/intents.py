"""Intents are stored shortly before the effects they announce, while an earlier batch is under way.

All of them at once would keep the services waiting, and leave thousands to look into after a slice that ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import Link
from shared.sync.book import Book

_TOGETHER = 100
"""Intents stored at once: one transaction."""


class Intents:
    """`intents`: one per write, in the order of the writes, None where a write needs none.

    `batch`: the most writes that leave together. Writes leave in their order, repeated ones later.
    """

    def __init__(self, book: Book, intents: Sequence[Link | None], batch: int) -> None:
        self._book = book
        self._intents = intents
        self._batch = batch
        self._batches = 0
        self._stored = 0

    def before_batch(self) -> None:
        """A batch is about to leave: whatever it may hold is stored by then."""
        self._batches += 1
        self._store(self._batches * self._batch)

    def under_way(self) -> None:
        """A batch has left: time to store what the next one may hold."""
        self._store((self._batches + 1) * self._batch)

    def _store(self, needed: int) -> None:
        while self._stored < min(needed, len(self._intents)):
            part = self._intents[self._stored : self._stored + _TOGETHER]
            self._book.links([intent for intent in part if intent is not None])
            self._book.flush()
            self._stored += len(part)
