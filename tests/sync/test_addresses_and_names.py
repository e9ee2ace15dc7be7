"""Who pairs by e-mail address (sync rules §3): in any letter case and place of a list, under names alike."""

from __future__ import annotations

import pytest

from shared.model import Reason
from tests.sync.situations import assert_silent, copy_of, in_sync, job
from tests.sync.world import ANNA, World

FOLDER = "Business Central"


def test_two_people_who_share_one_address_of_their_lists(world: World) -> None:
    ann = world.bc_person("Ann Smith", "ann@x.example;office@x.example")
    ben = world.bc_person("Ben Jones", "ben@x.example;office@x.example")
    world.set_up()
    world.ok(full=True)
    assert world.names() == ["Ann Smith", "Ben Jones"]
    world.outlook_edit(copy_of(world, ann), jobTitle="Buyer")
    world.outlook_edit(copy_of(world, ben), jobTitle="Seller")
    added = world.outlook_add("Carl Office", "OFFICE@x.example")
    world.ok()
    assert (job(world, ann)[0], job(world, ben)[0]) == ("Buyer", "Seller")
    assert world.outcomes() == {added: Reason.DUPLICATE}
    assert_silent(world)


@pytest.mark.parametrize(
    "held", ["Ann@X.example", "first@x.example;ANN@X.example", "a@x.example; ann@x.example "]
)
def test_address_is_found_in_bc_in_any_case_and_place_of_its_list(world: World, held: str) -> None:
    """An incremental run, which asks for the address alone."""
    in_sync(world, filter={"jobTitle": "Buyer"})
    world.bc_person("Ann Smith", held, jobTitle="Poet")
    world.ok()
    world.pass_minutes(30)
    added = world.outlook_add("Ann Smith", "aNN@x.example")
    world.ok()
    assert world.outcomes() == {added: Reason.OUTSIDE_FILTER}
    assert len(world.bc_all()) == 2


@pytest.mark.parametrize("shown", ["LOVELACE, ADA", "A. Lovelace", "Ada Lovelacé", "Lovelace"])
def test_name_written_otherwise_is_the_same_person(world: World, shown: str) -> None:
    ada = world.bc_person("Ada Lovelace", "ada@x.example")
    world.people("create_folder", ANNA, FOLDER)
    card = world.outlook_add(shown, "ada@x.example", givenName="", surname="")
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ada) == card
    assert len(world.bc_all()) == 1
    assert_silent(world)


def test_contact_of_microsofts_own_wizard_is_paired_like_any_other(world: World) -> None:
    """It bears the category already, and no marker."""
    ann = world.bc_person("Ann Smith", "ann@x.example", jobTitle="Buyer")
    world.people("create_folder", ANNA, FOLDER)
    card = world.outlook_add("Ann Smith", "ann@x.example", categories=["Business Central"])
    world.set_up()
    world.ok(full=True)
    assert copy_of(world, ann) == card
    assert world.card("Ann Smith")["categories"] == ["Business Central"]
    assert_silent(world)
