"""One month of two sides' lives in a few minutes, told against whatever server stands behind a `Town`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from shared.model import Json, Link, LinkState
from shared.state.runs import Run, RunState

FOLDER = "Business Central"
COUNTRY_NAMES = {"GB": "Great Britain", "DE": "Germany", "DK": "Denmark", "FR": "France", "": ""}

Record = dict[str, Json]


class Town(Protocol):
    """One mailbox, one company, one product. Contact ids are those of the side that is spoken of."""

    def bc_person(self, name: str, email: str, **more: Json) -> str: ...
    def bc_company(self, name: str, **more: Json) -> str: ...
    def bc_edit(self, contact: str, **fields: Json) -> None: ...
    def bc_delete(self, contact: str) -> None: ...
    def bc_all(self) -> list[Record]: ...

    def outlook(self) -> list[Record]: ...
    def outlook_add(self, name: str, email: str, **more: Json) -> str: ...
    def outlook_edit(self, contact: str, **fields: Json) -> None: ...
    def outlook_delete(self, contact: str) -> None: ...
    def outlook_move_out(self, contact: str) -> None: ...

    def set_up(self) -> None: ...
    def sync(self, *, full: bool = False) -> Run: ...
    def links(self) -> Mapping[str, Link]: ...
    def lost_values(self) -> list[str]: ...
    def pass_minutes(self, minutes: float) -> None: ...

    def mark(self) -> int:
        """A place in the log of what went over the wire."""
        ...

    def requests_since(self, mark: int) -> list[tuple[str, str]]:
        """("graph" or "businessCentral", method) of each request; a batch is one, further pages none."""
        ...

    def writes_since(self, mark: int) -> list[str]:
        """Every write, items of batches included."""
        ...


def live_through(town: Town) -> None:
    """First sync, edits on both sides, clashes, births, deletions, a move, silence; asserts on the way."""
    people = first_sync(town)
    quiet(town)
    edits(town, people)
    clashes(town, people)
    births(town, people)
    losses(town, people)
    quiet(town)
    written = len(town.writes_since(0))
    back = succeeded(town, full=True)  # a full sync that a person asked for brings the deleted copy back
    assert (back.counts.to_outlook.created, len(town.writes_since(0))) == (1, written + 1)
    equal(town)
    mark = town.mark()
    succeeded(town, full=True)
    assert town.writes_since(mark) == []


def first_sync(town: Town) -> dict[str, str]:
    """Everybody who takes part comes to Outlook once; BC ids by first name."""
    harbour = town.bc_company("Harbour Tools Ltd", addressLine1="1 Quay Rd", city="Hull", country="GB")
    facade = town.bc_company(
        "Société Générale d'Étanchéité", city="Paris", country="FR", email="info@sge.example"
    )
    town.bc_company("Ødegaard & Sønner A/S", country="DK")
    numbers = {str(each["id"]).lower(): each["number"] for each in town.bc_all()}
    people: dict[str, str] = {}

    def person(name: str, **more: Json) -> None:
        first = name.split()[0]
        address = str(more.pop("email", f"{len(people)}@people.example"))
        people[first] = town.bc_person(name, address, **more)

    person(
        "Nneka Okafor", companyNumber=numbers[harbour], jobTitle="Buyer", mobilePhoneNumber="+44 7700 900123"
    )
    person(
        "Zoë Ångström", companyNumber=numbers[facade], jobTitle="Ingénieure", phoneNumber="+33 1 40 20 50 50"
    )
    person(
        "Ada Marie Lovelace",
        addressLine1="12 St James's Square",
        city="London",
        country="GB",
        jobTitle="Countess",
    )
    person(
        "Jürgen von der Groß",
        addressLine1="Hafenstr. 5",
        addressLine2="Hinterhaus",
        city="Hamburg",
        postalCode="20097",
        country="DE",
    )
    person("Søren Ærø", email="soren@x.example;s.aeroe@y.example", country="DK", city="Odense")
    person("Łukasz Żółć", website="https://zolc.example/o-nas", jobTitle="Księgowy")
    person("李小龍", phoneNumber="+86 10 6552 9988", jobTitle="经理")
    person(
        "Brontë O'Neil-Smith",
        addressLine1="Flat 2",
        addressLine2='7 "Rose" Ln',
        city="Leeds",
        postalCode="ls1 4ap",
        country="GB",
    )
    person("Cher", jobTitle="Singer")
    for number in range(14):
        person(
            f"P{number} Common",
            jobTitle="Clerk",
            city="London",
            country="GB",
            phoneNumber=f"+44 20 7946 {number:04}",
        )
    town.bc_person("Nobody Mailless", "")
    town.bc_person("Bruno Blocked", "bruno@people.example", privacyBlocked=True)
    town.set_up()
    run = succeeded(town, full=True)
    assert run.counts.to_outlook.created == len(people)
    assert len(town.outlook()) == len(people)
    equal(town, len(people))
    town.pass_minutes(20)
    mark = town.mark()
    succeeded(town)
    succeeded(town, full=True)
    assert town.writes_since(mark) == []
    return people


def quiet(town: Town) -> None:
    """Nobody did anything: two data requests, no write."""
    town.pass_minutes(20)
    succeeded(town)
    mark = town.mark()
    succeeded(town)
    assert sorted(town.requests_since(mark)) == [("businessCentral", "POST"), ("graph", "GET")]
    assert town.writes_since(mark) == []


def edits(town: Town, people: Mapping[str, str]) -> None:
    """One-sided edits flow, whichever side they are made on, and stand after further runs."""
    bc_edits: dict[str, Record] = {
        "P0": {"jobTitle": "Head of Section", "email": "p0.new@people.example"},
        "P1": {"displayName": "P1 Renamed Common"},
        "P2": {"addressLine1": "9 New St", "city": "York"},
        "P3": {"country": "DE"},  # empties city, state and postal code
        "P4": {"mobilePhoneNumber": "", "phoneNumber": ""},
    }
    for name, fields in bc_edits.items():
        town.bc_edit(people[name], **fields)
    town.outlook_edit(copy(town, people["P5"]), jobTitle="Désigné")
    town.outlook_edit(
        copy(town, people["P6"]), mobilePhone="+44 7700 900999", businessPhones=["+44 1 222", "+44 1 333"]
    )
    address: Json = {
        "street": "Rue de l'Église 3\r\nBât. B",
        "city": "Lyon",
        "postalCode": "69001",
        "countryOrRegion": "France",
    }
    town.outlook_edit(copy(town, people["P7"]), businessAddress=address)
    island: Json = {
        "street": "Søgade 1",
        "city": "Ærøskøbing",
        "postalCode": "X9 999",
        "countryOrRegion": "Denmark",
    }
    town.outlook_edit(copy(town, people["Brontë"]), businessAddress=island)
    town.outlook_edit(copy(town, people["P8"]), displayName="P8 Ünal Common", givenName="P8", middleName="Ünal")
    slots: Json = [{"address": "p9@new.example", "name": "x"}, {"address": "p9@second.example", "name": "y"}]
    town.outlook_edit(copy(town, people["P9"]), emailAddresses=slots)
    town.outlook_edit(copy(town, people["Zoë"]), jobTitle="Directrice", personalNotes="Met in Oslo.")
    settle(town)
    contacts = by_id(town.bc_all())
    assert contacts[people["P5"]]["jobTitle"] == "Désigné"
    assert contacts[people["P6"]]["mobilePhoneNumber"] == "+44 7700 900999"
    moved = contacts[people["P7"]]
    assert [moved[name] for name in ("addressLine1", "addressLine2", "country")] == [
        "Rue de l'Église 3",
        "Bât. B",
        "FR",
    ]
    assert str(moved["city"]).casefold().startswith("lyon")
    assert moved["postalCode"] == "69001"
    moved = contacts[people["Brontë"]]
    assert [moved[name] for name in ("city", "postalCode", "country")] == ["Ærøskøbing", "X9 999", "DK"]
    assert contacts[people["P8"]]["displayName"] == "P8 Ünal Common"
    assert contacts[people["P9"]]["email"] == "p9@new.example;p9@second.example"
    assert card(town, people["P0"])["jobTitle"] == "Head of Section"
    assert card(town, people["P1"])["displayName"] == "P1 Renamed Common"
    assert card(town, people["P6"])["businessPhones"] == ["+44 1 222", "+44 1 333"]
    assert card(town, people["Zoë"])["personalNotes"] == "Met in Oslo."


def clashes(town: Town, people: Mapping[str, str]) -> None:
    """Two fields of one contact: both stay. The same field: Business Central's stays, the other is kept."""
    town.bc_edit(people["Ada"], jobTitle="Mathematician")
    town.outlook_edit(copy(town, people["Ada"]), mobilePhone="+44 7700 900456")
    town.bc_edit(people["Cher"], jobTitle="From BC")
    town.outlook_edit(copy(town, people["Cher"]), jobTitle="From Outlook")
    town.bc_edit(people["P10"], city="Bath")
    place: Json = {"street": "4 Mill Ln", "city": "London", "countryOrRegion": "Great Britain"}
    town.outlook_edit(copy(town, people["P10"]), businessAddress=place)
    settle(town)
    contacts = by_id(town.bc_all())
    assert (contacts[people["Ada"]]["jobTitle"], contacts[people["Ada"]]["mobilePhoneNumber"]) == (
        "Mathematician",
        "+44 7700 900456",
    )
    assert contacts[people["Cher"]]["jobTitle"] == "From BC"
    assert (contacts[people["P10"]]["city"], contacts[people["P10"]]["addressLine1"]) == ("Bath", "4 Mill Ln")
    assert town.lost_values() == ["From Outlook"]


