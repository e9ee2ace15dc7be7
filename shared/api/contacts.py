"""Why is this contact (not) in Outlook? The latest outcome of every contact, with its reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.api.directory import setup_of
from shared.api.http import Response
from shared.api.models import ContactsQuery
from shared.api.paging import listed, made_up, read_page
from shared.api.problems import bad_member
from shared.api.record_views import ContactView
from shared.api.route import Call
from shared.core.reasons import explain
from shared.core.scope import bc_scope, outlook_scope
from shared.errors import ServiceError
from shared.fields import addresses, joined_name
from shared.filters import parse_filter
from shared.model import BcContact, Link, LinkState, Outcome, OutlookContact, Reason, Side
from shared.state.outcomes import ContactOutcome
from shared.state.setups import StoredSetup
from shared.sync.services import Services

_MOST_FOUND = 100
_OUTCOMES, _LINKS = "o:", "l:"
_WAITING = "This contact takes part; the next run looks at it."
_NOTHING_LEFT = "This contact was deleted on both sides: nothing of it is left."
_WELL = {
    Outcome.CREATED: "This contact was created on the other side.",
    Outcome.UPDATED: "This contact was brought up to date.",
    Outcome.DELETED: "The copy of this contact was removed from Outlook; it can be restored.",
    Outcome.UNCHANGED: "This contact is the same on both sides.",
    Outcome.CONFLICT: "Both sides had changed; the value that lost is kept among the conflicts.",
    Outcome.HELD: "This contact waits for a confirmation.",
    Outcome.SKIPPED: "This contact was left alone.",
    Outcome.FAILED: "This contact could not be written; it is tried again.",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One contact as far as it is known: on either side, its link, its latest outcome."""

    bc: BcContact | None = None
    outlook: OutlookContact | None = None
    link: Link | None = None
    row: ContactOutcome | None = None


def list_contacts(call: Call) -> Response:
    """The latest outcome per contact: of what a person looks for, or of everything that is known."""
    stored, query = setup_of(call), call.query_as(ContactsQuery)
    if query.query is not None:
        found = [_view(each, stored) for each in search(call.services, stored, query.query.strip())]
        wanted = [view for view in found if _wanted(view, query)]
        return listed(call, wanted[:_MOST_FOUND])
    return _known(call, stored, query)


def search(services: Services, stored: StoredSetup, text: str) -> list[Found]:
    """Contacts of either side by name or e-mail, also those that never took part."""
    if len(text) < 2:
        raise bad_member("query", "At least two characters are needed.")
    setup, bc, graph = stored.setup, services.bc(stored.setup.company), services.graph(stored.setup.user)
    folder, wanted = stored.state.folder_id, text.casefold()
    if "@" in text:
        theirs = [c for c in bc.find_by_addresses([text]) if wanted in _folded(addresses(c.email))]
        mine = graph.find_by_addresses(folder, [text]) if folder else []
    else:
        theirs = [c for c in bc.find_by_name(text) if wanted in c.display_name.casefold()]
        mine = [c for c in graph.list_contacts(folder) if wanted in _name(c).casefold()] if folder else []
    links = services.store.links
    known = {link.bc_id: link for link in links.load_some(setup.user, setup.company, [c.id for c in theirs])}
    known |= {
        link.bc_id: link for link in links.find_by_outlook(setup.user, setup.company, [c.id for c in mine])
    }
    return _joined(services, stored, known.values(), theirs, mine)


