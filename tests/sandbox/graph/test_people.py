"""What persons and administrators do to mailboxes."""

from __future__ import annotations

import pytest

from sandbox.graph.errors import GraphError
from tests.sandbox.graph.api import ANN, ANN_UPN, MARKER, Api


def test_a_person_creates_a_contact_by_folder_name_id_or_alias(api: Api) -> None:
    for folder in ("Business Central", api.folder, "contacts"):
        api.people.create_contact(ANN_UPN, folder, givenName="A")
    assert len(api.people.contacts(ANN, api.folder)) == 2
    assert len(api.people.contacts(ANN, "contacts")) == 1
    assert api.log.entries() == []


def test_a_person_needs_no_given_name_and_keeps_the_display_name(api: Api) -> None:
    id = api.people.create_contact(ANN, api.folder, companyName="Harbour Tools Ltd")
    assert api.read(id)["displayName"] == "Harbour Tools Ltd"
    api.people.edit_contact(ANN, id, displayName="The Tools", givenName="A")
    api.people.edit_contact(ANN, id, jobTitle="x")
    assert api.read(id)["displayName"] == "The Tools"
    api.people.edit_contact(ANN, id, displayName="")
    assert api.read(id)["displayName"] == ""


def test_a_persons_edit_moves_the_version_and_the_delta(api: Api) -> None:
    made = api.create()
    _, link = api.all_pages(f"{api.contacts}/delta")
    api.people.edit_contact(ANN, made["id"], jobTitle="Buyer")
    assert api.read(made["id"])["changeKey"] != made["changeKey"]
    assert api.get(link).ids == [made["id"]]


def test_a_copy_has_the_extended_properties_too(api: Api) -> None:
    made = api.create(singleValueExtendedProperties=[{"id": MARKER, "value": "C-1"}], jobTitle="Buyer")
    twin = api.people.copy_contact(ANN, made["id"])
    assert twin != made["id"]
    first, second = api.people.contacts(ANN, api.folder)
    assert first["singleValueExtendedProperties"] == second["singleValueExtendedProperties"]
    api.people.edit_contact(ANN, twin, jobTitle="Seller")
    assert api.read(made["id"])["jobTitle"] == "Buyer"
    other = api.people.copy_contact(ANN, made["id"], "contacts")
    assert api.read(other)["parentFolderId"] == api.get(f"/users/{ANN}/contactFolders/contacts")["id"]


def test_what_people_see_cannot_be_changed_through_it(api: Api) -> None:
    id = api.create(businessPhones=["1"])["id"]
    seen = api.people.contact(ANN, id)
    assert seen is not None
    seen["businessPhones"].append("2")  # type: ignore[union-attr]
    assert api.read(id)["businessPhones"] == ["1"]


def test_deleting_twice_removes_a_contact_for_good(api: Api) -> None:
    id = api.create()["id"]
    api.people.delete_contact(ANN, id)
    assert [one["id"] for one in api.people.deleted_items(ANN)] == [id]
    api.people.delete_contact(ANN, id)
    assert api.people.contact(ANN, id) is None


def test_a_distribution_list_is_deleted_like_a_contact(api: Api) -> None:
    id = api.people.create_contact(ANN, api.folder, displayName="Team", distribution_list=True)
    assert api.people.contacts(ANN, api.folder) == []
    assert api.read(id).code == "ErrorItemNotFound"
    api.people.delete_contact(ANN, id)
    assert api.get(f"{api.contacts}?$count=true")["@odata.count"] == 0


def test_deleted_folders_of_one_name_are_numbered(api: Api) -> None:
    api.people.delete_folder(ANN, api.folder)
    again = api.people.create_folder(ANN, "Business Central")
    api.people.delete_folder(ANN, again)
    assert api.get(f"/users/{ANN}/contactFolders/{again}")["displayName"] == "Business Central1"


def test_a_folder_brought_back_from_deleted_items_tells_its_contacts_again(api: Api) -> None:
    id = api.create()["id"]
    _, link = api.all_pages(f"{api.contacts}/delta")
    api.people.delete_folder(ANN, api.folder)
    rows, link = api.all_pages(link)
    assert "@removed" in rows[0]
    api.people.move_folder(ANN, api.folder, "contacts")
    assert api.get(link).ids == [id]
    assert "@removed" not in api.get(link)["value"][0]


def test_renaming_a_folder_keeps_its_id(api: Api) -> None:
    api.people.rename_folder(ANN, "Business Central", "CRM")
    assert api.get(f"/users/{ANN}/contactFolders/{api.folder}")["displayName"] == "CRM"


def test_wrong_names_are_refused(api: Api) -> None:
    with pytest.raises(GraphError):
        api.people.create_contact(ANN, "No such folder", givenName="A")
    with pytest.raises(GraphError):
        api.people.create_contact(ANN, api.folder, shoeSize="44")
    with pytest.raises(GraphError):
        api.people.edit_contact("unknown", "x", givenName="A")


def test_the_same_seed_gives_the_same_ids() -> None:
    first, second = Api(), Api()
    assert first.folder == second.folder
    assert first.create().body["id"] == second.create().body["id"]
    first.close()
    second.close()
