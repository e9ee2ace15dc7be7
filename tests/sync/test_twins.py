"""Who belongs to whom when several could (sync rules §3): twins, copies, one address for two."""

from __future__ import annotations

from shared.model import Json, LinkState, Reason
from shared.state.runs import Trigger
from tests.sync.situations import assert_equal, assert_silent, copy_of, in_sync, job, lost_values, name_of
from tests.sync.world import ANNA, BEN, COMPANY, World

FOLDER = "Business Central"


def emails(world: World, contact: str, *addresses: str) -> None:
    """The user rewrites the addresses of an Outlook contact."""
    slots: list[Json] = [{"address": address, "name": address} for address in addresses]
    world.outlook_edit(contact, emailAddresses=slots)


def test_linked_email_changed_in_outlook_to_another_bc_contacts(world: World) -> None:
    """The link decides, not the address: no pair is torn, no twin made."""
    ada, grace = in_sync(world, 2)
    first, second = copy_of(world, ada), copy_of(world, grace)
    emails(world, first, "p1@x.example")
    world.ok()
    assert world.bc(ada)["email"] == "p1@x.example"
    assert (copy_of(world, ada), copy_of(world, grace)) == (first, second)
    world.ok(full=True)
    assert len(world.outlook()) == len(world.bc_all()) == 2
    assert_equal(world)
    assert_silent(world)


def test_first_full_sync_with_three_twins_in_outlook(world: World) -> None:
    """The oldest is paired, the others are left alone and reported."""
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    world.people("create_folder", ANNA, FOLDER)
    ids = []
    for number in range(3):
        ids.append(world.outlook_add("Ann Smith", "ann@x.example", mobilePhone=f"+44 7700 90012{number}"))
        world.pass_minutes(1)
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ann) == ids[0]
    assert world.bc(ann)["mobilePhoneNumber"] == "+44 7700 900120"
    assert world.outcomes() == {ids[1]: Reason.DUPLICATE, ids[2]: Reason.DUPLICATE}
    assert len(world.outlook()) == 3
    assert len(world.bc_all()) == 1
    assert_silent(world)


def test_three_new_twins_in_outlook_make_one_bc_contact(world: World) -> None:
    in_sync(world)
    for _ in range(3):
        world.outlook_add("Ann Smith", "ann@x.example")
    world.ok()
    world.ok(full=True)
    assert len([c for c in world.bc_all() if c["displayName"] == "Ann Smith"]) == 1
    assert list(world.outcomes().values()) == [Reason.DUPLICATE] * 2
    assert_silent(world)


def test_contact_copied_in_outlook(world: World) -> None:
    """The copy bears the same marker; the linked one keeps it, the copy is nobody."""
    [ada] = in_sync(world)
    original = copy_of(world, ada)
    twin = world.people("copy_contact", ANNA, original)
    world.ok()
    world.outlook_edit(str(twin), jobTitle="Twin")
    world.ok()
    world.ok(full=True)
    assert copy_of(world, ada) == original
    assert world.bc(ada)["jobTitle"] == "Buyer"
    assert world.outcomes() == {twin: Reason.DUPLICATE}
    assert len(world.bc_all()) == 1
    assert_silent(world)


def test_copy_given_a_name_and_address_of_its_own_becomes_a_person(world: World) -> None:
    [ada] = in_sync(world)
    twin = str(world.people("copy_contact", ANNA, copy_of(world, ada)))
    world.outlook_edit(twin, displayName="Rosa New", givenName="Rosa", surname="New")
    emails(world, twin, "rosa@x.example")
    world.ok()
    [rosa] = [str(c["id"]).lower() for c in world.bc_all() if c["displayName"] == "Rosa New"]
    assert copy_of(world, rosa) == twin
    assert world.bc(ada)["displayName"] == name_of(0)
    assert_silent(world)


