"""Our own storage is lost, or the setup is made again: the markers on the contacts tell (sync rules §4)."""

from __future__ import annotations

import pytest

from shared.model import LinkState, OnBusinessCentralDelete, Reason
from shared.state.runs import RunState
from shared.sync.farewell import farewell
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, lost_values, name_of
from tests.sync.world import ANNA, COMPANY, World


def lose_state(world: World, **choices: object) -> None:
    world.reset_storage()
    world.set_up(**choices)


def confirm(world: World, run: str) -> None:
    world.services.store.held.confirm(ANNA, COMPANY, run)


def test_lost_state_rebuilds_itself_without_a_write_or_a_twin(world: World) -> None:
    ids = in_sync(world, 5)
    copies = {bc_id: copy_of(world, bc_id) for bc_id in ids}
    lose_state(world)
    mark = world.sandbox.log.mark()
    world.ok(full=True)
    assert world.writes_since(mark) == []
    assert {bc_id: copy_of(world, bc_id) for bc_id in ids} == copies
    assert_silent(world)


def test_edits_made_while_the_state_was_lost_meet_as_at_first(world: World) -> None:
    ada, grace = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.bc_edit(grace, jobTitle="Admiral")
    lose_state(world)
    world.ok(full=True)
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert job(world, grace) == ("Admiral", "Admiral")
    assert_equal(world)


def test_state_lost_while_contacts_were_deleted_in_outlook(world: World) -> None:
    """What is missing may have been deleted by the user: it waits for a word and is then made anew."""
    _, gone = in_sync(world, 2)
    world.outlook_delete(copy_of(world, gone))
    lose_state(world)
    run = world.sync(full=True)
    assert run.state is RunState.NEEDS_CONFIRMATION
    assert run.counts.held == 1
    assert world.names() == [name_of(0)]
    world.pass_minutes(60)
    assert world.sync().counts.held == 1  # still waits
    assert world.names() == [name_of(0)]
    confirm(world, run.id)
    world.ok()
    assert len(world.outlook()) == 2
    assert_silent(world)


def test_state_lost_while_contacts_were_deleted_in_bc(world: World) -> None:
    """A marker without its BC contact: detached, neither removed nor created in BC by itself."""
    gone, _ = in_sync(world, 2)
    world.bc_delete(gone)
    lose_state(world)
    world.ok(full=True)
    assert len(world.outlook()) == 2
    assert len(world.bc_all()) == 1
    assert world.links()[gone].state is LinkState.DETACHED
    world.ok(full=True)
    assert len(world.bc_all()) == 1
    assert_silent(world)


def test_state_lost_while_a_contact_was_blocked(world: World) -> None:
    """The marker says whose copy it is: it goes, with what the user wrote kept."""
    ada, _ = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine")
    world.bc_edit(ada, privacyBlocked=True)
    lose_state(world)
    world.ok(full=True)
    assert world.names() == [name_of(1)]
    assert lost_values(world) == ["Mine"]
    assert world.bc(ada)["jobTitle"] == "Buyer"
    assert_silent(world)


def test_new_contacts_in_outlook_are_created_although_the_state_was_lost(world: World) -> None:
    in_sync(world)
    lose_state(world)
    world.outlook_add("Rosa New", "rosa@x.example")
    world.ok(full=True)
    assert len(world.bc_all()) == 2


def test_setup_deleted_and_made_again(world: World) -> None:
    """Copies were kept: they are found by their markers, linked, and go on."""
    ada, _ = in_sync(world, 2)
    copy = copy_of(world, ada)
    world.services.store.personal.erase_setup(ANNA, COMPANY)
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ada) == copy
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert len(world.outlook()) == len(world.bc_all()) == 2
    assert_silent(world)


def test_setup_deleted_with_its_copies_and_made_again(world: World) -> None:
    """The folder is ours and empty: nothing is lost, nobody need be asked."""
    in_sync(world, 2)
    stored = world.services.store.setups.get(ANNA, COMPANY)
    assert stored is not None
    assert farewell(world.services, stored, lambda: False)
    assert world.outlook() == []
    world.set_up()
    world.ok(full=True)
    assert len(world.outlook()) == len(world.bc_all()) == 2
    assert_equal(world)
    assert_silent(world)


