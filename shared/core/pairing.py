"""Who belongs to whom: links first, then markers, then e-mail addresses (sync rules §3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.core.snapshot import BcView, OutlookView, Rules, Whereabouts
from shared.fields import addresses, bc_text, outlook_text, share_a_word
from shared.fields.texts import length
from shared.model import BcContact, ContactType, Field, Link, LinkState, OutlookContact, Reason

LIVE = frozenset({LinkState.LINKED, LinkState.CREATING, LinkState.REMOVING})
# A twin in one of these has the one copy, or had it until the user deleted it (sync rules §3, §4).
_OWNING = LIVE | {LinkState.DELETED_BY_USER}
# Business Central holds a name of 100: one that is nearly as long may be the beginning of a longer one.
_CUT = 80


@dataclass(frozen=True, slots=True)
class LoneOutlook:
    """An Outlook contact without a partner. `reason` None: it is to be created in Business Central."""

    id: str
    reason: Reason | None
    bc_id: str = ""


@dataclass(frozen=True)
class Pairing:
    """`links`: every link, brought up to date with where its Outlook copy was found.

    `met`: pairs that meet for the first time, Outlook id by BC id. `lone_bc`: in scope and without a
    partner; with the BC contact that owns the one copy of both, "" where none does. `inherit`: BC ids
    that are gone, with the BC contact that takes over the copy.
    """

    links: tuple[Link, ...]
    met: Mapping[str, str]
    lone_outlook: tuple[LoneOutlook, ...]
    lone_bc: Mapping[str, str]
    inherit: Mapping[str, str]


def fold(name: str) -> str:
    """A name as it is compared: case and runs of blanks do not count."""
    return " ".join(name.split()).casefold()


def owners_of(contacts: Iterable[BcContact]) -> dict[str, tuple[BcContact, ...]]:
    """All bearers of each folded address."""
    found: defaultdict[str, list[BcContact]] = defaultdict(list)
    for contact in contacts:
        for address in addresses(contact.email):
            found[address].append(contact)
    return {address: tuple(bearers) for address, bearers in found.items()}


def pair_up(links: Sequence[Link], bc: BcView, outlook: OutlookView, rules: Rules) -> Pairing:
    """Match what was observed. Deterministic: ties are broken by age, number and id."""
    return _Matcher(links, bc, outlook, rules).run()


class _Matcher:
    def __init__(self, links: Sequence[Link], bc: BcView, outlook: OutlookView, rules: Rules) -> None:
        self.bc = bc
        self.outlook = outlook
        self.rules = rules
        self.links = {link.bc_id: link for link in links}
        self.claimed = {link.outlook_id: link.bc_id for link in links if link.state in LIVE and link.outlook_id}
        self.detached = {link.outlook_id: link.bc_id for link in links if link.state is LinkState.DETACHED}
        self.met: dict[str, str] = {}
        self.inherit: dict[str, str] = {}
        self.lone_outlook: list[LoneOutlook] = []

    def run(self) -> Pairing:
        unmarked = self._by_marker()
        self._heirs()
        self._by_address(unmarked)
        lone_bc = self._lone_bc()
        return Pairing(tuple(self.links.values()), self.met, tuple(self.lone_outlook), lone_bc, self.inherit)

    # --- by marker ------------------------------------------------------------------------------

    def _by_marker(self) -> list[OutlookContact]:
        """Pair what bears our marker; returns the contacts whose address must decide, oldest first."""
        marked: defaultdict[str, list[OutlookContact]] = defaultdict(list)
        rest: list[OutlookContact] = []
        for seen in self.outlook.contacts.values():
            contact = seen.contact
            if contact.id in self.claimed:
                continue
            if contact.marker is None:
                rest.append(contact)
            elif not self.rules.own(contact.marker):
                self.lone_outlook.append(LoneOutlook(contact.id, Reason.FOREIGN_MARKER))
            else:
                marked[contact.marker.contact].append(contact)
        for bc_id, copies in marked.items():
            copies.sort(key=lambda copy: (self.detached.get(copy.id) != bc_id, *_oldest(copy)))
            first, *others = copies
            rest += others if self._marked(bc_id, first) else copies
            if bc_id in self.bc.gone:
                self.detached.update((copy.id, bc_id) for copy in copies if copy.id not in self.claimed)
        return sorted(rest, key=_oldest)

    def _marked(self, bc_id: str, contact: OutlookContact) -> bool:
        """Handle the oldest unlinked bearer of a marker; False where the marker counts for nothing."""
        link = self.links.get(bc_id)
        if link is not None and link.state in LIVE:
            where = self.outlook.away.get(link.outlook_id)
            if link.outlook_id and where is not Whereabouts.GONE:
                return False  # a copy of a contact that has its partner
            self._relink(replace(link, outlook_id=contact.id, outlook_etag=""))
            return True
        if link is not None and link.state is LinkState.DETACHED and link.outlook_id == contact.id:
            seen = self.bc.contacts.get(bc_id)
            if seen is not None and self.rules.scope(seen.contact) is None:
                self._meet(bc_id, contact.id)
                return True
            self.detached[contact.id] = bc_id
            return False  # its address may still find an heir
        if bc_id in self.bc.gone:
            self.detached[contact.id] = bc_id
            if link is None or link.state is not LinkState.DETACHED:  # else it is a copy of the detached one
                self.links[bc_id] = Link(bc_id, contact.id, LinkState.DETACHED, note=Reason.DETACHED)
            return False
        seen = self.bc.contacts.get(bc_id)
        if seen is None:
            self.lone_outlook.append(LoneOutlook(contact.id, Reason.DETACHED, bc_id))
            return True
        reason = self.rules.scope(seen.contact)
        if reason is Reason.PRIVACY_BLOCKED:
            self._relink(Link(bc_id, contact.id, LinkState.LINKED))  # linked or not, the copy must go
            return True
        if reason is not None and not self._wanted(seen.contact):
            self.lone_outlook.append(LoneOutlook(contact.id, _why_not(seen.contact, reason), bc_id))
            return True
        if link is not None and link.state is LinkState.DELETED_BY_USER:
            self._relink(replace(link, outlook_id=contact.id, state=LinkState.LINKED, note=None))
        else:
            self._meet(bc_id, contact.id)
        return True

    def _relink(self, link: Link) -> None:
        self.links[link.bc_id] = link
        self.claimed[link.outlook_id] = link.bc_id

    def _meet(self, bc_id: str, outlook_id: str) -> None:
        self.met[bc_id] = outlook_id
        self.claimed[outlook_id] = bc_id

    # --- by address -----------------------------------------------------------------------------

    def _heirs(self) -> None:
        """A BC contact that is gone leaves its copy to an unlinked one of same address and name (BC merges)."""
        left = [
            (self.outlook.contacts[link.outlook_id].contact, bc_id)
            for bc_id in self.bc.gone
            if (link := self.links.get(bc_id)) is not None
            and link.state in (LinkState.LINKED, LinkState.REMOVING)
            and link.outlook_id in self.outlook.contacts
        ]
        for copy, bc_id in sorted(left, key=lambda pair: _oldest(pair[0])):
            for heir in self._bearers(copy):
                if self._free(heir) and fold(heir.display_name) == fold(outlook_text(Field.NAME, copy)):
                    self.inherit[bc_id] = heir.id
                    self._meet(heir.id, copy.id)
                    break

    def _by_address(self, contacts: Iterable[OutlookContact]) -> None:
        promised: set[str] = set()
        for contact in contacts:
            former = self.detached.get(contact.id, "")
            linked = former and self.links[former].outlook_id == contact.id
            reason = self.rules.outlook_scope(contact)
            if reason is not None:
                if not linked:
                    self.lone_outlook.append(LoneOutlook(contact.id, reason))
                continue
            partner, why = self._partner(contact)
            if partner is not None:
                self._meet(partner.id, contact.id)
                continue
            mine = addresses(contact.emails)
            if former and contact.id not in self.rules.wishes:
                if not linked:  # the others are reported with their link
                    self.lone_outlook.append(LoneOutlook(contact.id, Reason.DETACHED, former))
            elif why is not None:
                self.lone_outlook.append(LoneOutlook(contact.id, *why))
            elif promised.isdisjoint(mine):
                self.lone_outlook.append(LoneOutlook(contact.id, None, former if linked else ""))
                promised.update(mine)
            else:
                self.lone_outlook.append(LoneOutlook(contact.id, Reason.DUPLICATE))

    def _partner(self, contact: OutlookContact) -> tuple[BcContact | None, tuple[Reason, str] | None]:
        """The BC contact to pair with, or why there is none although its address is known there.

        The best match decides; one that has its partner under another name makes room for the next.
        """
        bearers = self._bearers(contact)
        if not bearers:
            return None, None
        name = outlook_text(Field.NAME, contact)
        for bearer in bearers:
            if not share_a_word(bearer.display_name, name):
                continue
            if self._free(bearer):
                return bearer, None
            if not self._taken(bearer) or fold(bearer.display_name) == fold(name):
                return None, (_why_not(bearer, self.rules.scope(bearer)), bearer.id)
        first = bearers[0]
        return None, (_why_not(first, self.rules.scope(first)), first.id)

    def _bearers(self, contact: OutlookContact) -> list[BcContact]:
        """BC contacts that bear one of the addresses, best match first."""
        mine = addresses(contact.emails)
        name = fold(outlook_text(Field.NAME, contact))
        found = {b.id: b for address in mine for b in self.bc.owners.get(address, ())}

        def rank(bearer: BcContact) -> tuple[bool, bool, int]:
            theirs = addresses(bearer.email)
            return (theirs[:1] != mine[:1], fold(bearer.display_name) != name, self._kind(bearer))

        ordered = sorted(found.values(), key=lambda b: b.number)
        ordered.sort(key=lambda b: b.modified, reverse=True)
        return sorted(ordered, key=rank)

    def _kind(self, bearer: BcContact) -> int:
        if bearer.type != ContactType.PERSON:
            return 3
        if bearer.privacy_blocked:
            return 2
        return 0 if self.rules.scope(bearer) is None else 1

    def _wanted(self, contact: BcContact) -> bool:
        return self.rules.wanted is not None and self.rules.wanted(contact)

    def _free(self, bearer: BcContact) -> bool:
        """In scope, present, and without a partner."""
        if self._taken(bearer) or bearer.id in self.bc.gone or bearer.id not in self.bc.contacts:
            return False
        return self.rules.scope(bearer) is None or self._wanted(bearer)

    def _taken(self, bearer: BcContact) -> bool:
        if bearer.id in self.met:
            return True
        link = self.links.get(bearer.id)
        if link is None or link.state not in LIVE:
            return False
        if link.state is LinkState.CREATING:
            return link.outlook_id in self.outlook.contacts  # its lost answer was found by the marker
        return self.outlook.away.get(link.outlook_id) is not Whereabouts.GONE

    # --- what is left in Business Central -------------------------------------------------------

    def _lone_bc(self) -> dict[str, str]:
        """In-scope persons without partner, whether or not they ever had a copy that was removed.

        Twins (same address, same name) have one owner.
        """
        lone: dict[str, str] = {}
        paired = {bc_id for bc_id, link in self.links.items() if link.state is not LinkState.REMOVED_BY_US}
        fresh = [seen.contact for bc_id, seen in self.bc.contacts.items() if bc_id not in paired]
        fresh.sort(key=lambda c: c.number)
        fresh.sort(key=lambda c: c.modified, reverse=True)
        for contact in fresh:
            in_scope = self._wanted(contact) if self.rules.wanted else self.rules.scope(contact) is None
            if contact.id not in self.met and in_scope:
                lone[contact.id] = self._owner(contact, lone)
        return lone

    def _owner(self, contact: BcContact, lone: Mapping[str, str]) -> str:
        name = fold(contact.display_name)
        owners = (
            twin.id
            for address in addresses(contact.email)
            for twin in self.bc.owners.get(address, ())
            if twin.id != contact.id
            and fold(twin.display_name) == name
            and (self._owns(twin) or lone.get(twin.id, contact.id) == "")
        )
        return min(owners, default="")  # whatever the order of reading, the same one is told

    def _owns(self, twin: BcContact) -> bool:
        link = self.links.get(twin.id)
        return twin.id in self.met or (link is not None and link.state in _OWNING)


def _oldest(contact: OutlookContact) -> tuple[str, str]:
    return (contact.created, contact.id)


def _why_not(bearer: BcContact, scope: Reason | None) -> Reason:
    """The reason that is shown on an Outlook contact whose address a BC contact already bears."""
    if bearer.type != ContactType.PERSON:
        return Reason.BELONGS_TO_COMPANY
    if bearer.privacy_blocked:
        return Reason.PRIVACY_BLOCKED
    return Reason.DUPLICATE if scope is None else Reason.OUTSIDE_FILTER


def same_person(bc: BcContact, outlook: OutlookContact) -> bool:
    """Same name and a shared address: what a repeated create is recognised by."""
    held, written = fold(bc_text(Field.NAME, bc)), fold(outlook_text(Field.NAME, outlook))
    cut = length(held) > _CUT and written.startswith(held)
    return (held == written or cut) and not set(addresses(bc.email)).isdisjoint(addresses(outlook.emails))
