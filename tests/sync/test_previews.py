"""Previews: shown first, then done contact by contact, and nothing else (sync rules §6, invariant I14)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.model import Direction, LinkState, Reason, Setup
from shared.state.runs import Run, RunKind, RunState
from shared.sync.work import run_slice
from tests.sync.situations import all_actions, assert_silent, copy_of, in_sync, job, name_of, persons
from tests.sync.test_faults import edit_before_writing
from tests.sync.world import ANNA, COMPANY, World


def test_preview_writes_nothing_anywhere(world: World) -> None:
    persons(world, 3)
    world.set_up()
    mark = world.sandbox.log.mark()
    run = world.sync(full=True, kind=RunKind.PREVIEW)
    assert run.state is RunState.SUCCEEDED
    assert run.counts.to_outlook.created == 3
    assert world.writes_since(mark) == []
    assert world.links() == {}
    assert [action["actions"] for action in world.actions(run)] == [["createInOutlook"]] * 3


def test_preview_shows_old_and_new_values(world: World) -> None:
    [ada] = in_sync(world)
    world.bc_edit(ada, jobTitle="Head Buyer")
    shown = all_actions(world, world.sync(kind=RunKind.PREVIEW))[ada]
    assert shown["fields"] == [{"side": "outlook", "field": "jobTitle", "old": "Buyer", "new": "Head Buyer"}]


def test_applied_preview_does_what_was_shown_and_leaves_the_rest_for_the_next_run(world: World) -> None:
    same, moved, later, other = in_sync(world, 4)
    world.bc_edit(same, jobTitle="Shown")
    world.bc_edit(moved, jobTitle="Shown")
    preview = world.sync(kind=RunKind.PREVIEW)
    world.pass_minutes(1)
    world.bc_edit(moved, jobTitle="Moved on")
    world.bc_edit(later, jobTitle="Later")
    world.outlook_edit(copy_of(world, other), jobTitle="Mine")
    world.outlook_add("Rosa New", "rosa@x.example")
    applied = world.sync(source=preview.id)
    assert "1 of 2 previewed contacts changed" in applied.message
    assert applied.counts.to_outlook.updated == 1
    assert applied.counts.to_business_central == type(applied.counts.to_business_central)()
    assert job(world, same) == ("Shown", "Shown")
    assert job(world, moved) == ("Moved on", "Buyer")
    assert job(world, later) == ("Later", "Buyer")
    assert len(world.bc_all()) == 4
    world.ok()
    assert job(world, moved) == ("Moved on", "Moved on")
    assert job(world, later) == ("Later", "Later")
    assert job(world, other) == ("Mine", "Mine")
    assert len(world.bc_all()) == 5
    assert_silent(world)


def test_street_of_many_lines_is_written_as_it_was_shown(world: World) -> None:
    [ada] = in_sync(world, 1, {"addressLine1": "a", "addressLine2": "b"})
    world.outlook_edit(copy_of(world, ada), businessAddress={"street": "a\nb\nc\nd"})
    world.ok()
    world.pass_minutes(1)
    world.bc_edit(ada, addressLine1="new")
    preview = world.sync(kind=RunKind.PREVIEW)
    assert world.sync(source=preview.id).message == ""
    card = world.card(name_of(0))
    assert card["businessAddress"]["street"] == "new\nb\nc\nd"  # type: ignore[index,call-overload]
    assert_silent(world)


def test_shown_deletion_is_not_done_when_the_copy_was_edited_meanwhile(world: World) -> None:
    gone, _ = in_sync(world, 2)
    world.bc_delete(gone)
    preview = world.sync(kind=RunKind.PREVIEW)
    assert preview.counts.to_outlook.deleted == 1
    world.outlook_edit(copy_of(world, gone), jobTitle="Precious")
    world.sync(source=preview.id)
    assert world.card(name_of(0))["jobTitle"] == "Precious"


def test_what_changes_while_a_preview_is_applied_is_left_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write meets an edit: what would be decided anew was never shown."""
    world.sandbox.switches["if_match"] = "enforce412"
    ada, grace = in_sync(world, 2)
    copy = copy_of(world, ada)
    for bc_id in (ada, grace):
        world.bc_edit(bc_id, jobTitle="Shown")
    preview = world.sync(kind=RunKind.PREVIEW)
    edit_before_writing(world, monkeypatch, lambda: world.outlook_edit(copy, mobilePhone="+44 7700 900123"))
    applied = world.sync(source=preview.id)
    assert "1 of 2 previewed contacts changed" in applied.message
    assert job(world, ada) == ("Shown", "Buyer")
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    assert job(world, grace) == ("Shown", "Shown")
    world.ok()
    assert job(world, ada) == ("Shown", "Shown")
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"


