"""What the API answers about single contacts: outcomes, actions, conflicts, held items."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from shared.api.views import View
from shared.model import LinkState, Outcome, Reason, Side


class ContactView(View):
    """One contact and what became of it last. Values that nobody knows are null.

    `side`, `id`: where it is listed; `explanation`: the reason in words, with what to do.
    """

    side: Side
    id: str
    business_central_id: str | None
    outlook_id: str | None
    name: str | None
    email: str | None
    outcome: Outcome | None
    reason: Reason | None
    explanation: str
    at: str | None
    run_id: str | None
    link_state: LinkState | None
    attempts: int = 0
    next_attempt_at: str | None = None
    related: str | None = None


class FieldConflictView(View):
    """`loser`: the side whose value lost."""

    field: str
    kept: str
    lost: str
    loser: Side


class ConflictView(View):
    """A settled conflict: what stands, what lost. `resolved`: a person took the other value."""

    id: str
    business_central_id: str | None
    outlook_id: str | None
    name: str
    run_id: str
    at: str
    resolved: bool
    fields: list[FieldConflictView]


class HeldView(View):
    """What waits for a person. `shownIn`: runs whose confirmation would let it go."""

    side: Side
    id: str
    kind: str
    action: Mapping[str, JsonValue]
    shown_in: list[str]
    confirmed: bool
    at: str


class ActionView(View):
    """What a run did with one contact, or would do: fields old → new, conflicts, reasons."""

    key: str
    side: Side
    contact_id: str
    business_central_id: str
    outlook_id: str
    name: str
    actions: list[str]
    action: str
    outcome: Outcome
    fields: list[dict[str, JsonValue]]
    conflicts: list[dict[str, JsonValue]]
    reason: Reason | None
    reasons: list[Reason]
    explanation: str | None
