"""What a run writes down: links, conflicts, removed copies. Links are gathered, so that storage keeps pace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.core.plan import Step
from shared.errors import Refused
from shared.model import Link, Setup
from shared.state.conflicts import Conflict, FieldConflict
from shared.state.removed import RemovedCopy
from shared.state.store import Store
from shared.transport.http import JsonObject

_GATHERED = 100  # one transaction


@dataclass
class Book:
    """The run's records of one setup. `now`: RFC 3339 UTC."""

    store: Store
    setup: Setup
    run: str
    now: Callable[[], str]
    linked: dict[str, Link]
    conflicts_kept: int = 0
    _links: dict[str, Link] = field(default_factory=dict)
    _forgotten: set[str] = field(default_factory=set)

    def links(self, links: Sequence[Link]) -> None:
        """Remember links; they are stored with the next hundred, or by `flush`."""
        for link in links:
            self._links[link.bc_id] = link
            self.linked[link.bc_id] = link
            self._forgotten.discard(link.bc_id)
        if len(self._links) >= _GATHERED:
            self.flush()

    def forget(self, bc_id: str) -> None:
        """Remember that a link was replaced by another."""
        self._links.pop(bc_id, None)
        self.linked.pop(bc_id, None)
        self._forgotten.add(bc_id)

    def flush(self) -> None:
        """Store what was gathered. New links first: a replaced one must not be missed before."""
        user, company = self.setup.user, self.setup.company
        if self._links:
            self.store.links.save(user, company, self._links.values())
            self._links = {}
        if self._forgotten:
            self.store.links.delete(user, company, self._forgotten)
            self._forgotten = set()

    def conflicts(self, steps: Sequence[Step]) -> None:
        """Keep the losing values, before anything overwrites them."""
        records = [
            Conflict(
                step.bc_id,
                step.outlook_id,
                self.run,
                tuple(FieldConflict(c.field, c.kept, c.lost, c.lost_side) for c in step.conflicts),
                step.name,
                self.now(),
            )
            for step in steps
        ]
        if records:
            self.store.conflicts.add(self.setup.user, self.setup.company, records)
            self.conflicts_kept += len(records)

    def copies(self, copies: Mapping[str, JsonObject]) -> frozenset[str]:
        """Keep Outlook contacts whole, before they are removed; `copies`: by BC id.

        Those that there is no room for: they have to stay where they are.
        """
        removed = [
            RemovedCopy(self.run, bc_id, str(item.get("id", "")), item) for bc_id, item in copies.items()
        ]
        try:
            self._keep(removed)
        except Refused:
            return frozenset(copy.bc_id for copy in removed if not self._kept(copy))
        return frozenset()

    def _kept(self, copy: RemovedCopy) -> bool:
        try:
            self._keep([copy])
        except Refused:
            return False
        return True

    def _keep(self, removed: Sequence[RemovedCopy]) -> None:
        if removed:
            self.store.removed.save(self.setup.user, self.setup.company, removed)
