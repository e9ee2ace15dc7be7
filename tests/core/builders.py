"""Small builders for the core's tests: people, their cards, links, and what a run is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from shared.core.decide import decide
from shared.core.guard import Brakes, guard
from shared.core.pairing import owners_of
from shared.core.plan import Effect, Plan, Step
from shared.core.scope import bc_scope, outlook_scope
from shared.core.snapshot import BcView, OutlookView, Rules, SeenBc, SeenOutlook, Whereabouts, Wish
from shared.fields import CountryBook, FieldContext
from shared.fields.fingerprint import Prints
from shared.filters import parse_filter
from shared.model import (
    BcContact,
    Field,
    Link,
    LinkState,
    Marker,
    Outcome,
    OutlookContact,
    Reason,
    Setup,
    Side,
)

PRINTS = Prints(b"a key of the tests, of any length")
TENANT, ENVIRONMENT, COMPANY = "tenant-1", "Production", "company-1"
FIELD_CONTEXT = FieldContext(
    CountryBook([("DE", "Germany"), ("GB", "Great Britain"), ("US", "USA")]),
    {"harbour tools ltd": ("KT100",), "other works": ("KT101",), "twin works": ("KT200", "KT201")},
)
LONDON = {"city": "London"}

Change: TypeAlias = Mapping[str, object]


def person(name: str = "Ada Lovelace", **changes: object) -> BcContact:
    """A Person in London with every mapped field filled; its id is `bc-` and the first name."""
    first = name.split()[0].lower()
    made = BcContact(
        id=f"bc-{first}",
        etag="b1",
        number=f"KT-{first}",
        type="Person",
        display_name=name,
        job_title="Engineer",
        company_number="KT100",
        company_name="Harbour Tools Ltd",
        address_line1="12 St James's Square",
        address_line2="Floor 3",
        city="London",
        state="Middlesex",
        country="GB",
        postal_code="SW1Y 4JH",
        phone="+44 20 7946 0001",
        mobile="+44 7700 900001",
        email=f"{first}@works.example",
        website="https://works.example",
        modified="2026-01-01T00:00:00Z",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def card(name: str = "Ada Lovelace", **changes: object) -> OutlookContact:
    """The person's copy in Outlook, marked and equal in every field; its id is `ol-` and the first name."""
    first = name.split()[0].lower()
    given, _, surname = name.partition(" ")
    made = OutlookContact(
        id=f"ol-{first}",
        etag="o1",
        display_name=name,
        given_name=given,
        surname=surname,
        job_title="Engineer",
        company_name="Harbour Tools Ltd",
        emails=(f"{first}@works.example",),
        business_phones=("+44 20 7946 0001",),
        mobile="+44 7700 900001",
        street="12 St James's Square\r\nFloor 3",
        city="London",
        state="Middlesex",
        postal_code="SW1Y 4JH",
        country="Great Britain",
        website="https://works.example",
        categories=("Business Central",),
        created="2026-01-01T00:00:00Z",
        modified="2026-01-01T00:00:00Z",
        inspected=True,
        marker=own_marker(f"bc-{first}"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def stranger(name: str = "Ada Lovelace", **changes: object) -> OutlookContact:
    """A card that its user wrote: as `card`, but without our marker and category."""
    return card(name, **{"marker": None, "categories": (), **changes})


def own_marker(bc_id: str) -> Marker:
    return Marker(TENANT, ENVIRONMENT, COMPANY, bc_id)


def seen_bc(contact: BcContact) -> SeenBc:
    return SeenBc(contact, PRINTS.bc(contact))


def seen_outlook(contact: OutlookContact) -> SeenOutlook:
    return SeenOutlook(contact, PRINTS.outlook(contact))


def link(bc: BcContact, outlook: OutlookContact, **changes: object) -> Link:
    """The link of a pair as its last sync left it, with these two contacts as the base."""
    made = Link(
        bc.id,
        outlook.id,
        LinkState.LINKED,
        bc_etag=bc.etag,
        outlook_etag=outlook.etag,
        bc_prints=PRINTS.bc(bc),
        outlook_prints=PRINTS.outlook(outlook),
        bc_modified=bc.modified,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Given:
    """What one run observed, both sides read whole. `brakes` None: nothing is held."""

    links: tuple[Link, ...] = ()
    people: tuple[BcContact, ...] = ()
    cards: tuple[OutlookContact, ...] = ()
    gone: frozenset[str] = frozenset()
    away: Mapping[str, Whereabouts] = field(default_factory=dict)
    own_content: frozenset[str] = frozenset()
    setup: Setup = field(default_factory=lambda: Setup(user="user-1", company=COMPANY))
    brakes: Brakes | None = None
    once: Mapping[str, str] | None = None
    bring_back: bool = False
    reevaluate: bool = False
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    @property
    def bc(self) -> BcView:
        return BcView({c.id: seen_bc(c) for c in self.people}, self.gone, owners_of(self.people))

    @property
    def outlook(self) -> OutlookView:
        return OutlookView(
            {c.id: seen_outlook(c) for c in self.cards}, self.away, self.own_content, self.unread
        )

    @property
    def rules(self) -> Rules:
        chosen = parse_filter(dict(self.setup.filter))
        once = None if self.once is None else parse_filter(dict(self.once))
        return Rules(
            setup=self.setup,
            tenant=TENANT,
            environment=ENVIRONMENT,
            fields=FIELD_CONTEXT,
            scope=lambda contact: bc_scope(contact, chosen),
            outlook_scope=outlook_scope,
            wanted=None if once is None else lambda contact: bc_scope(contact, once) is None,
            bring_back=self.bring_back,
            reevaluate=self.reevaluate,
            wishes=self.wishes,
        )

    def choosing(self, **choices: object) -> Given:
        """The same observation under another setup."""
        return replace(self, setup=replace(self.setup, **choices))  # type: ignore[arg-type]

    def plan(self) -> Plan:
        """What is decided, and what of it may go."""
        plan = decide(self.links, self.bc, self.outlook, self.rules)
        return plan if self.brakes is None else guard(plan, self.brakes).plan

    def step(self, key: str) -> Step | None:
        """The step of one contact: a BC contact's id, or `outlook:` and an Outlook contact's id."""
        found = [step for step in self.plan() if step.key == key]
        assert len(found) <= 1, f"{len(found)} steps for {key}"
        return found[0] if found else None


@dataclass(frozen=True)
class Then:
    """What is expected of one contact; `unnoticed` where not even its link moves.

    `to_bc`, `to_outlook`: new values by field. `conflicts`: (field, kept, lost, side of the loser).
    """

    outcome: Outcome
    state: LinkState | None = LinkState.LINKED
    effects: frozenset[Effect] = frozenset()
    to_bc: Mapping[Field, str] = field(default_factory=dict)
    to_outlook: Mapping[Field, str] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    conflicts: tuple[tuple[Field, str, str, Side], ...] = ()
    held: frozenset[Effect] = frozenset()


def summary(step: Step) -> Then:
    """A step as the tests speak of it. A creation's many fields are left out."""
    creates = {Effect.CREATE_BC, Effect.CREATE_OUTLOOK} & (step.effects | step.held)
    return Then(
        step.outcome,
        step.link.state if step.link else None,
        step.effects,
        {} if creates else values(step.to_bc),
        {} if creates else values(step.to_outlook),
        step.reasons,
        tuple((c.field, c.kept, c.lost, c.lost_side) for c in step.conflicts),
        step.held,
    )


def values(changes: Iterable[object]) -> dict[Field, str]:
    return {c.field: c.new for c in changes}  # type: ignore[attr-defined]


UNCHANGED: Change = {}


def couple(
    bc: Change | None = UNCHANGED,
    outlook: Change | None = UNCHANGED,
    *,
    name: str = "Ada Lovelace",
    **more: object,
) -> Given:
    """One linked pair in London after these edits; None: deleted on that side. The filter asks for London.

    `more`: changes of the link under `link`, choices of the setup under `setup`, anything of `Given`.
    """
    base_bc, base_outlook = person(name), card(name)
    setup = Setup(user="user-1", company=COMPANY, filter=LONDON)
    made = Given(
        links=(link(base_bc, base_outlook, **more.pop("link", {})),),  # type: ignore[arg-type]
        people=() if bc is None else (replace(base_bc, etag="b2" if bc else "b1", **bc),),  # type: ignore[arg-type]
        cards=() if outlook is None else (replace(base_outlook, etag="o2" if outlook else "o1", **outlook),),  # type: ignore[arg-type]
        gone=frozenset({base_bc.id}) if bc is None else frozenset(),
        away={base_outlook.id: Whereabouts.GONE} if outlook is None else {},
        setup=replace(setup, **more.pop("setup", {})),  # type: ignore[arg-type]
    )
    return replace(made, **more)  # type: ignore[arg-type]
