"""People edit on both sides, runs follow: nothing is lost or invented, and it comes to rest (I1–I4, I13)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from shared.core.plan import Conflict, Effect
from shared.core.snapshot import Whereabouts
from shared.fields import bc_text, outlook_text, same
from shared.fields.fingerprint import changed
from shared.model import (
    BcContact,
    ConflictPolicy,
    Direction,
    Field,
    Link,
    LinkState,
    OutlookContact,
    Reason,
    Setup,
    Side,
)
from tests.core.builders import COMPANY, FIELD_CONTEXT, PRINTS, Given, card, person, stranger
from tests.core.exchange import done, keep

BC_VALUES: dict[str, list[str]] = {
    "display_name": ["Ada Lovelace", "Ada King", "Ada Augusta King"],
    "job_title": ["", "Chief", "Lead"],
    "email": ["ada@works.example", "ada@home.example;ada@works.example"],
    "phone": ["", "+44 1", "+44 1;22"],
    "mobile": ["", "+44 2", "+44 3"],
    "address_line1": ["", "1 Quay Road", "2 Quay Road"],
    "address_line2": ["", "Floor 9"],
    "country": ["GB", "DE"],
    "city": ["London", "Hull", ""],
    "state": ["", "Kent"],
    "postal_code": ["", "HU1 1AA"],
    "website": ["", "https://ada.example"],
}
OUTLOOK_VALUES: dict[str, list[Any]] = {
    "given_name": ["Ada", "Augusta"],
    "surname": ["Lovelace", "Noel"],
    "job_title": ["", "Head", "a title much too long to fit into thirty"],
    "company_name": ["", "Harbour Tools Ltd", "Nowhere Ltd"],
    "emails": [("ada@works.example",), ("ada@works.example", "ada@club.example"), ("ada at home",), ()],
    "business_phones": [(), ("+44 5",), ("+44 5 ext. 7",), ("0800 FLOWERS",)],
    "mobile": ["", "+44 6", "CALL ME"],
    "street": ["", "3 Quay Road", "3 Quay Road\r\nFloor 1\r\nDoor 2"],
    "country": ["Great Britain", "Deutschland", "Atlantis", ""],
    "city": ["", "Leeds"],
    "state": ["", "Essex"],
    "postal_code": ["", "ls1 1aa"],
    "website": ["", "https://lovelace.example"],
}
FIELD_OF = {
    "display_name": Field.NAME,
    "given_name": Field.NAME,
    "surname": Field.NAME,
    "job_title": Field.JOB_TITLE,
    "company_name": Field.COMPANY,
    "email": Field.EMAIL,
    "emails": Field.EMAIL,
    "phone": Field.PHONE,
    "business_phones": Field.PHONE,
    "mobile": Field.MOBILE,
    "address_line1": Field.ADDRESS,
    "address_line2": Field.ADDRESS,
    "street": Field.ADDRESS,
    "country": Field.COUNTRY,
    "city": Field.CITY,
    "state": Field.STATE,
    "postal_code": Field.POSTAL_CODE,
    "website": Field.WEBSITE,
}
PUT_BACK = {Field.NAME, Field.EMAIL, Field.COMPANY, Field.COUNTRY}


def edits(values: dict[str, list[Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    return st.sampled_from(sorted(values)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(values[name]))
    )


DEEDS = st.lists(
    st.tuples(st.just("bc"), edits(BC_VALUES))
    | st.tuples(st.just("outlook"), edits(OUTLOOK_VALUES))
    | st.tuples(st.just("run"), st.none()),
    max_size=12,
)


@dataclass
class Written:
    """One value that a person wrote. `over`: somebody who saw it wrote another in its place."""

    side: Side
    field: Field
    text: str
    over: bool = False


@dataclass
class Exchange:
    """One person and her card, a ledger of everything written to them, and runs in between."""

    setup: Setup
    bc: BcContact | None
    card: OutlookContact | None
    links: dict[str, Link] = field(default_factory=dict)
    ledger: list[Written] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    writes: int = 0
    base: dict[tuple[Side, Field], str] = field(default_factory=dict)

    def observed(self) -> Given:
        linked = next(iter(self.links.values()), None)
        lost_bc = self.bc is None and linked is not None
        lost_card = self.card is None and linked is not None
        return Given(
            tuple(self.links.values()),
            (self.bc,) if self.bc else (),
            (self.card,) if self.card else (),
            frozenset({linked.bc_id}) if linked and lost_bc else frozenset(),
            {linked.outlook_id: Whereabouts.GONE} if linked and lost_card else {},
            setup=self.setup,
        )

    def run(self) -> None:
        seen = self.observed()
        for step in seen.plan():
            self.writes += len(step.effects)
            self.conflicts += step.conflicts
            what = done(step, seen.rules)
            keep(self.links, step, what)
            self.bc = what.bc.contact if what.bc else self.bc
            self.card = what.outlook.contact if what.outlook else self.card
            if Effect.DELETE_OUTLOOK in step.effects:
                self.card = None
        link = next(iter(self.links.values()))
        behind = {  # what waits keeps the base that it had
            Side.BUSINESS_CENTRAL: changed(link.bc_prints, PRINTS.bc(self.bc)) if self.bc else frozenset(),
            Side.OUTLOOK: changed(link.outlook_prints, PRINTS.outlook(self.card)) if self.card else frozenset(),
        }
        for side in Side:
            self.base |= {(side, which): self.text(side, which) for which in Field if which not in behind[side]}

    def write(self, side: Side, name: str, value: Any) -> None:
        """A person changes one property, and with it overrules what they saw there."""
        which = FIELD_OF[name]
        before = self.text(side, which)
        if side is Side.BUSINESS_CENTRAL:
            assert self.bc is not None
            self.bc = replace(self.bc, **{name: value})
            self.bc = replace(self.bc, etag=f"b-{PRINTS.bc(self.bc).hex()}")
        else:
            assert self.card is not None
            changes = {name: value}
            if which is Field.NAME:
                parts = {"given_name": self.card.given_name, "surname": self.card.surname, **changes}
                shown = f"{parts['given_name']} {parts['surname']}"
                changes = {**parts, "middle_name": "", "display_name": shown}
            self.card = replace(self.card, **changes)
            self.card = replace(self.card, etag=f"o-{PRINTS.outlook(self.card).hex()}")
        after = self.text(side, which)
        if after == before:
            return
        withdrawn = after == self.base.get((side, which))  # back to what was synced: no edit any more
        for earlier in self.ledger:
            seen = earlier.side is side or (not withdrawn and self.shown(earlier, side, before))
            earlier.over |= earlier.field is which and seen
        if not withdrawn:
            self.ledger.append(Written(side, which, after))

    def text(self, side: Side, which: Field) -> str:
        if side is Side.BUSINESS_CENTRAL:
            return bc_text(which, self.bc) if self.bc else ""
        return outlook_text(which, self.card) if self.card else ""

    def shown(self, earlier: Written, side: Side, text: str) -> bool:
        """Whether a person who looked at `text` on `side` saw the earlier value, in that side's form."""
        blank_bc, blank_card = person(), card()
        bc, outlook = (earlier.text, text) if earlier.side is Side.BUSINESS_CENTRAL else (text, earlier.text)
        return same(
            earlier.field,
            _with_bc(blank_bc, earlier.field, bc),
            _with_card(blank_card, earlier.field, outlook),
            FIELD_CONTEXT,
        )

    def stands(self, value: Written) -> bool:
        """The value is on its side as written, or in a form that says the same; or in the record."""
        kept = [c.lost for c in self.conflicts if c.field is value.field]
        if value.text in kept or (value.field is Field.EMAIL and any(value.text in k.split(";") for k in kept)):
            return True
        here = self.text(value.side, value.field)
        if here == value.text or (value.field is Field.EMAIL and value.text in here.split(";")):
            return True
        other = Side.OUTLOOK if value.side is Side.BUSINESS_CENTRAL else Side.BUSINESS_CENTRAL
        return self.shown(value, other, self.text(other, value.field))


