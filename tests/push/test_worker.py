"""The worker: one setup, one run at a time, whatever the queue and the platform do to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.clock import VirtualClock
from sandbox.faults import Fault
from shared.state.job_queue import Job
from shared.state.runs import Mode, RunState, Trigger
from shared.sync import work
from shared.sync.jobs import ask
from shared.sync.services import Services, build
from shared.sync.tick import tick
from shared.sync.work import abandon, do, run_slice
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, COMPANY, SandboxTime

PATIENCE = 60.0


class Killed(BaseException):
    """The process is gone: nothing of the product may catch this."""


class FatalTime(SandboxTime):
    """The sandbox's time, until it was looked at so often."""

    def __init__(self, clock: VirtualClock, looks: int, end: BaseException) -> None:
        super().__init__(clock)
        self._left = looks
        self._end = end

    def monotonic(self) -> float:
        self._left -= 1
        if self._left < 0:
            raise self._end
        return super().monotonic()


def test_two_timers_ten_workers_and_a_person_at_once_make_each_contact_once(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_BUSY_DELAY", 1.0)
    for number in range(60):
        pushed.world.bc_person(f"Person Number{number:02d}", f"p{number}@x.example")
    pushed.world.set_up()
    with ThreadPoolExecutor(13) as pool:
        askers = [pool.submit(tick, pushed.services) for _ in range(2)]
        askers.append(
            pool.submit(ask, pushed.services, ANNA, COMPANY, Trigger.MANUAL, Mode.FULL)  # type: ignore[arg-type]
        )
        workers = [pool.submit(_work_until_empty, pushed) for _ in range(10)]
        for future in (*askers, *workers):
            future.result(PATIENCE)
    pushed.work_off()
    assert len(pushed.world.names()) == len(set(pushed.world.names())) == 60
    runs = pushed.services.store.runs.recent(ANNA, COMPANY, 100).items
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    assert sum(run.counts.to_outlook.created for run in runs) == 60
    assert len(runs) <= 4  # the asked-for ones that did not find each other waiting, and the catching up


def test_doubled_message_of_a_running_run_goes_back_and_then_finds_it_done(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.set_up()
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL)
    second: list[float | None] = []
    pushed.receiver.on_handshake = lambda: second.append(run_slice(pushed.services, claimed.run))
    assert run_slice(pushed.services, claimed.run) is None
    assert second
    assert all(delay is not None and delay > 0 for delay in second)
    assert run_slice(pushed.services, claimed.run) is None
    assert pushed.world.names() == ["Ada Lovelace"]


def test_run_of_a_busy_setup_goes_back_with_delay_and_is_not_lost(pushed: Pushed) -> None:
    pushed.world.set_up()
    store = pushed.services.store
    store.setups.acquire(ANNA, COMPANY, "another~run", 600)
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL)
    [job] = pushed.messages()
    do(pushed.services, job)
    assert store.jobs.length() == 1
    assert pushed.messages() == []
    pushed.world.pass_minutes(11)
    do(pushed.services, job)
    ended = store.runs.get(claimed.run)
    assert ended is not None
    assert ended.state is RunState.SUCCEEDED


@pytest.mark.parametrize("looks", [5, 15, 40, 60, 80])
def test_worker_killed_in_the_middle_is_followed_by_one_that_goes_on(
    pushed: Pushed, storage: str, looks: int
) -> None:
    """The message comes back after ten minutes; by then the lease of the dead is over."""
    for number in range(50):
        pushed.world.bc_person(f"Person Number{number:02d}", f"p{number}@x.example")
    pushed.world.set_up()
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL)
    mortal = _services(pushed, storage, FatalTime(pushed.world.sandbox.clock, looks, Killed()))
    with pytest.raises(Killed):
        run_slice(mortal, claimed.run)
    pushed.world.pass_minutes(10)
    while (delay := run_slice(pushed.services, claimed.run)) is not None:
        pushed.world.sandbox.clock.advance(delay)
    run = pushed.services.store.runs.get(claimed.run)
    assert run is not None
    assert run.state is RunState.SUCCEEDED
    assert len(pushed.world.names()) == len(set(pushed.world.names())) == 50


