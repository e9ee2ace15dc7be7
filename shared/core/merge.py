"""Field by field, three ways: what each side changed since the last sync, and what follows (sync rules §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.core.plan import Conflict, FieldChange
from shared.core.snapshot import Rules, SeenBc, SeenOutlook
from shared.fields import bc_text, outlook_text, same, to_bc, to_outlook
from shared.fields.fingerprint import changed, parts_changed
from shared.model import (
    FIELDS,
    REQUIRED_FIELDS,
    ConflictPolicy,
    Direction,
    Field,
    Link,
    Reason,
    Side,
)

# Business Central empties these when the country changes, so they travel with it (contracts §3.5).
_WITH_COUNTRY = (Field.CITY, Field.STATE, Field.POSTAL_CODE)


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
            tuple(self.to_bc[f] for f in FIELDS if f in self.to_bc),
            tuple(self.to_outlook[f] for f in FIELDS if f in self.to_outlook),
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
    if not bc_changed and not outlook_changed:
        return Merge()
    merger = _Merger(link, bc, outlook, rules, closed)
    if first and bc is not None and outlook is not None:
        merger.meet()
    else:
        for name in FIELDS:
            merger.three_way(name, name in bc_changed, name in outlook_changed)
    merger.keep_place()
    return merger.draft.finish()


class _Merger:
    def __init__(
        self, link: Link, bc: SeenBc | None, outlook: SeenOutlook | None, rules: Rules, closed: bool
    ) -> None:
        self.bc = bc
        self.outlook = outlook
        self.rules = rules
        self.closed = closed
        self.draft = _Draft()
        self.parts = outlook is not None and parts_changed(link.outlook_prints, outlook.prints)

    def meet(self) -> None:
        """First meeting: non-blank beats blank, Business Central beats Outlook."""
        assert self.bc is not None
        assert self.outlook is not None
        for name in FIELDS:
            theirs = bc_text(name, self.bc.contact).strip()
            mine = outlook_text(name, self.outlook.contact).strip()
            if self._settled(name, None):
                continue
            if mine and not theirs:
                self._flow_to_bc(name)
            elif self._flow_to_outlook(name) and mine:
                self._conflict(name, Side.OUTLOOK)

    def three_way(self, name: Field, in_bc: bool, in_outlook: bool) -> None:
        if not in_bc and not in_outlook:
            return
        if self._settled(name, self.parts if in_outlook else None):
            return
        if in_outlook and name in REQUIRED_FIELDS and not self._outlook_text(name).strip():
            self.draft.reasons[Reason.REQUIRED_FIELD] = None
            self._flow_to_outlook(name)
        elif in_bc and in_outlook:
            self._clash(name)
        elif in_bc:
            self._flow_to_outlook(name)
        else:
            self._flow_to_bc(name)

    def keep_place(self) -> None:
        """A new country empties city, state and postal code in Business Central: send them along."""
        current = self.bc.contact if self.bc else None
        if Field.COUNTRY not in self.draft.to_bc or self.outlook is None or (current and not current.country):
            return
        for name in _WITH_COUNTRY:
            if name not in self.draft.to_bc:
                text = bc_text(name, current) if current else None
                sent = text or to_bc(name, self.outlook.contact, None, self.rules.fields).value
                if sent:
                    self.draft.to_bc[name] = FieldChange(name, text, sent)

    def _clash(self, name: Field) -> None:
        outlook_wins = self.rules.setup.conflict_policy is ConflictPolicy.OUTLOOK and not self.closed
        if outlook_wins and self._flow_to_bc(name):
            self._conflict(name, Side.BUSINESS_CENTRAL)
        elif not outlook_wins and self._flow_to_outlook(name):
            self._conflict(name, Side.OUTLOOK)

    def _settled(self, name: Field, parts: bool | None) -> bool:
        """Both sides say the same. `parts`: which of Outlook's names was edited; None: either will do."""
        if self.bc is None or self.outlook is None:
            return False
        return same(name, self.bc.contact, self.outlook.contact, self.rules.fields, parts_changed=parts)

    def _outlook_text(self, name: Field) -> str:
        return outlook_text(name, self.outlook.contact) if self.outlook else ""

    def _conflict(self, name: Field, lost_side: Side) -> None:
        assert self.bc is not None
        assert self.outlook is not None
        theirs, mine = bc_text(name, self.bc.contact), outlook_text(name, self.outlook.contact)
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
        old = outlook_text(name, current) if current else None
        self.draft.to_outlook[name] = FieldChange(name, old, translation.value)
        return True

    def _note(self, reasons: Iterable[Reason]) -> None:
        self.draft.reasons.update(dict.fromkeys(reasons))
