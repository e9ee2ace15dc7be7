"""Lengths, kinds, e-mail and phone rules, read-only and unknown properties (contracts §2, §3.9, §4)."""

from __future__ import annotations

import pytest

from tests.sandbox.business_central.api import Api

LENGTHS = {
    "displayName": 100,
    "jobTitle": 30,
    "addressLine1": 100,
    "addressLine2": 50,
    "city": 30,
    "state": 30,
    "postalCode": 20,
    "website": 255,
    "searchName": 100,
    "taxRegistrationNumber": 20,
}


@pytest.mark.parametrize(("name", "limit"), LENGTHS.items())
def test_text_as_long_as_the_field_is_kept_and_one_more_is_refused(api: Api, name: str, limit: int) -> None:
    kept = api.person(**{name: "X" * limit})
    assert kept[name] == "X" * limit
    refused = api.post({"type": "Person", "displayName": "A", name: "X" * (limit + 1)})
    assert refused.refusal == (400, "Application_StringExceededLength")
    assert refused.message.startswith(
        f"The length of the string is {limit + 1}, but it must be less than or equal to {limit} characters."
    )


def test_length_counts_utf16_units(api: Api) -> None:
    assert api.person(jobTitle="é" * 30)["jobTitle"] == "é" * 30
    assert api.post({"displayName": "A", "jobTitle": "😀" * 16}).code == "Application_StringExceededLength"


def test_website_is_80_before_version_27(api: Api) -> None:
    api.switches["bc_website_length"] = "80"
    assert api.post({"displayName": "A", "website": "w" * 81}).code == "Application_StringExceededLength"
    metadata = api.get("/$metadata").body
    assert b'Name="website" Type="Edm.String" MaxLength="80"' in metadata


def test_code_fields_are_trimmed_and_in_upper_case(api: Api) -> None:
    created = api.person(country=" gb ", postalCode="ab1 ", searchName="ada", taxRegistrationNumber="gb1")
    assert created["country"] == "GB"
    assert created["postalCode"] == "AB1"
    assert created["searchName"] == "ADA"
    assert created["taxRegistrationNumber"] == "GB1"


def test_trim_switch_trims_text(api: Api) -> None:
    assert api.person(city=" Bonn ")["city"] == " Bonn "
    api.switches["bc_trim_text"] = "true"
    assert api.person(city=" Bonn ")["city"] == "Bonn"


@pytest.mark.parametrize("address", ["ada@x.example", " ada@x.example ", "a@x.example;b@y.example", ""])
def test_good_email_is_kept_trimmed(api: Api, address: str) -> None:
    assert api.person(email=address)["email"] == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "ada",
        "ada@localhost",
        "a@b@c.example",
        "ada@.example",
        "ada@x.",
        "ada@x.e",
        "a@x.example;",
        "@x.example",
    ],
)
def test_bad_email_is_refused(api: Api, address: str) -> None:
    refused = api.post({"displayName": "A", "email": address})
    assert refused.refusal == (400, "Application_DialogException")
    assert refused.message.endswith("is not valid.")


def test_email_beyond_80_is_refused(api: Api) -> None:
    address = "a" * 70 + "@x.example"
    assert len(address) == 80
    assert api.person(email=address)["email"] == address
    assert api.post({"displayName": "A", "email": "a" + address}).code == "Application_StringExceededLength"


@pytest.mark.parametrize("name", ["phoneNumber", "mobilePhoneNumber"])
def test_letters_in_a_phone_number_are_refused(api: Api, name: str) -> None:
    assert api.person(**{name: "+44 (20) 7946-0101;12"})[name] == "+44 (20) 7946-0101;12"
    refused = api.post({"displayName": "A", name: "0101 ext. 12"})
    assert refused.refusal == (400, "Application_DialogException")
    assert "must not contain letters" in refused.message
    api.switches["bc_phone_error_code"] = "Application_FieldValidationException"
    assert api.post({"displayName": "A", name: "x"}).code == "Application_FieldValidationException"


@pytest.mark.parametrize("name", ["contactBusinessRelation", "lastInteractionDate", "lastModifiedDateTime"])
def test_read_only_property_is_refused(api: Api, name: str) -> None:
    refused = api.post({"displayName": "A", name: "None"})
    assert refused.refusal == (400, "BadRequest_InvalidOperation")
    assert refused.message == f"Control '{name}' is read-only"


def test_unknown_property_is_refused_by_name(api: Api) -> None:
    refused = api.post({"displayName": "A", "fax": "1"})
    assert refused.refusal == (400, "BadRequest")
    assert refused.message == (
        "The property 'fax' does not exist on type 'Microsoft.NAV.contact'. "
        "Make sure to only use property names that are defined by the type."
    )


def test_unknown_enum_member_lists_the_options(api: Api) -> None:
    refused = api.post({"type": "Persn", "displayName": "A"})
    assert refused.refusal == (400, "Unknown")
    assert refused.message == "'Persn' is not an option. The existing options are: Company,Person"
    api.switches["bc_enum_error_code"] = "Application_EvaluateException"
    assert api.post({"type": "Persn", "displayName": "A"}).code == "Application_EvaluateException"


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": 7},
        {"displayName": None},
        {"displayName": ["A"]},
        {"displayName": "A", "privacyBlocked": "true"},
        ["A"],
        b"{",
        b'{"displayName": "\xff"}',
        b'{"displayName": "\\ud800"}',
    ],
)
def test_wrong_type_and_broken_json_are_bad_requests(api: Api, body: object) -> None:
    assert api.post(body).refusal == (400, "BadRequest")


def test_write_without_the_json_content_type_is_refused(api: Api) -> None:
    assert api.post({"displayName": "A"}, Content_Type="text/plain").status == 415


def test_id_in_a_body_is_refused_where_it_differs(api: Api) -> None:
    created = api.person()
    assert api.patch(created, id=created["id"].upper(), city="Bonn").status == 200
    created = api.read(created)
    other = "00000000-0000-4000-8000-000000000001"
    assert api.patch(created, id=other).refusal == (400, "BadRequest_InvalidOperation")
    assert api.post({"displayName": "A", "id": other}).code == "BadRequest_InvalidOperation"
    api.switches["bc_id_in_body"] = "refuse"
    assert api.patch(created, id=created["id"]).code == "BadRequest_InvalidOperation"
    api.switches["bc_id_in_body"] = "ignore"
    assert api.patch(created, id=other, city="Ulm").body["id"] == created["id"]


def test_annotations_in_a_body_are_no_properties(api: Api) -> None:
    created = api.person()
    assert api.patch(created, **{"@odata.etag": "x", "city": "Bonn"}).body["city"] == "Bonn"


def test_messages_follow_the_tenant_unless_the_language_is_pinned(api: Api) -> None:
    api.switches["bc_tenant_language"] = "de-DE"
    assert api.post({"displayName": ""}).message == 'Ein leeres "displayName" ist nicht zulässig.'
    pinned = api.post({"displayName": ""}, Accept_Language="en-US")
    assert pinned.message == 'The blank "displayName" is not allowed.'
