"""One-way setups, cleared fields, a restored Business Central (sync rules §1, §5, §6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.core.snapshot import SeenBc
from shared.model import BcContact, ConflictPolicy, Direction, Json, Link, LinkState, OnLeaveScope, Reason
from shared.state.runs import RunState
from shared.sync.pausing import resumed
from shared.sync.watermarks import restored
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, lost_values, name_of
from tests.sync.world import ANNA, COMPANY, World

FULL_CARD: dict[str, Json] = {
    "jobTitle": "Buyer",
    "phoneNumber": "+44 20 7946 0001",
    "mobilePhoneNumber": "+44 7700 900123",
    "website": "https://x.example",
    "addressLine1": "1 Quay Rd",
    "city": "Hull",
    "country": "GB",
}


def test_to_outlook_edits_in_outlook_stand_until_bc_changes_that_very_field(world: World) -> None:
    [ada] = in_sync(world, 1, FULL_CARD, direction=Direction.TO_OUTLOOK)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine", mobilePhone="+44 7700 900999")
    world.ok()
    assert job(world, ada) == ("Buyer", "Mine")
    assert world.links()[ada].note is Reason.DIRECTION_OFF
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert lost_values(world) == ["Mine"]
    card = world.card(name_of(0))
    assert card["mobilePhone"] == "+44 7700 900999"
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert_silent(world)


def test_to_outlook_opened_later_lets_the_waiting_edits_flow(world: World) -> None:
    [ada] = in_sync(world, direction=Direction.TO_OUTLOOK)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine")
    world.outlook_add("Rosa New", "rosa@x.example")
    world.ok()
    assert len(world.bc_all()) == 1
    assert Reason.DIRECTION_OFF in world.outcomes().values()
    stored = world.services.store.setups.get(ANNA, COMPANY)
    assert stored is not None
    world.services.store.setups.put(replace(stored.setup, direction=Direction.BOTH))
    world.ok()
    assert job(world, ada) == ("Mine", "Mine")
    assert len(world.bc_all()) == 2
    assert_equal(world)


def test_to_outlook_values_of_a_first_meeting_stand_and_flow_once_they_may(world: World) -> None:
    """What Outlook alone has is no less its own for the contact having just been paired."""
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    world.people("create_folder", ANNA, "Business Central")
    world.outlook_add("Ann Smith", "ann@x.example", jobTitle="Mine", mobilePhone="+44 7700 900123")
    world.set_up(direction=Direction.TO_OUTLOOK)
    world.ok(full=True)
    assert job(world, ann) == ("Buyer", "Buyer")
    assert lost_values(world) == ["Mine"]
    assert_silent(world)
    assert world.card("Ann Smith")["mobilePhone"] == "+44 7700 900123"
    assert world.bc(ann)["mobilePhoneNumber"] == ""
    stored = world.services.store.setups.get(ANNA, COMPANY)
    assert stored is not None
    world.services.store.setups.put(replace(stored.setup, direction=Direction.BOTH))
    world.ok()
    assert world.bc(ann)["mobilePhoneNumber"] == "+44 7700 900123"
    assert_silent(world)


@pytest.mark.parametrize("held", ["ann@x.example", "first@x.example;aNn@x.Example"])
def test_to_outlook_contact_of_outlook_is_paired_when_bc_adds_the_person(world: World, held: str) -> None:
    in_sync(world, 1, direction=Direction.TO_OUTLOOK)
    added = world.outlook_add("Ann Smith", "ANN@X.example", jobTitle="Mine")
    world.ok()
    assert world.outcomes()[added] == Reason.DIRECTION_OFF
    world.pass_minutes(30)
    ann = world.bc_person("Ann Smith", held)
    world.ok()
    assert copy_of(world, ann) == added
    assert job(world, ann) == ("", "Mine")
    assert_silent(world)


def test_to_outlook_kept_copy_that_left_and_came_back_keeps_its_edit(world: World) -> None:
    ada, _ = in_sync(
        world,
        2,
        filter={"jobTitle": "Buyer|Boss"},
        direction=Direction.TO_OUTLOOK,
        on_leave_scope=OnLeaveScope.KEEP,
    )
    copy = copy_of(world, ada)
    world.outlook_edit(copy, mobilePhone="+44 7700 900123")
    world.bc_edit(ada, jobTitle="Poet")
    world.ok()
    assert world.links()[ada].state is LinkState.DETACHED
    world.pass_minutes(30)
    world.bc_edit(ada, jobTitle="Boss")
    world.ok()
    assert copy_of(world, ada) == copy
    assert job(world, ada) == ("Boss", "Boss")
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    assert world.card(name_of(0))["mobilePhone"] == "+44 7700 900123"
    assert_silent(world)


def test_to_business_central_gives_outlook_nothing_but_the_marker(world: World) -> None:
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer", city="Hull")
    world.bc_person("Ben Jones", "ben@x.example")
    world.people("create_folder", ANNA, "Business Central")
    card = world.outlook_add("Ann Smith", "ann@x.example", mobilePhone="+44 7700 900123")
    world.set_up(direction=Direction.TO_BUSINESS_CENTRAL)
    world.ok(full=True)
    assert world.names() == ["Ann Smith"]
    shown = world.card("Ann Smith")
    assert (shown["jobTitle"], shown["businessAddress"]) == (None, {})
    assert shown["singleValueExtendedProperties"]
    assert world.bc(ann)["mobilePhoneNumber"] == "+44 7700 900123"
    world.pass_minutes(1)
    world.bc_edit(ann, jobTitle="Head Buyer")
    world.outlook_edit(card, businessHomePage="https://ann.example")
    world.ok()
    assert world.card("Ann Smith")["jobTitle"] is None
    assert world.bc(ann)["website"] == "https://ann.example"
    assert_silent(world)


def test_to_business_central_removes_no_copy(world: World) -> None:
    world.people("create_folder", ANNA, "Business Central")
    ann = world.bc_person("Ann Smith", "ann@x.example")
    world.outlook_add("Ann Smith", "ann@x.example")
    world.set_up(direction=Direction.TO_BUSINESS_CENTRAL)
    world.ok(full=True)
    world.bc_delete(ann)
    world.ok()
    assert world.names() == ["Ann Smith"]
    assert world.links()[ann].state is LinkState.DETACHED


def test_field_cleared_in_outlook_clears_in_bc(world: World) -> None:
    [ada] = in_sync(world, 1, FULL_CARD)
    world.outlook_edit(
        copy_of(world, ada), jobTitle="", mobilePhone=None, businessPhones=[], businessHomePage=None
    )
    world.ok()
    found = world.bc(ada)
    cleared = ("jobTitle", "mobilePhoneNumber", "phoneNumber", "website")
    assert [found[name] for name in cleared] == ["", "", "", ""]
    assert (found["city"], found["country"]) == ("Hull", "GB")
    assert_equal(world)
    assert_silent(world)


def test_field_cleared_in_bc_clears_in_outlook(world: World) -> None:
    [ada] = in_sync(world, 1, FULL_CARD)
    world.bc_edit(ada, jobTitle="", mobilePhoneNumber="", website="", addressLine1="")
    world.ok()
    card = world.card(name_of(0))
    assert not card["jobTitle"]
    assert not card["mobilePhone"]
    assert not card["businessHomePage"]
    assert card["businessPhones"] == ["+44 20 7946 0001"]
    assert_equal(world)
    assert_silent(world)


def test_name_and_address_emptied_in_outlook_are_put_back(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(
        copy_of(world, ada), emailAddresses=[], displayName="", givenName="", middleName="", surname=""
    )
    run = world.ok()
    assert world.bc(ada)["email"] == "p0@x.example"
    assert world.card(name_of(0))["emailAddresses"]
    assert run.counts.to_business_central.updated == 0
    assert world.links()[ada].note is Reason.REQUIRED_FIELD
    assert_equal(world)
    assert_silent(world)


def test_country_and_company_emptied_in_outlook_are_put_back(world: World) -> None:
    world.bc_company("Harbour Tools", number="KT900")
    [ada] = in_sync(world, 1, {"country": "GB", "city": "Hull", "companyNumber": "KT900"})
    world.outlook_edit(copy_of(world, ada), companyName=None, businessAddress={"city": "Hull"})
    run = world.ok()
    assert run.counts.to_business_central.updated == 0
    found, card = world.bc(ada), world.card(name_of(0))
    assert (found["country"], found["companyName"]) == ("GB", "Harbour Tools")
    assert card["companyName"] == "Harbour Tools"
    assert world.links()[ada].note is Reason.REQUIRED_FIELD
    assert_equal(world)
    assert_silent(world)


def test_second_business_telephone_takes_the_place_of_one_emptied_in_bc(world: World) -> None:
    """Graph's list has no blank place, so it moves up; were it Outlook's alone, the next one would drop it."""
    [ada] = in_sync(world, 1, {"phoneNumber": "+44 20 7946 0001"})
    world.outlook_edit(copy_of(world, ada), businessPhones=["+44 20 7946 0001", "+44 20 7946 0002"])
    world.ok()
    world.pass_minutes(1)
    world.bc_edit(ada, phoneNumber="")
    world.ok()
    world.ok()
    assert world.card(name_of(0))["businessPhones"] == ["+44 20 7946 0002"]
    assert world.bc(ada)["phoneNumber"] == "+44 20 7946 0002"
    assert_equal(world)
    assert_silent(world)


def test_outlook_wins_where_the_setup_says_so(world: World) -> None:
    [ada] = in_sync(world, conflict_policy=ConflictPolicy.OUTLOOK)
    world.outlook_edit(copy_of(world, ada), jobTitle="From Outlook")
    world.bc_edit(ada, jobTitle="From BC")
    run = world.ok()
    assert run.counts.conflicts == 1
    assert job(world, ada) == ("From Outlook", "From Outlook")
    assert lost_values(world) == ["From BC"]


def test_equal_edits_on_both_sides_are_no_conflict(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), jobTitle="Head Buyer")
    world.bc_edit(ada, jobTitle="Head Buyer")
    mark = world.sandbox.log.mark()
    run = world.ok()
    assert run.counts.conflicts == 0
    assert world.writes_since(mark) == []


@pytest.mark.parametrize("full", [False, True])
def test_bc_restored_to_yesterday_writes_nothing_and_pauses(world: World, full: bool) -> None:
    ada, _ = in_sync(world, 2)
    yesterday = world.sandbox.call(world.sandbox.bc.people.snapshot)
    world.pass_minutes(24 * 60)
    world.bc_edit(ada, jobTitle="Today")
    world.ok()
    world.pass_minutes(5)
    world.sandbox.call(world.sandbox.bc.people.restore, yesterday)
    mark = world.sandbox.log.mark()
    run = world.sync(full=full)
    assert run.state is RunState.FAILED
    assert "back in time" in run.message
    assert world.state().paused_reason == "restored"
    assert world.writes_since(mark) == []
    assert world.card(name_of(0))["jobTitle"] == "Today"


@pytest.mark.parametrize("full", [False, True])
def test_bc_restored_to_before_contacts_were_made_deletes_nothing(world: World, full: bool) -> None:
    """The restored environment knows nothing of the newest contacts: they are not taken for deleted."""
    ada, _ = in_sync(world, 2)
    yesterday = world.sandbox.call(world.sandbox.bc.people.snapshot)
    world.pass_minutes(24 * 60)
    world.outlook_add("Rosa New", "rosa@x.example")
    world.bc_person("Ben Jones", "ben@x.example")
    world.bc_edit(ada, jobTitle="Today")
    world.ok()
    world.pass_minutes(5)
    world.sandbox.call(world.sandbox.bc.people.restore, yesterday)
    world.sync(full=full)
    assert len(world.outlook()) == 4
    assert world.state().paused_reason == "restored"


@pytest.mark.parametrize(
    ("now", "then", "back"),
    [
        ("2026-05-11T08:02:13.657Z", "2026-05-11T08:02:13.6587123Z", False),  # rounded by the database
        ("2026-05-11T08:02:13.7Z", "2026-05-11T08:02:13.789Z", False),
        ("2026-05-11T08:02:13Z", "2026-05-11T08:02:13.99Z", False),
        ("2026-05-11T08:02:12Z", "2026-05-11T08:02:13.1Z", True),
        ("2026-05-11T08:02:13.657Z", "2026-05-11T08:02:13.677Z", True),
        ("2026-05-11T08:02:14Z", "2026-05-11T08:02:13.1Z", False),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", False),
    ],
)
def test_same_moment_told_with_fewer_digits_is_no_restored_environment(now: str, then: str, back: bool) -> None:
    link = Link("a", "o", LinkState.LINKED, bc_modified=then)
    seen = SeenBc(BcContact("a", "", "", "Person", "Ada", modified=now), b"")
    assert restored([link], {"a": seen}) is back


def test_newest_contact_deleted_is_no_restored_environment(world: World) -> None:
    in_sync(world, 2)
    world.pass_minutes(24 * 60)
    newest = world.bc_person("Rosa New", "rosa@x.example")
    world.ok()
    world.pass_minutes(24 * 60)
    world.bc_delete(newest)
    world.ok()
    assert len(world.outlook()) == 2


def test_restored_environment_goes_on_after_a_person_resumed(world: World) -> None:
    ada, _ = in_sync(world, 2)
    yesterday = world.sandbox.call(world.sandbox.bc.people.snapshot)
    world.pass_minutes(24 * 60)
    world.bc_edit(ada, jobTitle="Today")
    world.ok()
    world.sandbox.call(world.sandbox.bc.people.restore, yesterday)
    world.sync()
    world.services.store.setups.amend(ANNA, COMPANY, resumed)
    run = world.sync(full=True)
    assert run.state is RunState.SUCCEEDED, run.message
    assert_equal(world)
    assert_silent(world)