def test_run_that_broke_off_with_an_error_gives_the_lease_back(pushed: Pushed, storage: str) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.set_up()
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL)
    broken = _services(pushed, storage, FatalTime(pushed.world.sandbox.clock, 20, RuntimeError("a bug")))
    with pytest.raises(RuntimeError):
        run_slice(broken, claimed.run)
    assert pushed.stored().state.lease_owner == ""
    assert run_slice(pushed.services, claimed.run) is None
    assert pushed.world.names() == ["Ada Lovelace"]


def test_run_is_queued_again_for_as_long_as_graph_asks(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.set_up()
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL)
    pushed.world.sandbox.faults.add(Fault("reject", "graph", path="/users/", status=429, retry_after="300"))
    delay = run_slice(pushed.services, claimed.run)
    assert delay is not None
    assert delay == pytest.approx(300, abs=1)
    waiting = pushed.services.store.runs.get(claimed.run)
    assert waiting is not None
    assert (waiting.state, waiting.phase) == (RunState.RUNNING, "waiting")
    assert pushed.stored().state.lease_owner == ""
    pushed.world.sandbox.clock.advance(delay)
    assert run_slice(pushed.services, claimed.run) is None
    assert pushed.world.names() == ["Ada Lovelace"]


def test_poisoned_run_says_why_it_failed_and_can_be_started_again(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.set_up()
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL)
    abandon(pushed.services, f'{{"runId": "{claimed.run}", "user": "{ANNA}", "company": "{COMPANY}"}}')
    failed = pushed.services.store.runs.get(claimed.run)
    assert failed is not None
    assert failed.state is RunState.FAILED
    assert "five times" in failed.message
    assert ask(pushed.services, ANNA, COMPANY, Trigger.MANUAL).created
    pushed.work_off()
    assert pushed.world.names() == ["Ada Lovelace"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"runId": 7}', '{"runId": "no-such-run"}', '{"runId": "look"}']
)
def test_poison_that_names_no_run_is_dropped(pushed: Pushed, text: str) -> None:
    abandon(pushed.services, text)
    assert pushed.messages() == []


def test_errands_for_what_is_gone_end_quietly(pushed: Pushed) -> None:
    for run in ("look", "attend", "no-such-run"):
        do(pushed.services, Job(run, ANNA, "7d2f0c11-0000-4000-8000-000000000000"))
    assert pushed.messages() == []


def test_background_run_of_a_setup_that_was_taken_off_the_schedule_does_nothing(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.set_up()
    claimed = ask(pushed.services, ANNA, COMPANY, Trigger.GRAPH)
    pushed.world.set_up(background_sync=False)
    pushed.work_off()
    run = pushed.services.store.runs.get(claimed.run)
    assert run is not None
    assert run.state is RunState.FAILED
    assert "switched off" in run.message
    pushed.world.ok()
    assert pushed.world.names() == ["Ada Lovelace"]


# --- what the tests say --------------------------------------------------------------------------


def _work_until_empty(pushed: Pushed) -> None:
    """One worker of many: takes one message at a time, until the queue is empty, hidden messages included."""
    while True:
        message = pushed.queue.receive_message(visibility_timeout=60)
        if message is not None:
            do(pushed.services, pushed.job(message))
            pushed.queue.delete_message(message)
        elif pushed.services.store.jobs.length() == 0 and pushed.runs():
            return


def _services(pushed: Pushed, storage: str, clock: SandboxTime) -> Services:
    env = {**pushed.world.sandbox.settings(), "AzureWebJobsStorage": storage}
    return build({**env, "PUBLIC_BASE_URL": pushed.receiver.url}, clock)
