"""How persons belong to companies and inherit from them (contracts/business-central.md §3.4, §3.6, §3.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.business_central.api import COMPANY, Api

COMPANY_FIELDS = {
    "displayName": "Analytical Engines Ltd.",
    "phoneNumber": "+44 20 1",
    "mobilePhoneNumber": "+44 77 1",
    "email": "info@analytical.example",
    "website": "https://analytical.example",
    "country": "GB",
    "addressLine1": "12 St James's Square",
    "addressLine2": "2nd floor",
    "city": "London",
    "postalCode": "W1",
}
COMMUNICATION = ("phoneNumber", "mobilePhoneNumber", "email", "website")
ADDRESS = ("addressLine1", "addressLine2", "city", "state", "country", "postalCode")


@pytest.fixture
def firm(api: Api) -> dict[str, Any]:
    return api.create(**COMPANY_FIELDS)


def test_person_inherits_what_it_lacks_from_its_company(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(companyNumber=firm["number"].lower())
    assert person["companyNumber"] == firm["number"]
    assert person["companyName"] == "Analytical Engines Ltd."
    for name in (*COMMUNICATION, *ADDRESS):
        assert person[name] == firm[name], name


def test_own_values_set_before_the_company_stay(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(
        email="ada@x.example", addressLine1="Home 1", country="DE", companyNumber=firm["number"]
    )
    assert person["email"] == "ada@x.example"
    assert person["addressLine1"] == "Home 1"
    assert person["city"] == ""
    assert person["country"] == "GB", "the country is overwritten whatever it was"
    assert person["phoneNumber"] == firm["phoneNumber"]


def test_changing_the_company_replaces_what_came_from_the_old_one(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(companyNumber=firm["number"], mobilePhoneNumber="+49 1")
    other = api.create(displayName="Other", email="other@o.example", city="Bonn", country="DE")
    moved = api.patch(person, companyNumber=other["number"]).body
    assert moved["companyName"] == "Other"
    assert moved["email"] == "other@o.example"
    assert moved["phoneNumber"] == ""
    assert moved["mobilePhoneNumber"] == "+49 1"
    assert (moved["city"], moved["addressLine1"], moved["country"]) == ("Bonn", "", "DE")


def test_blank_company_number_detaches(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(companyNumber=firm["number"])
    detached = api.patch(person, companyNumber="").body
    assert (detached["companyNumber"], detached["companyName"]) == ("", "")
    assert detached["email"] == firm["email"]


def test_company_number_that_is_unknown_or_a_person_is_refused(api: Api) -> None:
    person = api.person()
    for number in ("KT999999", person["number"]):
        refused = api.post({"type": "Person", "displayName": "B", "companyNumber": number})
        assert refused.refusal == (400, "Internal_InvalidTableRelation")
        assert refused.message == (
            f"The field Company No. of table Contact contains a value ({number}) "
            "that cannot be found in the related table (Contact)."
        )


def test_company_number_on_a_company_is_refused_unless_its_own(api: Api, firm: dict[str, Any]) -> None:
    other = api.create(displayName="Other")
    assert api.patch(other, companyNumber=other["number"]).status == 200
    refused = api.patch(api.read(other), companyNumber=firm["number"])
    assert refused.refusal == (400, "Application_FieldValidationException")
    assert refused.message == (
        f"Type must be equal to 'Person'  in Contact: No.={other['number']}. Current value is 'Company'."
    )


def test_company_number_sent_before_the_type_is_refused(api: Api, firm: dict[str, Any]) -> None:
    refused = api.post({"companyNumber": firm["number"], "type": "Person", "displayName": "A"})
    assert refused.code == "Application_FieldValidationException"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("analytical engines ltd.", True),
        ("Analytical", True),
        ("Engines", True),
        ("London", True),
        ("Nobody", False),
    ],
)
def test_company_name_is_a_fuzzy_lookup_and_recorded(
    api: Api, firm: dict[str, Any], text: str, found: bool
) -> None:
    answer = api.post({"type": "Person", "displayName": "A", "companyName": text})
    if found:
        assert answer.body["companyNumber"] == firm["number"]
    else:
        assert answer.refusal == (400, "Application_DialogException")
        assert answer.message == "You must select an existing contact."
    assert api.log.counts()["company_name_sent"] == 1


def test_company_name_of_two_companies_attaches_to_the_first(api: Api, firm: dict[str, Any]) -> None:
    api.create(displayName=COMPANY_FIELDS["displayName"])
    assert api.person(companyName=COMPANY_FIELDS["displayName"])["companyNumber"] == firm["number"]


def test_relation_of_a_person_is_its_companys(api: Api, firm: dict[str, Any]) -> None:
    api.people.relate(COMPANY, firm["id"], "Customer")
    assert api.person(companyNumber=firm["number"])["contactBusinessRelation"] == "Customer"


def test_renamed_company_renames_itself_in_its_persons(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(companyNumber=firm["number"])
    api.clock.advance(60)
    api.patch(firm, displayName="New Engines")
    seen = api.read(person)
    assert seen["companyName"] == "New Engines"
    assert seen["lastModifiedDateTime"] == "2026-05-11T08:01:00Z"


def test_changed_company_changes_the_persons_that_had_the_same(api: Api, firm: dict[str, Any]) -> None:
    same = api.person(companyNumber=firm["number"])
    own = api.person(displayName="B", companyNumber=firm["number"], phoneNumber="1", addressLine1="Home")
    api.patch(firm, phoneNumber="+44 20 2", addressLine1="New Square")
    assert api.read(same)["phoneNumber"] == "+44 20 2"
    assert api.read(same)["addressLine1"] == "New Square"
    assert api.read(own)["phoneNumber"] == "1"
    assert api.read(own)["addressLine1"] == "Home"


def test_deleting_a_company_deletes_its_persons(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(companyNumber=firm["number"])
    stranger = api.person(displayName="B")
    assert api.delete(firm).status == 204
    assert api.get(f"contacts({person['id']})").refusal == (404, "BadRequest_ResourceNotFound")
    assert api.read(stranger)["displayName"] == "B"


def test_delete_is_refused_with_an_open_task_and_then_nothing_is_gone(api: Api, firm: dict[str, Any]) -> None:
    first = api.person(companyNumber=firm["number"])
    second = api.person(displayName="B", companyNumber=firm["number"])
    api.people.open_task(COMPANY, second["id"])
    refused = api.delete(firm)
    assert refused.refusal == (400, "Application_DialogException")
    assert refused.message == (
        f"You cannot delete contact {second['number']} because there are one or more tasks open."
    )
    assert api.read(first)["id"] == first["id"]


def test_company_with_persons_cannot_become_a_person(api: Api, firm: dict[str, Any]) -> None:
    person = api.person(companyNumber=firm["number"])
    assert api.patch(firm, type="Person").refusal == (400, "Application_DialogException")
    api.delete(person)
    changed = api.patch(firm, type="Person").body
    assert (changed["type"], changed["companyNumber"], changed["companyName"]) == ("Person", "", "")


def test_person_that_becomes_a_company_is_its_own_company(api: Api) -> None:
    changed = api.patch(api.person(jobTitle="Boss"), type="Company").body
    assert changed["companyNumber"] == changed["number"]
    assert changed["jobTitle"] == ""


def test_company_with_relation_or_vat_number_cannot_become_a_person(api: Api) -> None:
    related = api.create(displayName="A")
    api.people.relate(COMPANY, related["id"], "Vendor")
    taxed = api.create(displayName="B", taxRegistrationNumber="GB1")
    for each in (api.read(related), taxed):
        assert api.patch(each, type="Person").code == "Application_FieldValidationException"


def test_contact_with_interactions_keeps_its_type(api: Api) -> None:
    person = api.people.create_contact(
        COMPANY, raw=True, type="Person", displayName="A", lastInteractionDate="2026-01-02"
    )
    assert api.patch(api.read({"id": person}), type="Company").code == "Application_DialogException"


def test_renumbered_company_keeps_its_id_and_its_persons(api: Api, firm: dict[str, Any]) -> None:
    api.switches["bc_manual_numbers"] = "true"
    person = api.person(companyNumber=firm["number"])
    renamed = api.patch(firm, number="engines").body
    assert (renamed["id"], renamed["number"], renamed["companyNumber"]) == (firm["id"], "ENGINES", "ENGINES")
    assert api.read(person)["companyNumber"] == "ENGINES"


def test_renumbering_to_a_taken_number_is_refused(api: Api, firm: dict[str, Any]) -> None:
    api.switches["bc_manual_numbers"] = "true"
    other = api.person()
    assert api.patch(other, number=firm["number"]).code == "Internal_EntityWithSameKeyExists"
    assert api.patch(other, number="").code == "Application_FieldValidationException"


@pytest.mark.parametrize(
    ("switch", "name"),
    [("bc_inherit_country", "country"), ("bc_inherit_address", "city"), ("bc_inherit_communication", "email")],
)
def test_marketing_setup_can_switch_inheritance_off(
    api: Api, firm: dict[str, Any], switch: str, name: str
) -> None:
    api.switches[switch] = "false"
    assert api.person(companyNumber=firm["number"])[name] == ""