def births(town: Town, people: Mapping[str, str]) -> None:
    """New contacts on either side, one of a company; nobody is born twice."""
    before = len(town.bc_all())
    grace: Json = {"street": "5 Navy Yard", "city": "Hull", "countryOrRegion": "GB"}
    town.outlook_add(
        "Grace Hopper",
        "grace@navy.example",
        jobTitle="Admiral",
        companyName="harbour tools LTD",
        businessAddress=grace,
    )
    town.outlook_add(
        "Hedy Lamarr", "hedy@film.example", mobilePhone="+1 555 0100", companyName="No Such Company"
    )
    town.bc_person("Niklaus Wirth", "niklaus@eth.example", jobTitle="Professor")
    settle(town)
    assert len(town.bc_all()) == before + 3
    born = {str(each["displayName"]): each for each in town.bc_all()}
    assert (born["Grace Hopper"]["type"], born["Grace Hopper"]["companyName"]) == (
        "Person",
        "Harbour Tools Ltd",
    )
    assert born["Grace Hopper"]["email"] == "grace@navy.example"
    assert (born["Grace Hopper"]["city"], born["Grace Hopper"]["country"]) == ("Hull", "GB")
    assert born["Hedy Lamarr"]["mobilePhoneNumber"] == "+1 555 0100"
    assert len(town.outlook()) == len(people) + 3


