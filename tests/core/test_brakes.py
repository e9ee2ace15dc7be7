"""The brakes (spec/sync-rules.md §6): counted, held, confirmed, bound to what was shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.core.guard import ABSOLUTE_LIMIT, Brakes, bind, exceeded, guard
from shared.core.plan import Effect, Plan, Step
from shared.model import ConflictPolicy, Limit, Outcome, Reason
from tests.core.builders import Given, card, couple, link, own_marker, person, stranger

WIDE = Limit(10_000, 100)


def crowd(deleted: int, edited: int, total: int) -> Plan:
    """So many pairs, of which some were deleted in Business Central and some edited in Outlook."""
    links, people, cards = [], [], []
    for n in range(total):
        bc = person(id=f"bc-{n}", number=f"KT{n}", email=f"p{n}@works.example")
        copy = card(id=f"ol-{n}", emails=(f"p{n}@works.example",), marker=own_marker(f"bc-{n}"))
        links.append(link(bc, copy))
        if n >= deleted:
            people.append(bc)
        cards.append(replace(copy, job_title="Lead") if deleted <= n < deleted + edited else copy)
    gone = frozenset(f"bc-{n}" for n in range(deleted))
    return Given(tuple(links), tuple(people), tuple(cards), gone).plan()


def brakes(links: int, **more: object) -> Brakes:
    return replace(Brakes(Limit(10, 20), Limit(50, 20), links), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("planned", "done", "links", "held"),
    [
        (10, 0, 10, False),  # every one of them, but no more than the count
        (11, 0, 55, False),  # more than the count, but just 20 %
        (11, 0, 54, True),  # more than the count and more than 20 %
        (6, 5, 54, True),  # the same, spread over a day
        (1, 0, 0, False),
        (100, 0, 5000, False),
        (101, 0, 5000, True),  # 2 % only, but more than 100
        (1, 100, 5000, True),
        (0, 500, 5000, False),  # nothing to hold
    ],
)
def test_a_brake_takes_count_and_percent_or_a_hundred(planned: int, done: int, links: int, held: bool) -> None:
    assert exceeded(Limit(10, 20), planned, done, links) is held


def test_99_of_100_gone_deletes_nothing() -> None:
    verdict = guard(crowd(99, 0, 100), brakes(100))
    assert verdict.held == 99
    assert verdict.plan.writes == 0
    assert "99" in verdict.why[0]


def test_beyond_one_brake_everything_else_is_applied() -> None:
    verdict = guard(crowd(30, 5, 100), brakes(100))
    assert verdict.held == 30
    assert verdict.plan.writes == 5
    assert {step.outcome for step in verdict.plan if step.held} == {Outcome.HELD}
    assert all(Reason.BRAKE in step.reasons for step in verdict.plan if step.held)


def test_changes_in_business_central_have_a_brake_of_their_own() -> None:
    verdict = guard(crowd(5, 60, 100), brakes(100))
    assert verdict.held == 60
    assert [step.effects for step in verdict.plan if step.writes] == [{Effect.DELETE_OUTLOOK}] * 5


def test_creations_in_business_central_count_as_changes() -> None:
    cards = tuple(stranger(id=f"ol-{n}", emails=(f"p{n}@works.example",)) for n in range(51))
    verdict = guard(Given(cards=cards).plan(), brakes(0))
    assert verdict.held == 51


def test_overwrites_in_outlook_have_no_brake() -> None:
    given = couple(bc={"job_title": "Chief"})
    assert guard(given.plan(), brakes(1, max_deletes=Limit(0, 0), max_changes=Limit(0, 0))).held == 0


def test_small_runs_of_one_day_are_added_up() -> None:
    plan = crowd(5, 5, 50)
    assert guard(plan, brakes(50)).held == 0
    assert guard(plan, brakes(50, deleted=6)).held == 5
    assert guard(plan, brakes(50, changed=46)).held == 5


def test_more_than_a_hundred_a_day_are_held_however_wide_the_brakes() -> None:
    plan = crowd(ABSOLUTE_LIMIT + 1, 0, 200)
    assert guard(plan, Brakes(WIDE, WIDE, 200)).held == ABSOLUTE_LIMIT + 1


def test_an_empty_answer_holds_even_one_deletion() -> None:
    assert guard(crowd(1, 0, 1), brakes(1, empty_read=True)).held == 1


def test_what_always_waits_is_held_and_the_rest_goes() -> None:
    plan = crowd(1, 1, 10)
    verdict = guard(plan, brakes(10, waits=lambda step: Effect.UPDATE_BC in step.effects))
    assert [step.held for step in verdict.plan if step.held] == [{Effect.UPDATE_BC}]
    assert verdict.plan.writes == 1


# --- confirmations ----------------------------------------------------------------------------------


def shown(plan: Plan) -> dict[str, str]:
    return {step.key: step.digest() for step in plan if step.writes}


def test_a_confirmation_lets_go_what_was_shown() -> None:
    plan = crowd(30, 0, 100)
    assert guard(plan, brakes(100, confirmed=shown(plan))).held == 0


def test_a_confirmation_covers_no_more_than_what_was_shown() -> None:
    earlier, now = crowd(30, 0, 100), crowd(50, 0, 100)
    verdict = guard(now, brakes(100, confirmed=shown(earlier)))
    assert verdict.held == 20
    assert {step.key for step in verdict.plan if step.writes} == {f"bc-{n}" for n in range(30)}


def test_a_confirmed_step_that_has_changed_waits_again() -> None:
    tight = {"max_changes": Limit(0, 0)}
    confirmed = shown(couple(outlook={"job_title": "Lead"}).plan())
    same = couple(outlook={"job_title": "Lead"}).plan()
    other = couple(outlook={"job_title": "Head"}).plan()
    assert guard(same, brakes(1, confirmed=confirmed, **tight)).held == 0
    assert guard(other, brakes(1, confirmed=confirmed, **tight)).held == 1


def test_held_items_are_decided_anew_and_what_is_no_longer_due_is_gone() -> None:
    confirmed = shown(crowd(30, 0, 100))
    verdict = guard(crowd(0, 0, 100), brakes(100, confirmed=confirmed))
    assert verdict.held == 0
    assert verdict.plan.writes == 0


# --- previews ---------------------------------------------------------------------------------------


def digests(step: Step | None) -> str:
    assert step is not None
    return step.digest()


def test_applying_a_preview_does_what_was_shown_and_nothing_else() -> None:
    preview, now = crowd(2, 3, 10), crowd(2, 5, 10)
    bound = bind(now, shown(preview))
    assert {step.key for step in bound if step.writes} == {f"bc-{n}" for n in range(5)}


def test_what_moved_since_the_preview_is_left() -> None:
    preview = shown(couple(outlook={"job_title": "Lead"}).plan())
    assert bind(couple(outlook={"job_title": "Head"}).plan(), preview).writes == 0


def test_a_value_that_would_be_written_over_unseen_is_not_what_was_shown() -> None:
    wins = {"conflict_policy": ConflictPolicy.OUTLOOK}
    before = couple(outlook={"job_title": "Lead"}, setup=wins)
    meanwhile = couple(bc={"job_title": "Chief"}, outlook={"job_title": "Lead"}, setup=wins)
    assert digests(before.step("bc-ada")) != digests(meanwhile.step("bc-ada"))


def test_a_digest_says_nothing_of_the_contact() -> None:
    digest = digests(couple(bc={"job_title": "Chief"}).step("bc-ada"))
    assert "Chief" not in digest
    assert len(digest) == 24