def _with_bc(contact: BcContact, which: Field, text: str) -> BcContact:
    if which is Field.ADDRESS:
        line1, _, line2 = text.partition("\n")
        return replace(contact, address_line1=line1, address_line2=line2)
    name = {Field.NAME: "display_name", Field.COMPANY: "company_name", Field.EMAIL: "email"}.get(which)
    names = {v: k for k, v in FIELD_OF.items() if k in BC_VALUES}
    changes: dict[str, Any] = {name or names[which]: text}
    return replace(contact, **changes)


def _with_card(contact: OutlookContact, which: Field, text: str) -> OutlookContact:
    changes: dict[str, Any]
    if which is Field.NAME:
        changes = {"display_name": text, "given_name": "", "surname": ""}
    elif which is Field.EMAIL:
        changes = {"emails": tuple(text.split(";"))}
    elif which is Field.PHONE:
        changes = {"business_phones": (text,) if text else ()}
    else:
        names = {v: k for k, v in FIELD_OF.items() if k in OUTLOOK_VALUES}
        changes = {names[which]: text}
    return replace(contact, **changes)


def differing(exchange: Exchange) -> set[Field]:
    assert exchange.bc is not None
    assert exchange.card is not None
    return {f for f in Field if not same(f, exchange.bc, exchange.card, FIELD_CONTEXT)}


def happened(exchange: Exchange, deeds: list[tuple[str, Any]]) -> None:
    for what, deed in deeds:
        if what == "run":
            exchange.run()
        else:
            exchange.write(Side.BUSINESS_CENTRAL if what == "bc" else Side.OUTLOOK, *deed)
    note(f"ledger {exchange.ledger}")


