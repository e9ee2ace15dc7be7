from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.errors import LeaseLost
from shared.state import Mode, Run, Store, Trigger
from tests.state.conftest import Clock, Who


def test_second_run_does_not_get_the_lease(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    assert store.setups.acquire(*who.pair, "run-1", 60) is not None
    assert store.setups.acquire(*who.pair, "run-2", 60) is None


def test_of_runs_that_start_at_once_exactly_one_gets_the_lease(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda n: store.setups.acquire(*who.pair, f"run-{n}", 60), range(8)))
    assert sum(lease is not None for lease in leases) == 1


def test_setup_that_does_not_exist_has_no_lease(store: Store, who: Who) -> None:
    assert store.setups.acquire(*who.pair, "run-1", 60) is None


def test_expired_lease_is_taken_over_and_the_old_run_writes_nothing_more(
    store: Store, who: Who, clock: Clock
) -> None:
    store.setups.put(who.setup())
    old = store.setups.acquire(*who.pair, "run-1", 60)
    assert old is not None
    clock.forward(seconds=61)
    new = store.setups.acquire(*who.pair, "run-2", 60)
    assert new is not None
    with pytest.raises(LeaseLost):
        store.setups.renew(old, 60)
    with pytest.raises(LeaseLost):
        store.setups.save_state(old, replace(old.state, links=1))
    with pytest.raises(LeaseLost):
        store.setups.release(old, replace(old.state, links=1))
    found = store.setups.get(*who.pair)
    assert found is not None
    assert (found.state.links, found.state.lease_owner) == (0, "run-2")


def test_renewed_lease_outlives_its_first_end(store: Store, who: Who, clock: Clock) -> None:
    store.setups.put(who.setup())
    lease = store.setups.acquire(*who.pair, "run-1", 60)
    assert lease is not None
    clock.forward(seconds=50)
    store.setups.renew(lease, 60)
    clock.forward(seconds=50)
    assert store.setups.acquire(*who.pair, "run-2", 60) is None


def test_checkpoint_keeps_the_lease_as_renewed(store: Store, who: Who, clock: Clock) -> None:
    store.setups.put(who.setup())
    lease = store.setups.acquire(*who.pair, "run-1", 60)
    assert lease is not None
    before = lease.state
    clock.forward(seconds=50)
    renewed = store.setups.renew(lease, 60)
    store.setups.save_state(renewed, replace(before, links=9))
    found = store.setups.get(*who.pair)
    assert found is not None
    assert (found.state.lease_until, found.state.links) == (renewed.state.lease_until, 9)


def test_next_slice_of_the_same_run_gets_its_lease_again(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    store.setups.acquire(*who.pair, "run-1", 60)
    assert store.setups.acquire(*who.pair, "run-1", 60) is not None


def test_release_writes_the_final_state_and_frees_the_setup(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    lease = store.setups.acquire(*who.pair, "run-1", 60)
    assert lease is not None
    store.setups.release(lease, replace(lease.state, delta_link="d", links=3))
    next_lease = store.setups.acquire(*who.pair, "run-2", 60)
    assert next_lease is not None
    assert (next_lease.state.delta_link, next_lease.state.links) == ("d", 3)


def test_lease_and_waiting_run_are_taken_up_together(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    run = Run(store.runs.new_id(*who.pair), *who.pair, trigger=Trigger.TIMER)
    store.run_queue.claim(run)
    store.run_queue.claim(replace(run, id="later", mode=Mode.FULL, trigger=Trigger.MANUAL))
    lease = store.setups.acquire(*who.pair, run.id, 60, run.id)
    assert lease is not None and lease.queued is not None
    assert (lease.queued.run, lease.queued.mode, lease.queued.trigger) == (run.id, Mode.FULL, Trigger.MANUAL)
    assert store.run_queue.waiting(*who.pair) is None


def test_run_that_gets_no_lease_goes_on_waiting(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    store.setups.acquire(*who.pair, "busy", 60)
    run = Run(store.runs.new_id(*who.pair), *who.pair)
    store.run_queue.claim(run)
    assert store.setups.acquire(*who.pair, run.id, 60, run.id) is None
    waiting = store.run_queue.waiting(*who.pair)
    assert waiting is not None and waiting.run == run.id


def test_run_with_a_filter_leaves_the_waiting_run_in_its_place(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    plain = Run(store.runs.new_id(*who.pair), *who.pair)
    store.run_queue.claim(plain)
    lease = store.setups.acquire(*who.pair, "filtered", 60, "filtered")
    assert lease is not None and lease.queued is None
    waiting = store.run_queue.waiting(*who.pair)
    assert waiting is not None and waiting.run == plain.id


def test_no_request_is_lost_between_joining_and_taking_up(store: Store, who: Who) -> None:
    """A full run asked for while the waiting one is taken up is either part of it or a run of its own."""
    store.setups.put(who.setup())
    for _ in range(5):
        run = Run(store.runs.new_id(*who.pair), *who.pair, trigger=Trigger.TIMER)
        store.run_queue.claim(run)
        full = replace(run, id=store.runs.new_id(*who.pair), mode=Mode.FULL)
        with ThreadPoolExecutor(2) as pool:
            taking = pool.submit(store.setups.acquire, *who.pair, run.id, 60, run.id)
            claiming = pool.submit(store.run_queue.claim, full)
            lease, claimed = taking.result(), claiming.result()
        assert lease is not None and lease.queued is not None
        if claimed.created:
            assert store.run_queue.waiting(*who.pair) is not None
        else:
            assert lease.queued.mode is Mode.FULL
        store.run_queue.clear(*who.pair, claimed.run)
        store.setups.release(lease, lease.state)
