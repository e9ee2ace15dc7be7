"""One side deletes (sync rules §4): what goes, what stays away, and what comes back."""

from __future__ import annotations

import random

import pytest

from sandbox.graph import schema
from shared.core.reasons import explain
from shared.model import (
    Json,
    LinkState,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    Reason,
)
from shared.state.runs import RunState, Trigger
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, lost_values, name_of
from tests.sync.world import ANNA, COMPANY, World


def test_deletion_in_bc_reaches_outlook_in_an_incremental_run(world: World) -> None:
    gone, stays = in_sync(world, 2)
    copy = copy_of(world, gone)
    world.bc_delete(gone)
    run = world.ok()
    assert run.counts.to_outlook.deleted == 1
    assert world.names() == [name_of(1)]
    assert [item["id"] for item in world.people("deleted_items", ANNA)] == [copy]  # type: ignore[attr-defined]
    assert world.links()[stays].state is LinkState.LINKED
    assert_silent(world)


def test_deletion_is_noticed_although_another_contact_was_added(world: World) -> None:
    """The count alone would not tell."""
    gone, _ = in_sync(world, 2)
    world.bc_delete(gone)
    world.bc_person("Rosa New", "rosa@x.example")
    world.ok()
    assert world.names() == sorted([name_of(1), "Rosa New"])


def test_copies_stay_when_the_setup_keeps_them(world: World) -> None:
    gone, _ = in_sync(world, 2, on_business_central_delete=OnBusinessCentralDelete.KEEP)
    world.bc_delete(gone)
    world.ok()
    assert len(world.outlook()) == 2
    assert world.links()[gone].state is LinkState.DETACHED
    world.ok(full=True)
    assert len(world.bc_all()) == 1  # detached: never created anew by itself
    assert_silent(world)


def test_edit_in_outlook_survives_deletion_in_bc(world: World) -> None:
    gone, _ = in_sync(world, 2)
    world.bc_delete(gone)
    world.outlook_edit(copy_of(world, gone), jobTitle="Head Buyer")
    run = world.ok()
    assert run.counts.to_outlook.deleted == 0
    assert world.card(name_of(0))["jobTitle"] == "Head Buyer"
    link = world.links()[gone]
    assert (link.state, link.note) == (LinkState.DETACHED, Reason.KEPT_EDITED)
    world.ok(full=True)
    assert len(world.outlook()) == 2
    assert len(world.bc_all()) == 1


def test_notes_of_ones_own_count_as_an_edit(world: World) -> None:
    """Content that is never synced would be lost with the copy."""
    gone, _ = in_sync(world, 2)
    world.outlook_edit(copy_of(world, gone), personalNotes="Met in Hull; likes tea.")
    world.ok()
    world.bc_delete(gone)
    world.ok()
    assert world.card(name_of(0))["personalNotes"] == "Met in Hull; likes tea."
    assert world.links()[gone].note is Reason.KEPT_EDITED


def test_deleted_on_both_sides_leaves_nothing(world: World) -> None:
    gone, _ = in_sync(world, 2)
    world.outlook_delete(copy_of(world, gone))
    world.bc_delete(gone)
    world.ok()
    assert world.names() == [name_of(1)]
    assert_silent(world)


def test_deletion_and_reentry_in_bc(world: World) -> None:
    """Typed in again under a new number: the copy, with what Outlook alone knows, passes to the new one."""
    old, _ = in_sync(world, 2)
    copy = copy_of(world, old)
    world.outlook_edit(copy, personalNotes="Prefers mornings.")
    world.ok()
    world.bc_delete(old)
    new = world.bc_person(name_of(0), "p0@x.example", jobTitle="Buyer at last")
    world.ok()
    assert copy_of(world, new) == copy
    assert old not in world.links()
    assert len(world.outlook()) == 2
    assert world.card(name_of(0))["personalNotes"] == "Prefers mornings."
    assert job(world, new) == ("Buyer at last", "Buyer at last")
    assert_silent(world)


def test_reentry_found_only_later_makes_a_new_copy(world: World) -> None:
    old, _ = in_sync(world, 2)
    world.bc_delete(old)
    world.ok()
    new = world.bc_person(name_of(0), "p0@x.example", jobTitle="Buyer")
    world.ok()
    assert len(world.outlook()) == 2
    assert world.links()[new].state is LinkState.LINKED
    assert_equal(world)