def test_linked_original_deleted_and_its_copy_takes_over(world: World) -> None:
    [ada] = in_sync(world)
    original = copy_of(world, ada)
    twin = world.people("copy_contact", ANNA, original)
    world.ok()
    world.outlook_delete(original)
    world.outlook_edit(str(twin), jobTitle="Head Buyer")
    world.ok()
    assert copy_of(world, ada) == twin
    assert world.bc(ada)["jobTitle"] == "Head Buyer"
    assert_silent(world)


def test_two_bc_contacts_with_one_address_and_one_name(world: World) -> None:
    """One owns the Outlook contact, the other is reported."""
    one = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    two = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Seller")
    world.set_up()
    world.ok(full=True)
    assert world.names() == ["Ann Smith"]
    owners = set(world.links())
    [other] = {one, two} - owners
    assert world.outcomes() == {other: Reason.DUPLICATE}
    world.pass_minutes(1)
    world.bc_edit(other, jobTitle="Chief Seller")
    world.ok()
    assert world.card("Ann Smith")["jobTitle"] in ("Buyer", "Seller")
    assert_silent(world)


def test_two_bc_contacts_with_one_address_and_different_names(world: World) -> None:
    one = world.bc_person("Ann Smith", "office@x.example", jobTitle="Buyer")
    two = world.bc_person("Ben Jones", "office@x.example", jobTitle="Seller")
    world.set_up()
    world.ok(full=True)
    assert world.names() == ["Ann Smith", "Ben Jones"]
    world.pass_minutes(1)
    world.outlook_edit(copy_of(world, two), jobTitle="Chief Seller")
    world.ok()
    assert (job(world, one)[0], job(world, two)[0]) == ("Buyer", "Chief Seller")
    assert_equal(world)
    assert_silent(world)


def test_first_meeting_bc_wins_blanks_are_filled_and_what_lost_is_kept(world: World) -> None:
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer", city="Hull")
    world.people("create_folder", ANNA, FOLDER)
    card = world.outlook_add(
        "Ann Smith",
        "ann@x.example",
        jobTitle="Old Title",
        mobilePhone="+44 7700 900123",
        personalNotes="mine",
        categories=["Friends"],
    )
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ann) == card
    shown = world.card("Ann Smith")
    assert shown["jobTitle"] == "Buyer"
    assert shown["personalNotes"] == "mine"
    assert shown["categories"] == ["Friends", "Business Central"]
    assert world.bc(ann)["mobilePhoneNumber"] == "+44 7700 900123"
    assert lost_values(world) == ["Old Title"]
    assert_equal(world)
    assert_silent(world)


def test_same_address_but_no_word_in_common_is_no_pair(world: World) -> None:
    """Business Central copies a company's address to its people."""
    world.bc_person("Ann Smith", "office@x.example")
    world.people("create_folder", ANNA, FOLDER)
    card = world.outlook_add("Rosa Luz", "office@x.example")
    world.set_up()
    world.ok(full=True)
    assert world.names() == ["Ann Smith", "Rosa Luz"]
    assert world.outcomes() == {card: Reason.DUPLICATE}
    assert len(world.bc_all()) == 1


def test_any_of_three_addresses_and_any_part_of_the_list_pairs(world: World) -> None:
    ann = world.bc_person("Ann Smith", "first@x.example;ann@x.example")
    world.people("create_folder", ANNA, FOLDER)
    slots: list[Json] = [{"address": f"{name}@home.example"} for name in ("a", "b")]
    card = world.outlook_add(
        "Ann Smith", "", emailAddresses=[*slots, {"address": "ANN@x.example", "name": "Ann"}]
    )
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ann) == card
    assert len(world.bc_all()) == 1


def test_address_that_belongs_to_a_company_makes_no_person(world: World) -> None:
    world.bc_company("Harbour Tools Ltd", email="info@harbour.example")
    in_sync(world)
    card = world.outlook_add("Nneka Okafor", "info@harbour.example")
    world.ok()
    assert world.outcomes() == {card: Reason.BELONGS_TO_COMPANY}
    assert len(world.bc_all()) == 2
    assert_silent(world)


