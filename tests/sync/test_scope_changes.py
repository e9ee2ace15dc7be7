"""Contacts that enter and leave what takes part: the filter, privacy, type (sync rules §2, §4)."""

from __future__ import annotations

from dataclasses import replace

from shared.model import ContactType, Json, LinkState, OnLeaveScope, Outcome, Reason
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, lost_values, name_of
from tests.sync.world import ANNA, COMPANY, World

BUYERS = {"jobTitle": "Buyer|Boss*"}


def choose(world: World, **choices: object) -> None:
    """The user changes the setup."""
    stored = world.services.store.setups.get(ANNA, COMPANY)
    assert stored is not None
    world.services.store.setups.put(replace(stored.setup, **choices))  # type: ignore[arg-type]


def test_contact_that_leaves_the_filter_is_removed_and_returns_with_it(world: World) -> None:
    ada, _ = in_sync(world, 2, filter=BUYERS)
    world.bc_edit(ada, jobTitle="Poet")
    run = world.ok()
    assert run.counts.to_outlook.deleted == 1
    assert world.names() == [name_of(1)]
    assert world.links()[ada].state is LinkState.REMOVED_BY_US
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Buyer")
    world.ok()
    assert len(world.outlook()) == 2
    assert_equal(world)


def test_filter_exit_with_an_edit_in_outlook_takes_the_edit_along(world: World) -> None:
    """Merged first, removed then: the edit arrives in Business Central."""
    ada, _ = in_sync(world, 2, filter=BUYERS)
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.bc_edit(ada, jobTitle="Poet")
    world.ok()
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert world.bc(ada)["jobTitle"] == "Poet"
    assert world.names() == [name_of(1)]
    assert_silent(world)


def test_filter_exit_with_the_same_field_edited_keeps_the_losing_value(world: World) -> None:
    ada, _ = in_sync(world, 2, filter=BUYERS)
    world.outlook_edit(copy_of(world, ada), jobTitle="Boss of all")
    world.bc_edit(ada, jobTitle="Poet")
    world.ok()
    assert world.names() == [name_of(1)]
    assert lost_values(world) == ["Boss of all"]


def test_exit_by_ones_own_edit_in_outlook(world: World) -> None:
    ada, _ = in_sync(world, 2, filter=BUYERS)
    world.outlook_edit(copy_of(world, ada), jobTitle="Poet")
    world.ok()
    world.ok()
    assert world.bc(ada)["jobTitle"] == "Poet"
    assert world.names() == [name_of(1)]
    assert_silent(world)


def test_copy_is_kept_detached_where_the_setup_says_so_and_linked_again_on_return(world: World) -> None:
    ada, _ = in_sync(world, 2, filter=BUYERS, on_leave_scope=OnLeaveScope.KEEP)
    world.bc_edit(ada, jobTitle="Poet")
    world.ok()
    assert len(world.outlook()) == 2
    assert world.links()[ada].state is LinkState.DETACHED
    assert world.links()[ada].note is Reason.OUTSIDE_FILTER
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Boss")
    world.ok()
    assert job(world, ada) == ("Boss", "Boss")
    assert len(world.outlook()) == 2
    assert_silent(world)


