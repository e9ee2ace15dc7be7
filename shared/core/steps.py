"""The kinds of step the decision table ends in: a pair goes on, its copy goes, it is detached or left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.core.merge import Merge
from shared.core.plan import Effect, FieldChange, Step
from shared.core.snapshot import Rules, SeenBc, SeenOutlook
from shared.fields import to_bc, to_outlook
from shared.model import FIELDS, Direction, Link, LinkState, Outcome, Reason


@dataclass(frozen=True, slots=True)
class Pair:
    """A link and what was observed of its two contacts.

    `link`: as it is being judged; `before`: as it is stored, None where it is new.
    `bc`, `outlook`: None where not read or no longer there.
    """

    link: Link
    before: Link | None
    bc: SeenBc | None
    outlook: SeenOutlook | None

    def having(self, link: Link) -> Pair:
        """The same pair, its link as it will be."""
        return replace(self, link=link)

    @property
    def settled(self) -> bool:
        """The stored link says already what was observed."""
        link, bc, outlook = self.link, self.bc, self.outlook
        if link != self.before:
            return False
        same_bc = bc is None or (
            bc.contact.etag == link.bc_etag
            and bc.contact.modified == link.bc_modified
            and bc.prints == link.bc_prints
        )
        same_outlook = outlook is None or (
            outlook.contact.etag == link.outlook_etag and outlook.prints == link.outlook_prints
        )
        return same_bc and same_outlook


def unreadable(outlook_id: str, bc_id: str = "", pair: Pair | None = None) -> Step:
    """Outlook would not show the contact: whatever is due waits until it does."""
    return Step(
        bc_id or f"outlook:{outlook_id}",
        bc_id,
        outlook_id,
        before=pair.before if pair else None,
        bc=pair.bc if pair else None,
        outcome=Outcome.FAILED,
        reasons=(Reason.REFUSED_BY_OUTLOOK,),
    )


def goes_on(pair: Pair, merged: Merge, *, mark: bool) -> Step | None:
    """A pair that stays takes what was merged; None when not even its link row changes."""
    effects = set()
    if merged.to_bc:
        effects.add(Effect.UPDATE_BC)
    if merged.to_outlook or mark:
        effects.add(Effect.UPDATE_OUTLOOK)
    outcome = Outcome.UNCHANGED
    if merged.conflicts:
        outcome = Outcome.CONFLICT
    elif effects:
        outcome = Outcome.UPDATED
    elif merged.reasons:
        outcome = Outcome.SKIPPED
    if outcome is Outcome.UNCHANGED and pair.settled:
        return None
    return Step(
        pair.link.bc_id,
        pair.link.bc_id,
        pair.link.outlook_id,
        effects=frozenset(effects),
        to_bc=merged.to_bc,
        to_outlook=merged.to_outlook,
        mark=mark,
        link=pair.link,
        before=pair.before,
        conflicts=merged.conflicts,
        waiting=merged.waiting_bc | merged.waiting_outlook,
        waiting_bc=merged.waiting_bc,
        settle=True,
        outcome=outcome,
        reasons=merged.reasons,
        bc=pair.bc,
        outlook=pair.outlook,
    )


def removed(pair: Pair, merged: Merge, why: Reason | None) -> Step:
    """The copy goes to Deleted Items, after what it still had for Business Central."""
    effects = {Effect.DELETE_OUTLOOK}
    if merged.to_bc:
        effects.add(Effect.UPDATE_BC)
    return Step(
        pair.link.bc_id,
        pair.link.bc_id,
        pair.link.outlook_id,
        effects=frozenset(effects),
        to_bc=merged.to_bc,
        link=replace(pair.link, state=LinkState.REMOVED_BY_US, note=why),
        before=pair.before,
        conflicts=merged.conflicts,
        outcome=Outcome.DELETED,
        reasons=(why,) if why else (),
        bc=pair.bc,
        outlook=pair.outlook,
    )


def detached(pair: Pair, why: Reason) -> Step:
    """The copy stays, and nothing flows any more."""
    apart = replace(pair.link, state=LinkState.DETACHED, note=why)
    return left_alone(replace(pair, link=apart, bc=None), why)


def left_alone(pair: Pair, why: Reason) -> Step:
    """Only the link may change, and the reason is told."""
    return Step(
        pair.link.bc_id,
        pair.link.bc_id,
        pair.link.outlook_id,
        link=pair.link,
        before=pair.before,
        outcome=Outcome.SKIPPED,
        reasons=(why,),
        bc=pair.bc,
        outlook=pair.outlook,
    )


def created_in_outlook(bc: SeenBc, before: Link | None, rules: Rules) -> Step:
    """A BC contact gets its copy."""
    bc_id = bc.contact.id
    texts = [(name, to_outlook(name, bc.contact, None, rules.fields)) for name in FIELDS]
    reasons = dict.fromkeys(reason for _, text in texts for reason in text.reasons)
    matched = rules.scope(bc.contact) is None
    return Step(
        bc_id,
        bc_id,
        effects=frozenset({Effect.CREATE_OUTLOOK}),
        to_outlook=tuple(FieldChange(name, None, text.value) for name, text in texts if text.value),
        mark=True,
        category=True,
        settle=True,
        link=Link(bc_id, "", LinkState.LINKED, bc_etag=bc.contact.etag, matched=matched),
        before=before,
        outcome=Outcome.CREATED,
        reasons=tuple(reasons) if matched else (*reasons, Reason.OUTSIDE_FILTER),
        bc=bc,
    )


def created_in_bc(lone: Step, outlook: SeenOutlook, rules: Rules) -> Step:
    """An Outlook contact becomes a person in BC, then gets its marker. `lone`: the step that names it."""
    texts = [(name, to_bc(name, outlook.contact, None, rules.fields)) for name in FIELDS]
    reasons = tuple(dict.fromkeys(reason for _, text in texts for reason in text.reasons))
    return replace(
        lone,
        effects=frozenset({Effect.CREATE_BC, Effect.UPDATE_OUTLOOK}),
        to_bc=tuple(FieldChange(name, None, text.value) for name, text in texts if text.value),
        mark=True,
        category=rules.setup.direction is not Direction.TO_BUSINESS_CENTRAL,
        settle=True,
        link=Link("", lone.outlook_id, LinkState.LINKED, note=reasons[0] if reasons else None),
        forget=lone.related,
        related="",
        outcome=Outcome.CREATED,
        reasons=reasons,
    )
