"""Answers that are lost, a Storage that is away, a key that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.errors import AccessDenied, Busy, LeaseLost
from shared.settings import StorageSettings
from shared.state import Run, RunState, Store
from tests.state.conftest import Clock, Who, tokens
from tests.state.lossy import LossyStorage, lossy


@pytest.fixture
def wire(storage: str) -> Iterator[LossyStorage]:
    with lossy(storage) as wire:
        yield wire


@pytest.fixture
def store(wire: LossyStorage, clock: Clock) -> Store:
    return Store(StorageSettings.from_connection_string(wire.connection_string), clock, tokens())


def test_lease_whose_answer_was_lost_is_held_nevertheless(store: Store, wire: LossyStorage, who: Who) -> None:
    store.setups.put(who.setup())
    wire.lose = 1
    lease = store.setups.acquire(*who.pair, "run-1", 60)
    assert wire.lose == 0 and lease is not None
    wire.lose = 1
    lease = store.setups.renew(lease, 60)
    assert wire.lose == 0
    store.setups.release(lease, replace(lease.state, links=1))


def test_run_whose_taking_up_was_not_answered_is_taken_up_once(
    store: Store, wire: LossyStorage, who: Who
) -> None:
    store.setups.put(who.setup())
    run = Run(store.runs.new_id(*who.pair), *who.pair)
    store.run_queue.claim(run)
    wire.lose = 1
    lease = store.setups.acquire(*who.pair, run.id, 60, run.id)
    assert wire.lose == 0 and lease is not None and lease.queued is not None
    assert lease.queued.run == run.id
    assert store.run_queue.waiting(*who.pair) is None


def test_final_state_whose_answer_was_lost_is_written_once(store: Store, wire: LossyStorage, who: Who) -> None:
    store.setups.put(who.setup())
    lease = store.setups.acquire(*who.pair, "run-1", 60)
    assert lease is not None
    wire.lose = 1
    released = store.setups.release(lease, replace(lease.state, links=4))
    assert wire.lose == 0
    assert store.setups.get(*who.pair) == released
    with pytest.raises(LeaseLost):
        store.setups.release(lease, lease.state)


def test_run_whose_update_was_not_answered_goes_on(store: Store, wire: LossyStorage, who: Who) -> None:
    run = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair))
    wire.lose = 1
    running = store.runs.update(replace(run, state=RunState.RUNNING))
    assert wire.lose == 0
    done = store.runs.update(replace(running, state=RunState.SUCCEEDED))
    assert store.runs.get(run.id) == done


def test_storage_that_is_away_is_busy(clock: Clock, who: Who) -> None:
    # Port 9 of this machine: nobody listens, and the refusal comes at once.
    nobody = (
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
        "TableEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a"
    )
    away = Store(StorageSettings.from_connection_string(nobody), clock, tokens())
    with pytest.raises(Busy, match="Storage"):
        away.setups.get(*who.pair)


def test_wrong_key_is_named_without_showing_it(storage: str, clock: Clock, who: Who) -> None:
    parts = dict(part.split("=", 1) for part in storage.strip(";").split(";")) | {"AccountKey": "d3Jvbmc="}
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    wrong = Store(StorageSettings.from_connection_string(text), clock, tokens())
    with pytest.raises(AccessDenied, match="AzureWebJobsStorage") as refused:
        wrong.setups.get(*who.pair)
    assert "d3Jvbmc" not in str(refused.value)


def test_quiet_run_takes_few_round_trips(store: Store, wire: LossyStorage, who: Who) -> None:
    """spec/targets.md T3: at most eight, from the message to the end."""
    store.setups.put(who.setup())
    warm = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair))
    assert store.runs.get(warm.id) is not None
    claimed = store.run_queue.claim(Run(store.runs.new_id(*who.pair), *who.pair))
    wire.requests.clear()
    counted = store.round_trips
    run = store.runs.get(claimed.run)
    assert run is not None
    lease = store.setups.acquire(*who.pair, run.id, 300, run.id)
    assert lease is not None
    run = store.runs.update(replace(run, state=RunState.RUNNING))
    store.setups.release(lease, replace(lease.state, last_run=run.id))
    store.runs.update(replace(run, state=RunState.SUCCEEDED))
    assert len(wire.requests) == 6
    assert store.round_trips - counted == len(wire.requests)


def test_what_was_selected_and_is_not_there_is_absent(store: Store, wire: LossyStorage, who: Who) -> None:
    put = store.setups.put(who.setup())
    (stored,) = (found for found in store.setups.all() if found.setup == put.setup)
    assert wire.requests[-1] == "GET"
    assert (stored.state, stored.queued) == (put.state, None)