def test_setup_made_again_asks_about_contacts_that_came_while_there_was_none(world: World) -> None:
    """Whether they are new or were deleted by the user, nobody knows any more."""
    in_sync(world, 2)
    world.services.store.personal.erase_setup(ANNA, COMPANY)
    world.bc_person("Rosa New", "rosa@x.example")
    world.set_up()
    run = world.sync(full=True)
    assert (run.state, run.counts.held) == (RunState.NEEDS_CONFIRMATION, 1)
    assert len(world.outlook()) == 2
    confirm(world, run.id)
    world.ok()
    assert len(world.outlook()) == 3
    assert_silent(world)


def test_detached_copies_stay_detached_in_a_setup_made_again(world: World) -> None:
    gone, _ = in_sync(world, 2, on_business_central_delete=OnBusinessCentralDelete.KEEP)
    world.bc_delete(gone)
    world.ok()
    world.services.store.personal.erase_setup(ANNA, COMPANY)
    world.set_up()
    world.ok(full=True)
    world.ok(full=True)
    assert len(world.bc_all()) == 1
    assert len(world.outlook()) == 2
    assert world.links()[gone].note is Reason.DETACHED


def test_twin_of_a_lost_pair_is_left_alone(world: World) -> None:
    """Two contacts with one marker and no link: the oldest keeps it."""
    [ada] = in_sync(world)
    original = copy_of(world, ada)
    twin = world.people("copy_contact", ANNA, original)
    lose_state(world)
    world.ok(full=True)
    assert copy_of(world, ada) == original
    assert world.outcomes() == {twin: Reason.DUPLICATE}
    assert len(world.bc_all()) == 1


@pytest.mark.parametrize("full", [False, True])
def test_existing_folder_without_a_stamp_waits_before_creating_in_bc(world: World, full: bool) -> None:
    """Who knows whose contacts these are? What the user adds from now on is meant, though."""
    ann = world.bc_person("Ann Smith", "ann@x.example")
    world.people("create_folder", ANNA, "Business Central")
    world.outlook_add("Ann Smith", "ann@x.example")
    for number in range(3):
        world.outlook_add(f"Friend{number} Ofmine", f"f{number}@home.example")
    world.set_up()
    first = world.sync(full=full)
    assert first.state is RunState.NEEDS_CONFIRMATION
    assert first.counts.held == 3
    assert len(world.bc_all()) == 1
    assert ann in world.links()
    world.pass_minutes(1)
    world.outlook_add("Rosa New", "rosa@x.example")
    second = world.sync(full=full)
    assert second.counts.held == 3
    assert len(world.bc_all()) == 2
    confirm(world, first.id)
    world.ok(full=full)
    assert len(world.bc_all()) == 5
    assert_silent(world)


def test_adopted_folder_still_waits_after_a_run_with_a_filter_of_its_own(world: World) -> None:
    """That run looked at none of the folder's strangers, so nothing is settled about them."""
    world.bc_person("Ann Smith", "ann@x.example")
    world.people("create_folder", ANNA, "Business Central")
    world.outlook_add("Friend Ofmine", "friend@home.example")
    world.set_up()
    world.sync(full=True, filter={"displayName": "Ann*"})
    assert world.names() == ["Ann Smith", "Friend Ofmine"]
    assert world.sync().counts.held == 1
    assert len(world.bc_all()) == 1


def test_lost_state_still_waits_after_a_run_with_a_filter_of_its_own(world: World) -> None:
    ada, gone = in_sync(world, 2)
    world.outlook_delete(copy_of(world, gone))
    lose_state(world)
    world.sync(full=True, filter={"displayName": name_of(0)})
    assert ada in world.links()
    assert world.sync().counts.held == 1
    assert world.names() == [name_of(0)]