def losses(town: Town, people: Mapping[str, str]) -> None:
    """Deleted in BC: the copy goes, unless edited. Deleted or moved in Outlook: BC keeps the contact."""
    shown, there = len(town.outlook()), len(town.bc_all())
    town.outlook_edit(copy(town, people["P11"]), jobTitle="Still needed")
    town.bc_delete(people["P11"])
    town.bc_delete(people["P12"])
    town.outlook_delete(copy(town, people["P13"]))
    town.outlook_move_out(copy(town, people["Łukasz"]))
    settle(town)
    assert len(town.bc_all()) == there - 2
    assert len(town.outlook()) == shown - 3
    states = {name: town.links()[people[name]].state for name in ("P11", "P12", "P13", "Łukasz")}
    assert states == {
        "P11": LinkState.DETACHED,
        "P12": LinkState.REMOVED_BY_US,
        "P13": LinkState.DELETED_BY_USER,
        "Łukasz": LinkState.LINKED,
    }


def settle(town: Town) -> None:
    """One run brings everything over, a second finds nothing to write."""
    town.pass_minutes(1)
    succeeded(town)
    equal(town)
    mark = town.mark()
    succeeded(town)
    assert town.writes_since(mark) == []


def succeeded(town: Town, *, full: bool = False) -> Run:
    run = town.sync(full=full)
    assert run.state is RunState.SUCCEEDED, (run.state, run.message, run.counts)
    return run