def test_two_bc_contacts_merged(world: World) -> None:
    """One of the pair goes: its copy goes with it, the other stays linked."""
    keep = world.bc_person("Grace Hopper", "grace@navy.example", jobTitle="Admiral")
    gone = world.bc_person("Grace B. Hopper", "gh@navy.example", jobTitle="Rear Admiral")
    world.set_up()
    world.ok(full=True)
    world.pass_minutes(1)
    world.sandbox.call(world.sandbox.bc.people.merge_contacts, COMPANY, keep, gone)
    world.ok()
    assert world.names() == ["Grace Hopper"]
    assert job(world, keep) == ("Admiral", "Admiral")
    assert_silent(world)


def test_merged_twin_hands_its_copy_to_the_one_that_stays(world: World) -> None:
    """Of two twins one owned the copy; the owner is merged away, the other takes the copy over."""
    one = world.bc_person("Grace Hopper", "grace@navy.example", jobTitle="Admiral")
    two = world.bc_person("Grace Hopper", "grace@navy.example", jobTitle="Admiral")
    world.set_up()
    world.ok(full=True)
    world.pass_minutes(1)
    [owner] = [bc_id for bc_id, link in world.links().items() if link.outlook_id]
    heir = two if owner == one else one
    copy = copy_of(world, owner)
    world.sandbox.call(world.sandbox.bc.people.merge_contacts, COMPANY, heir, owner)
    world.ok()
    assert copy_of(world, heir) == copy
    assert len(world.outlook()) == 1
    assert_silent(world)


