"""Contact folders (contracts/graph.md §1.2, §2.1)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sandbox.graph.api import ANN, Api

FOLDERS = f"/users/{ANN}/contactFolders"


def test_the_list_leaves_the_default_folder_out_and_the_alias_reads_it(api: Api) -> None:
    assert [row["displayName"] for row in api.get(FOLDERS)["value"]] == ["Business Central"]
    default = api.get(f"{FOLDERS}/contacts")
    assert (default["displayName"], default["id"][-10:]) == ("Contacts", "IBDgAAAA==")
    assert default["parentFolderId"].endswith("IBCAAAAA==")


def test_a_new_folder_lies_under_contacts(api: Api) -> None:
    made = api.call("POST", FOLDERS, {"displayName": "CRM Contacts"})
    assert made.status == 201
    assert made["parentFolderId"] == api.get(f"{FOLDERS}/contacts")["id"]
    assert api.get(f"{FOLDERS}/{made['id']}")["displayName"] == "CRM Contacts"


def test_a_second_folder_of_the_name_is_refused_in_any_letter_case(api: Api) -> None:
    answer = api.call("POST", FOLDERS, {"displayName": "BUSINESS central"})
    assert (answer.status, answer.code) == (409, "ErrorFolderExists")
    assert answer.message == "A folder with the specified name already exists."


def test_the_name_may_exist_under_another_parent(api: Api) -> None:
    url = f"{FOLDERS}/{api.folder}/childFolders"
    made = api.call("POST", url, {"displayName": "Business Central"})
    assert made.status == 201 and made["parentFolderId"] == api.folder
    assert api.get(url).ids == [made["id"]]
    assert api.get(f"{url}/{made['id']}")["id"] == made["id"]


def test_a_child_is_not_found_under_another_parent(api: Api) -> None:
    other = api.people.create_folder(ANN, "Other")
    assert api.get(f"{FOLDERS}/{other}/childFolders/{api.folder}").code == "ErrorItemNotFound"


def test_a_folder_is_found_by_name_in_any_letter_case(api: Api) -> None:
    api.people.create_folder(ANN, "O'Hara")
    for name in ("O''Hara", "o''HARA"):
        found = api.get(f"{FOLDERS}?$filter=" + quote(f"displayName eq '{name}'"))
        assert [row["displayName"] for row in found["value"]] == ["O'Hara"]
    assert api.get(f"{FOLDERS}?$filter=" + quote("startswith(displayName,'O')")).code == "ErrorInvalidUrlQuery"


def test_folders_are_paged_ordered_and_counted(api: Api) -> None:
    for n in range(12):
        api.people.create_folder(ANN, f"F{n:02}")
    page = api.get(f"{FOLDERS}?$orderby=displayName desc&$count=true&$select=displayName")
    assert page["@odata.count"] == 13 and len(page.ids) == 10
    rest = api.get(page.link or "")
    assert [row["displayName"] for row in rest["value"]] == ["F01", "F00", "Business Central"]


def test_rename(api: Api) -> None:
    assert api.call("PATCH", f"{FOLDERS}/{api.folder}", {"displayName": "CRM"})["displayName"] == "CRM"
    api.people.create_folder(ANN, "Other")
    assert api.call("PATCH", f"{FOLDERS}/{api.folder}", {"displayName": "other"}).code == "ErrorFolderExists"
    assert api.call("PATCH", f"{FOLDERS}/{api.folder}", {"displayName": "crm"}).status == 200


def test_a_rename_to_the_same_name_is_an_empty_patch(api: Api) -> None:
    api.call("PATCH", f"{FOLDERS}/{api.folder}", {"displayName": "Business Central"})
    assert api.log.counts() == {"empty_patch": 1}


def test_the_parent_cannot_be_changed(api: Api) -> None:
    other = api.people.create_folder(ANN, "Other")
    answer = api.call("PATCH", f"{FOLDERS}/{api.folder}", {"displayName": "CRM", "parentFolderId": other})
    assert answer["parentFolderId"] == api.get(f"{FOLDERS}/contacts")["id"]


def test_a_deleted_folder_lies_in_deleted_items_and_still_answers(api: Api) -> None:
    id = api.create()["id"]
    before = api.get(f"{FOLDERS}/{api.folder}")["parentFolderId"]
    assert api.call("DELETE", f"{FOLDERS}/{api.folder}").status == 204
    after = api.get(f"{FOLDERS}/{api.folder}")
    assert after.status == 200 and after["parentFolderId"] != before
    assert api.get(FOLDERS).ids == []
    assert api.read(id)["parentFolderId"] == api.folder


def test_deleted_items_hold_one_folder_of_a_name(api: Api) -> None:
    api.call("DELETE", f"{FOLDERS}/{api.folder}")
    again = api.call("POST", FOLDERS, {"displayName": "Business Central"})
    assert again.status == 201
    assert api.call("DELETE", f"{FOLDERS}/{again['id']}").code == "ErrorFolderExists"
    api.call("PATCH", f"{FOLDERS}/{again['id']}", {"displayName": "Business Central 2"})
    assert api.call("DELETE", f"{FOLDERS}/{again['id']}").status == 204


def test_permanent_delete_removes_folder_children_and_contacts(api: Api) -> None:
    child = api.people.create_folder(ANN, "Inner", parent=api.folder)
    ids = [api.create()["id"], api.people.create_contact(ANN, child, givenName="A")]
    assert api.call("POST", f"{FOLDERS}/{api.folder}/permanentDelete").status == 204
    for folder in (api.folder, child):
        assert api.get(f"{FOLDERS}/{folder}").code == "ErrorItemNotFound"
    assert [api.read(id).code for id in ids] == ["ErrorItemNotFound"] * 2


def test_the_default_folder_can_be_neither_deleted_nor_renamed(api: Api) -> None:
    for method, path, body in (
        ("DELETE", "", None),
        ("POST", "/permanentDelete", None),
        ("PATCH", "", {"displayName": "Mine"}),
    ):
        answer = api.call(method, f"{FOLDERS}/contacts{path}", body)
        assert (answer.status, answer.code) == (403, "ErrorDeleteDistinguishedFolder")


@pytest.mark.parametrize(
    "body", [{}, {"displayName": ""}, {"displayName": "  "}, {"displayName": 5}, {"displayName": "x" * 256},
             {"displayName": "a", "wellKnownName": "x"}, {"displayName": "a", "id": "x"}]
)  # fmt: skip
def test_a_folder_body_that_does_not_fit_is_refused(api: Api, body: object) -> None:
    assert api.call("POST", FOLDERS, body).status == 400
