from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from shared.state import Mode, Run, Store, Trigger
from tests.state.conftest import Clock, Who


def new_run(store: Store, who: Who, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.TIMER) -> Run:
    return Run(store.runs.new_id(*who.pair), *who.pair, mode=mode, trigger=trigger)


def test_request_joins_the_run_that_waits(store: Store, who: Who) -> None:
    first = store.run_queue.claim(new_run(store, who))
    second = store.run_queue.claim(new_run(store, who))
    assert (first.created, first.send) == (True, True)
    assert (second.run, second.created, second.send) == (first.run, False, False)
    assert [run.id for run in store.runs.recent(*who.pair).items] == [first.run]


def test_wider_mode_wins_and_is_never_narrowed_again(store: Store, who: Who) -> None:
    first = store.run_queue.claim(new_run(store, who))
    store.run_queue.claim(new_run(store, who, Mode.FULL))
    store.run_queue.claim(new_run(store, who, Mode.INCREMENTAL))
    waiting = store.run_queue.waiting(*who.pair)
    assert waiting is not None and waiting.mode is Mode.FULL
    run = store.runs.get(first.run)
    assert run is not None and run.mode is Mode.FULL


def test_what_a_person_asked_for_stays_so_in_a_timers_run(store: Store, who: Who) -> None:
    first = store.run_queue.claim(new_run(store, who, trigger=Trigger.TIMER))
    store.run_queue.claim(new_run(store, who, trigger=Trigger.MANUAL))
    store.run_queue.claim(new_run(store, who, trigger=Trigger.GRAPH))
    run = store.runs.get(first.run)
    assert run is not None and run.trigger is Trigger.MANUAL


def test_requests_at_once_make_one_run(store: Store, who: Who) -> None:
    runs = [new_run(store, who) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        claimed = list(pool.map(store.run_queue.claim, runs))
    assert len({each.run for each in claimed}) == 1
    assert sum(each.created for each in claimed) == 1
    assert len(store.runs.recent(*who.pair).items) == 1


def test_run_that_waits_for_too_long_gets_another_message(store: Store, who: Who, clock: Clock) -> None:
    first = store.run_queue.claim(new_run(store, who))
    clock.forward(minutes=3)
    late = store.run_queue.claim(new_run(store, who))
    assert (late.run, late.created, late.send) == (first.run, False, True)
    assert store.run_queue.claim(new_run(store, who)).send is False


def test_run_whose_row_was_never_written_is_made_good(store: Store, who: Who, clock: Clock) -> None:
    """The process died between the queue's row and the run's."""
    first = store.run_queue.claim(new_run(store, who))
    store.runs.clear(*who.pair)
    clock.forward(minutes=3)
    store.run_queue.claim(new_run(store, who, Mode.FULL))
    run = store.runs.get(first.run)
    assert run is not None and run.mode is Mode.FULL


def test_only_the_run_itself_leaves_the_queue(store: Store, who: Who) -> None:
    first = store.run_queue.claim(new_run(store, who))
    store.run_queue.clear(*who.pair, "another")
    assert store.run_queue.waiting(*who.pair) is not None
    store.run_queue.clear(*who.pair, first.run)
    assert store.run_queue.waiting(*who.pair) is None


def test_same_key_stands_for_the_same_run(store: Store, who: Who) -> None:
    scope = who.user
    assert store.idempotency.remember(scope, "k/1?", "run-1", "digest").run == "run-1"
    again = store.idempotency.remember(scope, "k/1?", "run-2", "other")
    assert (again.run, again.request) == ("run-1", "digest")
    assert store.idempotency.remember(scope + "x", "k/1?", "run-3", "digest").run == "run-3"


def test_key_follows_a_run_that_joined_another(store: Store, who: Who) -> None:
    store.idempotency.remember(who.user, "k", "run-1", "digest")
    store.idempotency.point(who.user, "k", "run-0")
    again = store.idempotency.remember(who.user, "k", "run-2", "digest")
    assert (again.run, again.request) == ("run-0", "digest")


def test_same_key_at_once_stands_for_one_run(store: Store, who: Who) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda n: store.idempotency.remember(who.user, "k", f"run-{n}", "d").run, range(4))
        )
    assert len(set(found)) == 1


def test_run_asked_for_again_by_its_own_id_is_the_same_run(store: Store, who: Who) -> None:
    run = new_run(store, who)
    store.run_queue.claim(run)
    again = store.run_queue.claim(replace(run))
    assert (again.run, again.created, again.send) == (run.id, True, True)