CHOICES = st.builds(
    Setup,
    user=st.just("user-1"),
    company=st.just(COMPANY),
    conflict_policy=st.sampled_from(ConflictPolicy),
    direction=st.sampled_from([Direction.BOTH, Direction.BOTH, *Direction]),
)
lasting = settings(max_examples=300, deadline=None)


def linked(setup: Setup) -> Exchange:
    exchange = Exchange(setup, person(), card())
    exchange.run()
    exchange.writes = 0
    return exchange


@lasting
@given(CHOICES, DEEDS)
def test_two_runs_after_the_last_edit_everything_is_equal_or_has_a_reason(
    setup: Setup, deeds: list[tuple[str, Any]]
) -> None:
    exchange = linked(setup)
    happened(exchange, deeds)
    exchange.run()
    exchange.run()
    writes = exchange.writes
    exchange.run()
    assert exchange.writes == writes
    (link,) = exchange.links.values()
    note(f"{link.note} {exchange.bc} {exchange.card}")
    assert link.state is LinkState.LINKED
    if differing(exchange):
        assert link.note is not None
        if setup.direction is Direction.BOTH:
            assert link.note is not Reason.DIRECTION_OFF


@lasting
@given(CHOICES, DEEDS)
def test_no_value_is_lost(setup: Setup, deeds: list[tuple[str, Any]]) -> None:
    exchange = linked(setup)
    happened(exchange, deeds)
    exchange.run()
    exchange.run()
    note(f"{exchange.conflicts} {exchange.bc} {exchange.card}")
    for value in exchange.ledger:
        emptied = not value.text.strip() and value.field in PUT_BACK
        assert value.over or emptied or exchange.stands(value), value


@lasting
@given(CHOICES, DEEDS)
def test_no_value_is_invented(setup: Setup, deeds: list[tuple[str, Any]]) -> None:
    exchange = linked(setup)
    start = [Written(side, f, exchange.text(side, f)) for side in Side for f in Field]
    happened(exchange, deeds)
    exchange.run()
    exchange.run()
    for side in Side:
        other = Side.OUTLOOK if side is Side.BUSINESS_CENTRAL else Side.BUSINESS_CENTRAL
        for f in Field:
            text = exchange.text(side, f)
            written = [w for w in (*start, *exchange.ledger) if w.field is f]
            own = any(w.side is side and w.text == text for w in written)
            form = any(w.side is other and exchange.shown(w, side, text) for w in written)
            if f is Field.COUNTRY:  # a country may come back under Business Central's name for it
                code = FIELD_CONTEXT.countries.code
                form = form or code(text) in {code(w.text) for w in written}
            assert own or form or f is Field.EMAIL, (side, f, text)


@lasting
@given(CHOICES, DEEDS, st.sampled_from(["blocked", "retyped", "left", "deleted"]))
def test_when_the_contact_leaves_no_edit_of_outlook_is_lost(
    setup: Setup, deeds: list[tuple[str, Any]], how: str
) -> None:
    exchange = linked(setup)
    happened(exchange, deeds)
    assert exchange.bc is not None
    if how == "deleted":
        for value in exchange.ledger:  # who deletes a contact has seen what it showed
            seen = exchange.text(Side.BUSINESS_CENTRAL, value.field)
            value.over |= exchange.shown(value, Side.BUSINESS_CENTRAL, seen)
        exchange.bc = None
    else:
        ways: dict[str, dict[str, Any]] = {
            "blocked": {"privacy_blocked": True},
            "retyped": {"type": "Company"},
            "left": {"email": ""},
        }
        exchange.bc = replace(exchange.bc, etag="b-left", **ways[how])
    exchange.run()
    exchange.run()
    note(f"{exchange.conflicts} {exchange.bc} {exchange.card} {exchange.links}")
    for value in exchange.ledger:
        if value.side is Side.BUSINESS_CENTRAL or (how == "left" and value.field is Field.EMAIL):
            continue
        emptied = not value.text.strip()
        assert value.over or emptied or exchange.stands(value), value


@lasting
@given(CHOICES, DEEDS)
def test_a_first_meeting_loses_nothing_either(setup: Setup, deeds: list[tuple[str, Any]]) -> None:
    exchange = Exchange(setup, person(), stranger())
    paired_by = (Field.NAME, Field.EMAIL)
    happened(exchange, [deed for deed in deeds if deed[0] != "run" and FIELD_OF[deed[1][0]] not in paired_by])
    exchange.run()
    exchange.run()
    writes = exchange.writes
    exchange.run()
    assert exchange.writes == writes
    for value in exchange.ledger:
        emptied = not value.text.strip()
        assert value.over or emptied or exchange.stands(value), value
