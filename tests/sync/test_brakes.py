"""What is held until a person says so, and what an incomplete reading may not do (sync rules §6)."""

from __future__ import annotations

import pytest

from sandbox.faults import Fault
from shared.model import Limit, Reason
from shared.state.runs import Run, RunKind, RunState, Trigger
from tests.sync.situations import all_actions, assert_equal, assert_silent, copy_of, in_sync, job
from tests.sync.world import ANNA, COMPANY, World


def held(world: World) -> list[str]:
    return sorted(item.id for item in world.services.store.held.all(ANNA, COMPANY) if not item.confirmed_by)


def confirm(world: World, run: Run) -> None:
    world.services.store.held.confirm(ANNA, COMPANY, run.id)


def test_mass_deletion_is_held_and_everything_else_applied(world: World) -> None:
    ids = in_sync(world, 30)
    for gone in ids[1:]:
        world.bc_delete(gone)
    world.bc_edit(ids[0], jobTitle="Head Buyer")
    run = world.sync()
    assert run.state is RunState.NEEDS_CONFIRMATION
    assert run.counts.held == 29
    assert "29" in run.message
    assert len(world.outlook()) == 30
    assert job(world, ids[0]) == ("Head Buyer", "Head Buyer")
    assert all_actions(world, run)[ids[1]]["reason"] == Reason.BRAKE
    again = world.sync()
    assert (again.state, again.counts.held) == (RunState.NEEDS_CONFIRMATION, 29)
    confirm(world, run)
    assert world.ok().counts.to_outlook.deleted == 29
    assert held(world) == []
    assert_silent(world)


def test_both_count_and_percentage_must_be_exceeded(world: World) -> None:
    ids = in_sync(world, 30, max_deletes=Limit(3, 20))
    for gone in ids[:5]:  # more than 3, but only a sixth
        world.bc_delete(gone)
    assert world.ok().counts.to_outlook.deleted == 5


def test_deletions_in_small_portions_add_up_over_a_day(world: World) -> None:
    ids = in_sync(world, 20, max_deletes=Limit(5, 20))
    for number, gone in enumerate(ids[:5]):
        world.bc_delete(gone)
        assert world.sync().state is RunState.SUCCEEDED, number
        world.pass_minutes(30)
    world.bc_delete(ids[5])
    assert world.sync().counts.held == 1
    world.pass_minutes(25 * 60)
    assert world.sync().counts.to_outlook.deleted == 1  # another day
    assert held(world) == []


def test_confirmation_covers_only_what_was_shown(world: World) -> None:
    ids = in_sync(world, 30)
    for gone in ids[:20]:
        world.bc_delete(gone)
    shown = world.sync()
    assert shown.counts.held == 20
    for gone in ids[20:25]:
        world.bc_delete(gone)
    confirm(world, shown)
    run = world.sync()
    assert run.counts.to_outlook.deleted == 20
    assert held(world) == sorted(ids[20:25])
    assert len(world.outlook()) == 10


def test_confirmation_of_an_earlier_run_covers_what_later_ones_hold_still(world: World) -> None:
    """The later run reads the contact in Business Central, too, and shows the value that would be replaced."""
    ids = in_sync(world, 2, max_changes=Limit(0, 0))
    world.pass_minutes(60)
    world.bc_edit(ids[1], jobTitle="Head Buyer")
    world.ok()
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Mine")
    shown = world.sync()
    world.pass_minutes(1)
    assert world.sync(trigger=Trigger.TIMER).counts.held == 1
    confirm(world, shown)
    assert world.ok().counts.to_business_central.updated == 1
    assert job(world, ids[0]) == ("Mine", "Mine")


def test_what_is_no_longer_due_is_not_done_although_it_was_confirmed(world: World) -> None:
    """Between showing and confirming the user edited one copy: the edit beats the deletion."""
    ids = in_sync(world, 30)
    for gone in ids[:20]:
        world.bc_delete(gone)
    shown = world.sync()
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Precious")
    confirm(world, shown)
    run = world.sync()
    assert run.counts.to_outlook.deleted == 19
    assert world.links()[ids[0]].note is Reason.KEPT_EDITED
    assert len(world.outlook()) == 11


def test_mass_change_in_bc_is_held(world: World) -> None:
    ids = in_sync(world, 20, max_changes=Limit(5, 20))
    for bc_id in ids[:10]:
        world.outlook_edit(copy_of(world, bc_id), jobTitle="Hacked")
    world.bc_edit(ids[19], jobTitle="Head Buyer")
    mark = world.sandbox.log.mark()
    run = world.sync()
    assert run.counts.held == 10
    assert not [call for call in world.writes_since(mark) if call.startswith("businessCentral")]
    assert job(world, ids[19]) == ("Head Buyer", "Head Buyer")
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Buyer")  # taken back by hand
    confirm(world, run)
    world.ok()
    assert [world.bc(bc_id)["jobTitle"] for bc_id in ids[:3]] == ["Buyer", "Hacked", "Hacked"]
    assert_equal(world)
    assert_silent(world)


