"""One broken mailbox, or one slow company, makes nobody else wait for more than one request (invariant I20)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from sandbox.clock import VirtualClock
from sandbox.faults import Fault
from shared.business_central.company import LANE
from shared.state.runs import RunState, Trigger
from shared.sync import tick as ticking
from shared.sync.jobs import ask
from shared.sync.services import build
from shared.sync.tick import tick
from shared.sync.work import run_slice
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, BEN, COMPANY, OTHER_COMPANY, SandboxTime

PATIENCE = 30.0
HOUR = 3600.0
NOBODY = "00000000-0000-4000-8000-000000000000"
OTHERS = (BEN, "7f0e1d2c-0000-4000-8000-0000000000cc", "7f0e1d2c-0000-4000-8000-0000000000dd")
BROKEN = {
    "throttled": Fault("reject", "graph", path=f"/users/{ANNA}", status=429, retry_after="60", times=0),
    "failing": Fault("reject", "graph", path=f"/users/{ANNA}", status=503, times=0),
    "gone": Fault("reject", "graph", path=f"/users/{ANNA}", status=404, code="ErrorInvalidUser", times=0),
}


class HeldTime(SandboxTime):
    """The sandbox's time; who waits is held until the test lets go, and time goes by only then."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.held = threading.Event()
        self.let_go = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.held.set()
        assert self.let_go.wait(PATIENCE), "nobody let go"
        super().sleep(seconds)


@pytest.fixture
def crowd(pushed: Pushed) -> Iterator[Pushed]:
    """Anna and others with a setup each and a first run to do; what the others leave is forgotten."""
    world = pushed.world
    world.bc_person("Ada Lovelace", "ada@x.example")
    for number, user in enumerate(OTHERS[1:]):
        world.sandbox.call(world.sandbox.graph.people.add_user, user, f"user{number}@cronus.example", "User")
    for user in (ANNA, *OTHERS):
        world.set_up(user)
    yield pushed
    for user in OTHERS:
        world.services.store.personal.erase(user)


@pytest.mark.parametrize("kind", BROKEN)
def test_runs_of_others_end_while_that_of_a_broken_mailbox_waits(
    crowd: Pushed, storage: str, kind: str
) -> None:
    world = crowd.world
    time = HeldTime(world.sandbox.clock)
    env = {**world.sandbox.settings(), "AzureWebJobsStorage": storage, "PUBLIC_BASE_URL": crowd.receiver.url}
    services = build(env, time)
    runs = {user: ask(services, user, COMPANY, Trigger.MANUAL).run for user in (ANNA, *OTHERS)}
    world.sandbox.faults.add(BROKEN[kind])
    mark = world.sandbox.log.mark()
    with ThreadPoolExecutor(1) as pool:
        broken = pool.submit(run_slice, services, runs[ANNA])
        _until(lambda: time.held.is_set() or broken.done())
        for user in OTHERS:
            assert run_slice(services, runs[user]) is None
            assert world.names(user) == ["Ada Lovelace"]
        assert broken.done() == (kind == "gone")
        hers = [e for e in world.sandbox.log.entries(since=mark) if ANNA in e.path and not e.item]
        assert len(hers) == 1
        world.sandbox.faults.clear()
        time.let_go.set()
        assert broken.result(PATIENCE) is None
    ended = services.store.runs.get(runs[ANNA])
    assert ended is not None
    assert ended.state is (RunState.FAILED if kind == "gone" else RunState.SUCCEEDED)


def test_slow_company_makes_another_wait_for_one_of_its_requests_at_most(pushed: Pushed) -> None:
    world, services = pushed.world, pushed.services
    world.sandbox.call(world.sandbox.bc.people.add_company, OTHER_COMPANY, "CRONUS AG")
    world.sandbox.faults.add(Fault("delay", "businessCentral", path=COMPANY, seconds=HOUR, times=0))

    def waiting() -> int:
        traffic = services.bc_transport.lanes._traffic.get(LANE.name)
        return len(traffic.waiting) if traffic else 0

    asleep = len(world.sandbox.clock._sleepers)
    with ThreadPoolExecutor(16) as pool:
        slow = [pool.submit(services.bc(COMPANY).get, NOBODY) for _ in range(15)]
        _until(lambda: waiting() == 10)
        other = pool.submit(services.bc(OTHER_COMPANY).get, NOBODY)
        _until(lambda: waiting() == 11 and len(world.sandbox.clock._sleepers) == asleep + LANE.slots)
        try:
            world.sandbox.clock.advance(HOUR)
            assert other.result(PATIENCE) is None
            assert sum(future.done() for future in slow) <= LANE.slots
        finally:
            _finish(pushed, slow)


def test_company_that_does_not_answer_holds_up_no_tick(pushed: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "_LOOK_SECONDS", 0.0)
    world, services = pushed.world, pushed.services
    world.sandbox.call(world.sandbox.bc.people.add_company, OTHER_COMPANY, "CRONUS AG")
    world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.start(ANNA)
    world.set_up(BEN, OTHER_COMPANY)
    world.sandbox.faults.add(Fault("delay", "businessCentral", path=r"\$batch$", seconds=HOUR, times=0))
    mark = world.sandbox.log.mark()

    def looks() -> int:
        entries = world.sandbox.log.entries(since=mark)
        return sum(entry.service == "businessCentral" and not entry.item for entry in entries)

    tick(services)
    assert {job.user for job in pushed.messages()} == {BEN}
    tick(services)
    looking = services.cache["looking"]
    assert isinstance(looking, set)
    _until(lambda: looking == {COMPANY})
    world.sandbox.faults.clear()
    _until(lambda: world.sandbox.clock.advance(HOUR) or not looking)  # type: ignore[func-returns-value]
    assert looks() == 1


def _finish(pushed: Pushed, futures: list[Future[object]]) -> None:
    pushed.world.sandbox.faults.clear()
    while wait(futures, 0.05).not_done:
        pushed.world.sandbox.clock.advance(HOUR)


def _until(condition: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come about")
