"""What is not known gets the documented error: never 500, never silence (contracts/graph.md §5.3)."""

from __future__ import annotations

import pytest

from tests.sandbox.graph.api import ANN, NOBODY, Api

WELL_FORMED = "AAMkAD" + "x" * 98


def test_a_junk_id_is_malformed_and_a_strange_one_not_found(api: Api) -> None:
    for id, status, code in (("junk", 400, "ErrorInvalidIdMalformed"), (WELL_FORMED, 404, "ErrorItemNotFound")):
        for url in (f"/users/{ANN}/contacts/{id}", f"/users/{ANN}/contactFolders/{id}"):
            answer = api.get(url)
            assert (answer.status, answer.code) == (status, code)


def test_ids_are_case_sensitive(api: Api) -> None:
    assert api.read(api.create()["id"].swapcase()).status in (400, 404)
    id = api.create()["id"]
    last = next(at for at in range(len(id) - 5, 0, -1) if id[at].isalpha())
    assert api.read(id[:last] + id[last].swapcase() + id[last + 1 :]).code == "ErrorItemNotFound"


def test_an_unknown_user_is_invalid_and_a_user_without_mailbox_has_no_contacts(api: Api) -> None:
    unknown = api.get("/users/7f0e1d2c-0000-4000-8000-00000000dead/contacts")
    assert (unknown.status, unknown.code) == (404, "ErrorInvalidUser")
    without = api.get(f"/users/{NOBODY}/contactFolders")
    assert (without.status, without.code) == (404, "MailboxNotEnabledForRESTAPI")


def test_a_users_profile_is_read_even_without_a_mailbox(api: Api) -> None:
    ann = api.get(f"/users/{ANN}?$select=id,displayName,mail,userPrincipalName")
    assert (ann["id"], ann["displayName"], ann["mail"]) == (ANN, "Ann Harbour", "ann@harbour.example")
    assert api.get(f"/users/{NOBODY}")["mail"] is None
    assert api.get("/users/unknown").code == "Request_ResourceNotFound"
    assert api.get(f"/users/{ANN}?$select=shoeSize").code == "ErrorInvalidUrlQuery"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me/contacts"),
        ("GET", "/users"),
        ("GET", f"/users/{ANN}/messages"),
        ("PATCH", f"/users/{ANN}/contacts/"),
        ("PUT", f"/users/{ANN}/contacts"),
        ("DELETE", f"/users/{ANN}/contacts"),
        ("GET", f"/users/{ANN}/contacts/$count"),
        ("POST", f"/users/{ANN}/contactFolders/contacts/move"),
        ("GET", f"/users/{ANN}/contactFolders/contacts/childFolders/delta"),
        ("GET", "/"),
        ("GET", "/$batch"),
        ("PUT", "/subscriptions"),
    ],
)
def test_a_path_or_method_that_does_not_exist_is_refused(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)
    assert answer.status in (400, 405)
    assert answer.code in ("ErrorInvalidRequest", "ErrorInvalidIdMalformed")


def test_a_contact_has_no_move_action_and_no_path_to_extended_properties(api: Api) -> None:
    url = f"/users/{ANN}/contacts/{api.create()['id']}"
    assert api.call("POST", f"{url}/move", {"destinationId": api.folder}).status == 405
    assert api.get(f"{url}/singleValueExtendedProperties").status == 405


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"displayName": 5}, "RequestBodyRead"),
        ({"shoeSize": "44"}, "RequestBodyRead"),
        ({"websites": []}, "RequestBodyRead"),
        ({"id": "x"}, "ErrorInvalidProperty"),
        ({"changeKey": "x"}, "ErrorInvalidProperty"),
        ({"createdDateTime": "2026-01-01T00:00:00Z"}, "ErrorInvalidProperty"),
        ({"businessPhones": "1"}, "RequestBodyRead"),
        ({"businessPhones": [None]}, "RequestBodyRead"),
        ({"businessPhones": [1]}, "RequestBodyRead"),
        ({"businessAddress": "Hull"}, "RequestBodyRead"),
        ({"businessAddress": {"poBox": "1"}}, "RequestBodyRead"),
        ({"businessAddress": {"city": 1}}, "RequestBodyRead"),
        ({"emailAddresses": {"address": "a@h.example"}}, "RequestBodyRead"),
        ({"emailAddresses": ["a@h.example"]}, "RequestBodyRead"),
        ({"emailAddresses": [None]}, "RequestBodyRead"),
        ({"emailAddresses": [{"address": "a@h.example", "type": "work"}]}, "RequestBodyRead"),
        ({"birthday": "yesterday"}, "RequestBodyRead"),
        ({"birthday": "1974-07-22T00:00:00"}, "RequestBodyRead"),
        ({"birthday": 1974}, "RequestBodyRead"),
        ({"parentFolderId": 1}, "RequestBodyRead"),
        ({"photo": {}}, "RequestBodyRead"),
        ({"@odata.type": "#microsoft.graph.message"}, "RequestBodyRead"),
        ({"jobTitle": "x" * 256}, "ErrorInvalidArgument"),
        ([], "RequestBodyRead"),
        ("text", "RequestBodyRead"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(api: Api, body: object, code: str) -> None:
    made = api.create()
    answer = api.patch(made["id"], body)
    assert (answer.status, answer.code) == (400, code)
    assert api.read(made["id"])["changeKey"] == made["changeKey"]


def test_bad_json_cannot_be_deserialized(api: Api) -> None:
    answer = api.call("POST", api.contacts, raw=b"{", headers={"content-type": "application/json"})
    assert (answer.status, answer.code) == (400, "UnableToDeserializePostBody")


def test_a_body_needs_the_content_type_of_json(api: Api) -> None:
    assert api.call("POST", api.contacts, raw=b'{"givenName":"A"}').code == "RequestBodyRead"


@pytest.mark.parametrize(
    "query",
    [
        "$search=x",
        "$top=0",
        "$top=1001",
        "$top=ten",
        "$skip=-1",
        "$select=shoeSize",
        "$select=",
        "$count=yes",
        "$format=json",
        "$top=5&$top=6",
        "expand=photo",
        "$expand=photo",
        "$expand=singleValueExtendedProperties",
        "$orderby=jobTitle",
        "$orderby=displayName upwards",
        "unknown=1",
    ],
)
def test_a_query_option_that_is_not_known_to_work_is_refused(api: Api, query: str) -> None:
    answer = api.get(f"{api.contacts}?{query}")
    assert (answer.status, answer.code) == (400, "ErrorInvalidUrlQuery")


def test_single_entities_take_no_list_options(api: Api) -> None:
    assert api.read(api.create()["id"], "?$top=1").code == "ErrorInvalidUrlQuery"


def test_an_error_carries_the_ids_of_its_request(api: Api) -> None:
    answer = api.get(f"/users/{ANN}/contacts/junk", headers={"client-request-id": "9a1f"})
    inner = answer["error"]["innerError"]
    assert inner["client-request-id"] == "9a1f"
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["date"].startswith("2026-11-02T09:00")
