"""What a link looks like after its step: only what really happened moves the base (house style)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.core.plan import Effect, FieldChange, Step
from shared.core.snapshot import Rules, SeenBc, SeenOutlook
from shared.fields import outlook_text, same, to_outlook, with_outlook_text
from shared.fields.fingerprint import changed, keep
from shared.model import FIELDS, Direction, Field, Link, LinkState, Reason

# A post code or a company may bring these back to what they were: sent, and yet not moved (Business Central
# contract §3.4, §3.5). Addresses are left out: what does not fit is never sent, and stays in Outlook.
_REWRITTEN = frozenset(FIELDS) - {Field.EMAIL}


@dataclass(frozen=True, slots=True)
class Done:
    """What the effects of one step led to.

    `bc`, `outlook`: the contact as the service answered, where it was written. `failed`: effects that
    were refused or not reached. `told`: fields that Outlook was to be told beside the planned
    ones (`follow_up`). `refused`: fields that Business Central did not take, though it took the others;
    `untaken`: the same of Outlook, whose change is among `failed` then.
    """

    bc: SeenBc | None = None
    outlook: SeenOutlook | None = None
    failed: frozenset[Effect] = frozenset()
    told: frozenset[Field] = frozenset()
    refused: frozenset[Field] = frozenset()
    untaken: frozenset[Field] = frozenset()


def follow_up(step: Step, answer: SeenBc, rules: Rules) -> tuple[FieldChange, ...]:
    """What Business Central's answer changed beside what was sent, and Outlook must learn now.

    A post code rewrites city and country, a company number fills address and e-mail (contracts
    business-central §3.4, §3.5). Without this the sides would differ after the run. A field whose
    Outlook value could not be taken over stays as the user wrote it. What was planned for Outlook was decided
    before the answer, and gives way where that says something else.
    """
    outlook = step.outlook
    if outlook is None or rules.setup.direction is Direction.TO_BUSINESS_CENTRAL:
        return ()
    base = step.bc.prints if step.bc else (step.before.bc_prints if step.before else b"")
    moved = changed(base, answer.prints)
    edited = changed(step.before.outlook_prints if step.before else b"", outlook.prints)
    sent, planned = _fields(step.to_bc), _fields(step.to_outlook)
    contact = outlook.contact
    for change in step.to_outlook:
        contact = with_outlook_text(contact, change.field, change.new)
    found = []
    for name in FIELDS:
        settled = step.bc is not None and same(name, step.bc.contact, contact, rules.fields)
        rests = name in edited - sent - planned and not settled and bool(outlook_text(name, contact).strip())
        rewritten = name in moved or (name in _REWRITTEN and name in sent)
        if not rewritten or name in step.waiting or rests:
            continue
        if not same(name, answer.contact, contact, rules.fields):
            value = to_outlook(name, answer.contact, contact, rules.fields).value
            if value is not None:
                found.append(FieldChange(name, outlook_text(name, outlook.contact), value))
    return tuple(found)


def advance(step: Step, done: Done, run: str, at: str) -> Link | None:
    """The link after the step; None where the step has none.

    A field whose change did not arrive keeps its old fingerprint on the side it comes from, so that
    the next run sees the change again; the blank etag of that side has it read even where nothing says
    that it changed.
    """
    link, before = step.link, step.before
    if step.held:
        return before
    if link is None or (not link.bc_id and done.bc is None):
        return None
    if Effect.CREATE_OUTLOOK in done.failed or (done.failed and Effect.DELETE_OUTLOOK in step.effects):
        return before
    if done.failed and before is not None and link.state is LinkState.DETACHED:
        link = replace(link, state=before.state, note=before.note)  # it is let go once all has arrived
    link = replace(link, outcome=step.outcome, run=run, at=at)
    if done.bc is not None and not link.bc_id:
        link = replace(link, bc_id=done.bc.contact.id)
    if not step.settle:
        return link
    bc, outlook = done.bc or step.bc, done.outlook or step.outlook
    unsent_to_bc = _fields(step.to_bc) if Effect.UPDATE_BC in done.failed else frozenset()
    unsent_to_outlook = done.untaken
    if Effect.UPDATE_OUTLOOK in done.failed and not done.untaken:
        unsent_to_outlook = _fields(step.to_outlook)
    untold = done.told if done.outlook is None else frozenset()
    if bc is not None:
        link = replace(
            link,
            bc_etag="" if unsent_to_outlook | untold else bc.contact.etag,
            bc_modified=bc.contact.modified,
            bc_prints=keep(link.bc_prints, bc.prints, unsent_to_outlook | untold | step.waiting_bc),
        )
    if outlook is not None:
        link = replace(
            link,
            outlook_id=outlook.contact.id,
            outlook_etag="" if unsent_to_bc else outlook.contact.etag,
            outlook_prints=keep(
                link.outlook_prints, _decided_on(step, done, outlook), unsent_to_bc | step.waiting
            ),
        )
    refused = _still_refused(step, link.refused, done)
    note = link.note if link.note is not Reason.REFUSED_BY_BUSINESS_CENTRAL else None
    link = replace(
        link, refused=refused, note=note or (Reason.REFUSED_BY_BUSINESS_CENTRAL if refused else None)
    )
    return replace(link, state=LinkState.LINKED) if link.state is LinkState.CREATING else link


def _still_refused(step: Step, before: tuple[Field, ...], done: Done) -> tuple[Field, ...]:
    """A refused value rests until its user changes it, or Business Central's is written over it."""
    over = _fields(step.to_bc)
    if step.outlook is not None:
        over |= changed(step.before.outlook_prints if step.before else b"", step.outlook.prints)
    if done.outlook is not None:
        over |= (_fields(step.to_outlook) | done.told) - done.untaken
    rests = ({*before} - over) | done.refused
    return tuple(name for name in FIELDS if name in rests)


def _decided_on(step: Step, done: Done, outlook: SeenOutlook) -> bytes:
    """The prints of what was read and written, without what a person changed in between.

    Graph's answer to a change shows the whole contact: a field that was not sent and yet differs is an
    edit that nobody has looked at. It must not become the base, or it would be lost.
    """
    base = step.outlook.prints if step.outlook else (step.before.outlook_prints if step.before else b"")
    if done.outlook is None or not base or Effect.CREATE_OUTLOOK in step.effects:
        return outlook.prints
    told = _fields(step.to_outlook) | done.told
    unseen = changed(base, outlook.prints) - told
    if Field.PHONE in told and not _phone(step, done) and outlook_text(Field.PHONE, outlook.contact).strip():
        # The user's second telephone moved up where the first was emptied: it is their number now.
        unseen |= {Field.PHONE}
    return keep(base, outlook.prints, unseen)


def _phone(step: Step, done: Done) -> str:
    """The telephone as Business Central has it."""
    seen = done.bc or step.bc
    return seen.contact.phone.strip() if seen else ""


def _fields(changes: Iterable[FieldChange]) -> frozenset[Field]:
    return frozenset(change.field for change in changes)
