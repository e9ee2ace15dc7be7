"""Request bodies: shape, order, what goes along and what is left out."""

from __future__ import annotations

from shared.fields import bc_body, bc_create_body, outlook_body
from shared.model import FIELDS, Field
from tests.fields.make import outlook

CURRENT = outlook(
    display_name="Ada Lovelace",
    given_name="Ada",
    surname="Lovelace",
    emails=("ada@x.example", "l@y.example"),
    business_phones=("+1", "+2"),
    street="1 Quay Rd\r\nDock 2",
    city="Hull",
    country="United Kingdom",
)


def test_display_name_goes_along_with_every_patch() -> None:
    assert outlook_body({Field.JOB_TITLE: "Buyer"}, CURRENT) == {
        "displayName": "Ada Lovelace",
        "jobTitle": "Buyer",
    }


def test_display_name_is_made_of_the_parts_where_outlook_has_none() -> None:
    contact = outlook(given_name="Ada", surname="Lovelace")
    assert outlook_body({Field.MOBILE: "+1"}, contact)["displayName"] == "Ada Lovelace"


def test_new_name_is_split_and_parts_it_lacks_are_cleared() -> None:
    assert outlook_body({Field.NAME: "Ada Marie King"}, CURRENT) == {
        "displayName": "Ada Marie King",
        "givenName": "Ada",
        "middleName": "Marie",
        "surname": "King",
    }
    assert outlook_body({Field.NAME: "Cher"}, CURRENT) == {
        "displayName": "Cher",
        "givenName": None,
        "middleName": None,
        "surname": "Cher",
    }


def test_parts_that_join_to_the_name_stay_as_their_user_set_them() -> None:
    contact = outlook(display_name="Old", given_name="Maria", surname="del Carmen Ruiz")
    assert outlook_body({Field.NAME: "Maria del Carmen  Ruiz"}, contact) == {
        "displayName": "Maria del Carmen  Ruiz"
    }


def test_one_address_part_takes_the_whole_business_address_along_verbatim() -> None:
    assert outlook_body({Field.CITY: "York"}, CURRENT)["businessAddress"] == {
        "street": "1 Quay Rd\r\nDock 2",
        "city": "York",
        "state": None,
        "postalCode": None,
        "countryOrRegion": "United Kingdom",
    }


def test_cleared_address_is_cleared_part_by_part() -> None:
    values = {Field.ADDRESS: "", Field.CITY: "", Field.COUNTRY: ""}
    address = outlook_body(values, CURRENT)["businessAddress"]
    assert isinstance(address, dict)
    assert len(address) == 5
    assert not any(address.values())


def test_address_is_left_out_where_no_part_of_it_changes() -> None:
    assert "businessAddress" not in outlook_body({Field.WEBSITE: "x"}, CURRENT)


def test_emails_are_three_whole_slots_named_after_the_contact() -> None:
    value = "a@x.example;b@x.example;c@x.example;d@x.example"
    assert outlook_body({Field.EMAIL: value}, CURRENT)["emailAddresses"] == [
        {"address": f"{letter}@x.example", "name": "Ada Lovelace"} for letter in "abc"
    ]
    assert outlook_body({Field.EMAIL: "a@x.example", Field.NAME: "Ada King"}, CURRENT)["emailAddresses"] == [
        {"address": "a@x.example", "name": "Ada King"}
    ]


def test_malformed_address_is_its_own_name_for_graph_keeps_nothing_else_of_it() -> None:
    assert outlook_body({Field.EMAIL: "a@x.example;ada at home"}, CURRENT)["emailAddresses"] == [
        {"address": "a@x.example", "name": "Ada Lovelace"},
        {"address": "ada at home", "name": "ada at home"},
    ]


def test_email_of_a_contact_without_name_is_named_after_its_address() -> None:
    assert outlook_body({Field.EMAIL: "a@x.example"}, outlook())["emailAddresses"] == [
        {"address": "a@x.example", "name": "a@x.example"}
    ]


def test_second_business_telephone_stays() -> None:
    assert outlook_body({Field.PHONE: "+9"}, CURRENT)["businessPhones"] == ["+9", "+2"]
    assert outlook_body({Field.PHONE: ""}, CURRENT)["businessPhones"] == ["+2"]
    assert outlook_body({Field.PHONE: ""}, outlook(business_phones=("+1",)))["businessPhones"] == []
    assert outlook_body({Field.PHONE: "+9"}, None)["businessPhones"] == ["+9"]


def test_cleared_texts_are_null() -> None:
    values = {Field.JOB_TITLE: "", Field.COMPANY: "", Field.MOBILE: "", Field.WEBSITE: ""}
    assert outlook_body(values, CURRENT) == {
        "displayName": "Ada Lovelace",
        "jobTitle": None,
        "companyName": None,
        "mobilePhone": None,
        "businessHomePage": None,
    }


def test_new_contact_has_a_given_name_even_if_blank_and_nothing_else_that_is_blank() -> None:
    values = dict.fromkeys(FIELDS, "") | {Field.NAME: "Cher", Field.EMAIL: "cher@x.example"}
    assert outlook_body(values, None) == {
        "displayName": "Cher",
        "givenName": "",
        "surname": "Cher",
        "emailAddresses": [{"address": "cher@x.example", "name": "Cher"}],
    }


def test_new_contact_with_everything_carries_every_member() -> None:
    values = {field: f"{field} text" for field in FIELDS} | {Field.EMAIL: "ada@x.example"}
    assert list(outlook_body(values, None)) == [
        "displayName",
        "givenName",
        "surname",
        "jobTitle",
        "companyName",
        "mobilePhone",
        "businessHomePage",
        "emailAddresses",
        "businessPhones",
        "businessAddress",
    ]


def test_business_central_is_told_in_page_order_but_country_before_what_it_clears() -> None:
    values = {field: f"{field} text" for field in reversed(FIELDS)}
    assert list(bc_body(values)) == [
        "displayName",
        "jobTitle",
        "companyNumber",
        "addressLine1",
        "addressLine2",
        "country",
        "city",
        "state",
        "postalCode",
        "phoneNumber",
        "mobilePhoneNumber",
        "email",
        "website",
    ]


def test_company_is_written_by_number_and_never_by_name() -> None:
    assert bc_body({Field.COMPANY: "KT100"}) == {"companyNumber": "KT100"}


def test_patch_clears_and_carries_nothing_that_did_not_change() -> None:
    assert bc_body({Field.MOBILE: ""}) == {"mobilePhoneNumber": ""}
    assert bc_body({}) == {}


def test_new_person_says_its_type_first_and_nothing_blank() -> None:
    values = dict.fromkeys(FIELDS, "") | {Field.EMAIL: "ada@x.example", Field.NAME: "Ada King"}
    body = bc_create_body(values)
    assert list(body.items()) == [
        ("type", "Person"),
        ("displayName", "Ada King"),
        ("email", "ada@x.example"),
    ]