def test_preview_applied_in_slices_counts_what_earlier_slices_did(world: World) -> None:
    ids = in_sync(world, 45)
    for bc_id in ids:
        world.bc_edit(bc_id, jobTitle="Shown")
    preview = world.sync(kind=RunKind.PREVIEW)
    world.bc_edit(ids[44], jobTitle="Moved on")
    runs = world.services.store.runs
    run = runs.create(Run(runs.new_id(ANNA, COMPANY), ANNA, COMPANY, source=preview.id))
    while run_slice(world.services, run.id, slice_seconds=0) is not None:
        pass
    ended = runs.get(run.id)
    assert ended is not None
    assert ended.slice > 1
    assert ended.counts.to_outlook.updated == 44
    assert ended.message == "1 of 45 previewed contacts changed meanwhile: left alone."


def test_first_full_sync_applied_from_its_preview(world: World) -> None:
    persons(world, 3)
    world.set_up()
    preview = world.sync(full=True, kind=RunKind.PREVIEW)
    world.bc_person("Rosa New", "rosa@x.example")
    applied = world.sync(full=True, source=preview.id)
    assert applied.counts.to_outlook.created == 3
    assert "Rosa New" not in world.names()
    world.ok()
    assert len(world.outlook()) == 4
    assert_silent(world)


def test_preview_of_another_setup_changes_nothing_of_the_stored_one(world: World) -> None:
    """Changing the direction asks for a preview first."""
    [ada] = in_sync(world, direction=Direction.TO_OUTLOOK)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine")
    world.ok()
    wished = Setup(user=ANNA, company=COMPANY, direction=Direction.BOTH)
    shown = world.sync(kind=RunKind.PREVIEW, setup=wished)
    assert shown.counts.to_business_central.updated == 1
    assert job(world, ada) == ("Buyer", "Mine")
    stored = world.services.store.setups.get(ANNA, COMPANY)
    assert stored is not None
    assert stored.setup.direction is Direction.TO_OUTLOOK
    world.ok()
    assert job(world, ada) == ("Buyer", "Mine")
    world.services.store.setups.put(replace(wished))
    world.ok()
    assert job(world, ada) == ("Mine", "Mine")


def test_one_run_with_a_wider_filter_brings_in_and_removes_nothing(world: World) -> None:
    ada, grace = in_sync(world, 2, filter={"jobTitle": "Buyer"})
    poet = world.bc_person("Sappho Lesbos", "sappho@x.example", jobTitle="Poet")
    world.bc_edit(grace, jobTitle="Boss")  # has left, but this run removes nothing
    run = world.ok(full=True, filter={"jobTitle": "Poet|Buyer"})
    assert run.counts.to_outlook.created == 1
    assert world.names() == sorted([name_of(0), name_of(1), "Sappho Lesbos"])
    assert len({world.links()[c].outlook_id for c in (ada, grace, poet)}) == 3
    world.pass_minutes(1)
    world.bc_edit(poet, mobilePhoneNumber="+30 210 123")
    world.ok()
    assert world.names() == sorted([name_of(0), "Sappho Lesbos"])  # the poet has not left; the boss has
    assert world.card("Sappho Lesbos")["mobilePhone"] == "+30 210 123"
    world.ok(full=True)
    assert "Sappho Lesbos" in world.names()
    assert_silent(world)


def test_one_run_with_a_narrower_filter_moves_no_watermark(world: World) -> None:
    ada, grace = in_sync(world, 2)
    world.bc_edit(ada, jobTitle="Poet")
    world.bc_edit(grace, jobTitle="Boss")
    world.outlook_add("Rosa New", "rosa@x.example")
    world.outlook_delete(copy_of(world, grace))
    world.ok(filter={"jobTitle": "Poet"})
    assert job(world, ada) == ("Poet", "Poet")
    assert len(world.bc_all()) == 2
    world.ok()
    assert len(world.bc_all()) == 3
    assert world.names() == sorted([name_of(0), "Rosa New"])


def test_preview_applied_again_after_everything_moved_on_does_nothing(world: World) -> None:
    [ada] = in_sync(world)
    world.bc_edit(ada, jobTitle="Head Buyer")
    preview = world.sync(kind=RunKind.PREVIEW)
    world.sync(source=preview.id)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    world.bc_edit(ada, jobTitle="Buyer")
    world.ok()
    world.sync(source=preview.id)
    assert job(world, ada) == ("Buyer", "Buyer")
    assert_silent(world)


def test_one_run_with_a_filter_leaves_deletions_of_either_side_to_the_next(world: World) -> None:
    here, there = in_sync(world, 2)
    world.outlook_delete(copy_of(world, here))
    world.outlook_edit(copy_of(world, there), jobTitle="Mine")
    world.bc_delete(there)
    world.ok(filter={"displayName": "Nobody"})
    assert world.names() == [name_of(1)]
    world.ok()
    assert world.links()[here].state is LinkState.DELETED_BY_USER
    assert world.links()[there].note is Reason.KEPT_EDITED
