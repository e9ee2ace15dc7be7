"""The plan: everything a run has decided, as plain data, before anything is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.core.snapshot import SeenBc, SeenOutlook
from shared.fields import spoken_name
from shared.model import Field, Link, Outcome, Reason, Side


class Effect(StrEnum):
    """What a step does to the services. The order is the order of execution."""

    CREATE_BC = "createInBusinessCentral"
    UPDATE_BC = "updateInBusinessCentral"
    CREATE_OUTLOOK = "createInOutlook"
    UPDATE_OUTLOOK = "updateInOutlook"
    DELETE_OUTLOOK = "deleteInOutlook"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`new` is the text to write; `old` the text it replaces, None where it was not read."""

    field: Field
    old: str | None
    new: str


def values_of(changes: Iterable[FieldChange]) -> dict[Field, str]:
    """The texts to write, by field."""
    return {change.field: change.new for change in changes}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides had changed one field: what stays, what lost, and on which side the loser stood."""

    field: Field
    kept: str
    lost: str
    lost_side: Side


@dataclass(frozen=True, slots=True)
class Step:
    """All that is decided for one contact.

    `link`: the link as it will be once every effect succeeded (prints are filled in by `advance`);
    None where the contact has no link and gets none. `forget`: the id of a link row that is replaced.
    `waiting`: fields whose change may not flow now; Outlook's prints of them stay behind, so that it is not
    forgotten, and for changes of Business Central's (`waiting_bc`) its own, too.
    `settle`: prints and etags of the link take over what was observed or answered.
    `bc`, `outlook`: the contacts as observed, None where not read. `mark`: write the marker.
    `category`: add our category, once, when the pair is new.
    `held`: effects a brake keeps back.
    `related`: the BC contact because of which this one is left alone.
    """

    key: str
    bc_id: str = ""
    outlook_id: str = ""
    effects: frozenset[Effect] = frozenset()
    to_bc: tuple[FieldChange, ...] = ()
    to_outlook: tuple[FieldChange, ...] = ()
    mark: bool = False
    category: bool = False
    link: Link | None = None
    before: Link | None = None
    forget: str = ""
    conflicts: tuple[Conflict, ...] = ()
    waiting: frozenset[Field] = frozenset()
    waiting_bc: frozenset[Field] = frozenset()
    outcome: Outcome = Outcome.UNCHANGED
    reasons: tuple[Reason, ...] = ()
    bc: SeenBc | None = None
    outlook: SeenOutlook | None = None
    settle: bool = False
    held: frozenset[Effect] = frozenset()
    related: str = ""

    @property
    def side(self) -> Side:
        """The side whose contact this step is listed under."""
        return Side.BUSINESS_CENTRAL if self.bc_id else Side.OUTLOOK

    @property
    def writes(self) -> bool:
        return bool(self.effects)

    @property
    def name(self) -> str:
        """What people call the contact; a blocked one goes by what its copy says (invariant I17)."""
        if self.bc is not None and not self.bc.contact.privacy_blocked:
            return self.bc.contact.display_name
        return spoken_name(self.outlook.contact) if self.outlook is not None else ""

    def digest(self) -> str:
        """What was decided, as a short text: a confirmation or a preview covers exactly this."""
        content = [
            self.key,
            self.outlook_id,
            sorted(self.effects),
            [(c.field, c.new) for c in self.to_bc],
            [(c.field, c.new) for c in self.to_outlook],
            [(c.field, c.kept, c.lost) for c in self.conflicts],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Plan:
    """The steps that do or report something, and how many contacts needed nothing."""

    steps: tuple[Step, ...] = ()
    unchanged: int = 0

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def having(self, effect: Effect) -> Iterator[Step]:
        return (step for step in self.steps if effect in step.effects)

    @property
    def writes(self) -> int:
        return sum(1 for step in self.steps if step.writes)
