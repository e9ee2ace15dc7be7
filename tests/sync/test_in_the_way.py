"""A contact that was left alone because of another, once that one moves (sync rules §3, invariant I9).

Each ends after an incremental run as it would after a full one: nobody waits for the next audit.
"""

from __future__ import annotations

from shared.model import Reason
from tests.sync.situations import assert_silent, copy_of, in_sync, name_of
from tests.sync.world import ANNA, World

BUYERS = {"jobTitle": "Buyer|Boss*"}
LONG = 30  # minutes: what happened before is beyond the overlap of the watermark


def twins(world: World) -> tuple[str, str]:
    """Two BC contacts of one name and address: the one with the copy, the one without."""
    one = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    two = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Seller")
    world.set_up()
    world.ok(full=True)
    [owner] = world.links()
    world.pass_minutes(LONG)
    world.bc_person("Rosa New", "rosa@x.example")
    world.ok()
    world.pass_minutes(LONG)
    return owner, two if owner == one else one


def test_added_by_hand_while_blocked_is_linked_when_unblocked(world: World) -> None:
    ada, _ = in_sync(world, 2)
    world.bc_edit(ada, privacyBlocked=True)
    world.ok()
    added = world.outlook_add(name_of(0), "p0@x.example")
    world.ok()
    assert world.outcomes()[added] == Reason.PRIVACY_BLOCKED
    world.pass_minutes(LONG)
    world.bc_edit(ada, privacyBlocked=False)
    world.ok()
    assert copy_of(world, ada) == added
    assert len(world.outlook()) == 2
    assert_silent(world)


def test_added_by_hand_while_outside_the_filter_is_linked_on_reentry(world: World) -> None:
    ada, _ = in_sync(world, 2, filter=BUYERS)
    world.bc_edit(ada, jobTitle="Poet")
    world.ok()
    added = world.outlook_add(name_of(0), "p0@x.example")
    world.ok()
    assert world.outcomes()[added] == Reason.OUTSIDE_FILTER
    world.pass_minutes(LONG)
    world.bc_edit(ada, jobTitle="Buyer")
    world.ok()
    assert copy_of(world, ada) == added
    assert len(world.outlook()) == 2
    assert_silent(world)


def test_back_in_the_filter_beside_a_twin_that_has_its_copy_makes_no_second_one(world: World) -> None:
    one = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    world.set_up(filter=BUYERS)
    world.ok(full=True)
    world.pass_minutes(LONG)
    world.bc_edit(one, jobTitle="Poet")
    world.ok()
    world.pass_minutes(LONG)
    world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    world.ok()
    world.pass_minutes(LONG)
    world.bc_edit(one, jobTitle="Boss")
    world.ok()
    assert world.names() == ["Ann Smith"]
    assert world.outcomes()[one] == Reason.DUPLICATE
    assert_silent(world)


def test_twin_gets_its_own_copy_when_the_other_is_renamed(world: World) -> None:
    owner, _ = twins(world)
    world.bc_edit(owner, displayName="Ann Miller")
    world.ok()
    assert world.names() == ["Ann Miller", "Ann Smith", "Rosa New"]
    assert_silent(world)


def test_twin_takes_over_when_the_other_is_blocked(world: World) -> None:
    owner, other = twins(world)
    world.bc_edit(owner, privacyBlocked=True)
    world.ok()
    world.ok()
    assert world.names() == ["Ann Smith", "Rosa New"]
    assert copy_of(world, other) in {card["id"] for card in world.outlook()}
    assert_silent(world)


def test_outlook_contact_is_created_in_bc_when_the_one_with_its_address_is_deleted(world: World) -> None:
    in_sync(world, 1, filter=BUYERS)
    hedy = world.bc_person("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    added = world.outlook_add("Hedy Lamarr", "hedy@radio.example")
    world.ok()
    assert world.outcomes()[added] == Reason.OUTSIDE_FILTER
    world.pass_minutes(LONG)
    world.bc_delete(hedy)
    world.ok()
    assert [c["displayName"] for c in world.bc_all()] == [name_of(0), "Hedy Lamarr"]
    assert_silent(world)


def test_outlook_contact_is_created_in_bc_when_the_company_gives_up_its_address(world: World) -> None:
    harbour = world.bc_company("Harbour Tools Ltd", email="nneka@harbour.example")
    in_sync(world)
    added = world.outlook_add("Nneka Okafor", "nneka@harbour.example")
    world.ok()
    assert world.outcomes()[added] == Reason.BELONGS_TO_COMPANY
    world.pass_minutes(LONG)
    world.bc_edit(harbour, email="info@harbour.example")
    world.ok()
    assert added in {link.outlook_id for link in world.links().values()}
    assert_silent(world)


def test_outlook_contact_is_paired_when_the_one_with_its_address_enters_the_filter(world: World) -> None:
    in_sync(world, 1, filter=BUYERS)
    hedy = world.bc_person("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    added = world.outlook_add("Hedy Lamarr", "hedy@radio.example")
    world.ok()
    world.pass_minutes(LONG)
    world.bc_edit(hedy, jobTitle="Buyer")
    world.ok()
    assert copy_of(world, hedy) == added
    assert_silent(world)


def test_the_other_of_two_in_outlook_is_paired_when_the_linked_one_is_deleted(world: World) -> None:
    """The reason `duplicate` asks for exactly this."""
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    world.people("create_folder", ANNA, "Business Central")
    first = world.outlook_add("Ann Smith", "ann@x.example")
    world.pass_minutes(1)
    second = world.outlook_add("Ann Smith", "ann@x.example")
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ann) == first
    world.pass_minutes(LONG)
    world.outlook_delete(first)
    world.ok()
    assert copy_of(world, ann) == second
    assert_silent(world)


def test_the_other_of_two_new_ones_is_paired_when_the_linked_one_is_deleted(world: World) -> None:
    """When both were new, nobody knew yet which contact of Business Central would be the reason."""
    in_sync(world)
    world.outlook_add("Ann Smith", "ann@x.example")
    world.pass_minutes(1)
    second = world.outlook_add("Ann Smith", "ann@x.example")
    world.ok()
    world.ok()
    [ann] = [str(c["id"]).lower() for c in world.bc_all() if c["displayName"] == "Ann Smith"]
    world.pass_minutes(LONG)
    world.outlook_delete(copy_of(world, ann))
    world.ok()
    assert copy_of(world, ann) == second
    assert_silent(world)


def test_what_was_left_alone_and_then_deleted_is_listed_no_more(world: World) -> None:
    in_sync(world)
    added = world.outlook_add("Mail Less", "x@x.example", emailAddresses=[])
    world.ok()
    assert world.outcomes() == {added: Reason.NO_EMAIL}
    world.outlook_delete(added)
    world.ok()
    assert world.outcomes() == {}
