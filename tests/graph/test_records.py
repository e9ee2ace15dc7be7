"""Graph's JSON contacts, read leniently."""

from __future__ import annotations

import pytest

from shared.graph import own_content
from shared.graph.markers import (
    MARKER_ID,
    Stamp,
    marker_text,
    parse_marker,
    parse_stamp,
    read_property,
    stamp_text,
)
from shared.graph.records import parse_contact, restorable
from shared.model import Json, Marker, OutlookContact

TENANT = "5b1c7c2e-3a64-4f0e-9a51-0d6f2c1b8e11"
COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"
CONTACT = "3f6c1d0a-7a52-ef11-9c36-002248a1b2c3"
MARKER = Marker(TENANT, "Production", COMPANY, CONTACT)


def test_a_whole_contact_is_read() -> None:
    contact = parse_contact(
        {
            "@odata.etag": 'W/"EQAA"',
            "id": "AAkA",
            "displayName": "Nneka Okafor",
            "givenName": "Nneka",
            "surname": "Okafor",
            "jobTitle": "Buyer",
            "companyName": "Harbour Tools Ltd",
            "emailAddresses": [{"name": "Nneka", "address": "nneka@harbour.example"}],
            "businessPhones": ["+44 20 7946 0001"],
            "mobilePhone": "+44 7700 900123",
            "businessAddress": {
                "street": "1 Quay Rd\r\nDock 2",
                "city": "Hull",
                "countryOrRegion": "United Kingdom",
            },
            "businessHomePage": "harbour.example",
            "categories": ["Customer"],
            "createdDateTime": "2026-11-02T09:14:06Z",
            "lastModifiedDateTime": "2026-11-02T09:14:07Z",
            "parentFolderId": "F",
        },
        inspected=False,
    )
    assert contact == OutlookContact(
        id="AAkA",
        etag='W/"EQAA"',
        display_name="Nneka Okafor",
        given_name="Nneka",
        surname="Okafor",
        job_title="Buyer",
        company_name="Harbour Tools Ltd",
        emails=("nneka@harbour.example",),
        business_phones=("+44 20 7946 0001",),
        mobile="+44 7700 900123",
        street="1 Quay Rd\r\nDock 2",
        city="Hull",
        country="United Kingdom",
        website="harbour.example",
        categories=("Customer",),
        created="2026-11-02T09:14:06Z",
        modified="2026-11-02T09:14:07Z",
        folder="F",
    )


def test_absent_null_and_odd_members_are_blank() -> None:
    odd: dict[str, Json] = {
        "id": "A",
        "displayName": None,
        "jobTitle": 7,
        "emailAddresses": [{"name": None}, None, {"address": "b@x.example"}],
        "businessPhones": None,
        "businessAddress": {},
        "unheardOf": {"x": 1},
    }
    assert parse_contact(odd, inspected=False) == OutlookContact("A", "", emails=("", "", "b@x.example"))


def test_malformed_address_is_known_by_the_name_that_graph_leaves_of_it() -> None:
    contact = parse_contact({"id": "A", "emailAddresses": [{"name": "A@msn.com,"}]}, inspected=False)
    assert contact is not None
    assert contact.emails == ("A@msn.com,",)


def test_what_has_no_id_is_no_contact() -> None:
    assert parse_contact({"displayName": "x"}, inspected=False) is None


def test_marker_and_privacy_are_known_only_where_they_were_asked_for() -> None:
    item: dict[str, Json] = {
        "id": "A",
        "singleValueExtendedProperties": [
            {"id": MARKER_ID.replace("6d1f7a52", "6D1F7A52"), "value": marker_text(MARKER)},
            {"id": "Integer 0x36", "value": "2"},
        ],
    }
    inspected = parse_contact(item, inspected=True)
    assert inspected is not None
    assert (inspected.marker, inspected.private, inspected.inspected) == (MARKER, True, True)
    glimpsed = parse_contact(item, inspected=False)
    assert glimpsed is not None
    assert (glimpsed.marker, glimpsed.private, glimpsed.inspected) == (None, False, False)


def test_the_name_of_a_property_is_case_sensitive_its_guid_is_not() -> None:
    item: dict[str, Json] = {
        "singleValueExtendedProperties": [
            {"id": MARKER_ID.replace("BusinessCentral", "businesscentral"), "value": "x"}
        ]
    }
    assert read_property(item, MARKER_ID) == ""


def test_a_marker_survives_the_round_trip_with_ids_in_lower_case() -> None:
    loud = Marker(TENANT.upper(), "Production", COMPANY.upper(), CONTACT.upper())
    assert marker_text(loud) == f"{TENANT}|Production|{COMPANY}|{CONTACT}"
    assert parse_marker(marker_text(loud).upper().replace("PRODUCTION", "Production")) == MARKER


@pytest.mark.parametrize(
    "text", ["", "a|b|c", f"{TENANT}|P|{COMPANY}|KT0001", f"{TENANT}||{COMPANY}|{CONTACT}"]
)
def test_what_is_no_marker_is_none(text: str) -> None:
    assert parse_marker(text) is None


def test_a_stamp_is_no_marker_and_a_marker_no_stamp() -> None:
    stamp = Stamp(TENANT, "Production", COMPANY)
    assert parse_stamp(stamp_text(stamp)) == stamp
    assert parse_marker(stamp_text(stamp)) is None
    assert parse_stamp(marker_text(MARKER)) is None


@pytest.mark.parametrize(
    "own",
    [
        {"personalNotes": "met at the fair"},
        {"birthday": "1974-07-22T00:00:00Z"},
        {"homeAddress": {"city": "Hull"}},
        {"otherAddress": {"street": "x"}},
        {"homePhones": ["1"]},
        {"businessPhones": ["1", "2"]},
        {"imAddresses": ["x"]},
        {"children": ["Tom"]},
        {"spouseName": "Tom"},
        {"nickName": "N"},
        {"title": "Dr"},
        {"department": "IT"},
        {"yomiSurname": "x"},
        {"categories": ["Business Central", "Friends"]},
    ],
)
def test_own_content_is_whatever_the_sync_does_not_map(own: dict[str, Json]) -> None:
    assert own_content(own)


def test_what_the_sync_writes_is_not_the_users_own() -> None:
    assert not own_content(
        {
            "displayName": "Nneka Okafor",
            "fileAs": "Okafor, Nneka",
            "personalNotes": "",
            "birthday": "0001-01-01T08:00:00Z",
            "homePhones": [],
            "businessPhones": ["1"],
            "homeAddress": {},
            "otherAddress": {"street": None},
            "businessAddress": {"city": "Hull"},
            "categories": ["Business Central"],
            "emailAddresses": [{"address": "a@x.example"}],
        }
    )


def test_a_removed_copy_comes_back_with_what_can_be_written_and_nothing_else() -> None:
    own: dict[str, Json] = {
        "displayName": "Nneka Okafor",
        "personalNotes": "met at the fair",
        "birthday": "1974-07-22T00:00:00Z",
        "homeAddress": {"city": "Hull"},
        "businessPhones": ["1", "2"],
        "fileAs": "Okafor",
    }
    servers: dict[str, Json] = {
        "@odata.etag": "x",
        "id": "A",
        "changeKey": "x",
        "parentFolderId": "F",
        "createdDateTime": "2026-11-02T09:14:06Z",
        "primaryEmailAddress": {"address": "a@x.example"},
        "someFutureMember": {"x": 1},
        "jobTitle": None,
        "children": [],
        "otherAddress": {},
    }
    assert restorable({**servers, **own}) == own
    assert restorable({"id": "A", "birthday": "0001-01-01T08:00:00Z"}) == {}