def test_company_card_is_never_turned_into_a_person(world: World) -> None:
    """A card of the firm in Outlook meets the Company in Business Central: neither is touched."""
    harbour = world.bc_company("Harbour Tools Ltd", email="info@harbour.example")
    world.people("create_folder", ANNA, FOLDER)
    card = world.outlook_add("Harbour Tools Ltd", "info@harbour.example", companyName="Harbour Tools Ltd")
    world.set_up()
    world.ok(full=True)
    assert world.bc(harbour)["type"] == "Company"
    assert world.links() == {}
    assert world.outcomes() == {card: Reason.NOT_A_PERSON}
    assert len(world.bc_all()) == 1
    assert_silent(world)


def test_two_mailboxes_adding_one_person_make_one_bc_contact(world: World) -> None:
    in_sync(world)
    world.set_up(BEN)
    world.ok(BEN, full=True)
    mine = world.outlook_add("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    his = world.outlook_add("Hedy Lamarr", "hedy@radio.example", BEN, jobTitle="Inventor")
    world.ok()
    world.ok(BEN)
    world.ok()
    [hedy] = [str(c["id"]).lower() for c in world.bc_all() if c["displayName"] == "Hedy Lamarr"]
    assert copy_of(world, hedy) == mine
    assert copy_of(world, hedy, BEN) == his
    assert_silent(world)
    assert_silent(world, BEN)


def test_two_mailboxes_editing_one_field(world: World) -> None:
    """The second comes too late: it had not seen the first one's value, so its own stands in the record."""
    [ada] = in_sync(world)
    world.set_up(BEN)
    world.ok(BEN, full=True)
    world.outlook_edit(copy_of(world, ada), jobTitle="Anna's")
    world.outlook_edit(copy_of(world, ada, BEN), BEN, jobTitle="Ben's")
    world.ok()
    world.ok(BEN)
    world.ok()
    assert job(world, ada) == job(world, ada, BEN) == ("Anna's", "Anna's")
    assert lost_values(world, BEN) == ["Ben's"]
    assert lost_values(world) == []


def test_outlook_only_contact_arrives_with_all_mapped_fields(world: World) -> None:
    world.bc_company("Harbour Tools Ltd")
    in_sync(world)
    world.outlook_add(
        "Nneka Ada Okafor",
        "nneka@harbour.example",
        givenName="Nneka",
        middleName="Ada",
        surname="Okafor",
        jobTitle="Buyer",
        companyName="harbour tools ltd",
        businessPhones=["+44 20 7946 0001"],
        mobilePhone="+44 7700 900123",
        businessHomePage="https://harbour.example",
        businessAddress={
            "street": "1 Quay Rd\r\nFloor 2",
            "city": "Hull",
            "state": "Yorkshire",
            "postalCode": "HU1 1AA",
            "countryOrRegion": "United Kingdom",
        },
    )
    world.ok()
    [nneka] = [c for c in world.bc_all() if c["displayName"] == "Nneka Ada Okafor"]
    wanted = {
        "type": "Person",
        "jobTitle": "Buyer",
        "companyName": "Harbour Tools Ltd",
        "email": "nneka@harbour.example",
        "phoneNumber": "+44 20 7946 0001",
        "mobilePhoneNumber": "+44 7700 900123",
        "website": "https://harbour.example",
        "addressLine1": "1 Quay Rd",
        "addressLine2": "Floor 2",
        "city": "Hull",
        "state": "Yorkshire",
        "postalCode": "HU1 1AA",
        "country": "GB",
    }
    assert {name: nneka[name] for name in wanted} == wanted
    assert_equal(world)
    assert_silent(world)


def test_company_by_name_unique_blank_and_ambiguous(world: World) -> None:
    for name in ("Harbour Tools Ltd", "Twin Works", "Twin Works"):
        world.bc_company(name)
    ada, grace, alan = in_sync(world, 3)
    world.outlook_edit(copy_of(world, ada), companyName="  harbour TOOLS ltd ")
    world.outlook_edit(copy_of(world, grace), companyName="Twin Works")
    world.outlook_edit(copy_of(world, alan), companyName="No Such Works")
    world.ok()
    assert world.bc(ada)["companyName"] == "Harbour Tools Ltd"
    assert world.bc(grace)["companyName"] == world.bc(alan)["companyName"] == ""
    assert world.links()[grace].note is Reason.COMPANY_AMBIGUOUS
    assert world.links()[alan].note is Reason.COMPANY_NOT_FOUND
    assert_silent(world)
    world.outlook_edit(copy_of(world, ada), companyName="")
    world.ok()
    assert world.bc(ada)["companyName"] == "Harbour Tools Ltd"  # blank: left as it was
    assert_silent(world)


def test_company_that_was_created_later_arrives_with_the_next_full_sync(world: World) -> None:
    harbour = world.bc_company("Harbour Tools Ltd")
    ada, grace = in_sync(world, 2)
    world.outlook_edit(copy_of(world, ada), companyName="New Works")
    world.outlook_edit(copy_of(world, grace), companyName="New Works")
    world.ok()
    world.bc_company("New Works")
    world.bc_edit(grace, companyNumber=world.bc(harbour)["number"])
    world.pass_minutes(1)
    world.ok(full=True)
    assert world.bc(ada)["companyName"] == "New Works"
    assert world.links()[ada].note is None
    assert world.bc(grace)["companyName"] == "Harbour Tools Ltd"  # changed there since: Business Central wins
    assert_equal(world)
    assert_silent(world)


def test_fields_that_outlook_has_not_stay_when_bc_wins(world: World) -> None:
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer", taxRegistrationNumber="GB123456789")
    world.people("create_folder", ANNA, FOLDER)
    world.outlook_add("Ann Smith", "ann@x.example", jobTitle="Other")
    world.set_up()
    world.ok(full=True)
    world.outlook_edit(copy_of(world, ann), jobTitle="Head Buyer")
    world.ok(trigger=Trigger.TIMER)
    assert world.bc(ann)["jobTitle"] == "Head Buyer"
    assert world.bc(ann)["taxRegistrationNumber"] == "GB123456789"
    assert world.links()[ann].state is LinkState.LINKED


def test_person_whom_another_mailbox_is_just_adding_waits_and_is_paired(world: World) -> None:
    """The other run has claimed the address and not yet created anybody."""
    in_sync(world)
    claims, environment = world.services.store.claims, world.services.settings.bc_environment
    other = claims.claim(environment, COMPANY, ["hedy@radio.example"], "another setup")
    mine = world.outlook_add("Hedy Lamarr", "hedy@radio.example")
    assert world.sync().counts.failed == 1
    assert world.outcomes() == {mine: Reason.THROTTLED}
    assert len(world.bc_all()) == 1
    hedy = world.bc_person("Hedy Lamarr", "hedy@radio.example")
    claims.fulfil(other, hedy)
    world.pass_minutes(2)
    world.ok(trigger=Trigger.TIMER)
    assert copy_of(world, hedy) == mine
    assert world.outcomes() == {}
    assert_silent(world)


def test_copied_in_outlook_then_the_original_deleted(world: World) -> None:
    """The copy bears the marker: it is found by it, and the contact does not count as deleted."""
    [ada] = in_sync(world)
    original = copy_of(world, ada)
    twin = world.people("copy_contact", ANNA, original)
    world.ok()
    world.pass_minutes(30)
    world.outlook_delete(original)
    world.ok()
    assert copy_of(world, ada) == twin
    assert_silent(world)
