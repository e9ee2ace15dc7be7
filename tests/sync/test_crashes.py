"""Stopped anywhere, the next runs reach the same end (invariant I7): every boundary, not a sample.

A boundary is the moment before or after a request that may write to a service, and before or after a
write to our own storage. There the run dies as a process dies: nothing comes after.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from shared.model import LinkState
from shared.state.runs import FINISHED, Run
from shared.state.tables import Tables
from shared.sync.work import run_slice
from shared.transport.http import Call, Transport
from tests.sync.situations import assert_equal, copy_of, in_sync, job, lost_values, name_of, persons
from tests.sync.world import ANNA, COMPANY, World

WRITES_OF_STATE = ("insert", "replace", "merge", "delete", "transact")
SHARES = 6
"""The boundaries are dealt out to so many tests, so that they can run side by side."""


class Died(BaseException):
    """The process is gone; no handler of the product's may catch it."""


class Mortality:
    """Counts boundaries and dies at the nth, for good; at 0 it only counts."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0
        self._lock = threading.Lock()

    def boundary(self) -> None:
        with self._lock:
            self.passed += 1
            dead = 0 < self.at <= self.passed
        if dead:
            raise Died

    def around(self, function: Callable[..., object]) -> Callable[..., object]:
        def lived(place: object, first: object, *more: object, **named: object) -> object:
            if isinstance(first, Call) and first.method == "GET":
                return function(place, first, *more, **named)
            self.boundary()
            answer = function(place, first, *more, **named)
            self.boundary()
            return answer

        return lived


@contextmanager
def mortal(at: int) -> Iterator[Mortality]:
    mortality = Mortality(at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "send", mortality.around(Transport.send))
        for name in WRITES_OF_STATE:
            patch.setattr(Tables, name, mortality.around(getattr(Tables, name)))
        yield mortality


def run_until(world: World, at: int) -> int:
    """One run that dies at a boundary and is taken up again when its lease is over; boundaries passed."""
    runs = world.services.store.runs
    run = runs.create(Run(runs.new_id(ANNA, COMPANY), ANNA, COMPANY))
    with mortal(at) as mortality:
        try:
            while run_slice(world.services, run.id) is not None:
                world.pass_minutes(1)
        except Died:
            assert at
    world.pass_minutes(11)
    for _ in range(5):
        if run_slice(world.services, run.id) is None:
            break
        world.pass_minutes(1)
    ended = runs.get(run.id)
    assert ended is not None
    assert ended.state in FINISHED
    return mortality.passed


def start_over(world: World) -> None:
    """Another world in the same place."""
    world.sandbox.call(world.sandbox.reset)
    world.sandbox.call(world.sandbox.bc.people.add_company, COMPANY, "CRONUS International Ltd.")
    world.sandbox.call(world.sandbox.graph.people.add_user, ANNA, "anna@cronus.example", "Anna")
    world.reset_storage()
    world.pass_minutes(60)


def everything_at_once(world: World, at: int) -> int:
    """Every kind of change in one run."""
    edited, both, gone, by_user, clash, kept, left, back = in_sync(world, 8, filter={"city": "''"})
    world.bc_edit(back, city="Hull")
    world.ok()
    world.pass_minutes(1)
    world.outlook_edit(copy_of(world, edited), jobTitle="Head Buyer")
    world.outlook_edit(copy_of(world, both), mobilePhone="+44 7700 900123")
    world.bc_edit(both, jobTitle="Admiral")
    world.bc_delete(gone)
    world.outlook_delete(copy_of(world, by_user))
    world.outlook_edit(copy_of(world, clash), jobTitle="Mine")
    world.bc_edit(clash, jobTitle="Theirs")
    world.outlook_edit(copy_of(world, kept), jobTitle="Precious")
    world.bc_delete(kept)
    world.outlook_edit(copy_of(world, left), mobilePhone="+44 7700 900456")
    world.bc_edit(left, city="Hull")
    world.bc_edit(back, city="")
    world.outlook_add("Rosa New", "rosa@x.example", jobTitle="Gardener")
    world.bc_person("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    passed = run_until(world, at)
    world.ok()
    here = [name_of(0), name_of(1), name_of(4), name_of(5), name_of(7), "Hedy Lamarr", "Rosa New"]
    assert world.names() == sorted(here)
    there = [name_of(n) for n in (0, 1, 3, 4, 6, 7)] + ["Hedy Lamarr", "Rosa New"]
    assert sorted(str(c["displayName"]) for c in world.bc_all()) == sorted(there)
    assert job(world, edited) == ("Head Buyer", "Head Buyer")
    assert job(world, both) == ("Admiral", "Admiral")
    assert world.bc(both)["mobilePhoneNumber"] == "+44 7700 900123"
    assert job(world, clash) == ("Theirs", "Theirs")
    assert set(lost_values(world)) == {"Mine"}
    assert world.bc(left)["mobilePhoneNumber"] == "+44 7700 900456"
    assert world.card(name_of(5))["jobTitle"] == "Precious"
    states = {bc_id: link.state for bc_id, link in world.links().items()}
    assert states[by_user] is LinkState.DELETED_BY_USER
    assert states[kept] is LinkState.DETACHED
    assert states[left] is states[gone] is LinkState.REMOVED_BY_US
    assert_equal(world)
    assert_done(world)
    return passed


def first_sync_into_a_folder_of_ones_own(world: World, at: int) -> int:
    """The folder is adopted: it gets a stamp, and what was in it waits before it goes to Business Central."""
    persons(world, 3)
    world.people("create_folder", ANNA, "Business Central")
    world.outlook_add(name_of(0), "p0@x.example", mobilePhone="+44 7700 900123")
    world.outlook_add("Friend Ofmine", "friend@home.example")
    world.set_up()
    passed = run_until(world, at)
    run = world.sync()
    assert len(world.bc_all()) == 3
    assert run.counts.held == 1
    assert world.names() == sorted([name_of(0), name_of(1), name_of(2), "Friend Ofmine"])
    assert_equal(world)
    assert_done(world)
    return passed


def assert_done(world: World) -> None:
    """The next run writes nothing; nothing was created twice on the way, a change perhaps sent again."""
    mark = world.sandbox.log.mark()
    world.sync()
    assert world.writes_since(mark) == []
    assert {violation.kind for violation in world.sandbox.log.violations} <= {"empty_patch"}
    world.sandbox.log.clear()


HISTORIES = {"everything": everything_at_once, "adopted": first_sync_into_a_folder_of_ones_own}


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("history", HISTORIES)
def test_death_at_any_boundary_ends_like_a_run_without_it(world: World, history: str, share: int) -> None:
    play = HISTORIES[history]
    boundaries = play(world, 0)
    assert boundaries >= 20
    for at in range(1 + share, boundaries + 1, SHARES):
        start_over(world)
        try:
            play(world, at)
        except AssertionError as error:
            raise AssertionError(f"died at boundary {at} of {boundaries}") from error
