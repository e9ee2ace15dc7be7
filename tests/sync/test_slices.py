"""A long run works in slices and goes on where it stopped (sync rules §7)."""

from __future__ import annotations

from dataclasses import replace

from shared.state.runs import Mode, Run, RunState
from shared.sync.work import run_slice
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, name_of, persons
from tests.sync.world import ANNA, COMPANY, World


def begin(world: World, mode: Mode = Mode.FULL) -> Run:
    runs = world.services.store.runs
    return runs.create(Run(runs.new_id(ANNA, COMPANY), ANNA, COMPANY, mode=mode))


def stored(world: World, run: Run) -> Run:
    found = world.services.store.runs.get(run.id)
    assert found is not None
    return found


def test_thirty_minute_run_with_edits_during_it(world: World) -> None:
    """Six slices five minutes apart, a batch in each; people go on editing on both sides between them."""
    ids = persons(world, 100)
    world.set_up()
    run = begin(world)
    slices = 0
    while run_slice(world.services, run.id, slice_seconds=0) is not None:
        slices += 1
        assert stored(world, run).state is RunState.RUNNING
        if slices == 1:
            world.bc_edit(ids[0], jobTitle="Edited in BC")
            world.bc_delete(ids[99])
        if slices == 2:
            apart = {name_of(0), name_of(99)}
            shown = next(card for card in world.outlook() if card["displayName"] not in apart)
            name = str(shown["displayName"])
            world.outlook_edit(str(shown["id"]), jobTitle="Edited in Outlook")
            world.outlook_add("Rosa New", "rosa@x.example")
        world.pass_minutes(5)
        assert slices < 20
    assert slices >= 5
    ended = stored(world, run)
    assert ended.state is RunState.SUCCEEDED
    assert ended.slice == slices + 1
    world.ok()
    assert len(world.outlook()) == len(world.bc_all()) == 100
    assert job(world, ids[0]) == ("Edited in BC", "Edited in BC")
    assert world.card(name)["jobTitle"] == "Edited in Outlook"
    assert [c["jobTitle"] for c in world.bc_all() if c["displayName"] == name] == ["Edited in Outlook"]
    assert "Rosa New" in world.names()
    assert_equal(world)
    assert_silent(world)


def test_counts_and_actions_add_up_over_the_slices(world: World) -> None:
    persons(world, 60)
    world.set_up()
    run = begin(world)
    while run_slice(world.services, run.id, slice_seconds=0) is not None:
        pass
    ended = stored(world, run)
    assert ended.slice >= 3
    assert ended.counts.to_outlook.created == 60
    assert len(world.actions(ended)) == 60
    assert len({str(action["contactId"]) for action in world.actions(ended)}) == 60


def test_watermarks_do_not_move_before_the_last_slice(world: World) -> None:
    ids = in_sync(world, 45)
    for bc_id in ids:
        world.bc_edit(bc_id, jobTitle="Head Buyer")
    before = world.state()
    run = begin(world, Mode.INCREMENTAL)
    assert run_slice(world.services, run.id, slice_seconds=0) is not None
    after = world.state()
    assert (after.delta_link, after.bc_watermark) == (before.delta_link, before.bc_watermark)
    world.pass_minutes(30)
    while run_slice(world.services, run.id) is not None:
        pass
    assert {job(world, bc_id) for bc_id in ids} == {("Head Buyer", "Head Buyer")}
    assert_silent(world)


def test_second_run_waits_for_the_first_ones_lease(world: World) -> None:
    [ada] = in_sync(world)
    world.bc_edit(ada, jobTitle="Head Buyer")
    setups = world.services.store.setups
    taken = setups.acquire(ANNA, COMPANY, "another", 600)
    assert taken is not None
    run = begin(world, Mode.INCREMENTAL)
    assert run_slice(world.services, run.id) is not None
    assert job(world, ada) == ("Head Buyer", "Buyer")
    setups.release(taken, taken.state)
    assert run_slice(world.services, run.id) is None
    assert job(world, ada) == ("Head Buyer", "Head Buyer")


def test_run_whose_lease_was_taken_over_stops_and_is_done_again(world: World) -> None:
    ids = in_sync(world, 45)
    for bc_id in ids:
        world.bc_edit(bc_id, jobTitle="Head Buyer")
    copies = {bc_id: copy_of(world, bc_id) for bc_id in ids}
    run = begin(world, Mode.INCREMENTAL)
    setups = world.services.store.setups
    setups.amend(ANNA, COMPANY, lambda state: replace(state, mailbox_address="anna@new.example"))
    while run_slice(world.services, run.id) is not None:
        world.pass_minutes(11)
    assert stored(world, run).state is RunState.SUCCEEDED
    assert {bc_id: copy_of(world, bc_id) for bc_id in ids} == copies
    assert_equal(world)
