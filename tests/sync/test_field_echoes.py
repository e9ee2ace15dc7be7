"""Fields that one side rewrites, cuts or refuses: they settle, and nothing echoes (sync rules §5)."""

from __future__ import annotations

import pytest

from shared.model import Json, LinkState, Outcome, Reason
from shared.state.runs import RunState
from tests.sync.situations import (
    assert_equal,
    assert_silent,
    copy_of,
    in_sync,
    job,
    lost_values,
    name_of,
    persons,
)
from tests.sync.world import ANNA, COMPANY, World


def address(**parts: str) -> dict[str, Json]:
    return {"businessAddress": dict(parts)}


def test_post_code_rewrites_the_city_and_outlook_learns_it_in_the_same_run(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(
        copy_of(world, ada),
        **address(street="Rue 1", city="x", postalCode="1000", countryOrRegion="Belgium"),
    )
    world.ok()
    found = world.bc(ada)
    assert (found["country"], found["postalCode"], found["addressLine1"]) == ("BE", "1000", "Rue 1")
    assert_equal(world)
    assert_silent(world)


def test_country_changed_in_outlook_keeps_the_place(world: World) -> None:
    [ada] = in_sync(world, 1, {"country": "GB", "city": "Hull", "postalCode": "HU1 1AA"})
    world.outlook_edit(
        copy_of(world, ada), **address(city="Hull", postalCode="HU1 1AA", countryOrRegion="Germany")
    )
    world.ok()
    found = world.bc(ada)
    assert (found["country"], found["city"], found["postalCode"]) == ("DE", "Hull", "HU1 1AA")
    assert_silent(world)


def test_unknown_country_rests_in_outlook(world: World) -> None:
    [ada] = in_sync(world, 1, {"country": "GB", "city": "Hull"})
    world.outlook_edit(copy_of(world, ada), **address(city="Hull", countryOrRegion="Ruritania"))
    world.ok()
    assert world.bc(ada)["country"] == "GB"
    assert world.links()[ada].note is Reason.COUNTRY_UNKNOWN
    assert_silent(world)
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    card = world.card(name_of(0))
    assert card["businessAddress"]["countryOrRegion"] == "Ruritania"  # type: ignore[index,call-overload]
    assert_silent(world)


@pytest.mark.parametrize("text", ["長い肩書き" * 20, "Senior Vice President of Everything and More", "🙂" * 40])
def test_too_long_is_cut_in_bc_stays_whole_in_outlook_and_never_echoes(world: World, text: str) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), jobTitle=text)
    world.ok()
    there, here = job(world, ada)
    assert here == text
    assert there
    assert text.startswith(there)
    assert world.links()[ada].note is Reason.TRUNCATED
    assert_silent(world)
    world.pass_minutes(1)
    world.bc_edit(ada, mobilePhoneNumber="+44 7700 900123")
    world.ok()
    assert job(world, ada)[1] == text
    assert_silent(world)


def test_bcs_fourth_address_survives_an_edit_of_the_first_three(world: World) -> None:
    ada = world.bc_person("Ada Lovelace", "a@x.example;b@x.example;c@x.example;d@x.example")
    world.set_up()
    world.ok(full=True)
    slots: list[Json] = [{"address": f"{name}@x.example"} for name in ("a", "new", "c")]
    world.outlook_edit(copy_of(world, ada), emailAddresses=slots)
    world.ok()
    assert world.bc(ada)["email"] == "a@x.example;new@x.example;c@x.example;d@x.example"
    assert_silent(world)


def test_address_that_is_none_rests_in_outlook_and_outlives_a_new_one_from_bc(world: World) -> None:
    """Graph shows its name alone: it is not taken for an emptied address, which would be put back."""
    [ada] = in_sync(world)
    copy = copy_of(world, ada)
    world.outlook_edit(copy, emailAddresses=[{"address": "ada at home", "name": "ada at home"}])
    world.ok()
    assert world.bc(ada)["email"] == "p0@x.example"
    assert world.card(name_of(0))["emailAddresses"] == [{"name": "ada at home"}]
    assert world.links()[ada].note is Reason.INVALID_EMAIL
    assert_silent(world)
    world.bc_edit(ada, email="ada@y.example")
    world.ok()
    shown = [{"name": name_of(0), "address": "ada@y.example"}, {"name": "ada at home"}]
    assert world.card(name_of(0))["emailAddresses"] == shown
    assert_silent(world)


def test_address_edited_beside_one_that_bc_cannot_take_arrives_and_both_sides_rest(world: World) -> None:
    ada = world.bc_person("Ada Lovelace", "a@x.example;b@x.example")
    world.set_up()
    world.ok(full=True)
    slots: list[Json] = [{"address": "new@x.example"}, {"address": "ada@localhost"}]
    world.outlook_edit(copy_of(world, ada), emailAddresses=slots)
    world.ok()
    assert world.bc(ada)["email"] == "new@x.example;b@x.example"
    assert world.links()[ada].note is Reason.INVALID_EMAIL
    assert_silent(world)
    world.pass_minutes(1)
    world.bc_edit(ada, email="newer@x.example")
    world.ok()
    shown = world.card("Ada Lovelace")["emailAddresses"]
    assert [slot["address"] for slot in shown] == ["newer@x.example", "ada@localhost"]  # type: ignore[index,call-overload,union-attr]
    assert_silent(world)


