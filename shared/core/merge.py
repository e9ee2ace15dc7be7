"""Field by field, three ways: what each side changed since the last sync, and what follows (sync rules §4)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from shared.core.plan import Conflict, FieldChange
from shared.core.snapshot import Rules, SeenBc, SeenOutlook
from shared.fields import bc_text, outlook_text, same, to_bc, to_outlook, with_outlook_text
from shared.fields.fingerprint import changed, parts_changed
from shared.model import (
    FIELDS,
    REQUIRED_FIELDS,
    BcContact,
    ConflictPolicy,
    Direction,
    Field,
    Link,
    Reason,
    Side,
)

# Business Central empties these when the country changes, so they travel with it (contracts §3.5).
_WITH_COUNTRY = (Field.CITY, Field.STATE, Field.POSTAL_CODE)
# Written to Outlook, these keep what Business Central cannot hold: it goes on resting there.
_KEEPING_MORE = (Field.EMAIL, Field.ADDRESS)
# What Business Central keeps when it is emptied in Outlook (sync rules §5): it is put back there.
_NEVER_EMPTIED = REQUIRED_FIELDS | {Field.COMPANY, Field.COUNTRY}

RESTING = frozenset(
    {
        Reason.TRUNCATED,
        Reason.INVALID_EMAIL,
        Reason.PHONE_HAS_LETTERS,
        Reason.COMPANY_NOT_FOUND,
        Reason.COMPANY_AMBIGUOUS,
        Reason.COUNTRY_UNKNOWN,
        Reason.REFUSED_BY_BUSINESS_CENTRAL,
    }
)
"""Noted on a link: Outlook holds a value that Business Central could not take, or not the whole of it."""
STANDING = frozenset({Reason.PRIVATE, Reason.DIRECTION_OFF})
"""Noted on a link: some change waits, for it may not flow now."""
MAY_REST = RESTING | STANDING | {Reason.OUTSIDE_FILTER}
"""Noted on a link: a value rests in Outlook, or may do so, hidden by what the note tells first."""


@dataclass(frozen=True, slots=True)
class Merge:
    """`waiting`: fields whose change is known but may not flow: their fingerprints stay behind."""

    to_bc: tuple[FieldChange, ...] = ()
    to_outlook: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    waiting_bc: frozenset[Field] = frozenset()
    waiting_outlook: frozenset[Field] = frozenset()
    reasons: tuple[Reason, ...] = ()


@dataclass(slots=True)
class _Draft:
    to_bc: dict[Field, FieldChange] = field(default_factory=dict)
    to_outlook: dict[Field, FieldChange] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    waiting_bc: set[Field] = field(default_factory=set)
    waiting_outlook: set[Field] = field(default_factory=set)
    reasons: dict[Reason, None] = field(default_factory=dict)

    def finish(self) -> Merge:
        return Merge(
            tuple(self.to_bc.values()),
            tuple(self.to_outlook.values()),
            tuple(self.conflicts),
            frozenset(self.waiting_bc),
            frozenset(self.waiting_outlook),
            tuple(self.reasons),
        )


def merge(
    link: Link, bc: SeenBc | None, outlook: SeenOutlook | None, rules: Rules, *, closed: bool = False
) -> Merge:
    """Decide every field of a pair.

    A side that is None is unchanged since the link was saved. `closed`: nothing may flow to Business
    Central (private, or `toOutlook`).
    """
    first = not link.bc_prints or not link.outlook_prints
    bc_changed = changed(link.bc_prints, bc.prints) if bc else frozenset()
    outlook_changed = changed(link.outlook_prints, outlook.prints) if outlook else frozenset()
    rested = link.note in MAY_REST and bc is not None and outlook is not None
    if not bc_changed and not outlook_changed and not rested:
        return Merge()
    merger = _Merger(link, bc, outlook, rules, closed)
    if first and bc is not None and outlook is not None:
        merger.meet()
    else:
        merger.look_for_swept(bc_changed & outlook_changed)
        for name in FIELDS:
            if name in bc_changed or name in outlook_changed:
                merger.three_way(name, name in bc_changed, name in outlook_changed)
            elif rested:
                merger.flow_at_last(name)
    merger.keep_place()
    return merger.draft.finish()


def lost_with_copy(
    link: Link, bc: SeenBc, outlook: SeenOutlook, rules: Rules, flowing: Iterable[FieldChange]
) -> tuple[Conflict, ...]:
    """What only Outlook holds when a copy is removed: edits that may not flow, values that rest there.

    An edit that flows counts, too, where Business Central cannot hold the whole of it.
    """
    edited = changed(link.outlook_prints, outlook.prints)
    sent = {change.field for change in flowing}
    merger = _Merger(link, bc, outlook, rules, closed=True)

    def lost(name: Field) -> bool:
        if name not in edited and not merger.rests(name):
            return False
        waits = name not in sent and not merger.settled(name, in_outlook=name in edited)
        return waits or bool(merger.unheld(name))

    return tuple(
        Conflict(name, bc_text(name, bc.contact), merger.outlook_text(name), Side.OUTLOOK)
        for name in FIELDS
        if lost(name)
    )


def resting(link: Link, bc: SeenBc | None, outlook: SeenOutlook, rules: Rules) -> Reason | None:
    """Why some value rests in Outlook, if one does; only a link whose note allows for it is asked."""
    merger = _Merger(link, bc, outlook, rules, closed=False)
    return next((reason for name in FIELDS for reason in merger.rests(name)), None)


def place(bc: BcContact, sent: Container[Field]) -> Iterator[FieldChange]:
    """City, state and postal code as Business Central has them: sent along, its new country empties them."""
    for name in _WITH_COUNTRY:
        if name not in sent and (text := bc_text(name, bc)):
            yield FieldChange(name, text, text)


class _Merger:
    def __init__(
        self, link: Link, bc: SeenBc | None, outlook: SeenOutlook | None, rules: Rules, closed: bool
    ) -> None:
        self.link = link
        self.bc = bc
        self.outlook = outlook
        self.rules = rules
        self.closed = closed
        self.draft = _Draft()
        self.swept: frozenset[Field] = frozenset()
        self.parts = outlook is not None and parts_changed(link.outlook_prints, outlook.prints)

    def meet(self) -> None:
        """First meeting: non-blank beats blank, Business Central beats Outlook."""
        assert self.bc is not None
        assert self.outlook is not None
        for name in FIELDS:
            theirs = bc_text(name, self.bc.contact).strip()
            mine = outlook_text(name, self.outlook.contact).strip()
            if self.settled(name, in_outlook=False):
                self._note_cut(name)
                continue
            if mine and not theirs:
                self._flow_to_bc(name)
            elif self._flow_to_outlook(name) and mine:
                self._conflict(name, Side.OUTLOOK)

    def look_for_swept(self, both: frozenset[Field]) -> None:
        """What the country emptied in Business Central although it came from Outlook: its answer got lost.

        Such a blank was written by nobody (contracts/business-central.md §3.5), so Outlook's value is put back.
        """
        if Field.COUNTRY not in both or self.closed or not self.settled(Field.COUNTRY, in_outlook=True):
            return
        assert self.bc is not None
        contact = self.bc.contact
        self.swept = frozenset(
            name
            for name in _WITH_COUNTRY
            if not bc_text(name, contact).strip() and self.outlook_text(name).strip()
        )

    def three_way(self, name: Field, in_bc: bool, in_outlook: bool) -> None:
        if self.settled(name, in_outlook=in_outlook):
            self._note_cut(name)
            return
        if name in self.swept:
            self._flow_to_bc(name)
            return
        emptied = in_outlook and name in _NEVER_EMPTIED and not self.outlook_text(name).strip()
        if emptied and not self.closed:
            if self._flow_to_outlook(name):
                self.draft.reasons[Reason.REQUIRED_FIELD] = None
        elif in_bc and in_outlook:
            self._clash(name)
        elif in_bc:
            unseen = self._would_lose(name)
            if self._flow_to_outlook(name) and unseen:
                self._conflict(name, Side.OUTLOOK)
        else:
            self._flow_to_bc(name)

    def keep_place(self) -> None:
        """A new country empties city, state and postal code in Business Central: send them along."""
        current = self.bc.contact if self.bc else None
        if Field.COUNTRY not in self.draft.to_bc or self.outlook is None or (current and not current.country):
            return
        if current is not None:
            self.draft.to_bc.update((change.field, change) for change in place(current, self.draft.to_bc))
            return
        for name in _WITH_COUNTRY:
            sent = to_bc(name, self.outlook.contact, None, self.rules.fields).value
            if sent and name not in self.draft.to_bc:
                self.draft.to_bc[name] = FieldChange(name, None, sent)

    def flow_at_last(self, name: Field) -> None:
        """A value that rested in Outlook goes to Business Central once that can hold it: its company was
        created meanwhile, say.
        """
        if self.closed or name in self.link.refused or not self.outlook_text(name).strip():
            return
        if not self.settled(name, in_outlook=False) and not self.unheld(name):
            self._flow_to_bc(name)

    def _clash(self, name: Field) -> None:
        outlook_wins = self.rules.setup.conflict_policy is ConflictPolicy.OUTLOOK and not self.closed
        if outlook_wins and self._flow_to_bc(name):
            self._conflict(name, Side.BUSINESS_CENTRAL)
        elif self._flow_to_outlook(name):  # also where Business Central cannot take Outlook's value
            self._conflict(name, Side.OUTLOOK)

    def rests(self, name: Field) -> tuple[Reason, ...]:
        """Why Outlook alone holds this value: Business Central never saw it, or not the whole of it.

        Only a link that notes such a value (or what hides it) is asked: for it alone the company was looked up.
        """
        if self.outlook is None or not self.outlook_text(name).strip():
            return ()
        if name in self.link.refused:
            return (Reason.REFUSED_BY_BUSINESS_CENTRAL,)
        return self.unheld(name) if self.link.note in MAY_REST else ()

    def unheld(self, name: Field) -> tuple[Reason, ...]:
        """Why Business Central cannot hold this value, or not the whole of it."""
        if self.outlook is None or not self.outlook_text(name).strip():
            return ()
        current = self.bc.contact if self.bc else None
        return to_bc(name, self.outlook.contact, current, self.rules.fields, parts_changed=self.parts).reasons

    def _would_lose(self, name: Field) -> bool:
        """Writing Business Central's value to Outlook would take away one that rests there."""
        if name is Field.EMAIL and self.bc is not None and self.outlook is not None:
            # Addresses that Business Central cannot hold stay in Outlook as long as there is room.
            kept = to_outlook(name, self.bc.contact, self.outlook.contact, self.rules.fields)
            return bool(kept.reasons)
        return bool(self.rests(name))

    def settled(self, name: Field, *, in_outlook: bool) -> bool:
        """Both sides say the same. `in_outlook`: edited there, so of its two names the edited one counts."""
        if self.bc is None or self.outlook is None:
            return False
        parts = self.parts if in_outlook else None
        return same(name, self.bc.contact, self.outlook.contact, self.rules.fields, parts_changed=parts)

    def _note_cut(self, name: Field) -> None:
        """Equal, but for what does not fit: that rests in Outlook, and must not be forgotten."""
        if Reason.TRUNCATED in self.unheld(name):
            self._note((Reason.TRUNCATED,))

    def outlook_text(self, name: Field) -> str:
        if self.outlook is None:
            return ""
        return outlook_text(name, self.outlook.contact, parts_changed=self.parts)

    def _conflict(self, name: Field, lost_side: Side) -> None:
        assert self.bc is not None
        assert self.outlook is not None
        theirs, mine = bc_text(name, self.bc.contact), self.outlook_text(name)
        kept, lost = (theirs, mine) if lost_side is Side.OUTLOOK else (mine, theirs)
        self.draft.conflicts.append(Conflict(name, kept, lost, lost_side))

    def _flow_to_bc(self, name: Field) -> bool:
        """Plan the Outlook value for Business Central; False where it stays behind, with the reason."""
        assert self.outlook is not None
        if self.closed:
            off = Reason.PRIVATE if self.outlook.contact.private else Reason.DIRECTION_OFF
            self.draft.reasons[off] = None
            self.draft.waiting_outlook.add(name)
            return False
        current = self.bc.contact if self.bc else None
        translation = to_bc(name, self.outlook.contact, current, self.rules.fields, parts_changed=self.parts)
        self._note(translation.reasons)
        if translation.value is None:
            return False
        old = bc_text(name, current) if current else None
        self.draft.to_bc[name] = FieldChange(name, old, translation.value)
        return True

    def _flow_to_outlook(self, name: Field) -> bool:
        if self.bc is None:
            return False
        if self.rules.setup.direction is Direction.TO_BUSINESS_CENTRAL:
            self.draft.reasons[Reason.DIRECTION_OFF] = None
            self.draft.waiting_bc.add(name)
            return False
        current = self.outlook.contact if self.outlook else None
        translation = to_outlook(name, self.bc.contact, current, self.rules.fields)
        self._note(translation.reasons)
        if translation.value is None:
            return False
        if current is not None and name in _KEEPING_MORE:
            kept = with_outlook_text(current, name, translation.value)
            self._note(to_bc(name, kept, self.bc.contact, self.rules.fields).reasons)
        old = self.outlook_text(name) if current else None
        self.draft.to_outlook[name] = FieldChange(name, old, translation.value)
        return True

    def _note(self, reasons: Iterable[Reason]) -> None:
        self.draft.reasons.update(dict.fromkeys(reasons))
