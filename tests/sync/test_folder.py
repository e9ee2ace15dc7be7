"""The folder and the mailbox around it: renamed, moved, deleted, restored (sync rules §1, §6)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from sandbox.faults import Fault
from shared.model import LinkState, Reason, Setup
from shared.state.runs import RunState
from shared.sync.pausing import forget_folder, resumed
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, name_of
from tests.sync.world import ANNA, COMPANY, World

FOLDER = "Business Central"


def resume_with_a_new_folder(world: World) -> None:
    """The user chose *create again*."""
    forget_folder(world.services.store, Setup(user=ANNA, company=COMPANY))


def change_address(world: World, old: str, new: str) -> None:
    """An administrator gives the user another address; the mailbox stays."""
    users = world.sandbox.graph._tenant._users
    users[new] = users[ANNA] = replace(users.pop(old), upn=new)


@pytest.mark.parametrize("full", [False, True])
def test_deleted_folder_pauses_the_setup_and_deletes_nothing(world: World, full: bool) -> None:
    ids = in_sync(world, 3)
    world.people("delete_folder", ANNA, FOLDER)
    run = world.sync(full=full)
    assert run.state is RunState.FAILED
    assert "folder" in run.message
    assert world.state().paused_reason == "folderGone"
    assert all(world.links()[bc_id].state is LinkState.LINKED for bc_id in ids)
    assert world.sync(full=True).state is RunState.FAILED  # until a person decides


@pytest.mark.parametrize("told", ["removed", "silent", "not_found"])
def test_deleted_folder_is_noticed_however_delta_tells_it(world: World, told: str) -> None:
    ids = in_sync(world, 3)
    world.sandbox.switches["deleted_folder_delta"] = told
    world.people("delete_folder", ANNA, FOLDER)
    world.bc_edit(ids[0], jobTitle="Head Buyer")
    world.bc_person("Rosa New", "rosa@x.example")
    run = world.sync()
    assert run.state is RunState.FAILED
    assert world.state().paused_reason == "folderGone"
    assert {link.state for link in world.links().values()} == {LinkState.LINKED}


def test_folder_deleted_for_good_pauses_too(world: World) -> None:
    in_sync(world, 2)
    url = f"{world.sandbox.graph_url}/users/{ANNA}/contactFolders/{world.state().folder_id}/permanentDelete"
    answer = requests.post(url, headers={"Authorization": f"Bearer {world.sandbox.token()}"}, timeout=30)
    assert answer.status_code == 204
    assert world.sync().state is RunState.FAILED
    assert world.state().paused_reason == "folderGone"


def test_deleted_folder_made_again_brings_everyone_back(world: World) -> None:
    in_sync(world, 3)
    world.people("delete_folder", ANNA, FOLDER)
    world.sync()
    resume_with_a_new_folder(world)
    world.ok(full=True)
    assert len(world.outlook(folder=world.state().folder_id)) == 3
    assert_equal(world, folder=world.state().folder_id)
    assert_silent(world)


def test_folder_taken_out_of_deleted_items_goes_on(world: World) -> None:
    [ada, *_] = in_sync(world, 3)
    world.people("delete_folder", ANNA, FOLDER)
    world.sync()
    world.people("move_folder", ANNA, FOLDER, "contacts")
    world.services.store.setups.amend(ANNA, COMPANY, resumed)
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert len(world.outlook()) == 3
    assert_silent(world)


def test_renamed_folder_stays_the_folder_and_the_setup_learns_its_name(world: World) -> None:
    [ada] = in_sync(world)
    world.people("rename_folder", ANNA, FOLDER, "Kunden")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    world.ok(full=True)
    assert world.card(name_of(0), folder="Kunden")["jobTitle"] == "Head Buyer"
    assert world.state().folder_name == "Kunden"


def test_moved_folder_stays_the_folder(world: World) -> None:
    [ada] = in_sync(world)
    world.people("create_folder", ANNA, "Work")
    world.people("move_folder", ANNA, FOLDER, "Work")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    world.ok(full=True)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    world.outlook_delete(copy_of(world, ada))
    world.ok()
    assert world.links()[ada].state is LinkState.DELETED_BY_USER


def test_folder_renamed_and_state_lost_does_not_make_twins_in_bc(world: World) -> None:
    """The new name is not known any more: a new folder is filled, the old one is nobody's, nothing is lost."""
    in_sync(world, 2)
    world.people("rename_folder", ANNA, FOLDER, "Kunden")
    world.reset_storage()
    world.set_up()
    world.sync(full=True)
    assert len(world.bc_all()) == 2
    assert len(world.outlook(folder="Kunden")) == 2
    assert_silent(world)


def test_folder_renamed_and_state_lost_is_taken_up_again_under_its_new_name(world: World) -> None:
    ids = in_sync(world, 2)
    copies = {copy_of(world, bc_id) for bc_id in ids}
    world.people("rename_folder", ANNA, FOLDER, "Kunden")
    world.reset_storage()
    world.set_up(folder_name="Kunden")
    world.ok(full=True)
    assert {copy_of(world, bc_id) for bc_id in ids} == copies
    assert len(world.outlook(folder="Kunden")) == 2
    assert len(world.bc_all()) == 2


