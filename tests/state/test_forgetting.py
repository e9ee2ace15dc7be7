"""What is forgotten in time, what is handed out, what is erased (sync rules §10)."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest
from azure.data.tables import TableServiceClient

from shared.model import Link, LinkState, Outcome, Setup, Side
from shared.state import (
    Conflict,
    ContactOutcome,
    HeldItem,
    RemovedCopy,
    Run,
    Service,
    Store,
    Subscription,
)
from tests.state.conftest import Clock, Who


def fill(store: Store, who: Who) -> Run:
    """One of everything that a setup can have."""
    stored = store.setups.put(Setup(*who.pair, filter={"city": "Berlin"}))
    store.setups.save_state(stored, replace(stored.state, delta_link="https://graph/delta?token"))
    run = store.runs.create(Run(store.runs.new_id(*who.pair), *who.pair))
    store.runs.add_actions(run.id, 0, [{"name": "Dora"}])
    store.links.save(*who.pair, [Link("b1", "o1", LinkState.LINKED, bc_prints=b"print")])
    store.outcomes.save(*who.pair, [ContactOutcome(Side.OUTLOOK, "o2", Outcome.SKIPPED)])
    store.conflicts.add(*who.pair, [Conflict("b1", "o1", run.id, (), name="Ann")])
    store.held.replace(*who.pair, run.id, [HeldItem(Side.OUTLOOK, "o3", "delete", {"name": "Bea"})])
    store.removed.save(*who.pair, [RemovedCopy(run.id, "b4", "o4", {"displayName": "Cem"})])
    store.access.open(*who.pair, by="key")
    store.aliases.put(f"{who.user}@example.com", who.user)
    store.subscriptions.save(Subscription(Service.GRAPH, str(uuid.uuid4()), *who.pair, "hush"))
    store.claims.claim("P", who.company, ["a@x.example"], f"{who.user} {who.company} o1")
    store.idempotency.remember(f"{who.user} user", "k", run.id, "d")
    return run


def test_export_has_everything_but_keys_and_tokens(store: Store, who: Who) -> None:
    fill(store, who)
    export = store.personal.export(who.user)
    text = json.dumps(export)
    for value in ("Berlin", "Ann", "Bea", "Cem", "Dora", "o2", "b1", f"{who.user}@example.com"):
        assert value in text
    for secret in ("hush", "delta?token", "print_key", "client_state"):
        assert secret not in text
    assert export["companies"] == [who.company]


def test_erased_user_leaves_nothing(store: Store, who: Who) -> None:
    run = fill(store, who)
    neighbour = Who(str(uuid.uuid4()), who.company)
    fill(store, neighbour)
    before = store.personal.export(neighbour.user)
    store.personal.erase(who.user)
    assert store.personal.export(who.user) == {
        "user": who.user,
        "addresses": [],
        "companies": [],
        "subscriptions": [],
        "setups": [],
    }
    assert store.runs.get(run.id) is None
    assert store.runs.actions(run.id).items == []
    assert store.links.load(*who.pair) == []
    assert store.held.all(*who.pair) == [] and store.removed.all(*who.pair) == []
    assert store.conflicts.all(*who.pair) == [] and store.outcomes.all(*who.pair) == []
    assert store.personal.export(neighbour.user) == before


@pytest.fixture
def no_round_yet(storage: str) -> None:
    """Nothing was purged before, whatever other tests did."""
    service = TableServiceClient.from_connection_string(storage)
    service.create_table_if_not_exists("Maintenance").delete_entity("purge", "cursor")


@pytest.mark.usefixtures("no_round_yet")
def test_purge_goes_round_all_setups_some_at_a_time_and_then_rests(
    store: Store, who: Who, clock: Clock
) -> None:
    """The tables are shared with other tests: the round ends where it ends, but it does end."""
    clock.forward(days=400)
    setups = [Who(str(uuid.uuid4()), "c") for _ in range(3)]
    for each in setups:
        fill(store, each)
    store.claims.claim("P", who.company, ["a@x"], "ann")
    store.idempotency.remember(who.user, "k", "r", "d")
    clock.forward(days=30, seconds=1)
    steps = 1
    while not store.purge.step(clock.now, most_setups=2).round_over:
        steps += 1
    assert steps >= 2
    for each in setups:
        assert store.runs.recent(*each.pair).items == []
        assert store.conflicts.all(*each.pair) == []
        assert store.held.all(*each.pair) == []
        assert store.removed.all(*each.pair) == []
        assert len(store.links.load(*each.pair)) == 1
    assert store.idempotency.remember(who.user, "k", "new", "d").run == "new"
    before = store.round_trips
    assert store.purge.step(clock.now).rows == 0
    assert store.round_trips - before == 1


def test_what_is_still_young_stays(store: Store, who: Who, clock: Clock) -> None:
    fill(store, who)
    clock.forward(days=29)
    assert store.purge.setup(*who.pair, clock.now) == 0
    assert len(store.conflicts.page(*who.pair).items) == 1