def test_added_in_outlook_but_outside_the_filter_is_created_and_keeps_syncing(world: World) -> None:
    """It never matched, so it can't have left: it stays, with a warning."""
    in_sync(world, 1, filter=BUYERS)
    added = world.outlook_add("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    world.ok()
    [hedy] = [str(c["id"]).lower() for c in world.bc_all() if c["displayName"] == "Hedy Lamarr"]
    world.ok()
    assert copy_of(world, hedy) == added
    world.outlook_edit(added, jobTitle="Chief Inventor")
    world.ok()
    assert world.bc(hedy)["jobTitle"] == "Chief Inventor"
    world.pass_minutes(1)
    world.bc_edit(hedy, mobilePhoneNumber="+43 1 234567")
    world.ok()
    assert world.card("Hedy Lamarr")["mobilePhone"] == "+43 1 234567"
    world.ok(full=True)
    assert len(world.outlook()) == 2
    assert Reason.OUTSIDE_FILTER in (world.links()[hedy].note, world.outcomes().get(hedy))
    assert_silent(world)


def test_born_in_outlook_that_matched_once_leaves_like_any_other(world: World) -> None:
    in_sync(world, 1, filter=BUYERS)
    world.outlook_add("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    world.ok()
    [hedy] = [str(c["id"]).lower() for c in world.bc_all() if c["displayName"] == "Hedy Lamarr"]
    world.pass_minutes(1)
    world.bc_edit(hedy, jobTitle="Buyer")
    world.ok()
    world.pass_minutes(1)
    world.bc_edit(hedy, jobTitle="Inventor")
    world.ok()
    assert world.names() == [name_of(0)]


def test_outlook_contact_whose_address_lies_outside_the_filter_is_left_alone(world: World) -> None:
    in_sync(world, 1, filter=BUYERS)
    world.bc_person("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    added = world.outlook_add("Hedy Lamarr", "hedy@radio.example")
    world.ok()
    assert len(world.bc_all()) == 2
    assert world.outcomes()[added] == Reason.OUTSIDE_FILTER
    assert_silent(world)


def test_blocked_then_unblocked(world: World) -> None:
    ada, _ = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), jobTitle="Secret")
    world.bc_edit(ada, privacyBlocked=True)
    run = world.ok()
    assert run.counts.to_outlook.deleted == 1
    assert world.names() == [name_of(1)]
    assert world.bc(ada)["jobTitle"] == "Buyer"
    assert lost_values(world) == ["Secret"]
    world.ok(full=True)
    assert world.names() == [name_of(1)]
    world.pass_minutes(1)
    world.bc_edit(ada, privacyBlocked=False)
    world.ok()
    assert len(world.outlook()) == 2
    assert_equal(world)


def test_blocked_person_never_reaches_outlook_and_is_no_target_for_outlooks_contact(world: World) -> None:
    world.bc_person("Ada Lovelace", "ada@x.example", privacyBlocked=True)
    world.set_up()
    world.ok(full=True)
    added = world.outlook_add("Ada Lovelace", "ada@x.example")
    world.ok()
    assert len(world.bc_all()) == 1
    assert world.outcomes()[added] == Reason.PRIVACY_BLOCKED


def test_person_that_becomes_a_company_leaves_and_nothing_flows(world: World) -> None:
    ada, _ = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.bc_edit(ada, type="Company")
    world.ok()
    assert world.names() == [name_of(1)]
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    assert world.bc(ada)["type"] == ContactType.COMPANY


def test_changed_filter_looks_at_everything_again(world: World) -> None:
    ada, grace = in_sync(world, 2)
    world.bc_edit(grace, jobTitle="Poet")
    world.ok()
    choose(world, filter={"jobTitle": "Buyer"})
    world.ok()
    assert world.names() == [name_of(0)]
    choose(world, filter={"jobTitle": "Poet"})
    world.ok()
    assert world.names() == [name_of(1)]
    choose(world, filter={})
    world.ok()
    assert len(world.outlook()) == 2
    assert len(world.bc_all()) == 2
    assert world.links()[ada].state is LinkState.LINKED
    assert_silent(world)


def test_filter_on_the_last_interaction_notices_what_moves_no_timestamp(world: World) -> None:
    ada, _ = in_sync(world, 2, filter={"lastInteractionDate": "2026-05-01.."})
    assert world.outlook() == []
    world.sandbox.call(world.sandbox.bc.people.touch_interaction, COMPANY, ada, "2026-05-10")
    world.ok()
    assert world.names() == [name_of(0)]


def test_private_contact_gives_nothing_away(world: World) -> None:
    """Marked Private after it was linked: its edits stay in Outlook, Business Central's still arrive."""
    private = {"id": "Integer 0x0036", "value": "2"}
    [ada] = in_sync(world, 1)
    world.outlook_edit(copy_of(world, ada), singleValueExtendedProperties=[private])
    world.outlook_add("Hedy Lamarr", "hedy@radio.example", singleValueExtendedProperties=[private])
    world.ok(full=True)
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert [c["displayName"] for c in world.bc_all()] == [name_of(0)]
    assert Reason.PRIVATE in world.outcomes().values()


def test_mark_private_is_noticed_without_a_full_sync(world: World) -> None:
    [ada] = in_sync(world)
    private: list[Json] = [{"id": "Integer 0x0036", "value": "2"}]
    world.outlook_edit(copy_of(world, ada), singleValueExtendedProperties=private)
    world.ok()
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.ok()
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    assert world.links()[ada].note is Reason.PRIVATE
    assert_silent(world)


def test_mark_private_that_came_with_an_edit_is_noticed_with_the_next_one(world: World) -> None:
    """Delta tells the edit and not the mark; to look at every edit would cost more than the sync itself."""
    ada, grace = in_sync(world, 2)
    private: list[Json] = [{"id": "Integer 0x0036", "value": "2"}]
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine", singleValueExtendedProperties=private)
    world.outlook_edit(copy_of(world, grace), jobTitle="Lead")
    world.ok()
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.outlook_edit(copy_of(world, grace), mobilePhone="+44 7700 900123")
    world.ok()
    assert [world.bc(one)["mobilePhoneNumber"] for one in (ada, grace)] == ["", "+44 7700 900123"]
    assert world.links()[ada].note is Reason.PRIVATE
    assert_silent(world)


def test_what_a_blocked_contact_holds_now_stands_in_no_record(world: World) -> None:
    ada, _ = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine", mobilePhone="+44 7700 900123")
    world.bc_edit(ada, displayName="Witness Protected", jobTitle="Informer", privacyBlocked=True)
    run = world.ok()
    [record] = world.services.store.conflicts.all(ANNA, COMPANY)
    assert record.name == name_of(0)
    assert {entry.lost: entry.kept for entry in record.fields} == {"Mine": "", "+44 7700 900123": ""}
    assert "Witness" not in str(world.actions(run))
    assert "Informer" not in str(world.actions(run))


def test_who_does_not_take_part_is_listed_with_the_reason(world: World) -> None:
    in_sync(world, 1)
    silent = world.outlook_add("Mail Less", "x@x.example", emailAddresses=[])
    card = world.outlook_add("Harbour Tools", "info@harbour.example", companyName="Harbour Tools")
    bad = world.outlook_add("Bad Address", "nobody@nowhere")
    nameless = world.outlook_add("", "no@name.example", displayName="", givenName="", surname="", fileAs="")
    world.people("create_contact", ANNA, "Business Central", distribution_list=True, displayName="All of us")
    run = world.ok()
    assert run.counts.skipped >= 4
    assert world.outcomes() == {
        silent: Reason.NO_EMAIL,
        card: Reason.NOT_A_PERSON,
        bad: Reason.INVALID_EMAIL,
        nameless: Reason.NO_NAME,
    }
    assert len(world.bc_all()) == 1
    assert Outcome.FAILED not in world.outcomes().values()
    assert_silent(world)


def test_contact_whose_type_flips_goes_and_returns_each_time(world: World) -> None:
    ada, _ = in_sync(world, 2)
    for _ in range(2):
        world.pass_minutes(30)
        world.bc_edit(ada, type="Company")
        world.ok()
        assert world.names() == [name_of(1)]
        world.pass_minutes(30)
        world.bc_edit(ada, type="Person")
        world.ok()
        assert len(world.outlook()) == 2
    assert_equal(world)
    assert_silent(world)


def test_kept_copy_of_a_contact_whose_type_flips_is_linked_again_with_what_was_written_meanwhile(
    world: World,
) -> None:
    ada, _ = in_sync(world, 2, on_leave_scope=OnLeaveScope.KEEP)
    copy = copy_of(world, ada)
    world.bc_edit(ada, type="Company")
    world.ok()
    world.outlook_edit(copy, mobilePhone="+44 7700 900123")
    world.ok()
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    world.pass_minutes(30)
    world.bc_edit(ada, type="Person")
    world.ok()
    assert copy_of(world, ada) == copy
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert_equal(world)
    assert_silent(world)


def test_exit_by_ones_own_edit_leaves_a_kept_copy_detached(world: World) -> None:
    ada, _ = in_sync(world, 2, filter=BUYERS, on_leave_scope=OnLeaveScope.KEEP)
    world.outlook_edit(copy_of(world, ada), jobTitle="Poet")
    world.ok()
    world.ok()
    assert world.bc(ada)["jobTitle"] == "Poet"
    assert world.links()[ada].state is LinkState.DETACHED
    assert world.links()[ada].note is Reason.OUTSIDE_FILTER
    assert len(world.outlook()) == 2
    assert_silent(world)
