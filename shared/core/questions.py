"""What must still be looked up before anything can be decided safely. Pure: it asks, the shell answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shared.core.merge import MAY_REST
from shared.core.pairing import LIVE
from shared.core.snapshot import BcView, OutlookView, Rules, SeenBc, SeenOutlook, Whereabouts, as_it_was
from shared.fields import addresses, fold_company_name, to_outlook
from shared.fields.fingerprint import Prints, changed
from shared.model import REQUIRED_FIELDS, Field, Link, LinkState, OutlookContact, Reason, Side

_ADDRESS = (Field.ADDRESS, Field.CITY, Field.STATE, Field.POSTAL_CODE, Field.COUNTRY)
_NEEDS_BC = frozenset({Field.EMAIL, Field.COMPANY, *REQUIRED_FIELDS})


@dataclass(slots=True)
class Questions:
    """Sets of ids, addresses and names; empty when everything needed is known.

    `bc`: contacts whose present state must be read. `outlook`: contacts to be read with their extended
    properties, wherever they are. `markers`: BC ids whose copy is looked for in the folder. `owners`:
    addresses whose bearers in BC must be known. `in_folder`: addresses to look for in the folder.
    `companies`: folded names of companies. `own_content`: Outlook ids whose unmapped content matters.
    """

    bc: set[str] = field(default_factory=set)
    outlook: set[str] = field(default_factory=set)
    markers: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    in_folder: set[str] = field(default_factory=set)
    companies: set[str] = field(default_factory=set)
    own_content: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__dataclass_fields__)

    def without(self, asked: Questions) -> Questions:
        """What was not asked before."""
        return Questions(*(getattr(self, n) - getattr(asked, n) for n in self.__dataclass_fields__))

    def add(self, more: Questions) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name).update(getattr(more, name))


@dataclass(frozen=True)
class Reading:
    """How complete the reading was.

    `all_bc`, `all_outlook`: every contact (in scope) was read. `removed`: ids that delta called removed.
    `missing_bc`: ids that an id sweep no longer found. `prints`: to compare texts with links.
    `values`: old values are wanted too (a preview shows them). `left_alone`: contacts that earlier runs left
    alone, by the BC contact that was the reason, "" where that was not known yet.
    """

    prints: Prints
    all_bc: bool = False
    all_outlook: bool = False
    removed: frozenset[str] = frozenset()
    missing_bc: frozenset[str] = frozenset()
    values: bool = False
    left_alone: Mapping[str, Collection[tuple[Side, str]]] = field(default_factory=dict)


def questions(
    links: Sequence[Link], bc: BcView, outlook: OutlookView, rules: Rules, reading: Reading
) -> Questions:
    """Everything that is not known yet and that some cell of the decision table depends on."""
    asker = _Asker(links, bc, outlook, rules, reading)
    for link in links:
        asker.link(link)
    for seen in outlook.contacts.values():
        asker.outlook_contact(seen)
    for found in bc.contacts.values():
        asker.bc_contact(found)
    for because_of in reading.left_alone:
        asker.left_alone(because_of)
    if not reading.all_outlook:
        asker.said_removed()
    return asker.q


class _Asker:
    def __init__(
        self, links: Sequence[Link], bc: BcView, outlook: OutlookView, rules: Rules, reading: Reading
    ) -> None:
        self.q = Questions()
        self.bc = bc
        self.outlook = outlook
        self.rules = rules
        self.reading = reading
        self.links = {link.bc_id: link for link in links}
        self.partner = {link.outlook_id: link for link in links if link.outlook_id}

    def link(self, link: Link) -> None:
        if link.state in LIVE:
            self._live(link)
        elif link.bc_id in self.rules.wishes or self._in_scope(link.bc_id):
            if link.state is LinkState.DETACHED:
                self._look(link.outlook_id)
            elif not self.reading.all_outlook:
                self.q.markers.add(link.bc_id)
            if link.bc_id not in self.bc.contacts:
                self.q.bc.add(link.bc_id)
        elif link.state is LinkState.DELETED_BY_USER and link.bc_id in self.reading.missing_bc:
            self.q.bc.add(link.bc_id)

    def _live(self, link: Link) -> None:
        bc, outlook = self.bc.contacts.get(link.bc_id), self.outlook.contacts.get(link.outlook_id)
        known_bc = bc is not None or link.bc_id in self.bc.gone
        returned = (
            link.note is Reason.MOVED_OUT and outlook is not None
        )  # whatever happened meanwhile was missed
        doubtful = self.reading.all_bc or link.bc_id in self.reading.missing_bc
        if not known_bc and (doubtful or returned or link.state is LinkState.REMOVING):
            self.q.bc.add(link.bc_id)
        if link.state is LinkState.CREATING:
            self.q.bc.add(link.bc_id)
            if not self.reading.all_outlook:
                self.q.markers.add(link.bc_id)
            return
        if outlook is None and (self.reading.all_outlook or link.state is LinkState.REMOVING):
            self._look(link.outlook_id)
        if self.outlook.away.get(link.outlook_id) is Whereabouts.GONE:
            if not self.reading.all_outlook:
                self.q.markers.add(link.bc_id)
            return
        if (wish := self.rules.wishes.get(link.bc_id)) is not None:
            self._look(link.outlook_id)
            self.q.bc.add(link.bc_id)
            self.q.companies |= {fold_company_name(text) for name, text in wish.values if name is Field.COMPANY}
        if outlook is not None and (link.note in MAY_REST or self._leaves(link, bc)):
            self._company(outlook.contact)
        if outlook is not None and not link.outlook_prints:
            self._look(link.outlook_id)  # a run died before it was marked, perhaps: delta does not show it
        if self._leaves(link, bc):
            self._look(link.outlook_id)
            if link.bc_id in self.bc.gone and outlook is not None:
                self.q.own_content.add(link.outlook_id)
                self.q.owners.update(addresses(outlook.contact.emails))
        elif outlook is None and bc is not None:
            self._blind(link, bc)
        elif outlook is not None:
            self._edited(link, bc, outlook)

    def _leaves(self, link: Link, bc: SeenBc | None) -> bool:
        if link.bc_id in self.bc.gone:
            return True
        if bc is None or (not self.rules.reevaluate and as_it_was(link, bc)):
            return False
        return self.rules.scope(bc.contact) is not None

    def _blind(self, link: Link, bc: SeenBc) -> None:
        """BC changed, Outlook was not read: can the change be written without reading it?"""
        there = changed(link.bc_prints, bc.prints)
        if not there:
            return
        if (
            self.reading.values
            or link.refused
            or link.note in MAY_REST  # what Business Central does not hold must not be written over unseen
            or not (link.outlook_prints and link.outlook_etag)
            or assumed(link, bc, there, self.rules, self.reading.prints) is None
        ):
            self._look(link.outlook_id)

    def _edited(self, link: Link, bc: SeenBc | None, outlook: SeenOutlook) -> None:
        here = changed(link.outlook_prints, outlook.prints)
        # A version that moves alone is an edit of something that is not synced, as the mark Private is. To look
        # at every edit would cost a request each (spec/targets.md T4): it is every second one of a contact.
        moved = outlook.contact.etag != link.outlook_etag
        if moved and (link.private or link.unlooked or not here):
            self._look(link.outlook_id)
        if not here:
            return
        blank = Field.COUNTRY in here and not outlook.contact.country.strip()
        if bc is None and (self.reading.values or blank or here & _NEEDS_BC or not link.bc_etag):
            self.q.bc.add(link.bc_id)
        if Field.COMPANY in here:
            self._company(outlook.contact)

    def outlook_contact(self, seen: SeenOutlook) -> None:
        contact = seen.contact
        link = self.partner.get(contact.id)
        if link is not None and link.state in LIVE:
            return
        if not contact.inspected:
            self.q.outlook.add(contact.id)
            return
        if contact.marker is not None:
            if not self.rules.own(contact.marker):
                return
            marked = contact.marker.contact
            if marked not in self.bc.contacts and marked not in self.bc.gone:
                self.q.bc.add(marked)
        if self.rules.outlook_scope(contact) is None:
            self.q.owners.update(addresses(contact.emails))
            self._company(contact)

    def said_removed(self) -> None:
        """What went out of the folder and came back is told as removed only (contracts/graph.md §3.7)."""
        for contact_id in self.reading.removed:
            self._look(contact_id)

    def bc_contact(self, seen: SeenBc) -> None:
        contact, link = seen.contact, self.links.get(seen.contact.id)
        has_or_had_its_copy = link is not None and link.state is not LinkState.REMOVED_BY_US
        if has_or_had_its_copy or not self._in_scope(contact.id):
            return
        self.q.owners.update(addresses(contact.email))
        if not self.reading.all_outlook:
            self.q.in_folder.update(addresses(contact.email))
            self.q.markers.add(contact.id)

    def left_alone(self, because_of: str) -> None:
        """What was in a contact's way may have moved: then that contact is looked at again (invariant I9)."""
        link = self.links.get(because_of)
        copy_gone = link is not None and self.outlook.away.get(link.outlook_id) is Whereabouts.GONE
        moved = because_of in self.bc.contacts or because_of in self.bc.gone | self.reading.missing_bc
        if because_of and not moved and not copy_gone:
            return
        for side, contact in self.reading.left_alone[because_of]:
            if side is Side.OUTLOOK:
                self._look(contact)
            elif contact not in self.bc.contacts:
                self.q.bc.add(contact)

    def _look(self, outlook_id: str) -> None:
        seen = self.outlook.contacts.get(outlook_id)
        known = outlook_id in self.outlook.away or (seen is not None and seen.contact.inspected)
        if outlook_id and not known:
            self.q.outlook.add(outlook_id)

    def _company(self, contact: OutlookContact) -> None:
        if contact.company_name.strip():
            self.q.companies.add(fold_company_name(contact.company_name))

    def _in_scope(self, bc_id: str) -> bool:
        seen = self.bc.contacts.get(bc_id)
        if seen is None:
            return False
        wanted = self.rules.wanted
        return self.rules.scope(seen.contact) is None or (wanted is not None and wanted(seen.contact))


