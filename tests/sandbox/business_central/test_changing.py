"""PATCH, DELETE, ETags and stamps (contracts/business-central.md §3.6–§3.8, §6)."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date

import orjson
import pytest

from tests.sandbox.business_central.api import COMPANY, Api

UNKNOWN = "3f6c1d0a-7a52-ef11-9c36-002248a1b2c3"


def test_etag_is_the_hash_of_the_exposed_values(api: Api) -> None:
    person = api.person()
    exposed = {name: value for name, value in person.items() if not name.startswith("@")}
    canonical = orjson.dumps(exposed, option=orjson.OPT_SORT_KEYS)
    number = str(int.from_bytes(hashlib.sha256(canonical).digest()[:8], "big"))
    inside = f"'{len(number)};{number}1;00;'"
    assert person["@odata.etag"] == f'W/"{base64.b64encode(inside.encode()).decode()}"'


def test_patch_changes_what_is_listed_and_the_etag(api: Api) -> None:
    person = api.person(city="Bonn")
    answer = api.patch(person, mobilePhoneNumber="1")
    assert answer.status == 200
    assert (answer.body["mobilePhoneNumber"], answer.body["city"]) == ("1", "Bonn")
    assert answer.body["@odata.etag"] != person["@odata.etag"]
    assert api.log.counts()["empty_patch"] == 0


@pytest.mark.parametrize("body", [{}, {"city": "Bonn"}])
def test_patch_that_changes_nothing_still_stamps_and_is_recorded(api: Api, body: dict[str, str]) -> None:
    person = api.person(city="Bonn")
    api.clock.advance(1)
    answer = api.patch(person, **body)
    assert answer.body["lastModifiedDateTime"] == "2026-05-11T08:00:01Z"
    assert answer.body["@odata.etag"] != person["@odata.etag"]
    assert api.log.counts()["empty_patch"] == 1


@pytest.mark.parametrize("tag", [None, "", "x", '"JzE5"', 'W/"JzE5"', 'W/"***"', "*, *"])
def test_patch_without_a_well_formed_if_match_is_refused(api: Api, tag: str | None) -> None:
    person = api.person()
    headers = {} if tag is None else {"If-Match": tag}
    answer = api.call("PATCH", f"contacts({person['id']})", body={"city": "X"}, headers=headers)
    assert answer.refusal == (400, "BadRequest_InvalidToken")
    assert api.read(person)["city"] == ""


def test_star_matches_any_etag(api: Api) -> None:
    person = api.person()
    answer = api.call("PATCH", f"contacts({person['id']})", body={"city": "X"}, headers={"If-Match": "*"})
    assert answer.status == 200


def test_stale_etag_is_refused_with_409(api: Api) -> None:
    person = api.person()
    api.patch(person, city="Bonn")
    refused = api.patch(person, city="Ulm")
    assert refused.refusal == (409, "Request_EntityChanged")
    assert refused.message == "Another user has already changed the record."
    assert api.delete(person, If_Match=person["@odata.etag"]).status == 409
    assert api.read(person)["city"] == "Bonn"
    api.switches["bc_stale_status"] = "412"
    assert api.patch(person, city="Ulm").refusal == (412, "Request_EntityChanged")


def test_refused_change_leaves_the_contact_as_it_was(api: Api) -> None:
    person = api.person(city="Bonn")
    assert api.patch(person, city="Ulm", email="bad").status == 400
    assert api.read(person) == {**person, "@odata.context": api.read(person)["@odata.context"]}


def test_delete_checks_the_etag_only_where_sent(api: Api) -> None:
    assert api.delete(api.person()).status == 204
    person = api.person()
    assert api.delete(person, If_Match="x").refusal == (400, "BadRequest_InvalidToken")
    api.switches["bc_delete_if_match"] = "required"
    assert api.delete(person).refusal == (400, "BadRequest_InvalidToken")
    answer = api.delete(person, If_Match=person["@odata.etag"])
    assert (answer.status, answer.body) == (204, None)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_contact_that_does_not_exist_is_not_found(api: Api, method: str) -> None:
    body = {"city": "X"} if method == "PATCH" else None
    answer = api.call(method, f"contacts({UNKNOWN})", body=body, headers={"If-Match": "*"})
    assert answer.refusal == (404, "BadRequest_ResourceNotFound")
    api.switches["bc_missing_id_code"] = "Internal_RecordNotFound"
    answer = api.call(method, f"contacts({UNKNOWN})", body=body, headers={"If-Match": "*"})
    assert answer.refusal == (404, "Internal_RecordNotFound")


def test_deleted_contact_is_gone_for_good(api: Api) -> None:
    person = api.person()
    api.delete(person)
    assert api.delete(person).status == 404
    assert api.get("contacts").body["value"] == []


def test_data_access_intent_on_a_write_is_an_error(api: Api) -> None:
    refused = api.post({"displayName": "A"}, Data_Access_Intent="ReadOnly")
    assert refused.refusal == (400, "BadRequest_InvalidOperation")
    assert api.get("contacts", Data_Access_Intent="ReadOnly").body["value"] == []
    assert api.get("contacts", Data_Access_Intent="Sometimes").status == 400


def test_stamps_land_on_sql_ticks_and_lose_trailing_zeros(api: Api) -> None:
    api.clock.advance(0.0005)
    stamps = [api.person()["lastModifiedDateTime"]]
    for seconds in (0.0012, 0.0034, 0.0047, 0.34, 0.6492):
        api.clock.advance(seconds)
        stamps.append(api.person()["lastModifiedDateTime"])
    assert stamps == [
        "2026-05-11T08:00:00Z",
        "2026-05-11T08:00:00.003Z",
        "2026-05-11T08:00:00.007Z",
        "2026-05-11T08:00:00.01Z",
        "2026-05-11T08:00:00.35Z",
        "2026-05-11T08:00:01Z",
    ]
    assert all(re.fullmatch(r"[^.]+(\.\d?\d?[037]|\.\d?[1-9])?Z", stamp) for stamp in stamps)


def test_interaction_changes_the_etag_but_no_stamp(api: Api) -> None:
    person = api.person()
    api.clock.advance(60)
    api.people.touch_interaction(COMPANY, person["id"], date(2026, 5, 10))
    seen = api.read(person)
    assert seen["lastInteractionDate"] == "2026-05-10"
    assert seen["lastModifiedDateTime"] == person["lastModifiedDateTime"]
    assert seen["@odata.etag"] != person["@odata.etag"]
    assert api.patch(person, city="X").status == 409