def test_unmapped_data_of_outlook_stay_as_they_are(world: World) -> None:
    own: dict[str, Json] = {
        "personalNotes": "likes tea",
        "birthday": "1974-07-22T00:00:00Z",
        "homeAddress": {"street": "2 Home Rd", "city": "Hull"},
        "homePhones": ["+44 1", "+44 2"],
        "categories": ["Friends"],
        "nickName": "Countess",
        "children": ["Byron"],
        "businessPhones": ["+44 20 7946 0001", "+44 20 7946 0002"],
    }
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), **own)
    world.ok()
    for number in range(3):
        world.pass_minutes(1)
        world.bc_edit(ada, jobTitle=f"Title {number}", city="Hull", phoneNumber=f"+44 20 7946 010{number}")
        world.ok()
    card = world.card(name_of(0))
    kept = {name: card[name] for name in own if name != "businessPhones"}
    assert kept == {name: value for name, value in own.items() if name != "businessPhones"} | {
        "homeAddress": card["homeAddress"]
    }
    assert card["homeAddress"]["street"] == "2 Home Rd"  # type: ignore[index,call-overload]
    assert card["businessPhones"] == ["+44 20 7946 0102", "+44 20 7946 0002"]
    assert_silent(world)


def test_name_given_in_parts_stays_as_the_user_divided_it(world: World) -> None:
    [ada] = in_sync(world)
    parts = {"givenName": "Ada Augusta", "surname": "King Lovelace", "displayName": "Ada A. King Lovelace"}
    world.outlook_edit(copy_of(world, ada), **parts)
    world.ok()
    assert world.bc(ada)["displayName"] == "Ada Augusta King Lovelace"
    world.pass_minutes(1)
    world.bc_edit(ada, jobTitle="Countess")
    world.ok()
    card = world.card("Ada A. King Lovelace")
    assert (card["givenName"], card["surname"]) == ("Ada Augusta", "King Lovelace")
    assert_silent(world)


def test_our_category_is_given_once_and_stays_away_when_taken_off(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), categories=[])
    world.ok()
    world.bc_edit(ada, jobTitle="Countess")
    world.ok()
    world.ok(full=True)
    assert world.card(name_of(0))["categories"] == []
    assert lost_values(world) == []
    assert len(world.outlook(ANNA)) == 1


def test_field_that_outlook_refuses_holds_up_no_other_and_arrives_once_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mailbox takes shorter texts than usual."""
    monkeypatch.setattr("sandbox.graph.schema._MAX_TEXT", 60)
    [ada] = in_sync(world, 1, {"website": "https://x.example/old"})
    long = "https://x.example/" + "w" * 60
    world.bc_edit(ada, website=long, jobTitle="Head Buyer", mobilePhoneNumber="+44 7700 900123")
    run = world.sync()
    assert (run.state, run.counts.failed) == (RunState.PARTIAL, 1)
    card = world.card(name_of(0))
    assert (card["jobTitle"], card["mobilePhone"]) == ("Head Buyer", "+44 7700 900123")
    assert card["businessHomePage"] == "https://x.example/old"
    [row] = world.services.store.outcomes.all(ANNA, COMPANY)
    assert (row.outcome, row.reason) == (Outcome.FAILED, Reason.REFUSED_BY_OUTLOOK)
    world.pass_minutes(1)
    world.outlook_edit(copy_of(world, ada), businessHomePage="https://x.example/mine")
    world.sync()
    assert lost_values(world) == ["https://x.example/mine"]  # the value that never arrived still counts
    world.bc_edit(ada, website="https://x.example/new")
    world.ok()
    assert world.card(name_of(0))["businessHomePage"] == "https://x.example/new"
    assert world.outcomes() == {}
    assert_equal(world)
    assert_silent(world)


def test_contact_with_a_field_that_outlook_refuses_arrives_without_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mailbox takes shorter texts than usual."""
    monkeypatch.setattr("sandbox.graph.schema._MAX_TEXT", 60)
    [ada] = persons(world, 1, website="https://x.example/" + "w" * 60)
    world.set_up()
    assert world.sync(full=True).state is RunState.PARTIAL
    [card] = world.outlook()
    assert (card["displayName"], card["jobTitle"], card["businessHomePage"]) == (name_of(0), "Buyer", None)
    assert card["categories"] == ["Business Central"]
    assert world.links()[ada].state is LinkState.LINKED
    world.bc_edit(ada, website="https://x.example")
    world.ok()
    [card] = world.outlook()
    assert card["businessHomePage"] == "https://x.example"
    assert_equal(world)
    assert_silent(world)
