"""A realistic environment: two companies, several hundred contacts, three mailboxes, the awkward included."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sandbox.business_central.service import BusinessCentralService
from sandbox.graph.service import GraphService
from sandbox.seed import cast
from sandbox.seed.cast import COMPANIES, USERS, Company
from sandbox.seed.cultures import (
    CULTURES,
    Culture,
    any_address,
    any_firm,
    any_job,
    any_name,
    any_phone,
)
from sandbox.seed.reference import countries
from shared.model import Json

FOLDER = "Business Central"
PERSONS_PER_FIRM = (3, 9)
FIRMS = (45, 20)

_FIRST_DAY = datetime(2025, 1, 7, 8, 0, tzinfo=UTC)
_PRIVATE: Json = [{"id": "Integer 0x0036", "value": "2"}]


def load(graph: GraphService, bc: BusinessCentralService, rng: random.Random) -> None:
    cast.load(graph, bc, rng)
    for company, firms in zip(COMPANIES, FIRMS, strict=True):
        times = _times(rng)
        for number in range(firms):
            _add_firm(bc, company, CULTURES[number % len(CULTURES)], rng, times)
        for person in awkward_persons():
            bc.people.create_contact(company.id, raw=True, lastModifiedDateTime=next(times), **person)
    _fill_mailboxes(graph, bc, rng)


def _times(rng: random.Random) -> Iterator[str]:
    """Growing times as SQL Server keeps them: milliseconds end in 0, 3 or 7."""
    moment = _FIRST_DAY
    while True:
        moment += timedelta(seconds=rng.randint(30, 50_000))
        yield f"{moment:%Y-%m-%dT%H:%M:%S}.{rng.randint(10, 99)}{rng.choice('37')}Z"


def _add_firm(
    bc: BusinessCentralService, company: Company, culture: Culture, rng: random.Random, times: Iterator[str]
) -> None:
    """A Company contact with its persons, who mostly share its address, as BC's inheritance leaves them."""
    name, domain = any_firm(culture, rng)
    address = any_address(culture, rng)
    relation = rng.choice(("Customer", "Customer", "Vendor", "None"))
    shared: dict[str, Json] = {
        "addressLine1": address.street,
        "city": address.city[:30],
        "state": address.state,
        "country": address.country,
        "postalCode": address.post_code.upper(),
        "website": f"https://www.{domain}",
        "contactBusinessRelation": relation,
    }
    office = any_phone(culture, rng)
    firm = bc.people.create_contact(
        company.id,
        raw=True,
        type="Company",
        displayName=name,
        email=f"info@{domain}",
        phoneNumber=office,
        lastModifiedDateTime=next(times),
        **shared,
    )
    stored = bc.people.contact(company.id, firm)
    assert stored is not None
    taken: set[str] = set()
    for _ in range(rng.randint(*PERSONS_PER_FIRM)):
        person = any_name(culture, rng)
        if person.latin in taken:
            continue
        taken.add(person.latin)
        own = dict(shared)
        if rng.random() < 0.2:
            own["addressLine2"] = rng.choice(("2. Etage", "Building C", "c/o " + name[:30], "BP 12"))
        bc.people.create_contact(
            company.id,
            raw=True,
            type="Person",
            displayName=person.whole,
            companyNumber=stored["number"],
            jobTitle=any_job(culture, rng)[:30] if rng.random() < 0.8 else "",
            email=f"{person.latin}@{domain}",
            phoneNumber=office if rng.random() < 0.6 else "",
            mobilePhoneNumber=any_phone(culture, rng) if rng.random() < 0.7 else "",
            lastModifiedDateTime=next(times),
            **own,
        )


def awkward_persons() -> list[dict[str, Json]]:
    """Persons that a sync has to think about."""
    person: dict[str, Json] = {"type": "Person"}
    two = {"email": "jean.dupont@deux.example;j.dupont@privee.example"}
    twin = {"displayName": "Karin Ohlsson", "email": "karin.ohlsson@tvilling.example"}
    return [
        {**person, "displayName": "Walter Ohnemail", "phoneNumber": "+49 30 5550 111"},
        {**person, "displayName": "Jean Dupont", **two},
        {**person, **twin, "jobTitle": "Inköpare"},
        {**person, **twin, "jobTitle": "Inköpare, gammalt kort"},
        {**person, "displayName": "Empfang Vormittag", "email": "empfang@praxis.example"},
        {**person, "displayName": "Doktor Nachmittag", "email": "empfang@praxis.example"},
        {**person, "displayName": "Geheime Person", "email": "geheim@sperre.example", "privacyBlocked": True},
        {**person, "displayName": "Vergessene Person", "email": "weg@sperre.example", "privacyBlocked": True},
        {**person, "displayName": "Björk", "email": "bjork@mononym.example", "country": "IS"},
        {**person, "displayName": "Mixed Case", "email": "Mixed.Case@Letters.Example"},
        {**person, "displayName": "Ohne Klammeraffe", "email": "ohne.klammeraffe.example"},
        {
            **person,
            "displayName": "Maximiliane Friederike Charlotte von Hohenzollern-Sigmaringen zu Berg und Tal",
            "email": "maximiliane@langename.example",
            "jobTitle": "Stellv. Leiterin Einkauf Ausl."[:30],
        },
        {
            **person,
            "displayName": "Durchwahl Apparat",
            "email": "durchwahl@telefon.example",
            "phoneNumber": "+49 (0)30 123456-78",
            "mobilePhoneNumber": "0171/5550199",
        },
        {
            **person,
            "displayName": "Zwei Zeilen",
            "email": "zwei.zeilen@adresse.example",
            "addressLine1": "Gewerbepark Nord, Halle 7",
            "addressLine2": "Tor 3, beim Pförtner melden",
            "city": "München",
            "postalCode": "80997",
            "country": "DE",
        },
        {
            **person,
            "displayName": "Lange Webseite",
            "email": "web@adresse.example",
            "website": "https://www.adresse.example/" + "katalog/" * 20,
        },
    ]


