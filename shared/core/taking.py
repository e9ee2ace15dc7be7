"""A person takes the other value of a conflict: one edit like any other (sync rules §9)."""

from __future__ import annotations

from dataclasses import replace

from shared.core.merge import Merge, place
from shared.core.plan import Conflict, FieldChange
from shared.core.snapshot import Rules
from shared.fields import bc_text, outlook_text, same, to_bc, with_outlook_text
from shared.model import BcContact, Direction, Field, OutlookContact, Reason, Side


def taken(
    merged: Merge,
    name: Field,
    value: str,
    bc: BcContact,
    outlook: OutlookContact,
    rules: Rules,
    *,
    closed: bool,
    parts_changed: bool,
) -> Merge:
    """`merged`, with one field as a person wants it who preferred the value that had lost.

    It is one edit like any other: translated, and bound by the direction. What was written to the field
    since then is a conflict that it lost. `parts_changed`: of Outlook's two names the parts were edited.
    """
    ctx = rules.fields
    wanted = ctx.countries.name(value) if name is Field.COUNTRY else value
    edit = with_outlook_text(outlook, name, wanted)
    translation = to_bc(name, edit, bc, ctx)
    if translation.value is None and not wanted.strip():
        return merged  # Business Central would not be emptied, so neither is Outlook
    reasons = dict.fromkeys((*merged.reasons, *translation.reasons))
    theirs, mine = bc_text(name, bc), outlook_text(name, outlook, parts_changed=parts_changed)
    to_bc_side = [change for change in merged.to_bc if change.field is not name]
    to_outlook_side = [change for change in merged.to_outlook if change.field is not name]
    conflicts = list(merged.conflicts)
    if len(to_bc_side) < len(merged.to_bc):
        conflicts.append(Conflict(name, wanted, mine, Side.OUTLOOK))
    if len(to_outlook_side) < len(merged.to_outlook):
        conflicts.append(Conflict(name, wanted, theirs, Side.BUSINESS_CENTRAL))
    waiting_bc, waiting_outlook = set(merged.waiting_bc), set(merged.waiting_outlook)
    if translation.value is not None and not same(name, bc, edit, ctx):
        if closed:
            reasons[Reason.PRIVATE if outlook.private else Reason.DIRECTION_OFF] = None
            waiting_outlook.add(name)
        else:
            to_bc_side.append(FieldChange(name, theirs, translation.value))
            if name is Field.COUNTRY and bc.country:
                to_bc_side += place(bc, {change.field for change in to_bc_side})
    if mine != wanted:
        if rules.setup.direction is Direction.TO_BUSINESS_CENTRAL:
            reasons[Reason.DIRECTION_OFF] = None
            waiting_bc.add(name)
        else:
            to_outlook_side.append(FieldChange(name, mine, wanted))
    return replace(
        merged,
        to_bc=tuple(to_bc_side),
        to_outlook=tuple(to_outlook_side),
        conflicts=tuple(conflicts),
        waiting_bc=frozenset(waiting_bc),
        waiting_outlook=frozenset(waiting_outlook),
        reasons=tuple(reasons),
    )
