"""`$batch` (contracts/business-central.md §7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.business_central.api import COMPANY, Answer, Api

CONTACTS = f"companies({COMPANY})/contacts"


def request(method: str, url: str = CONTACTS, body: object = None, **more: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"method": method, "url": url, **more}
    if body is not None:
        entry["body"] = body
        entry.setdefault("headers", {})["Content-Type"] = "application/json"
    return entry


def batch(api: Api, *requests: dict[str, Any], **headers: str) -> Answer:
    return api.post({"requests": list(requests)}, "/$batch", **headers)


def statuses(answer: Answer) -> list[int]:
    return [each["status"] for each in answer.body["responses"]]


def names(api: Api) -> list[str]:
    return [each["displayName"] for each in api.get().body["value"]]


def test_operations_are_carried_out_in_order_with_ids_and_headers(api: Api) -> None:
    answer = batch(
        api,
        request("POST", body={"displayName": "A"}, id="r1"),
        request("GET", f"{CONTACTS}?$select=displayName&$top=1"),
    )
    assert answer.status == 200
    first, second = answer.body["responses"]
    assert (first["id"], first["status"], first["body"]["displayName"]) == ("r1", 201, "A")
    assert first["headers"]["content-type"] == "application/json; odata.metadata=minimal"
    assert first["headers"]["odata-version"] == "4.0"
    assert (second["id"], second["status"]) == (None, 200)
    assert second["body"]["value"][0]["displayName"] == "A"


def test_batch_stops_at_the_first_failure(api: Api) -> None:
    answer = batch(
        api,
        request("POST", body={"displayName": "A"}),
        request("POST", body={"displayName": ""}),
        request("POST", body={"displayName": "C"}),
    )
    assert statuses(answer) == [201, 400]
    assert answer.body["responses"][1]["body"]["error"]["code"] == "Application_DialogException"
    assert names(api) == ["A"]


def test_continue_on_error_goes_on_unless_switched_off(api: Api) -> None:
    requests = [request("POST", body={"displayName": name}) for name in ("", "B")]
    assert statuses(batch(api, *requests, Prefer="odata.continue-on-error")) == [400, 201]
    api.switches["bc_continue_on_error"] = "false"
    assert statuses(batch(api, *requests, Prefer="odata.continue-on-error")) == [400]


def test_snapshot_rolls_back_while_earlier_responses_still_say_201(api: Api) -> None:
    answer = batch(
        api,
        request("POST", body={"displayName": "A"}),
        request("POST", body={"displayName": ""}),
        Isolation="snapshot",
    )
    assert statuses(answer) == [201, 400]
    lost = answer.body["responses"][0]["body"]["id"]
    assert api.get(f"contacts({lost})").status == 404
    assert names(api) == []


def test_snapshot_rolls_back_changes_and_deletions_too(api: Api) -> None:
    firm = api.create(displayName="Firm", phoneNumber="1")
    person = api.person(companyNumber=firm["number"])
    other = api.person(displayName="Other")
    headers = {"If-Match": "*"}
    answer = batch(
        api,
        request("PATCH", f"{CONTACTS}({firm['id']})", {"phoneNumber": "2"}, headers=headers),
        request("DELETE", f"{CONTACTS}({other['id']})"),
        request("GET", "nowhere"),
        Isolation="snapshot",
    )
    assert statuses(answer) == [200, 204, 404]
    assert [api.read(each)["@odata.etag"] for each in (firm, person, other)] == [
        firm["@odata.etag"],
        person["@odata.etag"],
        other["@odata.etag"],
    ]


def test_snapshot_without_failure_is_saved(api: Api) -> None:
    batch(api, *[request("POST", body={"displayName": name}) for name in "AB"], Isolation="snapshot")
    assert names(api) == ["A", "B"]


def test_person_rolled_back_and_created_again_is_no_repetition(api: Api) -> None:
    body = {"type": "Person", "displayName": "Ada", "email": "a@x.example"}
    batch(api, request("POST", body=body), request("GET", "nowhere"), Isolation="snapshot")
    batch(api, request("POST", body=body))
    assert api.log.counts()["repeated_create"] == 0


def test_hundred_operations_pass_and_one_more_is_a_500(api: Api) -> None:
    one = request("GET", f"{CONTACTS}/$count")
    assert len(batch(api, *[one] * 100).body["responses"]) == 100
    refused = batch(api, *[one] * 101)
    assert refused.refusal == (500, "Internal_ServerError")
    assert "maximum number of '100' query operations" in refused.message


def test_bare_entity_takes_the_company_from_a_header(api: Api) -> None:
    by_id = request("GET", "contacts/$count", headers={"Company": COMPANY})
    by_name = request("GET", "contacts/$count", headers={"company": "Fabrikam DE"})
    assert statuses(batch(api, by_id, by_name)) == [200, 200]
    nowhere = batch(api, request("GET", "contacts"))
    assert nowhere.body["responses"][0]["body"]["error"]["code"] == "Internal_CompanyNotFound"
    assert api.get("/contacts", Company=COMPANY).code == "Internal_CompanyNotFound"


@pytest.mark.parametrize("url", [f"/{CONTACTS}", f"https://bc.example/v2.0/{CONTACTS}", "", "$1/picture"])
def test_url_must_be_relative_to_the_base(api: Api, url: str) -> None:
    assert statuses(batch(api, request("GET", url))) == [404]


def test_batch_in_a_batch_is_refused(api: Api) -> None:
    assert statuses(batch(api, request("POST", "$batch", {"requests": []}))) == [400]


def test_body_without_content_type_is_refused(api: Api) -> None:
    assert statuses(batch(api, {"method": "POST", "url": CONTACTS, "body": {"displayName": "A"}})) == [415]


def test_atomicity_group_is_ignored(api: Api) -> None:
    requests = [request("POST", body={"displayName": name}, atomicityGroup="g") for name in ("A", "")]
    assert statuses(batch(api, *requests)) == [201, 400]
    assert names(api) == ["A"]


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        [],
        {"requests": {}},
        {"requests": [], "more": 1},
        {"requests": [7]},
        {"requests": [{"method": "GET"}]},
        {"requests": [{"url": CONTACTS}]},
        {"requests": [{"method": "FETCH", "url": CONTACTS}]},
        {"requests": [{"method": "GET", "url": CONTACTS, "id": 7}]},
        {"requests": [{"method": "GET", "url": CONTACTS, "headers": []}]},
        {"requests": [{"method": "GET", "url": CONTACTS, "headers": {"a": 1}}]},
        {"requests": [{"method": "GET", "url": CONTACTS, "dependsOn": ["1"]}]},
        {"requests": [{"method": "GET", "url": CONTACTS, "id": "1"}] * 2},
    ],
)
def test_malformed_envelope_is_a_bad_request(api: Api, envelope: object) -> None:
    assert api.post(envelope, "/$batch").refusal == (400, "BadRequest")


def test_batch_is_only_posted(api: Api) -> None:
    assert api.get("/$batch").refusal == (405, "BadRequest_MethodNotAllowed")


def test_unknown_isolation_is_refused(api: Api) -> None:
    assert batch(api, Isolation="serial").status == 400
