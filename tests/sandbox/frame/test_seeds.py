"""What the seeds load."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox.graph.errors import GraphError
from sandbox.seed.cast import COMPANIES, USERS
from sandbox.seed.demo import FOLDER
from sandbox.seed.reference import countries, post_codes
from sandbox.world import Sandbox
from shared.model import Json

Contact = dict[str, Json]


@pytest.fixture(scope="module")
def demo() -> Iterator[Sandbox]:
    with Sandbox("demo") as running:
        yield running


@pytest.fixture(scope="module")
def persons(demo: Sandbox) -> list[Contact]:
    return [each for each in demo.bc.people.contacts(COMPANIES[0].id) if each["type"] == "Person"]


@pytest.fixture(scope="module")
def cards(demo: Sandbox) -> list[Contact]:
    return demo.call(demo.graph.people.contacts, USERS[0].id, FOLDER)


def test_countries_and_post_codes_are_business_centrals_own() -> None:
    assert ("EL", "Greece", "300") in countries()
    brussels = {row.city for row in post_codes() if (row.post_code, row.country_code) == ("1000", "BE")}
    assert len(brussels) > 1
    assert all(row.country_code for row in post_codes())


def test_several_hundred_contacts_in_two_companies(demo: Sandbox) -> None:
    sizes = [len(demo.bc.people.contacts(company.id)) for company in COMPANIES]
    assert sizes[0] > 200
    assert sizes[1] > 100


def test_persons_belong_to_companies_that_exist(demo: Sandbox) -> None:
    for company in COMPANIES:
        contacts = demo.bc.people.contacts(company.id)
        firms = {each["number"]: each["displayName"] for each in contacts if each["type"] == "Company"}
        for person in contacts:
            if person["companyNumber"]:
                assert firms[person["companyNumber"]] == person["companyName"]


def test_values_fit_the_contracts_lengths_and_the_country_table(persons: list[Contact]) -> None:
    limits = {"displayName": 100, "jobTitle": 30, "city": 30, "email": 80, "phoneNumber": 30, "website": 255}
    codes = {country.code for country in countries()} | {""}
    for person in persons:
        assert person["country"] in codes
        for name, limit in limits.items():
            assert len(str(person[name])) <= limit


@pytest.mark.parametrize("script", ["LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "ARABIC"])
def test_names_are_written_in_several_scripts(persons: list[Contact], script: str) -> None:
    letters = {letter for person in persons for letter in str(person["displayName"]) if letter.isalpha()}
    assert any(unicodedata.name(letter).startswith(script) for letter in letters)


@pytest.mark.parametrize("letter", "éßŁøñİ")
def test_names_have_letters_beyond_ascii(persons: list[Contact], letter: str) -> None:
    assert any(letter in str(person["displayName"]) + str(person["companyName"]) for person in persons)


def test_awkward_persons_are_there(persons: list[Contact]) -> None:
    assert any(not person["email"] for person in persons)
    assert any(";" in str(person["email"]) for person in persons)
    assert any(person["email"] and "@" not in str(person["email"]) for person in persons)
    assert any(person["privacyBlocked"] for person in persons)
    assert any(person["addressLine2"] for person in persons)
    assert any(not person["companyNumber"] for person in persons)
    shared = Counter(str(person["email"]) for person in persons if person["email"])
    twins = Counter((person["email"], person["displayName"]) for person in persons if person["email"])
    assert max(twins.values()) > 1
    assert any(count > 1 and (email, "Karin Ohlsson") not in twins for email, count in shared.items())


def test_the_folder_holds_known_and_new_contacts_and_awkward_cards(
    persons: list[Contact], cards: list[Contact]
) -> None:
    known = {address for person in persons for address in str(person["email"]).split(";") if address}
    addresses = [_addresses(card) for card in cards]
    assert sum(1 for each in addresses if known & set(each)) >= 20
    assert sum(1 for each in addresses if each and not known & set(each)) >= 5
    assert any(not each for each in addresses)
    assert any(len(each) == 3 for each in addresses)
    assert any(card["companyName"] and card["companyName"] == card["displayName"] for card in cards)
    assert any(_is_private(card) for card in cards)
    assert any("\n" in str(card["businessAddress"]) or "\\n" in str(card["businessAddress"]) for card in cards)
    assert any(len(str(card["jobTitle"])) > 30 for card in cards)
    assert any("ext" in str(card["businessPhones"]) for card in cards)


def test_only_the_first_mailbox_has_the_folder_already(demo: Sandbox) -> None:
    for user in USERS[1:]:
        assert demo.call(demo.graph.people.contacts, user.id, "contacts")
        with pytest.raises(GraphError):
            demo.call(demo.graph.people.contacts, user.id, FOLDER)


def test_the_demo_is_the_same_every_time(demo: Sandbox) -> None:
    with Sandbox("demo") as again:
        for company in COMPANIES:
            assert again.bc.people.contacts(company.id) == demo.bc.people.contacts(company.id)
        ids = [
            [card["id"] for card in each.call(each.graph.people.contacts, USERS[0].id, FOLDER)]
            for each in (demo, again)
        ]
        assert ids[0] == ids[1]


def test_scale_loads_as_many_as_asked() -> None:
    with Sandbox("scale:2000:300") as sandbox:
        assert len(sandbox.bc.people.contacts(COMPANIES[0].id)) == 2000
        copies = sandbox.call(sandbox.graph.people.contacts, USERS[0].id, FOLDER)
        assert len(copies) == 300
        assert len({str(_addresses(copy)) for copy in copies}) == 300


def _is_private(card: Contact) -> bool:
    """Sensitivity, property tag 0x0036, has the value 2."""
    extended = card.get("singleValueExtendedProperties", [])
    assert isinstance(extended, list)
    values = {str(each["id"]): each["value"] for each in extended if isinstance(each, dict)}
    return any(int(name.split()[1], 16) == 0x36 and value == "2" for name, value in values.items())


def _addresses(card: Contact) -> list[str]:
    emails = card["emailAddresses"]
    assert isinstance(emails, list)
    return [str(each["address"]) for each in emails if isinstance(each, dict) and "address" in each]
