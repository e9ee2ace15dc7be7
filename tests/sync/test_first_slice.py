"""The main job, end to end: two sides, one run, nothing lost."""

from __future__ import annotations

from tests.sync.world import World


def test_first_full_sync_brings_persons_to_outlook(world: World) -> None:
    world.bc_company("Harbour Tools Ltd")
    ada = world.bc_person("Ada Marie Lovelace", "ada@analytical.example", jobTitle="Countess")
    world.bc_person("No Mail", "")
    world.set_up()
    run = world.ok(full=True)
    assert run.counts.to_outlook.created == 1
    card = world.card("Ada Marie Lovelace")
    assert (card["givenName"], card["middleName"], card["surname"]) == ("Ada", "Marie", "Lovelace")
    assert card["jobTitle"] == "Countess"
    assert card["categories"] == ["Business Central"]
    assert world.links()[ada].outlook_id == card["id"]


def test_second_run_writes_nothing(world: World) -> None:
    for number in range(5):
        world.bc_person(f"Person {number}", f"p{number}@x.example", city="London", country="GB")
    world.set_up()
    world.ok(full=True)
    mark = world.sandbox.log.mark()
    world.ok()
    world.ok(full=True)
    assert world.writes_since(mark) == []


def test_run_without_changes_makes_two_data_requests(world: World) -> None:
    world.bc_person("Ada Lovelace", "ada@x.example")
    world.set_up()
    world.ok(full=True)
    mark, trips = world.sandbox.log.mark(), world.services.store.round_trips
    world.ok()
    single = [e for e in world.sandbox.log.entries(since=mark) if not e.item]
    assert [(e.service, e.method) for e in single] == [("graph", "GET"), ("businessCentral", "POST")]
    assert world.services.store.round_trips - trips <= 8 + 2  # the test itself stores and reads the run


def test_edit_in_bc_arrives_in_outlook(world: World) -> None:
    ada = world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    world.set_up()
    world.ok(full=True)
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert world.card("Ada Lovelace")["jobTitle"] == "Head Buyer"


def test_edit_in_outlook_arrives_in_bc(world: World) -> None:
    ada = world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    world.set_up()
    world.ok(full=True)
    world.outlook_edit(str(world.card("Ada Lovelace")["id"]), jobTitle="Head Buyer")
    world.ok()
    assert world.bc(ada)["jobTitle"] == "Head Buyer"


def test_two_fields_of_one_contact_edited_on_both_sides_both_survive(world: World) -> None:
    ada = world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    world.set_up()
    world.ok(full=True)
    world.outlook_edit(str(world.card("Ada Lovelace")["id"]), mobilePhone="+44 7700 900123")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert world.card("Ada Lovelace")["jobTitle"] == "Head Buyer"


def test_same_field_edited_on_both_sides_ends_with_bc_and_keeps_the_other(world: World) -> None:
    ada = world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    world.set_up()
    world.ok(full=True)
    world.outlook_edit(str(world.card("Ada Lovelace")["id"]), jobTitle="From Outlook")
    world.bc_edit(ada, jobTitle="From BC")
    run = world.ok()
    assert world.bc(ada)["jobTitle"] == "From BC"
    assert world.card("Ada Lovelace")["jobTitle"] == "From BC"
    assert run.counts.conflicts == 1
    [conflict] = world.services.store.conflicts.all(
        "7f0e1d2c-0000-4000-8000-0000000000aa", "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"
    )
    assert conflict.fields[0].lost == "From Outlook"


def test_new_contact_in_outlook_arrives_in_bc_as_a_person(world: World) -> None:
    world.bc_person("Ada Lovelace", "ada@x.example")
    world.set_up()
    world.ok(full=True)
    world.outlook_add("Grace Hopper", "grace@navy.example", jobTitle="Admiral")
    run = world.ok()
    assert run.counts.to_business_central.created == 1
    [grace] = [c for c in world.bc_all() if c["displayName"] == "Grace Hopper"]
    assert (grace["type"], grace["email"], grace["jobTitle"]) == ("Person", "grace@navy.example", "Admiral")
    mark = world.sandbox.log.mark()
    world.ok()
    assert world.writes_since(mark) == []
