"""Everything that is kept about a user: to hand out, and to erase (sync rules §10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from shared.model import Json
from shared.state.access import Access, Aliases
from shared.state.claims import Claims
from shared.state.conflicts import Conflicts
from shared.state.held import HeldItems
from shared.state.links import Links
from shared.state.outcomes import Outcomes
from shared.state.removed import RemovedCopies
from shared.state.run_queue import Idempotency
from shared.state.runs import Runs
from shared.state.setups import Setups, StoredSetup
from shared.state.subscriptions import Subscriptions

_SECRET = frozenset(
    {"print_key", "client_state", "linked_filter", "delta_link", "etag", "bc_prints", "outlook_prints"}
)
"""Keys, tokens and digests: they say nothing about the user, and must not leave."""


class Personal:
    """The rows of one setup, or of one user, wherever they are."""

    def __init__(
        self,
        setups: Setups,
        links: Links,
        outcomes: Outcomes,
        conflicts: Conflicts,
        held: HeldItems,
        removed: RemovedCopies,
        runs: Runs,
        access: Access,
        aliases: Aliases,
        subscriptions: Subscriptions,
        claims: Claims,
        idempotency: Idempotency,
    ) -> None:
        self._setups = setups
        self._links = links
        self._outcomes = outcomes
        self._conflicts = conflicts
        self._held = held
        self._removed = removed
        self._runs = runs
        self._access = access
        self._aliases = aliases
        self._subscriptions = subscriptions
        self._claims = claims
        self._idempotency = idempotency

    def export(self, user: str) -> dict[str, Json]:
        """Everything kept about a user as JSON, without keys and tokens."""
        return {
            "user": user,
            "addresses": _json(self._aliases.of(user)),
            "companies": _json(self._access.companies(user)),
            "subscriptions": _json(self._subscriptions.of_user(user)),
            "setups": [self._setup(stored) for stored in self._setups.list(user)],
        }

    def erase(self, user: str) -> None:
        """Forgets a user: setups and all that belongs to them, opened companies, addresses, subscriptions.

        Claims and repeated requests, too. The subscriptions at Graph itself are the caller's to end, before.
        """
        for subscription in self._subscriptions.of_user(user):
            self._subscriptions.delete(subscription.service, subscription.id)
        for company in {
            *self._access.companies(user),
            *(found.setup.company for found in self._setups.list(user)),
        }:
            self.erase_setup(user, company)
        self._access.clear(user)
        self._aliases.clear(user)
        self._claims.clear(user)
        self._idempotency.clear(user)

    def erase_setup(self, user: str, company: str) -> None:
        """Forgets a setup and all of its rows. The setup goes last: an interrupted call can be repeated."""
        clear: tuple[Callable[[str, str], int], ...] = (
            self._held.clear,
            self._removed.clear,
            self._conflicts.clear,
            self._outcomes.clear,
            self._links.clear,
            self._runs.clear,
        )
        for each in clear:
            each(user, company)
        self._setups.delete(user, company)

    def _setup(self, stored: StoredSetup) -> Json:
        user, company = stored.setup.user, stored.setup.company
        return {
            "setup": _json(stored.setup),
            "state": _json(stored.state),
            "links": _json(self._links.load(user, company)),
            "outcomes": _json(self._outcomes.all(user, company)),
            "conflicts": _json(self._conflicts.all(user, company)),
            "held": _json(self._held.all(user, company)),
            "removed": _json(self._removed.all(user, company)),
            "runs": [
                {"run": _json(run), "actions": _json(list(self._runs.all_actions(run.id)))}
                for run in self._runs.all(user, company)
            ],
        }


def _json(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: _json(getattr(value, item.name)) for item in fields(value) if item.name not in _SECRET
        }
    if isinstance(value, Mapping):
        return {str(name): _json(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_json(member) for member in value]
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")
