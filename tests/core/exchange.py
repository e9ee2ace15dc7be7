"""A pure exchange: steps carried out on contacts in memory, as both services would store them."""

from __future__ import annotations

from dataclasses import replace

from shared.core.advance import Done, advance, follow_up
from shared.core.plan import Effect, FieldChange, Plan, Step
from shared.core.snapshot import Rules
from shared.model import BcContact, Link, OutlookContact
from tests.core.builders import PRINTS, Given, own_marker, seen_bc, seen_outlook, values
from tests.fields.make import stored_in_bc, stored_in_outlook

OUR_CATEGORY = "Business Central"


def written_to_bc(step: Step) -> BcContact | None:
    """The contact that Business Central answers with; None where nothing was written there."""
    if Effect.CREATE_BC in step.effects:
        blank = BcContact(
            id=f"bc-from-{step.outlook_id}", etag="b", number=step.outlook_id, type="Person", display_name=""
        )
        return _stamped(stored_in_bc(values(step.to_bc), blank))
    if Effect.UPDATE_BC not in step.effects or step.bc is None:
        return None
    return _stamped(stored_in_bc(values(step.to_bc), step.bc.contact))


def written_to_outlook(step: Step, bc_id: str, more: tuple[FieldChange, ...]) -> OutlookContact | None:
    """The contact that Graph answers with; None where nothing was written there, or it was deleted."""
    new = values((*step.to_outlook, *more))
    if Effect.CREATE_OUTLOOK in step.effects:
        blank = OutlookContact(id=f"ol-from-{bc_id}", etag="o", inspected=True, categories=(OUR_CATEGORY,))
        made = replace(stored_in_outlook(new, blank), marker=own_marker(bc_id))
        return replace(made, etag=f"o-{PRINTS.outlook(made).hex()}")
    if step.outlook is None or Effect.DELETE_OUTLOOK in step.effects or not (new or step.mark):
        return None
    before = step.outlook.contact
    after = stored_in_outlook(new, before)
    if step.mark:
        after = replace(after, marker=own_marker(bc_id))
    if step.category and OUR_CATEGORY not in before.categories:
        after = replace(after, categories=(*before.categories, OUR_CATEGORY))
    return replace(after, etag=f"o-{PRINTS.outlook(after).hex()}-{after.marker}")


def _stamped(contact: BcContact) -> BcContact:
    """Business Central's ETag is a hash of the values (contracts/business-central.md §5)."""
    return replace(contact, etag=f"b-{PRINTS.bc(contact).hex()}")


def done(step: Step, rules: Rules) -> Done:
    """What doing the step answers."""
    bc = written_to_bc(step)
    answer = seen_bc(bc) if bc else None
    more = follow_up(step, answer, rules) if answer else ()
    outlook = written_to_outlook(step, step.bc_id or (bc.id if bc else ""), more)
    return Done(answer, seen_outlook(outlook) if outlook else None, told=frozenset(c.field for c in more))


def carried_out(seen: Given, plan: Plan) -> dict[str, Link]:
    """The links after every step, in the order of the plan."""
    links = {link.bc_id: link for link in seen.links}
    for step in plan:
        keep(links, step, done(step, seen.rules))
    return links


def keep(links: dict[str, Link], step: Step, what: Done) -> None:
    after = advance(step, what, "run", "at")
    if after is not None:
        links[after.bc_id] = after
        if step.forget and step.forget != after.bc_id:
            links.pop(step.forget, None)
