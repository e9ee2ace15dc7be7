"""POST: defaults, what the type does, names, numbers (contracts/business-central.md §3.1–§3.3)."""

from __future__ import annotations

import pytest

from tests.sandbox.business_central.api import COMPANY, Api


def test_type_omitted_makes_a_company(api: Api) -> None:
    created = api.create(displayName="Analytical Engines Ltd.")
    assert created["type"] == "Company"
    assert created["companyNumber"] == created["number"]
    assert created["companyName"] == "Analytical Engines Ltd."


def test_every_property_is_answered_in_page_order_with_its_blank(api: Api) -> None:
    created = api.person()
    assert list(created)[:2] == ["@odata.context", "@odata.etag"]
    assert " ".join(list(created)[2:]) == (
        "id number type displayName jobTitle companyNumber companyName contactBusinessRelation "
        "addressLine1 addressLine2 city state country postalCode phoneNumber mobilePhoneNumber email website "
        "searchName privacyBlocked taxRegistrationNumber lastInteractionDate lastModifiedDateTime"
    )
    assert created["contactBusinessRelation"] == "None"
    assert created["lastInteractionDate"] == "0001-01-01"
    assert created["city"] == ""
    assert created["privacyBlocked"] is False


def test_location_and_context_name_the_new_contact() -> None:
    api = Api()
    answer = api.post({"displayName": "X"})
    base = "http://bc.example/v2.0/11111111-aaaa-4bbb-8ccc-222222222222/Production/api/v2.0"
    assert answer.headers["Location"] == f"{base}/companies({COMPANY})/contacts({answer.body['id']})"
    assert answer.body["@odata.context"] == f"{base}/$metadata#companies({COMPANY})/contacts/$entity"


def test_job_title_of_a_company_is_wiped_on_create_but_not_on_change(api: Api) -> None:
    created = api.create(type="Company", displayName="X", jobTitle="Boss")
    assert created["jobTitle"] == ""
    assert api.patch(created, jobTitle="Boss").body["jobTitle"] == "Boss"


def test_missing_and_blank_names_are_refused_differently(api: Api) -> None:
    missing = api.post({"type": "Person"})
    blank = api.post({"displayName": ""})
    assert missing.refusal == blank.refusal == (400, "Application_DialogException")
    assert missing.message == 'A "displayName" must be provided.'
    assert blank.message == 'The blank "displayName" is not allowed.'


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada Marie Lovelace", ("Ada", "Marie", "Lovelace")),
        ("Ada Lovelace", ("Ada", "", "Lovelace")),
        ("Anna Maria von der Heide", ("Anna Maria von", "der", "Heide")),
        ("Plato", ("", "", "Plato")),
        ("A" * 40 + " " + "B" * 40, ("A" * 30, "", "B" * 30)),
    ],
)
def test_name_of_a_person_is_split(api: Api, name: str, parts: tuple[str, str, str]) -> None:
    created = api.person(displayName=name)
    kept = api.people.contact(COMPANY, created["id"])
    assert kept is not None
    assert (kept["firstName"], kept["middleName"], kept["surname"]) == parts


def test_name_sent_before_the_type_leaves_the_person_with_its_own_name_as_company(api: Api) -> None:
    created = api.create(displayName="Ada Lovelace", type="Person")
    assert created["companyName"] == "Ada Lovelace"
    kept = api.people.contact(COMPANY, created["id"])
    assert kept is not None
    assert kept["surname"] == ""


def test_page_order_switch_sets_the_type_first(api: Api) -> None:
    api.switches["bc_validation_order"] = "page"
    assert api.create(displayName="Ada Lovelace", type="Person")["companyName"] == ""


def test_numbers_come_from_the_series_and_are_consumed_by_failed_posts(api: Api) -> None:
    first = api.create(displayName="A")["number"]
    refused = {"requests": [
        {"method": "POST", "url": f"companies({COMPANY})/contacts",
         "headers": {"Content-Type": "application/json"}, "body": {"displayName": "B"}},
        {"method": "GET", "url": "nothing"},
    ]}  # fmt: skip
    api.post(refused, "/$batch", Isolation="snapshot")
    third = api.create(displayName="C")["number"]
    assert (first, third) == ("KT000001", "KT000003")


def test_manual_number_needs_the_series_to_allow_it(api: Api) -> None:
    refused = api.post({"displayName": "A", "number": "mine"})
    assert refused.refusal == (400, "Application_DialogException")
    assert refused.message.startswith("You may not enter numbers manually.")
    api.switches["bc_manual_numbers"] = "true"
    assert api.create(displayName="A", number=" mine ")["number"] == "MINE"


def test_number_that_is_taken_is_refused(api: Api) -> None:
    api.switches["bc_manual_numbers"] = "true"
    api.create(displayName="A", number="MINE")
    refused = api.post({"displayName": "B", "number": "mine"})
    assert refused.refusal == (400, "Internal_EntityWithSameKeyExists")
    assert "No.='MINE'" in refused.message
    api.switches["bc_duplicate_key_status"] = "409"
    assert api.post({"displayName": "B", "number": "mine"}).status == 409


def test_number_series_skips_numbers_in_use(api: Api) -> None:
    api.people.create_contact(COMPANY, raw=True, number="KT000001", displayName="A")
    assert api.create(displayName="B")["number"] == "KT000002"


def test_default_country_fills_only_a_blank(api: Api) -> None:
    api.switches["bc_default_country"] = "DE"
    assert api.person()["country"] == "DE"
    assert api.person(country="GB")["country"] == "GB"


def test_search_name_follows_the_name_until_it_is_set(api: Api) -> None:
    created = api.person(displayName="Ada Lovelace")
    assert created["searchName"] == "ADA LOVELACE"
    renamed = api.patch(created, displayName="Ada King").body
    assert renamed["searchName"] == "ADA KING"
    own = api.patch(renamed, searchName="countess").body
    assert own["searchName"] == "COUNTESS"
    assert api.patch(own, displayName="Ada Byron").body["searchName"] == "COUNTESS"


def test_return_no_content_answers_204_with_location(api: Api) -> None:
    answer = api.post({"displayName": "X"}, Prefer="return-no-content")
    assert (answer.status, answer.body) == (204, None)
    assert "contacts(" in answer.headers["Location"]


def test_same_person_created_again_by_the_same_app_is_recorded(api: Api) -> None:
    body = {"type": "Person", "displayName": "Ada", "email": "ada@x.example"}
    api.call("POST", "contacts", body=body, app="one")
    api.call("POST", "contacts", body=body, app="two")
    assert api.log.counts()["repeated_create"] == 0
    assert api.call("POST", "contacts", body=body, app="one").status == 201
    assert api.log.counts()["repeated_create"] == 1


def test_create_after_the_first_was_refused_or_deleted_is_no_repetition(api: Api) -> None:
    body = {"type": "Person", "displayName": "Ada", "email": "ada@x.example", "phoneNumber": "x1"}
    api.post(body)
    body["phoneNumber"] = "1"
    first = api.post(body).body
    api.delete(first)
    api.post(body)
    assert api.log.counts()["repeated_create"] == 0
