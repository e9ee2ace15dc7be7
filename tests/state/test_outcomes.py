from __future__ import annotations

from datetime import timedelta

import pytest

from shared.model import Outcome, Reason, Side
from shared.state import ContactOutcome, Store
from shared.state.keys import stamp
from tests.state.conftest import Clock, Who


def skipped(number: int, side: Side = Side.BUSINESS_CENTRAL) -> ContactOutcome:
    return ContactOutcome(side, f"id/{number:03d}", Outcome.SKIPPED, Reason.NO_EMAIL)


def test_latest_outcome_replaces_the_former(store: Store, who: Who) -> None:
    first = ContactOutcome(
        Side.OUTLOOK,
        "AAMk=",
        Outcome.FAILED,
        Reason.REFUSED_BY_BUSINESS_CENTRAL,
        "t",
        "r",
        3,
        "n",
        True,
        "v",
        "b",
    )
    store.outcomes.save(*who.pair, [first])
    assert store.outcomes.get(*who.pair, [(Side.OUTLOOK, "AAMk=")]) == [first]
    second = ContactOutcome(Side.OUTLOOK, "AAMk=", Outcome.SKIPPED, Reason.DUPLICATE)
    store.outcomes.save(*who.pair, [second])
    assert store.outcomes.all(*who.pair) == [second]


def test_same_id_on_both_sides_is_two_contacts(store: Store, who: Who) -> None:
    store.outcomes.save(*who.pair, [skipped(1), skipped(1, Side.OUTLOOK)])
    store.outcomes.delete(*who.pair, [(Side.OUTLOOK, "id/001")])
    assert store.outcomes.all(*who.pair) == [skipped(1)]


@pytest.mark.parametrize("count", [1, 13, 70])
def test_some_outcomes_are_found(store: Store, who: Who, count: int) -> None:
    store.outcomes.save(*who.pair, [skipped(number) for number in range(80)])
    wanted = [skipped(number) for number in range(5, 5 + count)]
    found = store.outcomes.get(*who.pair, [(each.side, each.id) for each in wanted])
    assert sorted(found, key=lambda each: each.id) == wanted


def test_failed_contacts_are_due_when_their_time_has_come(store: Store, who: Who, clock: Clock) -> None:
    def failed(name: str, minutes: int) -> ContactOutcome:
        at = stamp(clock.now + timedelta(minutes=minutes))
        return ContactOutcome(Side.OUTLOOK, name, Outcome.FAILED, next_at=at)

    parked = ContactOutcome(Side.OUTLOOK, "parked", Outcome.FAILED, Reason.PARKED, parked=True)
    soon, late = failed("soon", 0), failed("late", 5)
    store.outcomes.save(*who.pair, [parked, late, soon, skipped(1)])
    assert store.outcomes.due(*who.pair, clock.now) == [soon]
    assert store.outcomes.next_due(*who.pair) == soon.next_at
    store.outcomes.delete(*who.pair, [(Side.OUTLOOK, "soon")])
    assert store.outcomes.next_due(*who.pair) == late.next_at
    clock.forward(minutes=5)
    assert store.outcomes.due(*who.pair, clock.now) == [late]


def test_nothing_waits_where_nothing_failed(store: Store, who: Who) -> None:
    store.outcomes.save(*who.pair, [skipped(1)])
    assert store.outcomes.next_due(*who.pair) == ""


def test_pages_hold_one_outcome_and_one_side_only(store: Store, who: Who) -> None:
    failed = ContactOutcome(Side.OUTLOOK, "f", Outcome.FAILED)
    store.outcomes.save(*who.pair, [skipped(1), skipped(2), skipped(1, Side.OUTLOOK), failed])
    assert store.outcomes.page(*who.pair, outcome=Outcome.FAILED).items == [failed]
    assert store.outcomes.page(*who.pair, side=Side.BUSINESS_CENTRAL).items == [skipped(1), skipped(2)]
    both = store.outcomes.page(*who.pair, outcome=Outcome.SKIPPED, side=Side.OUTLOOK)
    assert both.items == [skipped(1, Side.OUTLOOK)]