def assumed(
    link: Link, bc: SeenBc, fields: frozenset[Field], rules: Rules, prints: Prints
) -> OutlookContact | None:
    """The unread Outlook contact, as far as a PATCH of `fields` needs it, rebuilt from what BC holds.

    A PATCH repeats the display name and the whole business address. Where the link's fingerprints say
    that Outlook still shows what Business Central has, nothing need be read. None: it must be.
    """

    def text(name: Field) -> str | None:
        value = to_outlook(name, bc.contact, None, rules.fields).value or ""
        if name in fields:
            return value
        return value if prints.shows(link.outlook_prints, name, value) else None

    needed: tuple[Field, ...] = (Field.NAME,)
    if not fields.isdisjoint(_ADDRESS):
        needed = (Field.NAME, *_ADDRESS)
    if Field.PHONE in fields and not prints.single_phone(link.outlook_prints):
        return None
    texts = {name: text(name) for name in needed}
    if any(value is None for value in texts.values()):
        return None
    return OutlookContact(
        id=link.outlook_id,
        etag=link.outlook_etag,
        display_name=texts[Field.NAME] or "",
        street=texts.get(Field.ADDRESS) or "",
        city=texts.get(Field.CITY) or "",
        state=texts.get(Field.STATE) or "",
        postal_code=texts.get(Field.POSTAL_CODE) or "",
        country=texts.get(Field.COUNTRY) or "",
    )