def _joined(
    services: Services,
    stored: StoredSetup,
    links: Iterable[Link],
    theirs: Sequence[BcContact],
    mine: Sequence[OutlookContact],
) -> list[Found]:
    """One entry per pair or lone contact: Business Central's first, then by name."""
    of_bc = {link.bc_id: link for link in links}
    partner = {link.outlook_id: link.bc_id for link in of_bc.values() if link.outlook_id}
    cards = {contact.id: contact for contact in mine}
    keys = [(Side.BUSINESS_CENTRAL, id) for id in {*(c.id for c in theirs), *of_bc}]
    keys += [(Side.OUTLOOK, id) for id in cards]
    rows = {
        (row.side, row.id): row
        for row in services.store.outcomes.get(stored.setup.user, stored.setup.company, keys)
    }
    found: list[Found] = []
    shown: set[str] = set()
    for contact in theirs:
        link = of_bc.get(contact.id)
        found.append(
            Found(
                contact,
                cards.get(link.outlook_id) if link else None,
                link,
                rows.get((Side.BUSINESS_CENTRAL, contact.id)),
            )
        )
        shown.add(contact.id)
    for card in mine:
        bc_id = partner.get(card.id, "")
        if not bc_id:
            found.append(Found(None, card, None, rows.get((Side.OUTLOOK, card.id))))
        elif bc_id not in shown:
            found.append(Found(None, card, of_bc[bc_id], rows.get((Side.BUSINESS_CENTRAL, bc_id))))
    return found


def _known(call: Call, stored: StoredSetup, query: ContactsQuery) -> Response:
    """Everything that is stored: first what was left alone, held or failed, then the pairs."""
    user, company, store = stored.setup.user, stored.setup.company, call.services.store
    place = query.page or _OUTCOMES
    prefix, place = place[:2], place[2:]
    if prefix == _OUTCOMES:
        rows = read_page(
            lambda size, at: store.outcomes.page(user, company, query.outcome, query.side, size, at),
            query.size,
            place,
        )
        if not rows.items and not rows.next and _pairs(query):
            return _linked(call, stored, query, "")
        ids = [row.id for row in rows.items if row.side is Side.BUSINESS_CENTRAL]
        links = {link.bc_id: link for link in store.links.load_some(user, company, ids)}
        found = [Found(link=links.get(row.id), row=row) for row in rows.items]
        following = f"{_OUTCOMES}{rows.next}" if rows.next else (_LINKS if _pairs(query) else "")
        named = _named(call.services, stored, found)
        return listed(call, [_view(each, stored) for each in named], following)
    if prefix == _LINKS and _pairs(query):
        return _linked(call, stored, query, place)
    raise made_up()


def _linked(call: Call, stored: StoredSetup, query: ContactsQuery, place: str) -> Response:
    """A page of pairs, without those that were listed with a newer outcome."""
    user, company, store = stored.setup.user, stored.setup.company, call.services.store
    page = read_page(
        lambda size, at: store.links.page(user, company, query.outcome, size, at), query.size, place
    )
    keys = [(Side.BUSINESS_CENTRAL, link.bc_id) for link in page.items]
    listed_before = {row.id for row in store.outcomes.get(user, company, keys)}
    found = [Found(link=link) for link in page.items if link.bc_id not in listed_before]
    following = f"{_LINKS}{page.next}" if page.next else ""
    named = _named(call.services, stored, found)
    return listed(call, [_view(each, stored) for each in named], following)


def _pairs(query: ContactsQuery) -> bool:
    """Whether pairs are asked for: they are listed under Business Central's contact."""
    return query.side is not Side.OUTLOOK


def _named(services: Services, stored: StoredSetup, found: Sequence[Found]) -> list[Found]:
    """With the contacts as they are now, for nothing that is stored says what they are called.

    While a service does not answer, the list goes without names: what became of the contacts is known.
    """
    bc_ids = sorted({_bc_id(each) for each in found} - {""})
    outlook_ids = sorted({_outlook_id(each) for each in found if not _bc_id(each)} - {""})
    theirs: dict[str, BcContact] = {}
    cards: dict[str, OutlookContact | None] = {}
    try:
        theirs = services.bc(stored.setup.company).read_by_ids(bc_ids) if bc_ids else {}
        gone = sorted({_outlook_id(e) for e in found if _bc_id(e) not in theirs} - {""} - set(outlook_ids))
        wanted = outlook_ids + gone
        cards = services.graph(stored.setup.user).read(wanted) if wanted else {}
    except ServiceError:
        return list(found)
    return [
        Found(theirs.get(_bc_id(e)), _inside(cards.get(_outlook_id(e)), stored), e.link, e.row) for e in found
    ]