def test_mailbox_restored_or_moved_to_another_server(world: World) -> None:
    """Every id is another: the markers find everyone again, an edit made meanwhile is kept."""
    ada, grace = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.people("restore_mailbox", ANNA)
    world.bc_edit(grace, jobTitle="Admiral")
    for _ in range(3):
        run = world.sync(full=True)
        if world.state().paused_reason == "folderGone":
            resume_with_a_new_folder(world)
    assert run.state is RunState.SUCCEEDED, run
    assert len(world.outlook()) == 2
    assert len(world.bc_all()) == 2
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert job(world, grace) == ("Admiral", "Admiral")
    assert_equal(world)
    assert_silent(world)


def test_the_users_address_changes(world: World) -> None:
    """The mailbox is known by its object id alone: no call names the address."""
    [ada] = in_sync(world)
    mark = world.sandbox.log.mark()
    world.sandbox.call(change_address, world, "anna@cronus.example", "anna.married@cronus.example")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    world.ok(full=True)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert not [entry.path for entry in world.sandbox.log.entries("graph", mark) if "anna" in entry.path]


def test_moved_to_a_private_folder_then_a_full_sync(world: World) -> None:
    """It lives elsewhere: not made anew while it does, linked again when it is back."""
    ada, _ = in_sync(world, 2)
    copy = copy_of(world, ada)
    world.people("create_folder", ANNA, "Private")
    world.people("move_contact", ANNA, copy, "Private")
    world.ok()
    world.ok(full=True)
    assert world.names() == [name_of(1)]
    assert world.links()[ada].note is Reason.MOVED_OUT
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert (
        world.card(name_of(0), folder="Private")["jobTitle"] == "Buyer"
    )  # outside the folder nothing is written
    world.people("move_contact", ANNA, copy, FOLDER)
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert copy_of(world, ada) == copy
    assert_silent(world)


@pytest.fixture
def away(world: World) -> str:
    """Ada's copy lies in a private folder, and a run has seen that; her BC id."""
    ada, _ = in_sync(world, 2)
    world.people("create_folder", ANNA, "Private")
    world.people("move_contact", ANNA, copy_of(world, ada), "Private")
    world.ok()
    return ada


def comes_back_much_later(world: World, bc_id: str) -> None:
    """What changed meanwhile in Business Central is beyond the overlap of the watermark."""
    world.ok()
    world.pass_minutes(60)
    world.bc_person("Rosa New", "rosa@x.example")
    world.ok()
    world.people("move_contact", ANNA, copy_of(world, bc_id), FOLDER)
    world.ok()


def test_moved_out_edited_and_moved_back(world: World, away: str) -> None:
    copy = copy_of(world, away)
    world.outlook_edit(copy, jobTitle="Mine")
    world.ok()
    assert world.bc(away)["jobTitle"] == "Buyer"
    world.people("move_contact", ANNA, copy, FOLDER)
    world.ok()
    assert job(world, away) == ("Mine", "Mine")
    assert_silent(world)


def test_edited_in_bc_while_moved_out_arrives_when_moved_back(world: World, away: str) -> None:
    world.bc_edit(away, jobTitle="Head Buyer")
    comes_back_much_later(world, away)
    assert job(world, away) == ("Head Buyer", "Head Buyer")
    assert_silent(world)


def test_deleted_in_bc_while_moved_out_goes_when_moved_back(world: World, away: str) -> None:
    world.bc_delete(away)
    world.ok()
    assert world.names(folder="Private") == [name_of(0)]
    comes_back_much_later(world, away)
    assert world.names() == [name_of(1), "Rosa New"]
    assert_silent(world)


def test_blocked_while_moved_out_goes_when_moved_back(world: World, away: str) -> None:
    world.bc_edit(away, privacyBlocked=True)
    comes_back_much_later(world, away)
    assert world.names() == [name_of(1), "Rosa New"]
    assert_silent(world)


def test_moved_out_and_back_between_two_runs_changes_nothing(world: World) -> None:
    """With immutable ids delta tells this as removed only."""
    ada, _ = in_sync(world, 2)
    copy = copy_of(world, ada)
    world.people("create_folder", ANNA, "Private")
    world.people("move_contact", ANNA, copy, "Private")
    world.outlook_edit(copy, mobilePhone="+44 7700 900123")
    world.people("move_contact", ANNA, copy, FOLDER)
    world.ok()
    assert copy_of(world, ada) == copy
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert len(world.outlook()) == 2


def test_moved_out_then_deleted_there_counts_as_deleted(world: World) -> None:
    ada, _ = in_sync(world, 2)
    copy = copy_of(world, ada)
    world.people("create_folder", ANNA, "Private")
    world.people("move_contact", ANNA, copy, "Private")
    world.ok()
    world.outlook_delete(copy)
    world.ok(full=True)
    assert world.names() == sorted([name_of(0), name_of(1)])  # asked for by a person: it returns


def test_mailbox_without_an_answer_for_a_week_pauses(world: World) -> None:
    in_sync(world)
    world.sandbox.faults.add(Fault("reject", "graph", status=404, code="MailboxNotEnabledForRESTAPI", times=0))
    assert world.sync().state is RunState.FAILED
    assert world.state().paused_reason == ""
    world.pass_minutes(8 * 24 * 60)
    assert world.sync().state is RunState.FAILED
    assert world.state().paused_reason == "mailboxGone"
    assert {link.state for link in world.links().values()} == {LinkState.LINKED}
