"""Every switch of contracts/graph.md §9, in each position, and those for what §1 and §3 leave open."""

from __future__ import annotations

import pytest

from sandbox.exchange import ApiRequest, ApiResponse
from sandbox.graph.switches import CHOICES, Switches
from tests.sandbox.graph.api import ANN, ANN_UPN, Api

FOLDERS = f"/users/{ANN}/contactFolders"


def test_the_defaults_are_those_of_the_contract() -> None:
    assert {name: choices[0] for name, choices in CHOICES.items()} == {
        "if_match": "ignore",
        "display_name_recalc": "on",
        "gal_rename": "on",
        "require_given_name": "on",
        "patch_parent": "ignored",
        "delete_immutable_still_resolves": "on",
        "folder_delete": "to_deleted_items",
        "birthday_time": "keep",
        "folder_subscription": "ok",
        "batch_throttle_outer": "200",
        "deleted_folder_delta": "removed",
        "address_unset": "null",
        "trim_texts": "off",
        "http_notifications": "loopback",
    }


def test_a_switch_has_no_other_values() -> None:
    with pytest.raises(ValueError, match="ignore, enforce409, enforce412"):
        Switches({"if_match": "enforce"})["if_match"]


def test_if_match_is_ignored(api: Api) -> None:
    id = api.create()["id"]
    assert api.patch(id, {"jobTitle": "B"}, headers={"if-match": 'W/"old"'}).status == 200
    assert api.delete(id, headers={"if-match": 'W/"old"'}).status == 204


@pytest.mark.parametrize("status", [409, 412])
def test_if_match_is_enforced_on_patch_and_delete(api: Api, status: int) -> None:
    api.switches["if_match"] = f"enforce{status}"
    made = api.create()
    changed = api.patch(made["id"], {"jobTitle": "B"}, headers={"if-match": made["@odata.etag"]})
    assert changed.status == 200
    stale = {"if-match": made["@odata.etag"]}
    for answer in (
        api.patch(made["id"], {"jobTitle": "C"}, headers=stale),
        api.delete(made["id"], headers=stale),
    ):
        assert (answer.status, answer.code) == (status, "ErrorIrresolvableConflict")
    assert api.read(made["id"])["jobTitle"] == "B"
    assert api.patch(made["id"], {"jobTitle": "C"}, headers={"if-match": "*"}).status == 200
    assert api.patch(made["id"], {"jobTitle": "D"}).status == 200


def test_a_display_name_that_is_not_sent_again_is_replaced(api: Api) -> None:
    made = api.create(displayName="Nneka the Buyer")
    assert api.patch(made["id"], {"jobTitle": "B", "displayName": "Nneka the Buyer"})["displayName"] == (
        "Nneka the Buyer"
    )
    assert api.patch(made["id"], {"jobTitle": "C"})["displayName"] == "Nneka Okafor"


def test_a_display_name_stays_with_the_switch_off(api: Api) -> None:
    api.switches["display_name_recalc"] = "off"
    made = api.create(displayName="Nneka the Buyer")
    assert api.patch(made["id"], {"jobTitle": "C"})["displayName"] == "Nneka the Buyer"


@pytest.mark.parametrize(("position", "name"), [("on", "Ann Harbour"), ("off", "Annie")])
def test_an_email_name_is_replaced_by_the_directorys(api: Api, position: str, name: str) -> None:
    api.switches["gal_rename"] = position
    made = api.create(emailAddresses=[{"address": ANN_UPN, "name": "Annie"}])
    assert made["emailAddresses"] == [{"name": name, "address": ANN_UPN}]


def test_a_given_name_is_required_on_create(api: Api) -> None:
    answer = api.call("POST", api.contacts, {"surname": "Okafor"})
    assert (answer.status, answer.code) == (400, "ErrorInvalidProperty")
    assert answer.message == "The property 'GivenName' is required when creating the entity."
    api.switches["require_given_name"] = "off"
    assert api.call("POST", api.contacts, {"surname": "Okafor"}).status == 201


def test_a_patched_parent_is_ignored_or_moves(api: Api) -> None:
    id = api.create()["id"]
    other = api.people.create_folder(ANN, "Other")
    assert api.patch(id, {"parentFolderId": other})["parentFolderId"] == api.folder
    api.switches["patch_parent"] = "moves"
    assert api.patch(id, {"parentFolderId": other})["parentFolderId"] == other
    assert api.get(f"{FOLDERS}/{other}/contacts").ids == [id]