def _inside(contact: OutlookContact | None, stored: StoredSetup) -> OutlookContact | None:
    """Nothing outside of the setup's own folder is shown (spec/sync-rules.md §1)."""
    return contact if contact is not None and contact.folder == stored.state.folder_id else None


def _bc_id(found: Found) -> str:
    if found.bc is not None:
        return found.bc.id
    if found.link is not None:
        return found.link.bc_id
    return found.row.id if found.row is not None and found.row.side is Side.BUSINESS_CENTRAL else ""


def _outlook_id(found: Found) -> str:
    if found.outlook is not None:
        return found.outlook.id
    if found.link is not None:
        return found.link.outlook_id
    return found.row.id if found.row is not None and found.row.side is Side.OUTLOOK else ""


def _view(found: Found, stored: StoredSetup) -> ContactView:
    bc_id, outlook_id = _bc_id(found), _outlook_id(found)
    outcome, reason = _latest(found, stored)
    blocked = found.bc is not None and found.bc.privacy_blocked
    row, link = found.row, found.link
    # A blocked contact never leaves Business Central, its name included (spec/invariants.md I17).
    name, email = (None, None) if blocked else (_shown_name(found), _shown_email(found))
    return ContactView(
        side=Side.BUSINESS_CENTRAL if bc_id else Side.OUTLOOK,
        id=bc_id or outlook_id,
        business_central_id=bc_id or None,
        outlook_id=outlook_id or None,
        name=name,
        email=email,
        outcome=outcome,
        reason=reason,
        explanation=_explanation(reason, outcome, found),
        at=(row.at if row else link.at if link else "") or None,
        run_id=(row.run if row else link.run if link else "") or None,
        link_state=link.state if link else None,
        attempts=row.attempts if row else 0,
        next_attempt_at=(row.next_at if row else "") or None,
        related=(row.related if row else "") or None,
    )


def _explanation(reason: Reason | None, outcome: Outcome | None, found: Found) -> str:
    if reason is not None:
        return explain(reason, found.row.code if found.row else "", found.link.refused if found.link else ())
    gone = found.link is not None and found.link.state is LinkState.REMOVED_BY_US
    if gone and outcome is not Outcome.DELETED:
        return _NOTHING_LEFT
    return _WELL[outcome] if outcome else _WAITING


def _latest(found: Found, stored: StoredSetup) -> tuple[Outcome | None, Reason | None]:
    """What became of it; for a contact that was never looked at, what the rules say of it now."""
    if found.row is not None:
        return found.row.outcome, found.row.reason
    if found.link is not None:
        if found.link.note is None and found.link.state is LinkState.DETACHED:
            return found.link.outcome, Reason.DETACHED
        return found.link.outcome, found.link.note
    reason: Reason | None = None
    if found.bc is not None:
        reason = bc_scope(found.bc, parse_filter(dict(stored.setup.filter)))
    elif found.outlook is not None:
        reason = outlook_scope(found.outlook)
    return (Outcome.SKIPPED if reason else None), reason


def _wanted(view: ContactView, query: ContactsQuery) -> bool:
    return (query.outcome is None or view.outcome is query.outcome) and query.side in (None, view.side)


def _shown_name(found: Found) -> str | None:
    if found.bc is not None:
        return found.bc.display_name
    return _name(found.outlook) if found.outlook is not None else None


def _shown_email(found: Found) -> str | None:
    if found.bc is not None:
        return found.bc.email
    return next((email for email in found.outlook.emails if email), "") if found.outlook is not None else None


def _name(contact: OutlookContact) -> str:
    return contact.display_name or joined_name(contact)


def _folded(texts: Iterable[str]) -> set[str]:
    return {text.casefold() for text in texts}
