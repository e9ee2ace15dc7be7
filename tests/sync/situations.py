"""What many histories begin and end with: people who are in sync, and two sides that are equal again."""

from __future__ import annotations

from typing import cast

from shared.model import Json, LinkState
from shared.state.runs import Run
from tests.sync.world import ANNA, COMPANY, World

FOLDER = "Business Central"
_GIVEN = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Niklaus", "Hedy", "Katherine", "Linus")
_SURNAMES = (
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Wirth",
    "Lamarr",
    "Johnson",
    "Alder",
)


def name_of(number: int) -> str:
    """The name of the nth person; all are different up to a hundred."""
    return f"{_GIVEN[number % 10]} {_SURNAMES[(number // 10 + number) % 10]}"


def persons(world: World, count: int, company: str = COMPANY, **fields: Json) -> list[str]:
    """So many persons in Business Central, each with an address of their own; their ids."""
    common = {"jobTitle": "Buyer", **fields}
    return [world.bc_person(name_of(n), f"p{n}@x.example", company, **common) for n in range(count)]


def in_sync(
    world: World, count: int = 1, fields: dict[str, Json] | None = None, **choices: object
) -> list[str]:
    """Anna's mailbox after its first full sync of so many persons, a minute later; their BC ids."""
    ids = persons(world, count, **(fields or {}))
    world.set_up(**choices)
    world.ok(full=True)
    world.pass_minutes(1)
    return ids


def copy_of(world: World, bc_id: str, user: str = ANNA) -> str:
    """The Outlook id of a person's copy."""
    return world.links(user)[bc_id].outlook_id


def job(world: World, bc_id: str, user: str = ANNA) -> tuple[str, str]:
    """The job title in Business Central and on the Outlook copy."""
    shown = {card["id"]: card for card in world.outlook(user)}[copy_of(world, bc_id, user)]
    return str(world.bc(bc_id)["jobTitle"]), str(shown["jobTitle"] or "")


def lost_values(world: World, user: str = ANNA, company: str = COMPANY) -> list[str]:
    """Every value that stands in a conflict record."""
    records = world.services.store.conflicts.all(user, company)
    return sorted(field.lost for record in records for field in record.fields)


def all_actions(world: World, run: Run) -> dict[str, dict[str, Json]]:
    """What the run did or held or would do, by contact id."""
    return {str(action["contactId"]): action for action in world.actions(run)}


def assert_silent(world: World, user: str = ANNA) -> None:
    """Nothing is left to be done: neither an incremental nor a full run writes anything."""
    mark = world.sandbox.log.mark()
    world.sync(user)
    world.sync(user, full=True)
    assert world.writes_since(mark) == []


def assert_equal(world: World, user: str = ANNA, company: str = COMPANY, folder: str = FOLDER) -> None:
    """Every pair says the same on both sides, and nobody has two copies."""
    there = {str(contact["id"]).lower(): contact for contact in world.bc_all(company)}
    here = {str(card["id"]): card for card in world.outlook(user, folder)}
    pairs = [link for link in world.links(user, company).values() if link.state is LinkState.LINKED]
    assert len({link.outlook_id for link in pairs}) == len(pairs)
    for link in pairs:
        contact, card = there[link.bc_id], here[link.outlook_id]
        assert _told_by_bc(contact) == _told_by_outlook(card)


def _told_by_bc(contact: dict[str, Json]) -> dict[str, str]:
    return {
        "name": str(contact["displayName"]),
        "job": str(contact["jobTitle"]),
        "mail": str(contact["email"]).lower(),
        "phone": str(contact["phoneNumber"]),
        "mobile": str(contact["mobilePhoneNumber"]),
        "city": str(contact["city"]),
        "company": str(contact["companyName"]).casefold(),
    }


def _told_by_outlook(card: dict[str, Json]) -> dict[str, str]:
    slots = cast(list[dict[str, str]], card["emailAddresses"])
    phones = cast(list[str], card["businessPhones"])
    address = cast(dict[str, str | None], card["businessAddress"] or {})
    return {
        "name": str(card["displayName"]),
        "job": str(card["jobTitle"] or ""),
        "mail": ";".join(slot["address"].lower() for slot in slots),
        "phone": phones[0] if phones else "",
        "mobile": str(card["mobilePhone"] or ""),
        "city": address.get("city") or "",
        "company": str(card["companyName"] or "").casefold(),
    }
