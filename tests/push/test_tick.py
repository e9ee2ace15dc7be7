"""The tick: who is due, what was lost, and what an idle hour costs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.model import Setup
from shared.state.keys import stamp
from shared.state.runs import Mode, Run, RunState, Trigger
from shared.state.setups import SetupState, StoredSetup
from shared.sync.tick import audit_due, purge_share, tick
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, BEN, COMPANY

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


@pytest.fixture
def settled(pushed: Pushed) -> Pushed:
    """Two setups in step; the company was looked at."""
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.start(ANNA)
    pushed.start(BEN)
    pushed.work_off()
    tick(pushed.services)
    pushed.work_off()
    return pushed


def test_idle_tick_asks_one_thing_per_company_and_nothing_per_user(settled: Pushed) -> None:
    mark = settled.world.sandbox.log.mark()
    tick(settled.services)
    sent = [e for e in settled.world.sandbox.log.entries(since=mark) if not e.item]
    assert [(e.service, e.method) for e in sent] == [("businessCentral", "POST")]
    assert settled.messages() == []


def test_idle_tick_costs_storage_the_same_however_many_setups_there_are(settled: Pushed) -> None:
    settled.services.store.purge.step(settled.world.sandbox.clock.now(), 10_000)
    trips = settled.services.store.round_trips
    tick(settled.services)
    assert settled.services.store.round_trips - trips <= 8


def test_every_setup_looks_by_itself_within_the_hour(settled: Pushed) -> None:
    settled.world.pass_minutes(44)
    tick(settled.services)
    assert settled.messages() == []
    settled.world.pass_minutes(16)
    tick(settled.services)
    assert {job.user for job in settled.messages()} == {ANNA, BEN}


def test_lost_notification_costs_an_hour_at_the_most(settled: Pushed) -> None:
    settled.receiver.lost = True
    before = len(settled.receiver.answers)
    settled.world.outlook_edit(str(settled.world.card("Ada Lovelace")["id"]), jobTitle="Countess")
    settled.receiver.wait_for(before + 1)
    settled.receiver.lost = False
    settled.world.pass_minutes(60)
    tick(settled.services)
    settled.work_off()
    [ada] = settled.world.bc_all()
    assert ada["jobTitle"] == "Countess"


def test_setup_that_never_ran_is_due(pushed: Pushed) -> None:
    pushed.world.set_up()
    tick(pushed.services)
    assert [job.user for job in pushed.messages()] == [ANNA]


@pytest.mark.parametrize("setups", [1, 1_000, 10_000])
def test_purge_comes_round_to_all_setups_within_a_working_day(setups: int) -> None:
    """A preview is kept for a day: its rows must not wait a week for their turn."""
    ticks = 8 * 60 // 15
    assert purge_share(setups) * ticks >= setups


def test_paused_and_foreground_setups_are_not_due(pushed: Pushed) -> None:
    pushed.world.set_up(ANNA, paused=True)
    pushed.world.set_up(BEN, background_sync=False)
    tick(pushed.services)
    assert pushed.messages() == []


def test_setup_that_the_service_paused_is_not_due(pushed: Pushed) -> None:
    pushed.world.set_up()
    pushed.services.store.setups.amend(ANNA, COMPANY, lambda state: replace(state, paused_reason="mailboxGone"))
    tick(pushed.services)
    assert pushed.messages() == []


def test_changed_filter_is_evaluated_at_the_next_tick(settled: Pushed) -> None:
    settled.world.set_up(BEN, filter={"city": "Paris"})
    tick(settled.services)
    assert [job.user for job in settled.messages()] == [BEN]


def test_failed_contact_is_tried_again_when_its_time_has_come(settled: Pushed) -> None:
    soon = stamp(settled.world.sandbox.clock.now() + timedelta(minutes=3))
    settled.services.store.setups.amend(ANNA, COMPANY, lambda state: replace(state, due_at=soon))
    tick(settled.services)
    assert settled.messages() == []
    settled.world.pass_minutes(3)
    tick(settled.services)
    assert [job.user for job in settled.messages()] == [ANNA]


def test_two_ticks_at_once_queue_one_run_for_a_setup(pushed: Pushed) -> None:
    pushed.world.set_up()
    tick(pushed.services)
    tick(pushed.services)
    assert len(pushed.messages()) == 1
    assert pushed.runs() == 1


def test_waiting_run_whose_message_was_lost_gets_another(pushed: Pushed) -> None:
    pushed.world.set_up()
    tick(pushed.services)
    [lost] = pushed.messages()
    tick(pushed.services)
    assert pushed.messages() == []
    pushed.world.pass_minutes(11)
    tick(pushed.services)
    assert pushed.messages() == [lost]


def test_running_run_whose_worker_died_gets_another_message(pushed: Pushed) -> None:
    store = pushed.services.store
    pushed.world.set_up()
    run = store.runs.create(Run(store.runs.new_id(ANNA, COMPANY), ANNA, COMPANY, state=RunState.RUNNING))
    store.setups.acquire(ANNA, COMPANY, f"{run.id}~dead", 600)
    pushed.world.pass_minutes(12)
    tick(pushed.services)
    assert run.id not in {job.run for job in pushed.work_off()}
    store.setups.acquire(ANNA, COMPANY, f"{run.id}~dead", 600)
    pushed.world.pass_minutes(21)
    tick(pushed.services)
    assert [job.run for job in pushed.work_off()] == [run.id]
    ended = store.runs.get(run.id)
    assert ended is not None
    assert ended.state is RunState.SUCCEEDED


def test_preview_whose_message_was_lost_gets_another_with_the_audit(settled: Pushed) -> None:
    store = settled.services.store
    run = store.runs.create(Run(store.runs.new_id(ANNA, COMPANY), ANNA, COMPANY, filter={"city": "Rome"}))
    settled.world.pass_minutes(28 * 60)
    tick(settled.services)
    assert run.id in {job.run for job in settled.messages()}


def test_audit_is_a_full_run_that_never_brings_back_what_the_user_deleted(settled: Pushed) -> None:
    settled.receiver.lost = True
    settled.world.outlook_delete(str(settled.world.card("Ada Lovelace")["id"]))
    settled.world.pass_minutes(28 * 60)
    tick(settled.services)
    run = settled.services.store.runs.recent(ANNA, COMPANY).items[0]
    assert (run.mode, run.trigger) == (Mode.FULL, Trigger.TIMER)
    settled.work_off()
    assert settled.world.names() == []
    assert settled.world.names(BEN) == ["Ada Lovelace"]


def test_audits_come_once_a_period_at_each_setup_s_own_time() -> None:
    stored = _stored("some user", last_full_at=stamp(NOW))
    times = []
    for minutes in range(0, 5 * 24 * 60, 15):
        now = NOW + timedelta(minutes=minutes)
        if audit_due(stored, DAY, now):
            times.append(now)
            stored = _stored("some user", last_full_at=stamp(now))
    gaps = [later - earlier for earlier, later in zip([NOW, *times], times, strict=False)]
    assert gaps[0] <= DAY * 9 / 8 + timedelta(minutes=15)
    assert set(gaps[1:]) == {DAY}


def test_audits_of_many_setups_are_spread_over_the_day() -> None:
    setups = [_stored(f"user {number}", last_full_at=stamp(NOW - DAY)) for number in range(1000)]
    due = [sum(audit_due(one, DAY, NOW + timedelta(hours=hour)) for one in setups) for hour in range(0, 25, 6)]
    waves = [later - earlier for earlier, later in itertools.pairwise(due)]
    assert max(waves) < 400


def test_after_an_outage_audits_do_not_come_all_at_once(pushed: Pushed) -> None:
    for number in range(25):
        pushed.services.store.setups.put(Setup(f"audit-{number}", COMPANY))
        pushed.services.store.setups.amend(
            f"audit-{number}", COMPANY, lambda state: replace(state, last_full_at=stamp(NOW - 9 * DAY))
        )
    try:
        tick(pushed.services)
        modes = [pushed.stored(f"audit-{number}").queued for number in range(25)]
        assert sum(1 for queued in modes if queued and queued.mode is Mode.FULL) == 20
    finally:
        for number in range(25):
            pushed.services.store.setups.delete(f"audit-{number}", COMPANY)


def test_company_that_cannot_be_read_stops_no_other(settled: Pushed) -> None:
    gone = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c09"
    settled.world.set_up(BEN, gone)
    settled.services.store.setups.amend(
        BEN, gone, lambda state: replace(state, bc_watermark="2026-01-01T00:00:00.000Z")
    )
    try:
        settled.world.pass_minutes(60)
        tick(settled.services)
        assert {(job.user, job.company) for job in settled.messages()} >= {(ANNA, COMPANY), (BEN, COMPANY)}
        broken = settled.services.store.companies.get("Production", gone)
        assert broken is not None
        assert "404" in broken.last_error
    finally:
        settled.services.store.setups.delete(BEN, gone)


def _stored(user: str, **state: str) -> StoredSetup:
    return StoredSetup(Setup(user, COMPANY), replace(SetupState(), **state), "", "")  # type: ignore[arg-type]
