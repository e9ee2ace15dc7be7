"""Reading both sides until everything is known that the decision needs (contracts graph §3, §10; BC §8)."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from shared.business_central.client import BcClient
from shared.core.pairing import owners_of
from shared.core.questions import Questions, Reading, questions
from shared.core.snapshot import BcView, OutlookView, Rules, SeenBc, SeenOutlook, Whereabouts
from shared.errors import NotFound, StateLost
from shared.fields import fold_company_name
from shared.fields.fingerprint import Prints
from shared.graph.client import GraphClient
from shared.graph.records import own_content
from shared.model import BcContact, ContactType, Link, OutlookContact, Side
from shared.state.setups import SetupState
from shared.sync import folder as folders
from shared.sync.at_once import at_once
from shared.sync.watermarks import Marks, marks_after, surely_older

log = logging.getLogger(__name__)

_ROUNDS = 8
_MANY = 1000
_MANY_SCANS = 100
"""A search by marker or address scans the folder (contracts/graph.md §2.7): more are dearer than a listing."""


@dataclass
class Observation:
    """Both sides as read. `quiet`: nothing changed on either side. `complete`: no page was cut.

    `empty`: Business Central answered completely, but with nothing. `all_read`: every contact was read.
    `doubtful`: delta called contacts removed that are still in the folder, as when it was deleted itself.
    `removed`: Outlook ids that delta called removed and nobody has seen since.
    """

    marks: Marks
    bc: BcView = field(default_factory=BcView)
    outlook: OutlookView = field(default_factory=OutlookView)
    links: list[Link] = field(default_factory=list)
    quiet: bool = False
    complete: bool = True
    empty: bool = False
    all_read: bool = False
    doubtful: bool = False
    removed: frozenset[str] = frozenset()

    def vanished(self, side: Side, contact: str) -> bool:
        """Whether a contact is surely not there any more: in the folder, or in Business Central."""
        if side is Side.BUSINESS_CENTRAL:
            return contact in self.bc.gone
        if contact in self.outlook.contacts or not self.complete:
            return False
        return self.all_read or contact in self.removed or contact in self.outlook.away


@dataclass
class Observer:
    """Reads for one run. `companies` is shared with the run's field context and filled on demand."""

    graph: GraphClient
    bc: BcClient
    folder: str
    prints: Prints
    state: SetupState
    companies: dict[str, tuple[str, ...]]

    _bc: dict[str, SeenBc] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)
    _owners: dict[str, tuple[BcContact, ...]] = field(default_factory=dict)
    _outlook: dict[str, SeenOutlook] = field(default_factory=dict)
    _away: dict[str, Whereabouts] = field(default_factory=dict)
    _own: set[str] = field(default_factory=set)
    _removed: set[str] = field(default_factory=set)
    _unread: set[str] = field(default_factory=set)
    _missing: set[str] = field(default_factory=set)
    _universe: bool = False
    _full: bool = False
    _complete: bool = True
    _doubtful: bool = False
    _places: frozenset[str] | None = None
    _asked: Questions = field(default_factory=Questions)

    # --- opening reads --------------------------------------------------------------------------

    def changes(self) -> Observation:
        """What changed since the last run: one delta round, one Business Central batch."""
        link, opened = at_once(self._read_delta, lambda: self.bc.read_changed(self.state.bc_watermark))
        self._see_bc(opened.contacts)
        count = -1 if opened.count is None else opened.count
        marks = marks_after(opened.contacts, count, link, self.state, opened.took)
        quiet = (
            not self._outlook
            and not self._away
            and not self._removed
            and not self._unread
            and count == self.state.bc_count >= 0
            and marks.bc_digest == self.state.bc_digest
        )
        return Observation(marks, quiet=quiet, complete=self._complete)

    def everything(self, odata: str, *, folder_is_new: bool) -> Observation:
        """Both sides whole: every contact in Business Central that may matter, every one in the folder."""
        self._full = True
        self._universe = not odata
        link, read = at_once(
            lambda: self._read_folder(listed=not folder_is_new), lambda: self.bc.read_all(odata)
        )
        self._complete = self._complete and read.complete
        self._see_bc(read.contacts)
        if self._universe:
            self._owners = owners_of(read.contacts)
            self._see_companies(read.contacts)
        count = len(read.contacts) if self._universe else -1
        marks = marks_after(read.contacts, count, link, self.state, read.took)
        empty = not read.contacts and read.complete
        return Observation(marks, complete=self._complete, empty=empty, all_read=True)

    def also(self, bc_ids: Iterable[str], outlook_ids: Iterable[str]) -> None:
        """Contacts to look at although nothing says that they changed: due retries, a person's wishes."""
        self._read_bc(set(bc_ids) - self._bc.keys())
        if unread := set(outlook_ids) - self._outlook.keys():
            self._look(unread)

    def went_back(self, seen: Observation) -> bool:
        """Whether the newest change is older than the newest that was ever seen: a restore, or a deletion."""
        before, now = self.state.bc_newest, seen.marks.bc_newest
        return bool(before) and (not now or surely_older(now, before))

    def fresh(self, bc_ids: Iterable[str]) -> Mapping[str, SeenBc]:
        """These contacts as Business Central has them now; many are found faster by reading all."""
        wanted = sorted(bc_ids)
        if len(wanted) <= _MANY:
            found = self.bc.read_by_ids(wanted)
        else:
            found = {contact.id: contact for contact in self.bc.read_all().contacts}
        return {bc_id: SeenBc(contact, b"") for bc_id, contact in found.items()}

    def _read_folder(self, *, listed: bool) -> str:
        """Where the next round begins, first; then everything there is."""
        link = self._read_delta() if self.folder else ""
        if self.folder and listed:
            self._list_folder()
        return link

    def _read_delta(self) -> str:
        """The changes in the folder; everything, where the token is lost (contract §3.5)."""
        try:
            round_ = self.graph.delta(self.folder, self.state.delta_link or None)
        except (StateLost, NotFound) as error:
            # A link that is not found while its folder is alive is as lost as one that ran out.
            if isinstance(error, NotFound) and folders.locate(self.graph, self.state) is None:
                raise
            log.info("delta token lost, reading the folder again")
            self._list_folder()
            round_ = self.graph.delta(self.folder, None)
        self._complete = self._complete and round_.complete
        if round_.partial and not self._full:
            self._look(round_.partial)
        for contact in round_.contacts:
            if contact.id in round_.partial:
                continue  # just read, or soon with all the others
            if contact.folder and contact.folder != self.folder:
                self._removed.add(contact.id)
            elif contact.id not in self._outlook or not self._outlook[contact.id].contact.inspected:
                self._see_outlook(contact)
        self._removed |= round_.removed
        return round_.link or self.state.delta_link

    def _list_folder(self) -> None:
        """Everything in the folder, by one listing."""
        self._full = True
        for contact in self.graph.list_contacts(self.folder):
            self._see_outlook(contact)

    # --- what the decision still needs ------------------------------------------------------------

    def complete(
        self,
        seen: Observation,
        links: list[Link],
        rules: Rules,
        left_alone: Mapping[str, Collection[tuple[Side, str]]],
        *,
        values: bool,
    ) -> Observation:
        """Answer questions until none is left; the observation with everything that was found."""
        cared_for = {link.bc_id for link in links} | left_alone.keys() - {""}
        if not seen.all_read and cared_for and self._may_have_lost(seen, links):
            self._sweep(cared_for, seen)
        for _ in range(_ROUNDS):
            reading = Reading(
                self.prints,
                all_bc=seen.all_read and rules.wanted is None,
                all_outlook=self._full,
                removed=frozenset(self._removed),
                missing_bc=frozenset(self._missing),
                values=values,
                left_alone=left_alone,
            )
            new = questions(links, self.view_bc(), self.view_outlook(), rules, reading).without(self._asked)
            if not new:
                break
            self._asked.add(new)
            self._answer(new, rules)
        return replace(
            seen,
            bc=self.view_bc(),
            outlook=self.view_outlook(),
            links=links,
            complete=self._complete,
            doubtful=self._doubtful,
            removed=frozenset(self._removed),
        )

    def view_bc(self) -> BcView:
        return BcView(self._bc, frozenset(self._gone), self._owners)

    def view_outlook(self) -> OutlookView:
        return OutlookView(self._outlook, self._away, frozenset(self._own), frozenset(self._unread))

    def look_again(
        self, bc_ids: Iterable[str], outlook_ids: Iterable[str], links: Iterable[Link]
    ) -> tuple[BcView, OutlookView]:
        """Fresh views of contacts that changed under the run's hands, and of nothing else.

        `links`: theirs. What a copy holds of its user's own is looked at anew, too, before it may go.
        """
        self._bc, self._outlook = {}, {}
        self._read_bc(set(bc_ids))
        self._look(set(outlook_ids))
        alone = {link.outlook_id for link in links if link.bc_id in self._gone} & self._outlook.keys()
        self._see_own_content(alone)
        return self.view_bc(), self.view_outlook()

    def _may_have_lost(self, seen: Observation, links: list[Link]) -> bool:
        """Whether contacts may have been deleted in Business Central: what is there must add up."""
        linked = {link.bc_id for link in links}
        unknown = any(bc_id not in linked for bc_id in self._bc)
        return seen.marks.bc_count < 0 or seen.marks.bc_count != self.state.bc_count or unknown

    def _sweep(self, cared_for: Set[str], seen: Observation) -> None:
        """Compare the ids of all contacts that matter to some copy with all ids there are."""
        present = self.bc.ids()
        self._missing = set(cared_for) - present - set(self._bc)
        seen.empty = not present
        seen.marks = replace(seen.marks, bc_count=len(present))

    def _answer(self, asked: Questions, rules: Rules) -> None:
        self._read_bc(asked.bc)
        if asked.outlook:
            self._look(asked.outlook)
        if self.folder and not self._full and len(asked.markers | asked.in_folder) > _MANY_SCANS:
            self._list_folder()
        if self.folder and not self._full and asked.markers:
            markers = [rules.marker(bc_id) for bc_id in sorted(asked.markers)]
            for contact in self.graph.find_by_markers(self.folder, markers):
                self._see_outlook(contact)
        if self.folder and not self._full and asked.in_folder:
            for contact in self.graph.find_by_addresses(self.folder, sorted(asked.in_folder)):
                self._see_outlook(contact)
        if asked.owners and not self._universe:
            found = self.bc.find_by_addresses(sorted(asked.owners))
            self._see_bc(found)
            owners = owners_of(found)
            self._owners.update({address: owners.get(address, ()) for address in asked.owners})
        if asked.companies and not self._universe:
            wanted = asked.companies - self.companies.keys()
            self.companies.update(dict.fromkeys(wanted, ()))
            self._see_companies(self.bc.find_companies(sorted(wanted)) if wanted else ())
        self._see_own_content(asked.own_content)

    def _read_bc(self, ids: set[str]) -> None:
        if not ids:
            return
        found = self.bc.read_by_ids(sorted(ids))
        self._see_bc(found.values())
        self._gone |= ids - found.keys()

    def _look(self, ids: Set[str]) -> None:
        """Where these Outlook contacts are now: in the folder, elsewhere, or gone."""
        found = self.graph.read(sorted(ids))
        self._unread = (self._unread | ids) - found.keys()
        for contact_id, contact in found.items():
            if contact is None:
                self._away[contact_id] = Whereabouts.GONE
            elif contact.folder == self.folder:
                self._doubtful = self._doubtful or contact_id in self._removed
                self._see_outlook(contact)
                self._away.pop(contact_id, None)
            else:
                self._outlook.pop(contact_id, None)
                alive = contact.folder in self._contact_folders()
                self._away[contact_id] = Whereabouts.MOVED_OUT if alive else Whereabouts.GONE

    def _see_own_content(self, ids: Set[str]) -> None:
        if ids:
            whole = self.graph.read_whole(sorted(ids))
            self._own |= {contact_id for contact_id, item in whole.items() if own_content(item)}

    def _contact_folders(self) -> frozenset[str]:
        """Ids of every contact folder; whatever lies elsewhere lies in Deleted Items."""
        if self._places is None:
            found = {self.graph.default_folder().id}
            waiting = [folder.id for folder in self.graph.list_folders()]
            while waiting:
                folder_id = waiting.pop()
                if folder_id not in found:
                    found.add(folder_id)
                    waiting += [child.id for child in self.graph.child_folders(folder_id)]
            self._places = frozenset(found)
        return self._places

    # --- what was seen ----------------------------------------------------------------------------

    def _see_bc(self, contacts: Iterable[BcContact]) -> None:
        for contact in contacts:
            self._bc[contact.id] = SeenBc(contact, self.prints.bc(contact))
            self._gone.discard(contact.id)

    def _see_outlook(self, contact: OutlookContact) -> None:
        if contact.folder and contact.folder != self.folder:
            return
        self._outlook[contact.id] = SeenOutlook(contact, self.prints.outlook(contact))
        self._unread.discard(contact.id)
        self._removed.discard(contact.id)

    def _see_companies(self, contacts: Iterable[BcContact]) -> None:
        for contact in contacts:
            if contact.type == ContactType.COMPANY:
                name = fold_company_name(contact.display_name)
                self.companies[name] = tuple(dict.fromkeys((*self.companies.get(name, ()), contact.number)))