def test_deletion_in_outlook_stays_away_until_a_person_asks_for_a_full_sync(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_delete(copy_of(world, ada))
    world.ok()
    assert world.bc(ada)["displayName"] == name_of(0)
    for _ in range(3):
        world.pass_minutes(24 * 60)
        world.ok(full=True, trigger=Trigger.TIMER)
    assert world.outlook() == []
    world.ok(full=True)
    assert world.names() == [name_of(0)]
    assert_equal(world)


def test_deletion_in_outlook_is_not_undone_by_an_edit_in_bc(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_delete(copy_of(world, ada))
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Chief Buyer")
    world.ok()
    assert world.outlook() == []
    assert world.links()[ada].state is LinkState.DELETED_BY_USER


def test_new_contact_moved_out_and_back_before_any_run_saw_it_is_not_overlooked(world: World) -> None:
    """Graph then calls it removed and says nothing else."""
    in_sync(world)
    rosa = world.outlook_add("Rosa New", "rosa@x.example")
    world.people("move_contact", ANNA, rosa, "contacts")
    world.people("move_contact", ANNA, rosa, "Business Central")
    assert world.ok().counts.to_business_central.created == 1
    assert_silent(world)


def test_forever_then_added_again_by_hand(world: World) -> None:
    [ada] = in_sync(world, on_outlook_delete=OnOutlookDelete.FOREVER)
    world.outlook_delete(copy_of(world, ada))
    world.ok()
    world.ok(full=True)
    assert world.outlook() == []
    added = world.outlook_add(name_of(0), "p0@x.example", mobilePhone="+44 7700 900123")
    world.ok()
    assert copy_of(world, ada) == added
    assert len(world.bc_all()) == 1
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert job(world, ada) == ("Buyer", "Buyer")
    assert_silent(world)


def test_forever_then_taken_out_of_deleted_items(world: World) -> None:
    [ada] = in_sync(world, on_outlook_delete=OnOutlookDelete.FOREVER)
    copy = copy_of(world, ada)
    world.outlook_delete(copy)
    world.ok()
    world.people("move_contact", ANNA, copy, "Business Central")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert copy_of(world, ada) == copy
    assert job(world, ada) == ("Head Buyer", "Head Buyer")


def test_bc_company_deleted_with_its_two_hundred_people(world: World) -> None:
    """Business Central's cascade is more than the brake lets through: everything is held, then confirmed."""
    harbour = world.bc_company("Harbour Tools Ltd")
    number = world.bc(harbour)["number"]
    own: dict[str, Json] = {"companyNumber": number}
    for n in range(200):
        world.bc_person(f"Worker{n} Harbour", f"w{n}@harbour.example", **own)
    other = world.bc_person("Ada Lovelace", "ada@x.example")
    world.set_up()
    world.ok(full=True)
    world.pass_minutes(1)
    world.bc_delete(harbour)
    world.bc_edit(other, jobTitle="Countess")
    run = world.sync()
    assert run.state is RunState.NEEDS_CONFIRMATION
    assert run.counts.held == 200
    assert len(world.outlook()) == 201
    assert job(world, other) == ("Countess", "Countess")
    world.services.store.held.confirm(ANNA, COMPANY, run.id)
    world.ok()
    assert world.names() == ["Ada Lovelace"]
    assert lost_values(world) == []


def test_copy_too_large_to_be_brought_back_is_not_removed_and_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_MAX_LONG_TEXT", 3_000_000)  # Outlook itself takes whatever is pasted
    large, small, _ = in_sync(world, 3, filter={"jobTitle": "Buyer"})
    notes = random.Random(1).randbytes(1_000_000).hex()
    world.outlook_edit(copy_of(world, large), personalNotes=notes)
    world.ok()
    world.bc_edit(large, jobTitle="Poet")
    world.bc_edit(small, jobTitle="Poet")
    run = world.sync()
    assert (run.state, run.counts.to_outlook.deleted, run.counts.failed) == (RunState.PARTIAL, 1, 1)
    assert world.names() == sorted([name_of(0), name_of(2)])
    [told] = [row for row in world.services.store.outcomes.all(ANNA, COMPANY) if row.id == large]
    assert told.reason is Reason.REFUSED_BY_OUTLOOK
    assert "too large to be kept" in explain(told.reason, told.code)


def test_merged_twin_hands_its_copy_over_with_the_edits_of_both_sides(world: World) -> None:
    one = world.bc_person("Grace Hopper", "grace@navy.example", jobTitle="Admiral")
    two = world.bc_person("Grace Hopper", "grace@navy.example", jobTitle="Admiral")
    world.set_up()
    world.ok(full=True)
    world.pass_minutes(30)
    [owner] = world.links()
    heir = two if owner == one else one
    copy = copy_of(world, owner)
    world.outlook_edit(copy, jobTitle="Mine", mobilePhone="+44 7700 900123")
    world.bc_edit(heir, jobTitle="Theirs")
    world.sandbox.call(world.sandbox.bc.people.merge_contacts, COMPANY, heir, owner)
    world.ok()
    assert copy_of(world, heir) == copy
    assert job(world, heir) == ("Theirs", "Theirs")
    assert world.bc(heir)["mobilePhoneNumber"] == "+44 7700 900123"
    assert lost_values(world) == ["Mine"]
    assert_silent(world)


def test_copy_that_was_kept_for_its_edit_passes_to_the_one_entered_again(world: World) -> None:
    old, _ = in_sync(world, 2)
    copy = copy_of(world, old)
    world.bc_delete(old)
    world.outlook_edit(copy, jobTitle="Mine")
    world.ok()
    assert world.links()[old].state is LinkState.DETACHED
    world.pass_minutes(30)
    new = world.bc_person(name_of(0), "p0@x.example")
    world.ok()
    assert copy_of(world, new) == copy
    assert job(world, new) == ("Mine", "Mine")
    assert len(world.outlook()) == 2
    assert_silent(world)


def test_deleted_in_outlook_then_in_bc_never_comes_back(world: World) -> None:
    gone, _ = in_sync(world, 2)
    world.outlook_delete(copy_of(world, gone))
    world.ok()
    world.bc_delete(gone)
    world.ok()
    assert world.links()[gone].state is LinkState.REMOVED_BY_US
    world.ok(full=True)
    assert world.names() == [name_of(1)]
    assert_silent(world)


def test_deleted_again_after_it_was_brought_back_stays_away_again(world: World) -> None:
    [ada] = in_sync(world, on_outlook_delete=OnOutlookDelete.FOREVER)
    world.outlook_delete(copy_of(world, ada))
    world.ok()
    world.ok(wishes=[{"kind": "bringBack", "id": ada}])
    assert len(world.outlook()) == 1
    world.outlook_delete(copy_of(world, ada))
    world.ok()
    world.ok(full=True)
    assert world.outlook() == []
    assert_silent(world)


def test_audits_of_many_days_bring_nothing_back_and_write_nothing(world: World) -> None:
    """One deleted by its user, one detached, one kept for its edit, one moved out, one as it should be."""
    deleted, left, kept, moved, _ = in_sync(
        world, 5, filter={"jobTitle": "Buyer"}, on_leave_scope=OnLeaveScope.KEEP
    )
    world.outlook_delete(copy_of(world, deleted))
    world.bc_edit(left, jobTitle="Poet")
    world.bc_delete(kept)
    world.outlook_edit(copy_of(world, kept), jobTitle="Mine")
    world.people("create_folder", ANNA, "Private")
    world.people("move_contact", ANNA, copy_of(world, moved), "Private")
    world.ok()
    there, mark = world.names(), world.sandbox.log.mark()
    for _ in range(5):
        world.pass_minutes(24 * 60)
        world.ok(full=True, trigger=Trigger.TIMER)
        world.ok(trigger=Trigger.TIMER)
    assert world.names() == there == sorted(name_of(number) for number in (1, 2, 4))
    assert world.writes_since(mark) == []