def test_held_edit_that_meets_an_edit_in_bc_is_decided_anew(world: World) -> None:
    ids = in_sync(world, 20, max_changes=Limit(0, 0))
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Mine")
    assert world.sync().counts.held == 1
    world.pass_minutes(1)
    world.bc_edit(ids[0], jobTitle="Theirs")
    run = world.sync()
    assert (run.counts.held, run.counts.conflicts) == (0, 1)
    assert job(world, ids[0]) == ("Theirs", "Theirs")


def test_complete_but_empty_answer_is_held(world: World) -> None:
    """Below the brake of ten, but nobody deletes everything."""
    ids = in_sync(world, 3)
    for gone in ids:
        world.bc_delete(gone)
    run = world.sync()
    assert run.counts.held == 3
    assert "no contacts at all" in run.message
    assert len(world.outlook()) == 3
    confirm(world, run)
    world.ok()
    assert world.outlook() == []


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("service", ["graph", "businessCentral"])
def test_failed_reading_deletes_nothing_and_is_done_again(world: World, service: str, full: bool) -> None:
    ids = in_sync(world, 4)
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Head Buyer")
    world.bc_edit(ids[1], jobTitle="Admiral")
    path = "contacts" if service == "businessCentral" else "/contacts(/delta)?$"
    world.sandbox.faults.add(Fault("html_error", service, method="GET", path=path, status=500, times=3))
    world.sync(full=full)
    world.sandbox.faults.clear()
    assert len(world.outlook()) == 4
    world.ok(full=full)
    assert job(world, ids[0]) == ("Head Buyer", "Head Buyer")
    assert job(world, ids[1]) == ("Admiral", "Admiral")
    assert_silent(world)


@pytest.mark.parametrize("full", [False, True])
def test_refused_mailbox_or_company_deletes_nothing(world: World, full: bool) -> None:
    in_sync(world, 4)
    for service, status, code in (
        ("graph", 403, "ErrorAccessDenied"),
        ("graph", 404, "MailboxNotEnabledForRESTAPI"),
        ("businessCentral", 404, "Internal_CompanyNotFound"),
        ("businessCentral", 403, "Authorization_PermissionDenied"),
        ("businessCentral", 503, "Internal_TenantUnavailable"),
    ):
        world.sandbox.faults.add(Fault("reject", service, status=status, code=code, times=0))
        world.sync(full=full)
        world.sandbox.faults.clear()
    assert len(world.outlook()) == 4
    world.pass_minutes(60)
    world.ok(full=full)
    assert_silent(world)


def test_what_is_held_waits_through_a_run_with_a_filter_of_its_own(world: World) -> None:
    """That run decides on others only: what waits stays shown, and its confirmation still counts."""
    ids = in_sync(world, 30)
    for gone in ids[1:]:
        world.bc_delete(gone)
    shown = world.sync()
    assert shown.counts.held == 29
    world.sync(filter={"jobTitle": "Nobody"})
    assert len(held(world)) == 29
    confirm(world, shown)
    assert world.sync().counts.to_outlook.deleted == 29
    assert held(world) == []


def test_what_is_held_waits_while_a_preview_of_other_contacts_is_applied(world: World) -> None:
    ids = in_sync(world, 5, max_changes=Limit(0, 0))
    world.bc_edit(ids[1], jobTitle="Head Buyer")
    preview = world.sync(kind=RunKind.PREVIEW)
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Mine")
    shown = world.sync()
    assert held(world) == [ids[0]]
    world.sync(source=preview.id)
    assert held(world) == [ids[0]]
    confirm(world, shown)
    world.pass_minutes(30)
    world.ok()
    assert job(world, ids[0]) == ("Mine", "Mine")
    assert_silent(world)


def test_confirming_twice_or_after_it_is_over_does_nothing_more(world: World) -> None:
    ids = in_sync(world, 30)
    for gone in ids[:20]:
        world.bc_delete(gone)
    shown = world.sync()
    confirm(world, shown)
    confirm(world, shown)
    assert world.ok().counts.to_outlook.deleted == 20
    confirm(world, shown)
    world.pass_minutes(25 * 60)
    assert_silent(world)
    assert len(world.outlook()) == 10


@pytest.mark.parametrize("confirmed_first", [False, True])
def test_what_was_taken_back_and_done_again_must_be_confirmed_anew(world: World, confirmed_first: bool) -> None:
    ids = in_sync(world, 5, max_changes=Limit(0, 0))
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Mine")
    shown = world.sync()
    if confirmed_first:
        confirm(world, shown)
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Buyer")
    world.sync()
    confirm(world, shown)
    world.outlook_edit(copy_of(world, ids[0]), jobTitle="Mine")
    assert world.sync().counts.held == 1
    assert world.bc(ids[0])["jobTitle"] == "Buyer"
