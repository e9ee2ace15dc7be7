"""The service's own faults and what people and administrators do (contracts/business-central.md §15)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sandbox.business_central.errors import Refusal
from sandbox.faults import Fault
from tests.sandbox.business_central.api import COMPANY, Api


def fault(kind: str, **more: Any) -> Fault:
    return Fault(kind, "businessCentral", **more)


def test_commit_lag_shows_a_new_contact_late_with_its_old_stamp(api: Api) -> None:
    api.faults.add(fault("commit_lag", path="^/people", seconds=300))
    contact = api.people.create_contact(COMPANY, type="Person", displayName="Late")
    api.clock.advance(299)
    assert api.get().body["value"] == []
    assert api.get("contacts/$count").body == b"0"
    assert api.get(f"contacts({contact})").status == 404
    api.clock.advance(2)
    (seen,) = api.get().body["value"]
    assert seen["lastModifiedDateTime"] == "2026-05-11T08:00:00Z"


def test_commit_lag_shows_the_old_values_of_a_changed_contact_meanwhile(api: Api) -> None:
    person = api.person(city="Bonn")
    other = api.person(displayName="Other")
    api.clock.advance(60)
    api.faults.add(fault("commit_lag", path="^/people", seconds=300))
    api.people.edit_contact(COMPANY, person["id"], city="Ulm")
    api.people.edit_contact(COMPANY, other["id"], city="Ulm")
    assert api.read(person)["@odata.etag"] == person["@odata.etag"]
    assert api.read(other)["city"] == "Ulm"
    since = "$filter=lastModifiedDateTime%20ge%202026-05-11T08:01:00Z"
    assert len(api.get("contacts", since).body["value"]) == 1
    api.clock.advance(301)
    assert len(api.get("contacts", since).body["value"]) == 2
    assert api.read(person)["city"] == "Ulm"


def test_api_write_with_commit_lag_is_answered_when_it_is_seen(api: Api) -> None:
    api.faults.add(fault("commit_lag", method="POST", seconds=100))

    async def both() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(None, api.post, {"displayName": "Late"})
        while not api.people.contacts(COMPANY):
            await asyncio.sleep(0)
        before = await loop.run_in_executor(None, api.get)
        api.clock.advance(100)
        return len(before.body["value"]), (await writing).status

    assert asyncio.run(both()) == (0, 201)
    assert len(api.get().body["value"]) == 1


def test_replica_lag_hits_only_reads_with_read_only_intent(api: Api) -> None:
    person = api.person(city="Bonn")
    gone = api.person(displayName="Gone")
    api.clock.advance(60)
    api.patch(person, city="Ulm")
    api.delete(gone)
    api.create(displayName="New")
    api.faults.add(fault("replica_lag", times=0, seconds=30))
    stale = api.get("contacts", "$orderby=number", Data_Access_Intent="ReadOnly").body["value"]
    assert [(each["displayName"], each["city"]) for each in stale] == [("Ada Lovelace", "Bonn"), ("Gone", "")]
    fresh = api.get("contacts", "$orderby=number").body["value"]
    assert [(each["displayName"], each["city"]) for each in fresh] == [("Ada Lovelace", "Ulm"), ("New", "")]
    api.clock.advance(31)
    again = api.get("contacts", "$orderby=number", Data_Access_Intent="ReadOnly").body["value"]
    assert again == fresh


def test_upgrade_window_answers_503_until_it_is_over(api: Api) -> None:
    api.faults.add(fault("upgrade_window", seconds=600))
    for _ in range(2):
        refused = api.get()
        assert refused.refusal == (503, "Internal_TenantUnavailable")
        assert refused.headers["Retry-After"] == "600"
    api.clock.advance(601)
    assert api.get().status == 200
    api.faults.add(fault("upgrade_window", retry_after="7", detail={"html": "true"}))
    page = api.get()
    assert (page.status, page.headers["Retry-After"]) == (503, "7")
    assert page.headers["Content-Type"] == "text/html"


def test_etag_change_moves_etags_while_values_and_stamps_stay(api: Api) -> None:
    person = api.person()
    api.faults.add(fault("etag_change", method="GET"))
    seen = api.read(person)
    assert seen["@odata.etag"] != person["@odata.etag"]
    assert {**seen, "@odata.etag": ""} == {**person, "@odata.etag": ""}
    assert api.patch(person, city="X").status == 409
    assert api.patch(seen, city="X").status == 200


def test_permission_denied_by_fault_and_by_switch(api: Api) -> None:
    person = api.person()
    api.faults.add(fault("permission_denied", method="PATCH", status=400, code="Internal_ServerError"))
    refused = api.patch(person, city="X")
    assert refused.refusal == (400, "Internal_ServerError")
    assert refused.message == "You do not have the following permissions on TableData Contact: Modify."
    api.switches["bc_contact_permission"] = "read"
    assert api.get().status == 200
    assert api.post({"displayName": "A"}).refusal == (403, "Authorization_PermissionDenied")
    assert api.delete(person).status == 403
    api.switches["bc_contact_permission"] = "none"
    assert api.get().refusal == (403, "Authorization_PermissionDenied")
    assert api.get("/companies").status == 200


def test_restored_environment_is_as_it_was_and_its_time_runs_backwards(api: Api) -> None:
    person = api.person(city="Bonn")
    kept = api.people.snapshot()
    api.clock.advance(3600)
    api.patch(person, city="Ulm")
    new = api.person(displayName="New")
    for _ in range(2):
        api.people.restore(kept)
        assert api.read(person) == person
        assert api.get(f"contacts({new['id']})").status == 404
        assert api.person(displayName="Again")["number"] == new["number"]


def test_person_at_the_screen_keeps_what_they_typed(api: Api) -> None:
    firm = api.people.create_contact(COMPANY, displayName="Firm", email="info@f.example", country="DE")
    number = api.read({"id": firm})["number"]
    person = api.people.create_contact(
        COMPANY,
        displayName="Ada",
        email="ada@x.example",
        city="Paris",
        postalCode="SW1Y 4JH",
        companyNumber=number,
        type="Person",
    )
    seen = api.read({"id": person})
    assert (seen["email"], seen["city"], seen["companyName"]) == ("ada@x.example", "Paris", "Firm")
    api.people.edit_contact(COMPANY, person, city="Berlin", country="BE")
    assert api.read({"id": person})["city"] == "Berlin"


def test_edit_that_business_central_refuses_changes_nothing(api: Api) -> None:
    person = api.person(city="Bonn")
    with pytest.raises(Refusal):
        api.people.edit_contact(COMPANY, person["id"], city="Ulm", email="bad")
    with pytest.raises(ValueError, match="fax"):
        api.people.edit_contact(COMPANY, person["id"], fax="1")
    assert api.read(person) == person


def test_merged_contact_goes_and_its_persons_move(api: Api) -> None:
    keep, gone = api.create(displayName="Keep"), api.create(displayName="Gone")
    person = api.person(companyNumber=gone["number"])
    api.clock.advance(1)
    api.people.merge_contacts(COMPANY, keep["id"], gone["id"])
    assert api.get(f"contacts({gone['id']})").status == 404
    assert api.read(person)["companyName"] == "Keep"
    assert api.read(keep)["lastModifiedDateTime"] == "2026-05-11T08:00:01Z"


def test_renamed_company_keeps_its_id(api: Api) -> None:
    api.people.rename_company(COMPANY, "Contoso")
    assert api.get(f"/companies({COMPANY})").body["displayName"] == "Contoso"


def test_raw_contacts_are_stored_as_they_are(api: Api) -> None:
    contact = api.people.create_contact(
        COMPANY,
        raw=True,
        type="Person",
        displayName="X" * 120,
        email="no address",
        lastModifiedDateTime="2020-01-01T00:00:00Z",
    )
    seen = api.read({"id": contact})
    assert (seen["displayName"], seen["email"]) == ("X" * 120, "no address")
    assert [each["id"] for each in api.people.contacts(COMPANY)] == [contact]
    with pytest.raises(ValueError, match="fax"):
        api.people.create_contact(COMPANY, raw=True, fax="1")
