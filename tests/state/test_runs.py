from __future__ import annotations

import random
from dataclasses import replace

import pytest

from shared.errors import StateConflict
from shared.model import Json, Setup
from shared.state import Counts, Mode, Run, RunKind, RunState, SideCounts, Store, Trigger
from tests.state.conftest import Clock, Who


def test_run_is_read_back_as_it_was_stored(store: Store, who: Who) -> None:
    run = Run(
        store.runs.new_id(*who.pair),
        *who.pair,
        kind=RunKind.PREVIEW,
        mode=Mode.FULL,
        trigger=Trigger.BUSINESS_CENTRAL,
        state=RunState.PARTIAL,
        phase="writing",
        done=3,
        total=9,
        counts=Counts(SideCounts(1, 2, 3), SideCounts(4, 5), unchanged=6, held=7),
        message="läuft",
        filter={"city": "B*"},
        setup=Setup(*who.pair, filter={"name": "A*"}),
        source="other",
        checkpoint={"todo": [f"{number:036d}" for number in range(20_000)], "more": {"none": None}},
        trace="00-abc-def-01",
    )
    stored = store.runs.create(run)
    assert stored.queued_at == "2026-03-01T12:00:00.000Z"
    assert store.runs.get(run.id) == stored
    assert replace(stored, queued_at="", expires="") == run


@pytest.mark.parametrize("text", ["", "x", "-", "a-b", "../x", "a'b-c", "ü-1"])
def test_run_that_never_was_is_none(store: Store, text: str) -> None:
    assert store.runs.get(text) is None


def test_second_run_with_one_id_is_refused(store: Store, who: Who) -> None:
    run = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair))
    with pytest.raises(StateConflict):
        store.runs.create(run)


def test_run_written_over_a_newer_one_is_refused(store: Store, who: Who) -> None:
    run = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair))
    store.runs.update(replace(run, done=1))
    with pytest.raises(StateConflict):
        store.runs.update(replace(run, done=2))
    found = store.runs.get(run.id)
    assert found is not None and found.done == 1


def test_run_that_was_never_read_is_not_written(store: Store, who: Who) -> None:
    with pytest.raises(ValueError, match="not read"):
        store.runs.update(Run("a-b", *who.pair))


def test_runs_of_a_setup_are_listed_newest_first_in_pages(store: Store, who: Who, clock: Clock) -> None:
    ids = []
    for _ in range(5):
        clock.forward(seconds=1)
        ids.append(store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair)).id)
    store.runs.create(Run(store.runs.new_id(who.user, "another"), who.user, "another"))
    first = store.runs.recent(*who.pair, size=3)
    second = store.runs.recent(*who.pair, size=3, continuation=first.next)
    assert [run.id for run in (*first.items, *second.items)] == ids[::-1]
    assert first.next and not second.next


def test_actions_come_back_in_order_and_in_pages(store: Store, who: Who) -> None:
    run = store.runs.new_id(*who.pair)
    actions: list[dict[str, Json]] = [{"number": number, "old": "ä", "new": None} for number in range(130)]
    following = store.runs.add_actions(run, 0, actions[:120])
    assert following == 120
    assert store.runs.add_actions(run, following, actions[120:]) == 130
    first = store.runs.actions(run, size=100)
    second = store.runs.actions(run, size=100, continuation=first.next)
    assert [*first.items, *second.items] == actions


def test_repeated_slice_leaves_no_twin_actions(store: Store, who: Who) -> None:
    run = store.runs.new_id(*who.pair)
    store.runs.add_actions(run, 0, [{"n": 1}, {"n": 2}])
    store.runs.add_actions(run, 0, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert store.runs.actions(run).items == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_actions_too_heavy_for_one_transaction_are_split(store: Store, who: Who) -> None:
    run = store.runs.new_id(*who.pair)
    # Random text hardly compresses: 40 × 150 kB are more than the 4 MiB of a transaction.
    noise = random.Random(1)
    heavy: list[dict[str, Json]] = [{"n": n, "text": noise.randbytes(150_000).hex()} for n in range(40)]
    store.runs.add_actions(run, 0, heavy)
    assert store.runs.actions(run).items == heavy


def test_preview_goes_after_a_day_and_a_run_after_the_retention(store: Store, who: Who, clock: Clock) -> None:
    preview = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair, kind=RunKind.PREVIEW))
    run = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair))
    store.runs.add_actions(preview.id, 0, [{"n": 1}])
    assert store.runs.purge(*who.pair, clock.now, 10) == 0
    clock.forward(days=1, seconds=1)
    assert store.runs.purge(*who.pair, clock.now, 10) == 1
    assert store.runs.get(preview.id) is None
    assert store.runs.actions(preview.id).items == []
    assert store.runs.get(run.id) is not None
    clock.forward(days=29)
    assert store.runs.purge(*who.pair, clock.now, 10) == 1
