"""What moves the base: only what really happened (spec/sync-rules.md §4, §5, §7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.core.advance import Done, advance, follow_up
from shared.core.guard import Brakes
from shared.core.plan import Effect, Step
from shared.core.snapshot import Wish, WishKind
from shared.model import (
    BcContact,
    Direction,
    Field,
    Limit,
    Link,
    LinkState,
    OnLeaveScope,
    Outcome,
    OutlookContact,
    Reason,
    Side,
)
from tests.core.builders import Given, card, couple, person, seen_bc, seen_outlook, stranger, values

CHIEF: dict[str, Any] = {"job_title": "Chief"}
LEAD: dict[str, Any] = {"job_title": "Lead"}


def the(given: Given, key: str = "bc-ada") -> Step:
    step = given.step(key)
    assert step is not None
    return step


def after(given: Given, done: Done, key: str = "bc-ada") -> Link:
    moved = advance(the(given, key), done, "run-1", "2026-01-02T00:00:00Z")
    assert moved is not None
    return moved


def next_run(given: Given, link_now: Link, bc: BcContact, outlook: OutlookContact) -> Step | None:
    return replace(given, links=(link_now,), people=(bc,), cards=(outlook,)).step("bc-ada")


def test_after_everything_arrived_the_next_run_has_nothing_to_do() -> None:
    given = couple(bc=CHIEF, outlook={"mobile": "+44 7700 900099"})
    bc, outlook = person(mobile="+44 7700 900099", **CHIEF), card(mobile="+44 7700 900099", **CHIEF)
    moved = after(given, Done(seen_bc(bc), seen_outlook(outlook)))
    assert next_run(given, moved, bc, outlook) is None


@pytest.mark.parametrize(
    ("effect", "arrived"),
    [(Effect.UPDATE_BC, Field.JOB_TITLE), (Effect.UPDATE_OUTLOOK, Field.MOBILE)],
)
def test_a_half_that_failed_is_seen_again_and_the_other_half_is_not(effect: Effect, arrived: Field) -> None:
    given = couple(bc=CHIEF, outlook={"mobile": "+44 7700 900099"})
    bc, outlook = given.people[0], given.cards[0]
    if effect is Effect.UPDATE_BC:
        outlook = replace(outlook, **CHIEF)
        done = Done(None, seen_outlook(outlook), frozenset({effect}))
    else:
        bc = replace(bc, mobile="+44 7700 900099")
        done = Done(seen_bc(bc), None, frozenset({effect}))
    again = next_run(given, after(given, done), bc, outlook)
    assert again is not None
    assert again.effects == {effect}
    assert arrived not in {**values(again.to_bc), **values(again.to_outlook)}


@pytest.mark.parametrize(
    ("effect", "etags"), [(Effect.UPDATE_BC, ("b2", "")), (Effect.UPDATE_OUTLOOK, ("", "o2"))]
)
def test_a_side_whose_change_did_not_arrive_counts_as_unread(effect: Effect, etags: tuple[str, str]) -> None:
    given = couple(bc=CHIEF, outlook={"mobile": "+44 7700 900099"})
    moved = after(given, Done(failed=frozenset({effect})))
    assert (moved.bc_etag, moved.outlook_etag) == etags


def test_a_held_step_moves_nothing() -> None:
    given = couple(bc=None, brakes=Brakes(Limit(0, 0), Limit(0, 0), links=1))
    step = the(given)
    assert step.held
    assert advance(step, Done(), "run-1", "") == step.before


@pytest.mark.parametrize("failed", [Effect.UPDATE_BC, Effect.DELETE_OUTLOOK])
def test_a_copy_is_only_removed_once_its_edits_have_arrived(failed: Effect) -> None:
    given = couple(bc={"city": "Paris"}, outlook=LEAD)
    step = the(given)
    assert step.effects == {Effect.UPDATE_BC, Effect.DELETE_OUTLOOK}
    assert after(given, Done(failed=frozenset({failed}))) == step.before


def test_a_copy_that_is_to_be_kept_is_only_let_go_once_its_edits_have_arrived() -> None:
    given = couple(bc={"city": "Paris"}, outlook=LEAD, setup={"on_leave_scope": OnLeaveScope.KEEP})
    failed = after(given, Done(failed=frozenset({Effect.UPDATE_BC})))
    assert failed.state is LinkState.LINKED
    again = next_run(given, failed, given.people[0], given.cards[0])
    assert again is not None
    assert values(again.to_bc) == {Field.JOB_TITLE: "Lead"}


def test_a_creation_that_failed_leaves_no_link() -> None:
    given = Given(people=(person(),))
    assert advance(the(given), Done(failed=frozenset({Effect.CREATE_OUTLOOK})), "run-1", "") is None


def test_a_contact_created_in_business_central_is_linked_even_where_its_marking_failed() -> None:
    given = Given(cards=(stranger(),))
    made = seen_bc(person(id="bc-made"))
    moved = after(given, Done(made, None, frozenset({Effect.UPDATE_OUTLOOK})), "outlook:ol-ada")
    assert (moved.bc_id, moved.outlook_id) == ("bc-made", "ol-ada")
    again = replace(given, links=(moved,), people=(made.contact,)).step("bc-made")
    assert again is not None
    assert again.mark


# --- what Business Central makes of a write ---------------------------------------------------------


def test_what_business_central_rewrites_goes_on_to_outlook_in_the_same_run() -> None:
    given = couple(outlook={"postal_code": "EC1A 1BB", "city": "Londn"})
    step = the(given)
    answer = seen_bc(person(postal_code="EC1A 1BB", city="London", state="Greater London"))
    told = {change.field: change.new for change in follow_up(step, answer, given.rules)}
    assert told == {Field.CITY: "London", Field.STATE: "Greater London"}


@pytest.mark.parametrize("city", ["London", "Hamburg"])
def test_a_city_that_our_own_country_emptied_is_put_back_where_the_answer_got_lost(city: str) -> None:
    outlook = {"country": "Germany", "city": city}
    given = couple(bc={"country": "DE", "city": ""}, outlook=outlook, setup={"filter": {}})
    step = the(given)
    assert values(step.to_bc) == {Field.CITY: city}
    assert (step.to_outlook, step.conflicts) == ((), ())


def test_a_city_that_someone_emptied_in_business_central_stays_empty() -> None:
    step = the(couple(bc={"city": ""}, outlook={"country": "Germany"}, setup={"filter": {}}))
    assert values(step.to_outlook) == {Field.CITY: ""}


def test_what_outlook_could_not_be_told_is_told_by_the_next_run() -> None:
    given = couple(outlook={"postal_code": "EC1A 1BB"})
    answer = seen_bc(person(postal_code="EC1A 1BB", state="Greater London"))
    told = frozenset(change.field for change in follow_up(the(given), answer, given.rules))
    moved = after(given, Done(answer, told=told))
    again = next_run(given, moved, answer.contact, given.cards[0])
    assert again is not None
    assert values(again.to_outlook) == {Field.STATE: "Greater London"}


def test_with_direction_to_business_central_outlook_is_told_nothing() -> None:
    given = couple(outlook={"postal_code": "EC1A 1BB"}, setup={"direction": Direction.TO_BUSINESS_CENTRAL})
    answer = seen_bc(person(postal_code="EC1A 1BB", state="Greater London"))
    assert follow_up(the(given), answer, given.rules) == ()


def test_what_the_answer_takes_back_is_not_told_to_outlook_as_planned() -> None:
    """The new company brings its own address, which empties the country that was on its way to Outlook."""
    given = couple(bc={"country": "DE"}, outlook={"company_name": "Other Works"})
    step = the(given)
    assert values(step.to_outlook) == {Field.COUNTRY: "Germany"}
    answer = seen_bc(person(company_number="KT101", company_name="Other Works", country=""))
    told = {change.field: change.new for change in follow_up(step, answer, given.rules)}
    assert told == {Field.COUNTRY: ""}


def test_a_country_that_the_post_code_brings_back_is_told_to_outlook() -> None:
    given = couple(outlook={"country": "DE", "postal_code": "EC1A 1BB"})
    step = the(given)
    assert values(step.to_bc)[Field.COUNTRY] == "DE"
    answer = seen_bc(person(postal_code="EC1A 1BB", country="GB"))
    told = {change.field: change.new for change in follow_up(step, answer, given.rules)}
    assert told == {Field.COUNTRY: "Great Britain"}


def test_at_a_first_meeting_too_outlook_is_told_what_the_answer_took_back() -> None:
    contact, met = person(company_number="", company_name=""), stranger(company_name="Other Works")
    given = Given(people=(contact,), cards=(met,))
    step = the(given)
    assert values(step.to_bc) == {Field.COMPANY: "KT101"}
    answer = seen_bc(replace(contact, company_number="KT101", company_name="Other Works", country=""))
    told = {change.field: change.new for change in follow_up(step, answer, given.rules)}
    assert told == {Field.COUNTRY: ""}


def test_a_planned_value_that_the_answer_bears_out_is_told_once() -> None:
    given = couple(bc={"job_title": "Chief"}, outlook={"mobile": "+44 1"})
    answer = seen_bc(person(job_title="Chief", mobile="+44 1"))
    assert follow_up(the(given), answer, given.rules) == ()


def test_a_value_that_business_central_could_not_take_is_not_written_over_by_its_answer() -> None:
    given = couple(outlook={"country": "Atlantis", "postal_code": "EC1A 1BB"})
    answer = seen_bc(person(country="DE", postal_code="EC1A 1BB"))
    assert follow_up(the(given), answer, given.rules) == ()


# --- what does not fit -------------------------------------------------------------------------------

LONG = f"{'z' * 60}@works.example"


def test_an_address_added_that_does_not_fit_is_told_although_nothing_flows() -> None:
    given = couple(outlook={"emails": ("ada@works.example", LONG)})
    step = the(given)
    assert (step.effects, step.reasons) == (frozenset(), (Reason.TRUNCATED,))
    moved = after(given, Done())
    assert moved.note is Reason.TRUNCATED
    assert next_run(given, moved, given.people[0], given.cards[0]) is None


@pytest.mark.parametrize("synced", [True, False])
@pytest.mark.parametrize(
    ("edit", "held", "lost"),
    [
        ({"emails": ("ada@works.example", LONG)}, {}, (Field.EMAIL, f"ada@works.example;{LONG}")),
        ({"job_title": "x" * 40}, {"job_title": "x" * 30}, (Field.JOB_TITLE, "x" * 40)),
    ],
)
def test_what_did_not_fit_stands_in_the_record_when_its_copy_goes(
    edit: dict[str, Any], held: dict[str, Any], lost: tuple[Field, str], synced: bool
) -> None:
    given = couple(outlook=edit)
    if synced:
        given = replace(given, links=(after(given, Done(seen_bc(person(**held)))),))
    gone = the(replace(given, people=(person(**held, privacy_blocked=True, etag="b9"),)))
    assert Effect.DELETE_OUTLOOK in gone.effects
    assert [(c.field, c.lost) for c in gone.conflicts] == [lost]


# --- two names ---------------------------------------------------------------------------------------


def test_a_display_name_that_lost_is_kept_as_it_was_written() -> None:
    step = the(couple(bc={"display_name": "Ada King"}, outlook={"display_name": "The Countess"}))
    assert values(step.to_outlook) == {Field.NAME: "Ada King"}
    assert [(c.field, c.lost, c.lost_side) for c in step.conflicts] == [
        (Field.NAME, "The Countess", Side.OUTLOOK)
    ]


@pytest.mark.parametrize(
    ("edited", "lost"),
    [({"given_name": "Augusta"}, "Augusta Lovelace"), ({"display_name": "Ada L."}, "Ada L.")],
)
def test_either_name_edited_in_a_copy_that_goes_is_kept(edited: dict[str, object], lost: str) -> None:
    step = the(couple(bc={"privacy_blocked": True}, outlook=edited))
    assert step.effects == {Effect.DELETE_OUTLOOK}
    assert [(c.field, c.lost) for c in step.conflicts] == [(Field.NAME, lost)]


# --- values that rest -------------------------------------------------------------------------------


def rested(**outlook: object) -> tuple[Given, Link]:
    given = couple(outlook=outlook)
    return given, after(given, Done())


@pytest.mark.parametrize(
    ("outlook", "reason", "bc", "field"),
    [
        ({"mobile": "CALL ME"}, Reason.PHONE_HAS_LETTERS, {"mobile": "+44 1"}, Field.MOBILE),
        ({"country": "Atlantis"}, Reason.COUNTRY_UNKNOWN, {"country": "DE"}, Field.COUNTRY),
        ({"company_name": "No Such"}, Reason.COMPANY_NOT_FOUND, {"company_name": "New"}, Field.COMPANY),
        ({"company_name": "Twin Works"}, Reason.COMPANY_AMBIGUOUS, {"company_name": "New"}, Field.COMPANY),
    ],
)
def test_a_value_that_rests_in_outlook_is_kept_in_the_record_when_it_is_written_over(
    outlook: dict[str, object], reason: Reason, bc: dict[str, object], field: Field
) -> None:
    given, moved = rested(**outlook)
    assert moved.note is reason
    edited = replace(person(etag="b3"), **bc)  # type: ignore[arg-type]
    step = next_run(given, moved, edited, given.cards[0])
    assert step is not None
    (conflict,) = step.conflicts
    assert (conflict.field, conflict.lost_side) == (field, Side.OUTLOOK)
    assert conflict.lost in outlook.values()


def test_a_note_of_what_rests_outlives_other_edits_and_goes_with_its_cause() -> None:
    given, moved = rested(mobile="CALL ME")
    edited = person(etag="b3", **CHIEF)
    step = next_run(given, moved, edited, given.cards[0])
    assert step is not None
    assert step.link is not None
    assert step.link.note is Reason.PHONE_HAS_LETTERS
    mended = replace(given.cards[0], etag="o3", mobile="+44 2")
    step = next_run(given, moved, person(), mended)
    assert step is not None
    assert step.link is not None
    assert step.link.note is None


def test_a_value_that_rests_is_no_reason_to_write_again() -> None:
    given, moved = rested(mobile="CALL ME")
    assert next_run(given, moved, person(), given.cards[0]) is None


def test_a_copy_in_which_a_value_rests_outlives_its_contact() -> None:
    given, moved = rested(mobile="CALL ME")
    gone = replace(given, links=(moved,), people=(), gone=frozenset({"bc-ada"}))
    assert the(gone).reasons == (Reason.KEPT_EDITED,)


def test_an_address_that_rests_in_outlook_outlives_a_new_one_from_business_central() -> None:
    bad = ("ada@works.example", "ada at home")
    given, moved = rested(emails=bad)
    step = next_run(given, moved, person(etag="b3", email="new@works.example"), given.cards[0])
    assert step is not None
    assert values(step.to_outlook) == {Field.EMAIL: "new@works.example;ada at home"}
    assert not step.conflicts


# --- what waits -------------------------------------------------------------------------------------


def test_an_edit_that_waited_for_its_direction_flows_once_it_may() -> None:
    given = couple(outlook=LEAD, setup={"direction": Direction.TO_OUTLOOK})
    moved = after(given, Done())
    assert moved.note is Reason.DIRECTION_OFF
    step = next_run(given.choosing(direction=Direction.BOTH), moved, person(), given.cards[0])
    assert step is not None
    assert values(step.to_bc) == {Field.JOB_TITLE: "Lead"}


@pytest.mark.parametrize("direction", [Direction.TO_OUTLOOK, Direction.BOTH])
def test_a_value_that_only_outlook_had_at_a_first_meeting_stands_until_it_may_flow(
    direction: Direction,
) -> None:
    bc, mine = person(mobile=""), stranger()
    given = Given(people=(bc,), cards=(mine,)).choosing(direction=Direction.TO_OUTLOOK)
    marked = card()
    moved = after(given, Done(None, seen_outlook(marked)))
    step = next_run(given.choosing(direction=direction), moved, bc, marked)
    assert step is not None
    assert (step.conflicts, step.to_outlook) == ((), ())
    flows = {Field.MOBILE: mine.mobile} if direction is Direction.BOTH else {}
    assert values(step.to_bc) == flows


def test_an_edit_of_a_private_contact_flows_once_the_mark_is_gone() -> None:
    given = couple(outlook=LEAD | {"private": True})
    moved = after(given, Done())
    assert moved.private
    step = next_run(given, moved, person(), replace(given.cards[0], private=False))
    assert step is not None
    assert values(step.to_bc) == {Field.JOB_TITLE: "Lead"}


def test_while_nobody_looked_again_a_contact_stays_private() -> None:
    given = couple(outlook=LEAD | {"private": True})
    moved = after(given, Done())
    unlooked = replace(given.cards[0], private=False, inspected=False, marker=None)
    step = next_run(given, moved, person(), unlooked)
    assert step is not None
    assert not step.writes


# --- a filter for one run ---------------------------------------------------------------------------

PARIS: dict[str, Any] = {"city": "Paris"}


def test_a_filter_for_one_run_limits_what_it_writes_and_removes_nothing() -> None:
    given = couple(bc=CHIEF)
    assert replace(given, once=PARIS).step("bc-ada") is None
    gone = couple(bc=None)
    assert replace(gone, once=PARIS).step("bc-ada") is None


def test_what_a_filter_for_one_run_brought_in_has_not_left_the_stored_one() -> None:
    parisian = person(**PARIS)
    given = replace(couple(), links=(), people=(parisian,), cards=(), once=PARIS)
    step = the(given)
    assert step.effects == {Effect.CREATE_OUTLOOK}
    assert step.reasons == (Reason.OUTSIDE_FILTER,)
    moved = after(given, Done(outlook=seen_outlook(card(**PARIS))))
    later = replace(
        given, once=None, links=(moved,), cards=(card(**PARIS),), people=(replace(parisian, etag="b9"),)
    )
    assert not the(later).writes


def test_what_left_the_stored_filter_is_removed_after_a_one_run_filter_updated_it() -> None:
    given = replace(couple(bc=PARIS | CHIEF), once=PARIS)
    assert the(given).outcome is Outcome.UPDATED
    updated = card(**PARIS, **CHIEF)
    moved = after(given, Done(outlook=seen_outlook(updated)))
    step = next_run(replace(given, once=None), moved, given.people[0], updated)
    assert step is not None
    assert step.effects == {Effect.DELETE_OUTLOOK}


# --- the other value of a conflict ------------------------------------------------------------------


def wish(field: Field, value: str) -> dict[str, Wish]:
    return {"bc-ada": Wish(WishKind.TAKE_OTHER, "bc-ada", ((field, value),))}


def test_taking_the_other_value_writes_it_on_both_sides() -> None:
    step = the(couple(wishes=wish(Field.JOB_TITLE, "Lead")))
    assert values(step.to_bc) == values(step.to_outlook) == {Field.JOB_TITLE: "Lead"}


def test_taking_another_company_or_country_translates_it() -> None:
    step = the(couple(wishes=wish(Field.COMPANY, "Other Works")))
    assert (values(step.to_bc), values(step.to_outlook)) == (
        {Field.COMPANY: "KT101"},
        {Field.COMPANY: "Other Works"},
    )
    step = the(couple(wishes=wish(Field.COUNTRY, "DE")))
    assert values(step.to_outlook) == {Field.COUNTRY: "Germany"}
    assert values(step.to_bc)[Field.COUNTRY] == "DE"


def test_taking_the_other_value_does_not_swallow_other_edits() -> None:
    given = couple(
        bc={"website": "https://new.example"}, outlook={"mobile": "+44 2"}, wishes=wish(Field.JOB_TITLE, "Lead")
    )
    step = the(given)
    assert values(step.to_bc) == {Field.JOB_TITLE: "Lead", Field.MOBILE: "+44 2"}
    assert values(step.to_outlook) == {Field.JOB_TITLE: "Lead", Field.WEBSITE: "https://new.example"}


def test_taking_the_other_value_keeps_a_newer_one_in_the_record() -> None:
    step = the(couple(outlook=CHIEF, wishes=wish(Field.JOB_TITLE, "Lead")))
    assert [(c.kept, c.lost, c.lost_side) for c in step.conflicts] == [("Lead", "Chief", Side.OUTLOOK)]


@pytest.mark.parametrize(
    ("direction", "effects"),
    [
        (Direction.TO_OUTLOOK, {Effect.UPDATE_OUTLOOK}),
        (Direction.TO_BUSINESS_CENTRAL, {Effect.UPDATE_BC}),
    ],
)
def test_taking_the_other_value_is_bound_by_the_direction(direction: Direction, effects: set[Effect]) -> None:
    given = couple(setup={"direction": direction}, wishes=wish(Field.JOB_TITLE, "Lead"))
    assert the(given).effects == effects
    assert Reason.DIRECTION_OFF in the(given).reasons