def test_an_immutable_id_resolves_after_deletion_and_can_be_deleted_again(api: Api) -> None:
    id = api.create()["id"]
    regular = api.read(id, prefer="")["id"]
    api.delete(id)
    assert api.read(id)["parentFolderId"] != api.folder
    assert api.read(regular).code == "ErrorItemNotFound"
    assert api.delete(id).status == 204
    assert api.read(id).code == "ErrorItemNotFound"
    assert api.delete(id).code == "ErrorItemNotFound"


def test_an_immutable_id_is_gone_after_deletion_with_the_switch_off(api: Api) -> None:
    api.switches["delete_immutable_still_resolves"] = "off"
    id = api.create()["id"]
    api.delete(id)
    assert api.read(id).code == "ErrorItemNotFound"
    assert len(api.people.deleted_items(ANN)) == 1


def test_a_folder_is_deleted_for_good_with_the_switch_hard(api: Api) -> None:
    api.switches["folder_delete"] = "hard"
    _, link = api.all_pages(f"{api.contacts}/delta")
    assert api.call("DELETE", f"{FOLDERS}/{api.folder}").status == 204
    assert api.get(f"{FOLDERS}/{api.folder}").code == "ErrorItemNotFound"
    assert api.get(link).code == "ErrorItemNotFound"


@pytest.mark.parametrize(("position", "time"), [("keep", "00:00:00"), ("T11:59", "11:59:00")])
def test_the_time_of_a_birthday_is_kept_or_rewritten(api: Api, position: str, time: str) -> None:
    api.switches["birthday_time"] = position
    assert api.create(birthday="1980-05-01T00:00:00Z")["birthday"] == f"1980-05-01T{time}Z"


@pytest.mark.parametrize(("position", "removed"), [("removed", 2), ("silent", 0)])
def test_the_delta_of_a_deleted_folder_floods_or_is_silent(api: Api, position: str, removed: int) -> None:
    api.switches["deleted_folder_delta"] = position
    for _ in range(2):
        api.create()
    _, link = api.all_pages(f"{api.contacts}/delta")
    api.call("DELETE", f"{FOLDERS}/{api.folder}")
    rows, _ = api.all_pages(link)
    assert len(rows) == removed and all("@removed" in row for row in rows)
    assert len(api.get(api.contacts).ids) == 2


def test_the_delta_of_a_deleted_folder_is_not_found(api: Api) -> None:
    api.switches["deleted_folder_delta"] = "not_found"
    _, link = api.all_pages(f"{api.contacts}/delta")
    api.call("DELETE", f"{FOLDERS}/{api.folder}")
    assert api.get(link).code == "ErrorItemNotFound"


def test_unset_members_of_an_address_are_null_or_absent(api: Api) -> None:
    id = api.create(businessAddress={"city": "Hull"})["id"]
    assert api.read(id)["businessAddress"]["street"] is None
    api.switches["address_unset"] = "absent"
    assert api.read(id)["businessAddress"] == {"city": "Hull"}


def test_texts_are_trimmed_with_the_switch_on(api: Api) -> None:
    api.switches["trim_texts"] = "on"
    made = api.create(
        jobTitle=" Buyer ", companyName="  ", businessAddress={"city": " Hull\n"}, homePhones=[" 1 "]
    )
    assert (made["jobTitle"], made["companyName"]) == ("Buyer", None)
    assert (made["businessAddress"]["city"], made["homePhones"]) == ("Hull", ["1"])


@pytest.mark.parametrize(("position", "outer"), [("200", 200), ("424", 424)])
def test_the_outer_status_of_a_batch_with_a_throttled_item(api: Api, position: str, outer: int) -> None:
    api.switches["batch_throttle_outer"] = position

    class Throttling:
        async def item(self, request: ApiRequest) -> ApiResponse:
            return api.service.refuse(429, "ApplicationThrottled", "Too much.", "2.128")

    body = b'{"requests":[{"id":"1","method":"GET","url":"/users/x/contacts"}]}'
    call = ApiRequest("POST", "/$batch", "", {"content-type": "application/json"}, body)
    answer = api.wait(api.service.handle(call, Throttling()))
    assert answer.status == outer
    item = answer.body["responses"][0]  # type: ignore[index,call-overload]
    assert item["status"] == 429 and item["headers"]["Retry-After"] == "2.128"  # type: ignore[index,call-overload]
