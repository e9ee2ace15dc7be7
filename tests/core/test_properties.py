"""What holds for any observation at all (spec/invariants.md I2, I5, I6, I11, I15, I17, I18)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.decide import decide
from shared.core.plan import Effect, Plan, Step
from shared.core.snapshot import Whereabouts
from shared.fields import same
from shared.fields.fingerprint import changed
from shared.model import (
    BcContact,
    ConflictPolicy,
    Direction,
    Field,
    Link,
    LinkState,
    Marker,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    OutlookContact,
    Setup,
)
from tests.core.builders import COMPANY, FIELD_CONTEXT, Given, card, link, own_marker, person
from tests.core.exchange import carried_out

NAMES = st.sampled_from(["Ada Lovelace", "Ada King", "Grace Hopper", ""])
MAILS = st.sampled_from(["a@x.example", "b@x.example", "A@X.example;c@x.example", "no address", ""])
SLOTS = st.sampled_from(
    [("a@x.example",), ("b@x.example",), ("a@x.example", "c@x.example"), ("no address",), ("",), ()]
)
TEXTS = st.sampled_from(["", "one", "two", "a very long text that does not fit into thirty"])
PHONES = st.sampled_from(["", "+44 1", "+44 2", "CALL ME", "+44 1 ext 5"])
PLACES = st.sampled_from(["London", "Paris", ""])
BC_EDITS = st.fixed_dictionaries(
    {},
    optional={
        "display_name": NAMES,
        "email": MAILS,
        "job_title": TEXTS,
        "mobile": PHONES,
        "city": PLACES,
        "country": st.sampled_from(["GB", "DE", ""]),
        "company_name": st.sampled_from(["", "Harbour Tools Ltd"]),
        "privacy_blocked": st.booleans(),
        "type": st.sampled_from(["Person", "Company"]),
        "modified": st.sampled_from(["2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z"]),
    },
)
OUTLOOK_EDITS = st.fixed_dictionaries(
    {},
    optional={
        "display_name": NAMES,
        "given_name": st.sampled_from(["Ada", ""]),
        "surname": st.sampled_from(["Lovelace", ""]),
        "emails": SLOTS,
        "job_title": TEXTS,
        "mobile": PHONES,
        "city": PLACES,
        "country": st.sampled_from(["Great Britain", "Germany", "Atlantis", ""]),
        "company_name": st.sampled_from(["", "Harbour Tools Ltd", "Twin Works", "Nowhere"]),
        "private": st.booleans(),
        "created": st.sampled_from(["2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]),
        "inspected": st.booleans(),
    },
)
SETUPS = st.builds(
    Setup,
    user=st.just("user-1"),
    company=st.just(COMPANY),
    filter=st.sampled_from([{}, {"city": "London"}]),
    direction=st.sampled_from(Direction),
    conflict_policy=st.sampled_from(ConflictPolicy),
    on_business_central_delete=st.sampled_from(OnBusinessCentralDelete),
    on_outlook_delete=st.sampled_from(OnOutlookDelete),
    on_leave_scope=st.sampled_from(OnLeaveScope),
)
MARKERS = st.sampled_from(
    [None, Marker("elsewhere", "Production", COMPANY, "bc-0"), *(own_marker(f"bc-{n}") for n in range(5))]
)


@st.composite
def observations(draw: st.DrawFn) -> Given:
    """A few contacts in every state, edited, deleted, moved, copied; some sides unread."""
    links, people, cards = [], [], []
    gone: set[str] = set()
    away: dict[str, Whereabouts] = {}
    for n in range(draw(st.integers(0, 4))):
        bc = replace(
            person(id=f"bc-{n}", number=f"KT{n}"), email=draw(st.sampled_from(["a@x.example", f"p{n}@x"]))
        )
        copy = card(id=f"ol-{n}", emails=(bc.email,), marker=own_marker(bc.id))
        state = draw(st.sampled_from([None, *LinkState, LinkState.LINKED, LinkState.LINKED]))
        if state is LinkState.CREATING:
            links.append(Link(bc.id, draw(st.sampled_from(["", copy.id])), state))
        elif state is not None:
            unseen = draw(st.sampled_from([{}, {}, {}, {"bc_prints": b"", "outlook_prints": b""}]))
            matched, private = draw(st.booleans()), draw(st.booleans())
            links.append(link(bc, copy, state=state, matched=matched, private=private, **unseen))
        where = draw(st.sampled_from(["here", "here", "here", "gone", "unread"]))
        if where == "here":
            edits: dict[str, Any] = draw(BC_EDITS)
            people.append(replace(bc, etag="b2" if edits else "b1", **edits))
        elif where == "gone":
            gone.add(bc.id)
        where = draw(st.sampled_from(["here", "here", "here", "gone", "moved", "unread"]))
        if where == "here":
            more: dict[str, Any] = draw(OUTLOOK_EDITS)
            bearing = draw(st.sampled_from([copy.marker, None]))
            cards.append(replace(copy, etag="o2", marker=bearing, **more))
        elif where != "unread" and state is not None:
            away[copy.id] = Whereabouts.GONE if where == "gone" else Whereabouts.MOVED_OUT
    for n in range(draw(st.integers(0, 2))):
        lone: dict[str, Any] = draw(OUTLOOK_EDITS)
        cards.append(replace(card(id=f"ol-lone-{n}", marker=draw(MARKERS)), **lone))
    return Given(
        tuple(links),
        tuple(people),
        tuple(cards),
        frozenset(gone),
        away,
        draw(st.frozensets(st.sampled_from(["ol-0", "ol-1"]))),
        draw(SETUPS),
        once=draw(st.sampled_from([None, None, None, {"city": "Paris"}])),
        bring_back=draw(st.booleans()),
        reevaluate=draw(st.booleans()),
    )


def planned(seen: Given) -> Plan:
    return decide(seen.links, seen.bc, seen.outlook, seen.rules)


def told(plan: Plan) -> tuple[list[str], int]:
    return sorted(map(repr, plan.steps)), plan.unchanged


many = settings(max_examples=150, deadline=None)


@many
@given(observations())
def test_any_observation_is_decided_and_always_in_the_same_way(seen: Given) -> None:
    plan = planned(seen)
    assert plan == planned(seen)
    keys = [step.key for step in plan]
    assert len(set(keys)) == len(keys)


@many
@given(observations(), st.randoms(use_true_random=False))
def test_the_order_in_which_contacts_were_read_does_not_matter(seen: Given, chance: random.Random) -> None:
    links, people, cards = list(seen.links), list(seen.people), list(seen.cards)
    for group in (links, people, cards):
        chance.shuffle(group)
    shuffled = replace(seen, links=tuple(links), people=tuple(people), cards=tuple(cards))
    assert told(planned(shuffled)) == told(planned(seen))


@many
@given(observations())
def test_every_contact_that_was_observed_is_accounted_for(seen: Given) -> None:
    plan = planned(seen)
    linked = {link.outlook_id for link in seen.links} | {link.bc_id for link in seen.links}
    named = {step.outlook_id for step in plan} | {step.bc_id for step in plan} | {step.related for step in plan}
    relinked = {step.link.outlook_id for step in plan if step.link}
    lone = {c.id for c in seen.cards} - linked - named - relinked
    if seen.once is None:
        assert lone == set()
        in_scope = {c.id for c in seen.people if seen.rules.scope(c) is None}
        assert in_scope <= linked | named


@many
@given(observations())
def test_links_stay_a_partial_bijection(seen: Given) -> None:
    after = carried_out(seen, planned(seen)).values()
    bound = [link.outlook_id for link in after if link.state in _BOUND and link.outlook_id]
    assert len(set(bound)) == len(bound)
    assert all(link.bc_id for link in after)


_BOUND = {LinkState.LINKED, LinkState.CREATING, LinkState.REMOVING, LinkState.DETACHED}


@many
@given(observations(), st.randoms(use_true_random=False))
def test_steps_may_be_carried_out_in_any_order(seen: Given, chance: random.Random) -> None:
    plan = planned(seen)
    steps = list(plan.steps)
    chance.shuffle(steps)
    assert carried_out(seen, Plan(tuple(steps), plan.unchanged)) == carried_out(seen, plan)


@many
@given(observations())
def test_one_source_contact_is_created_once(seen: Given) -> None:
    plan = planned(seen)
    made_in_bc = [step.outlook_id for step in plan.having(Effect.CREATE_BC)]
    made_in_outlook = [step.bc_id for step in plan.having(Effect.CREATE_OUTLOOK)]
    assert len(set(made_in_bc)) == len(made_in_bc)
    assert len(set(made_in_outlook)) == len(made_in_outlook)
    known = {a for c in seen.people for a in c.email.casefold().split(";")} - {""}
    for step in plan.having(Effect.CREATE_BC):
        assert step.outlook is not None
        assert known.isdisjoint(a.casefold() for a in step.outlook.contact.emails)


@many
@given(observations())
def test_nothing_of_a_blocked_contact_is_written_to_outlook_nor_outlooks_edits_to_it(seen: Given) -> None:
    for step in planned(seen):
        if step.bc is not None and step.bc.contact.privacy_blocked:
            assert step.effects <= {Effect.DELETE_OUTLOOK}


@many
@given(observations())
def test_only_persons_are_written(seen: Given) -> None:
    for step in planned(seen):
        if step.bc is not None and step.bc.contact.type != "Person":
            assert step.effects <= {Effect.DELETE_OUTLOOK}


@many
@given(observations())
def test_a_direction_is_never_gone_against(seen: Given) -> None:
    for step in planned(seen):
        if seen.setup.direction is Direction.TO_OUTLOOK:
            assert not step.effects & {Effect.CREATE_BC, Effect.UPDATE_BC}
        if seen.setup.direction is Direction.TO_BUSINESS_CENTRAL:
            assert not step.to_outlook
            assert not step.category
            assert Effect.CREATE_OUTLOOK not in step.effects


@many
@given(observations())
def test_nothing_private_goes_to_business_central(seen: Given) -> None:
    for step in planned(seen):
        if step.outlook is not None and step.outlook.contact.inspected and step.outlook.contact.private:
            assert not step.to_bc


_PUT_BACK = {Field.NAME, Field.EMAIL, Field.COMPANY, Field.COUNTRY}
_WITH_COUNTRY = {Field.CITY, Field.STATE, Field.POSTAL_CODE}


@many
@given(observations())
def test_a_write_carries_changed_fields_only(seen: Given) -> None:
    for step in planned(seen):
        then = step.before
        if then is None or not then.bc_prints or step.bc is None or step.outlook is None or _anew(step):
            continue
        in_bc = changed(then.bc_prints, step.bc.prints)
        in_outlook = changed(then.outlook_prints, step.outlook.prints)
        to_bc = {change.field for change in step.to_bc}
        if Field.COUNTRY in to_bc:
            to_bc -= _WITH_COUNTRY
        to_outlook = {change.field for change in step.to_outlook}
        assert to_bc <= in_outlook
        assert to_outlook <= in_bc | (in_outlook & _PUT_BACK)
        for field in to_bc | to_outlook:
            assert field in in_outlook or not same(field, step.bc.contact, step.outlook.contact, FIELD_CONTEXT)


def _anew(step: Step) -> bool:
    """A first meeting compares every field; so does one with another copy, whose link has no base yet."""
    meets = step.link is not None and not step.link.bc_prints
    return meets or step.before is None or step.before.state is not LinkState.LINKED or bool(step.forget)


@many
@given(observations(), st.lists(st.builds(lambda n: n, st.integers(0, 9)), min_size=1, max_size=5, unique=True))
def test_with_nothing_changed_there_is_nothing_to_do(seen: Given, numbers: list[int]) -> None:
    pairs: list[tuple[BcContact, OutlookContact]] = []
    for n in numbers:
        mail = f"p{n}@x.example"
        pairs.append(
            (person(id=f"bc-{n}", email=mail), card(id=f"ol-{n}", emails=(mail,), marker=own_marker(f"bc-{n}")))
        )
    still = Given(
        tuple(link(bc, copy) for bc, copy in pairs),
        tuple(bc for bc, _ in pairs),
        tuple(copy for _, copy in pairs),
        setup=seen.setup,
        bring_back=seen.bring_back,
        reevaluate=seen.reevaluate,
    )
    assert planned(still) == Plan((), len(pairs))
