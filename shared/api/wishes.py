"""What a person asks for one contact: try again, bring back, take the other value, create, restore (§9)."""

from __future__ import annotations

from shared.api.directory import is_guid, setup_of
from shared.api.http import Response
from shared.api.models import ContactAction, ContactActionBody
from shared.api.problems import bad_member
from shared.api.route import Call, missing
from shared.api.runs import refuse_paused, started
from shared.core.snapshot import WishKind
from shared.errors import RequestError
from shared.model import Json, Link, LinkState, Reason, Setup, Side
from shared.state.conflicts import Conflict, FieldConflict
from shared.state.runs import Run, RunKind
from shared.sync.services import Services


def ask_for_contact(call: Call) -> Response:
    """Queues a run that does what was asked for; 404 or 409 where there is nothing to do."""
    stored, body, contact = setup_of(call), call.body_as(ContactActionBody), call.values["id"]
    if is_guid(contact):
        contact = contact.lower()
    refuse_paused(stored)
    services, setup = call.services, stored.setup
    if body.action is not ContactAction.TAKE_OTHER and (body.conflict or body.field):
        raise bad_member("conflict" if body.conflict else "field", "Only takeOther goes by a conflict.")
    link = _link(services, setup, contact)
    wishes: list[Json]
    match body.action:
        case ContactAction.RETRY:
            wishes = [_retry(services, setup, link, contact)]
        case ContactAction.BRING_BACK:
            wishes = [{"kind": WishKind.BRING_BACK.value, "id": _in(link, LinkState.DELETED_BY_USER).bc_id}]
        case ContactAction.CREATE_IN_BC:
            wishes = [{"kind": WishKind.CREATE_IN_BC.value, "id": _detached(services, setup, link, contact)}]
        case ContactAction.TAKE_OTHER:
            wishes = _others(services, setup, link, contact, body)
        case ContactAction.RESTORE:
            return started(call, _restoring(services, setup, contact))
    run = Run(
        services.store.runs.new_id(setup.user, setup.company),
        setup.user,
        setup.company,
        checkpoint={"wishes": wishes},
    )
    return started(call, run)


def _link(services: Services, setup: Setup, contact: str) -> Link | None:
    """The link of a contact by either side's id."""
    links = services.store.links
    if is_guid(contact):
        found = links.load_some(setup.user, setup.company, [contact])
    else:
        found = links.find_by_outlook(setup.user, setup.company, [contact])
    return found[0] if found else None


def _in(link: Link | None, state: LinkState) -> Link:
    """The link, in the only state in which the wish makes sense. Raises RequestError 404, 409."""
    if link is None:
        raise _unknown()
    if link.state is not state:
        what = {
            LinkState.DELETED_BY_USER: "Only a contact that was deleted in Outlook can be brought back.",
            LinkState.DETACHED: "Only a detached contact can be created in Business Central.",
            LinkState.LINKED: "Only of a contact that is synced the other value can be taken.",
        }[state]
        raise RequestError(409, "Nothing to do", f"{what} This one is {link.state}.")
    return link


def _detached(services: Services, setup: Setup, link: Link | None, contact: str) -> str:
    """The Outlook id of a detached contact; a copy that the user made of one has no link, but is one, too."""
    rows = services.store.outcomes.get(setup.user, setup.company, [(Side.OUTLOOK, contact)])
    if link is None and any(row.reason is Reason.DETACHED for row in rows):
        return contact
    return _in(link, LinkState.DETACHED).outlook_id


def _retry(services: Services, setup: Setup, link: Link | None, contact: str) -> dict[str, Json]:
    bc_id = link.bc_id if link else contact
    if link is None and not services.store.outcomes.get(setup.user, setup.company, _either_side(contact)):
        raise _unknown()
    return {"kind": WishKind.RETRY.value, "id": bc_id}


def _either_side(contact: str) -> list[tuple[Side, str]]:
    return [(side, contact) for side in Side]


def _others(
    services: Services, setup: Setup, link: Link | None, contact: str, body: ContactActionBody
) -> list[Json]:
    """The wishes to take the values that lost; the record is marked as seen to once all of them are."""
    conflicts = services.store.conflicts
    found = conflicts.of_contact(setup.user, setup.company, contact)
    if body.conflict is not None:
        found = [record for record in found if record.id == body.conflict]
    if not found:
        raise missing("There is no such conflict of this contact.", "Look at the setup's list of conflicts.")
    record = next((record for record in found if not record.resolved), found[0])
    entries = _entries(record, body)
    bc_id = _in(link, LinkState.LINKED).bc_id
    if len(entries) == len(record.fields):
        conflicts.resolve(setup.user, setup.company, record)
    return [
        {"kind": WishKind.TAKE_OTHER.value, "id": bc_id, "field": entry.field.value, "value": entry.lost}
        for entry in entries
    ]


def _entries(record: Conflict, body: ContactActionBody) -> list[FieldConflict]:
    """What lost in this conflict: all of it, or the field that was named."""
    if body.field is None:
        return list(record.fields)
    named = [entry for entry in record.fields if entry.field is body.field]
    if not named:
        others = ", ".join(entry.field for entry in record.fields)
        raise bad_member("field", f"This conflict is about other fields: {others}.")
    return named


def _restoring(services: Services, setup: Setup, contact: str) -> Run:
    copies = services.store.removed.of_contact(setup.user, setup.company, contact)
    if not copies:
        raise RequestError(
            409, "Nothing to restore", "No removed copy of this contact is kept: it is back, or it expired."
        )
    return Run(
        services.store.runs.new_id(setup.user, setup.company),
        setup.user,
        setup.company,
        kind=RunKind.RESTORE,
        source=copies[0].run,
        checkpoint={"contact": copies[0].bc_id},
    )


def _unknown() -> RequestError:
    return missing(
        "Nothing is known of this contact in this setup.",
        "Look for it with GET …/contacts?query=, or start a sync.",
    )