def _fill_mailboxes(graph: GraphService, bc: BusinessCentralService, rng: random.Random) -> None:
    """Private cards for everybody; for the first user also a folder as an earlier tool may have left it."""
    for user in USERS:
        for _ in range(12):
            culture = rng.choice(CULTURES)
            name = any_name(culture, rng)
            graph.people.create_contact(
                user.id,
                "contacts",
                givenName=name.given,
                surname=name.surname,
                displayName=name.whole,
                emailAddresses=[{"address": f"{name.latin}@family.example", "name": name.whole}],
                mobilePhone=any_phone(culture, rng),
            )
    anna = USERS[0]
    folder = graph.people.create_folder(anna.id, FOLDER)
    names = {country.code: country.name for country in countries()}
    known = [
        person
        for person in bc.people.contacts(COMPANIES[0].id)
        if person["type"] == "Person" and person["email"] and not person["privacyBlocked"]
    ]
    for person in rng.sample(known, 25):
        given, _, surname = str(person["displayName"]).rpartition(" ")
        graph.people.create_contact(
            anna.id,
            folder,
            givenName=given or surname,
            surname=surname if given else "",
            displayName=person["displayName"],
            companyName=person["companyName"],
            jobTitle=person["jobTitle"] if rng.random() < 0.7 else "an older title",
            emailAddresses=[{"address": str(person["email"]).split(";")[0]}],
            businessAddress={"countryOrRegion": names.get(str(person["country"]), "")},
        )
    for card in outlook_cards():
        graph.people.create_contact(anna.id, folder, distribution_list=False, **card)
    graph.people.create_contact(
        anna.id, folder, distribution_list=True, displayName="All suppliers", givenName="All suppliers"
    )


def outlook_cards() -> list[dict[str, Json]]:
    """Cards that people made themselves, not known to Business Central."""

    def card(given: str, surname: str, address: str, **more: Json) -> dict[str, Json]:
        name = f"{given} {surname}".strip()
        emails: Json = [{"address": address, "name": name}] if address else []
        named: dict[str, Json] = {"givenName": given, "surname": surname, "displayName": name}
        return {**named, "emailAddresses": emails, **more}

    long_title = "Vice President of Strategic Purchasing, Nordic and Baltic Region"
    three_lines = "Fabrikstraße 9\r\nGebäude 12, Aufgang B\r\n3. Stock links"
    several: Json = [{"address": f"paula{n}@mehrere.example"} for n in ("", ".privat", ".alt")]
    return [
        card("Neue", "Bekannte", "neue.bekannte@messe.example", jobTitle="Buyer", companyName="Messe AG"),
        card("Ελένη", "Νικολαΐδου", "eleni@neo.example", businessPhones=["+30 21 0555 0100"]),
        card("花子", "新田", "hanako.nitta@atarashii.example"),
        card("Ольга", "Новикова", "olga@novaya.example", companyName="Новая ООО"),
        card("Ext", "Ension", "ext@telefon.example", businessPhones=["+1 425 555 0100 ext. 12"]),
        card("Lang", "Titel", "lang@titel.example", jobTitle=long_title),
        card("Drei", "Zeilen", "drei@zeilen.example", businessAddress={"street": three_lines, "city": "Köln"}),
        card("Paula", "Mehrere", "", emailAddresses=several),
        card("Arzt", "Privat", "arzt@privat.example", singleValueExtendedProperties=_PRIVATE),
        card("Ohne", "Adresse", ""),
        card("Notiz", "Eigen", "notiz@eigen.example", personalNotes="Loves sailing.", birthday="1974-07-22"),
        {"givenName": "", "displayName": "Pumpen und Ventile GmbH", "companyName": "Pumpen und Ventile GmbH"},
    ]
