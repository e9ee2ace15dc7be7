"""The brakes: what may go now and what waits for a person (sync rules §6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from shared.core.plan import Effect, Plan, Step
from shared.model import Limit, Outcome, Reason

ABSOLUTE_LIMIT = 100  # within any 24 hours, however many links there are

DELETES = frozenset({Effect.DELETE_OUTLOOK})
CHANGES = frozenset({Effect.CREATE_BC, Effect.UPDATE_BC})


@dataclass(frozen=True, slots=True)
class Brakes:
    """`links`: how many pairs there are. `deleted`, `changed`: what the last 24 hours already did.

    `confirmed`: digests of steps a person let go, by key. `waits`: steps that always wait (creations in BC
    from an adopted folder, creations in Outlook after loss of state). `empty_read`: Business Central
    answered completely, with nothing.
    """

    max_deletes: Limit
    max_changes: Limit
    links: int
    deleted: int = 0
    changed: int = 0
    confirmed: Mapping[str, str] | None = None
    waits: Callable[[Step], bool] = lambda _: False
    empty_read: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`plan`: every step, its held effects moved from `effects` to `held`. `why`: the numbers, for people."""

    plan: Plan
    held: int
    why: tuple[str, ...] = ()


def exceeded(limit: Limit, planned: int, done: int, links: int) -> bool:
    """More than the count *and* more than the percentage of the links, or more than 100."""
    if planned == 0:
        return False
    total = planned + done
    return total > ABSOLUTE_LIMIT or (total > limit.count and total * 100 > limit.percent * links)


def guard(plan: Plan, brakes: Brakes) -> Verdict:
    """Hold back whole kinds of effects that would go beyond a brake; everything else may go.

    What a person confirmed goes: exactly the steps that were shown and are still the same.
    """
    confirmed = brakes.confirmed or {}
    free = [step for step in plan if confirmed.get(step.key) != step.digest()]
    deletes, changes = _counted(free)
    # What a person let go happens now: for everything else the day is as full as if it had been before.
    deleted, changed = brakes.deleted, brakes.changed
    if len(free) < len(plan.steps):
        all_deletes, all_changes = _counted(plan)
        deleted, changed = deleted + all_deletes - deletes, changed + all_changes - changes
    hold: set[Effect] = set()
    why = []
    if exceeded(brakes.max_deletes, deletes, deleted, brakes.links):
        hold |= DELETES
        why.append(_sentence("delete", deletes, deleted, brakes.max_deletes, brakes.links))
    elif brakes.empty_read and deletes:
        hold |= DELETES
        why.append(
            f"Business Central answered with no contacts at all where there were {brakes.links}: "
            f"{deletes} copies stay until you confirm."
        )
    if exceeded(brakes.max_changes, changes, changed, brakes.links):
        hold |= CHANGES
        why.append(_sentence("change", changes, changed, brakes.max_changes, brakes.links))
    waiting = sum(1 for step in free if step.writes and brakes.waits(step))
    if waiting:
        why.append(
            f"{waiting} contacts come from a folder that was there before, or would come back after the links "
            "were lost: they wait for your confirmation."
        )
    steps = []
    for step in plan:
        stopped = step.effects & hold or (step.writes and brakes.waits(step))
        go = not stopped or confirmed.get(step.key) == step.digest()
        steps.append(step if go else _hold(step))
    held = sum(1 for step in steps if step.held)
    return Verdict(Plan(tuple(steps), plan.unchanged), held, tuple(why))


def _counted(steps: Iterable[Step]) -> tuple[int, int]:
    """How many of the steps delete in Outlook, and how many change Business Central."""
    deletes = changes = 0
    for step in steps:
        deletes += bool(step.effects & DELETES)
        changes += bool(step.effects & CHANGES)
    return deletes, changes


def _hold(step: Step) -> Step:
    """A step of which one effect is held waits as a whole: its effects belong together."""
    return replace(
        step,
        effects=frozenset(),
        held=step.effects,
        outcome=Outcome.HELD,
        reasons=(Reason.BRAKE, *step.reasons),
    )


def bind(plan: Plan, shown: Mapping[str, str]) -> Plan:
    """Only what a preview showed and is still the same."""
    steps = tuple(step for step in plan if shown.get(step.key) == step.digest() or not step.writes)
    return Plan(steps, plan.unchanged)


def _sentence(verb: str, planned: int, done: int, limit: Limit, links: int) -> str:
    percent = round(100 * (planned + done) / links) if links else 100
    where = "in Outlook" if verb == "delete" else "in Business Central"
    return (
        f"This run would {verb} {planned} contacts {where} ({done} in the last 24 hours, {percent} % of "
        f"{links} linked; allowed are {limit.count} or {limit.percent} %, and never more than "
        f"{ABSOLUTE_LIMIT} a day): held until you confirm."
    )
