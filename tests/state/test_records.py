"""What holds values for a while: conflict records, held items, removed copies."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from shared.errors import Refused
from shared.model import Field, Json, Side
from shared.state import Conflict, FieldConflict, HeldItem, RemovedCopy, Store
from tests.state.conftest import Clock, Who

CITY = FieldConflict(Field.CITY, "Köln", "Cologne", Side.OUTLOOK)


def test_conflicts_are_listed_newest_first(store: Store, who: Who, clock: Clock) -> None:
    old = store.conflicts.add(*who.pair, [Conflict("b1", "o1", "r1", (CITY,), name="Ann")])
    clock.forward(minutes=1)
    new = store.conflicts.add(*who.pair, [Conflict("b2", "o2", "r2", (CITY, CITY))])
    assert store.conflicts.page(*who.pair).items == [*new, *old]
    assert old[0].fields == (CITY,)


def test_conflict_of_a_repeated_slice_is_recorded_once(store: Store, who: Who, clock: Clock) -> None:
    conflict = Conflict("b1", "o1", "r1", (CITY,), at="2026-03-01T12:00:00.000Z")
    store.conflicts.add(*who.pair, [conflict])
    clock.forward(minutes=5)
    store.conflicts.add(*who.pair, [conflict])
    assert len(store.conflicts.all(*who.pair)) == 1


def test_conflicts_of_a_contact_are_found_by_either_id_and_marked_when_resolved(store: Store, who: Who) -> None:
    [mine, _other] = store.conflicts.add(
        *who.pair, [Conflict("b1", "o'1", "r1", (CITY,)), Conflict("b2", "o2", "r1", (CITY,))]
    )
    store.conflicts.resolve(*who.pair, mine)
    resolved = replace(mine, resolved=True)
    assert store.conflicts.of_contact(*who.pair, "b1") == [resolved]
    assert store.conflicts.of_contact(*who.pair, "o'1") == [resolved]
    assert store.conflicts.get(*who.pair, mine.id) == resolved


def test_expired_conflict_is_not_shown_and_then_forgotten(store: Store, who: Who, clock: Clock) -> None:
    store.conflicts.add(*who.pair, [Conflict("b1", "o1", "r1", (CITY,))])
    clock.forward(days=30, seconds=1)
    assert store.conflicts.page(*who.pair).items == []
    assert store.conflicts.of_contact(*who.pair, "b1") == []
    assert store.conflicts.purge(*who.pair, clock.now, 10) == 1
    assert store.conflicts.all(*who.pair) == []


def held(contact: str, name: str = "Ann") -> HeldItem:
    return HeldItem(Side.OUTLOOK, contact, "delete", {"name": name})


def test_what_a_run_did_not_decide_on_stays_as_it_was(store: Store, who: Who) -> None:
    [before] = store.held.replace(*who.pair, "r1", [held("a")])
    store.held.replace(*who.pair, "r2", [held("b")], kept=[before])
    assert [item.id for item in store.held.all(*who.pair)] == ["a", "b"]
    assert [item.id for item in store.held.confirm(*who.pair, "r2")] == ["b"]


def test_confirmation_covers_what_the_run_showed(store: Store, who: Who) -> None:
    store.held.replace(*who.pair, "r1", [held("a")])
    store.held.replace(*who.pair, "r2", [held("a"), held("b")])
    assert [item.id for item in store.held.confirm(*who.pair, "r1")] == ["a"]
    assert {item.id: item.confirmed_by for item in store.held.all(*who.pair)} == {"a": "r1", "b": ""}


def test_confirmation_does_not_cover_what_changed_since_it_was_shown(store: Store, who: Who) -> None:
    store.held.replace(*who.pair, "r1", [held("a", "Ann")])
    store.held.replace(*who.pair, "r2", [held("a", "Bea")])
    assert store.held.confirm(*who.pair, "r1") == []
    assert [item.confirmed_by for item in store.held.all(*who.pair)] == [""]


def test_confirmed_item_that_changes_before_it_goes_waits_again(store: Store, who: Who) -> None:
    store.held.replace(*who.pair, "r1", [held("a", "Ann"), held("b")])
    store.held.confirm(*who.pair, "r1")
    after = store.held.replace(*who.pair, "r2", [held("a", "Bea"), held("b")])
    assert {item.id: item.confirmed_by for item in after} == {"a": "", "b": "r1"}


def test_what_is_no_longer_due_is_no_longer_held(store: Store, who: Who) -> None:
    store.held.replace(*who.pair, "r1", [held("a"), held("b")])
    store.held.replace(*who.pair, "r2", [held("b")])
    assert [item.id for item in store.held.page(*who.pair).items] == ["b"]
    assert [item.id for item in store.held.confirm(*who.pair, "r1")] == ["b"]


def test_item_keeps_the_time_at_which_it_was_first_held(store: Store, who: Who, clock: Clock) -> None:
    [first] = store.held.replace(*who.pair, "r1", [held("a")])
    clock.forward(hours=1)
    [second] = store.held.replace(*who.pair, "r2", [held("a")])
    assert (second.at, second.shown_in) == (first.at, ("r1", "r2"))


def copy(run: str, bc_id: str, notes: str = "") -> RemovedCopy:
    contact: dict[str, Json] = {
        "givenName": "Ännä",
        "personalNotes": notes,
        "emailAddresses": [{"address": "a@x"}],
    }
    return RemovedCopy(run, bc_id, f"AAMk-{bc_id}=", contact)


def test_removed_copy_is_read_back_whole(store: Store, who: Who) -> None:
    notes = "".join(f"{number} é😀\r\n" for number in range(60_000))
    store.removed.save(*who.pair, [copy("r1", "b1", notes)])
    [found] = store.removed.of_run(*who.pair, "r1")
    assert found.contact == copy("r1", "b1", notes).contact


def test_copy_that_cannot_be_kept_is_refused_before_it_is_removed(store: Store, who: Who) -> None:
    notes = random.Random(1).randbytes(1_000_000).hex()
    with pytest.raises(Refused, match="room"):
        store.removed.save(*who.pair, [copy("r1", "b1", notes)])


def test_run_brings_back_its_own_removals_only_and_none_twice(store: Store, who: Who) -> None:
    store.removed.save(*who.pair, [copy("r1", "b1"), copy("r1", "b2"), copy("r10", "b3")])
    found = store.removed.of_run(*who.pair, "r1")
    assert [each.bc_id for each in found] == ["b1", "b2"]
    store.removed.delete(*who.pair, found[:1])
    assert [each.bc_id for each in store.removed.of_run(*who.pair, "r1")] == ["b2"]


def test_removed_copies_of_a_contact_come_latest_first(store: Store, who: Who, clock: Clock) -> None:
    store.removed.save(*who.pair, [copy("r2", "b1")])
    clock.forward(minutes=1)
    store.removed.save(*who.pair, [copy("r1", "b1"), copy("r1", "b2")])
    assert [each.run for each in store.removed.of_contact(*who.pair, "b1")] == ["r1", "r2"]
    assert [each.run for each in store.removed.of_contact(*who.pair, "AAMk-b2=")] == ["r1"]
    clock.forward(days=31)
    assert store.removed.of_contact(*who.pair, "b1") == []
    assert store.removed.purge(*who.pair, clock.now, 10) == 3