def equal(town: Town, pairs: int | None = None) -> None:
    """Every pair says the same on both sides in every mapped field, and nobody has two copies."""
    there, here = by_id(town.bc_all()), {str(each["id"]): each for each in town.outlook()}
    linked = [link for link in town.links().values() if link.state is LinkState.LINKED]
    assert len({link.outlook_id for link in linked}) == len(linked)
    addresses = [_told_by_outlook(each)["mail"] for each in here.values()]
    assert len(set(addresses)) == len(addresses)
    companies = {str(each["displayName"]).casefold() for each in there.values() if each["type"] == "Company"}
    told = [link for link in linked if link.outlook_id in here]
    assert pairs is None or len(told) == pairs
    for link in told:
        bc, outlook = _told_by_bc(there[link.bc_id]), _told_by_outlook(here[link.outlook_id])
        if outlook["companyName"] not in companies:
            bc["companyName"] = outlook["companyName"]  # companyNotFound: it stays in Outlook alone
        assert bc == outlook


def copy(town: Town, bc_id: str) -> str:
    """The Outlook id of a person's copy."""
    return town.links()[bc_id].outlook_id


def card(town: Town, bc_id: str) -> Record:
    wanted = copy(town, bc_id)
    return next(each for each in town.outlook() if each["id"] == wanted)


def by_id(records: list[Record]) -> dict[str, Record]:
    return {str(each["id"]).lower(): each for each in records}


def _told_by_bc(contact: Record) -> dict[str, str]:
    lines = [str(contact[name]) for name in ("addressLine1", "addressLine2")]
    same = ("jobTitle", "phoneNumber", "mobilePhoneNumber", "city", "state", "postalCode", "website")
    return {
        "name": str(contact["displayName"]),
        "mail": str(contact["email"]).lower(),
        "street": "\n".join(line for line in lines if line),
        "country": COUNTRY_NAMES[str(contact["country"])],
        "companyName": str(contact["companyName"]).casefold(),
        **{name: str(contact[name]) for name in same},
    }


def _told_by_outlook(shown: Record) -> dict[str, str]:
    slots = cast(list[dict[str, str]], shown["emailAddresses"])
    phones = cast(list[str], shown["businessPhones"])
    address = cast(dict[str, str | None], shown["businessAddress"] or {})
    country = address.get("countryOrRegion") or ""
    return {
        "name": str(shown["displayName"]),
        "mail": ";".join(slot["address"].lower() for slot in slots),
        "street": (address.get("street") or "").replace("\r\n", "\n"),
        "country": COUNTRY_NAMES.get(country, country),
        "jobTitle": str(shown["jobTitle"] or ""),
        "phoneNumber": phones[0] if phones else "",
        "mobilePhoneNumber": str(shown["mobilePhone"] or ""),
        "city": address.get("city") or "",
        "state": address.get("state") or "",
        "postalCode": address.get("postalCode") or "",
        "website": str(shown["businessHomePage"] or ""),
        "companyName": str(shown["companyName"] or "").casefold(),
    }
