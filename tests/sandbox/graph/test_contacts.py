"""Creating, reading, changing and deleting a contact (contracts/graph.md §1, §2)."""

from __future__ import annotations

import pytest

from tests.sandbox.graph.api import ANN, ANN_UPN, BEN, MARKER, Api

FORMS = (
    "/users/{user}/contacts/{id}",
    "/users/{user}/contactFolders/{folder}/contacts/{id}",
    "/users('{user}')/contactFolders('{folder}')/contacts('{id}')",
)


def test_a_new_contact_is_answered_whole_with_location_and_etag(api: Api) -> None:
    made = api.create(jobTitle="Buyer")
    assert made.status == 201
    assert made["jobTitle"] == "Buyer"
    assert made.headers["ETag"] == made["@odata.etag"] == f'W/"{made["changeKey"]}"'
    assert made["changeKey"].startswith("EQAAABYAAA")
    assert made.headers["Location"].endswith(f"/contacts('{made['id']}')")
    assert made["parentFolderId"] == api.folder


def test_unset_properties_read_as_null_empty_list_or_empty_address(api: Api) -> None:
    made = api.create()
    assert made["jobTitle"] is None and made["birthday"] is None and made["secondaryEmailAddress"] is None
    assert made["categories"] == made["businessPhones"] == made["emailAddresses"] == []
    assert made["homeAddress"] == made["businessAddress"] == made["otherAddress"] == {}
    assert made["personalNotes"] == ""


@pytest.mark.parametrize("form", FORMS)
def test_a_contact_is_read_patched_and_deleted_in_every_form_of_path(api: Api, form: str) -> None:
    url = form.format(user=ANN, folder=api.folder, id=api.create()["id"])
    assert api.get(url).status == 200
    assert api.call("PATCH", url, {"jobTitle": "Head Buyer"})["jobTitle"] == "Head Buyer"
    assert api.call("DELETE", url).status == 204
    assert [one["jobTitle"] for one in api.people.deleted_items(ANN)] == ["Head Buyer"]


def test_a_contact_of_a_child_folder_is_read_through_its_parents(api: Api) -> None:
    child = api.people.create_folder(ANN, "Inner", parent=api.folder)
    id = api.people.create_contact(ANN, child, givenName="A")
    assert api.get(f"/users/{ANN}/contactFolders/{api.folder}/childFolders/{child}/contacts/{id}").status == 200


def test_a_contact_of_another_folder_is_not_found_under_this_folders_path(api: Api) -> None:
    id = api.people.create_contact(ANN, "contacts", givenName="A")
    assert api.get(f"{api.contacts}/{id}").code == "ErrorItemNotFound"
    assert api.read(id).status == 200


def test_every_real_change_gives_a_new_change_key(api: Api) -> None:
    made = api.create()
    keys = [made["changeKey"]]
    for title in ("a", "b", "c"):
        keys.append(api.patch(made["id"], {"jobTitle": title})["changeKey"])
    assert len(set(keys)) == 4
    assert api.read(made["id"])["changeKey"] == keys[-1]


def test_a_patch_that_changes_nothing_keeps_the_change_key_and_is_recorded(api: Api) -> None:
    made = api.create(jobTitle="Buyer")
    again = api.patch(made["id"], {"jobTitle": "Buyer"})
    assert again["changeKey"] == made["changeKey"]
    assert api.log.counts() == {"empty_patch": 1}


def test_null_and_empty_collections_clear(api: Api) -> None:
    made = api.create(jobTitle="Buyer", businessPhones=["1"], emailAddresses=[{"address": "n@h.example"}])
    cleared = api.patch(made["id"], {"jobTitle": None, "businessPhones": [], "emailAddresses": []})
    assert cleared["jobTitle"] is None and cleared["businessPhones"] == [] == cleared["emailAddresses"]
    assert cleared["primaryEmailAddress"] is None


def test_a_part_of_an_address_replaces_the_whole_address(api: Api) -> None:
    made = api.create(businessAddress={"street": "1 Quay Rd", "city": "Hull", "postalCode": "HU1 1AA"})
    moved = api.patch(made["id"], {"businessAddress": {"city": "York"}})
    assert moved["businessAddress"] == {
        "street": None, "city": "York", "state": None, "postalCode": None, "countryOrRegion": None,
    }  # fmt: skip


def test_properties_that_are_not_sent_stay(api: Api) -> None:
    made = api.create(jobTitle="Buyer", personalNotes="likes tea", birthday="1974-07-22")
    changed = api.patch(made["id"], {"displayName": made["displayName"], "department": "North"})
    assert (changed["jobTitle"], changed["personalNotes"]) == ("Buyer", "likes tea")
    assert changed["birthday"] == "1974-07-22T00:00:00Z"


def test_return_minimal_answers_a_patch_with_204_and_no_body(api: Api) -> None:
    answer = api.patch(api.create()["id"], {"jobTitle": "B"}, prefer='return=minimal, IdType="ImmutableId"')
    assert (answer.status, answer.body) == (204, None)
    assert "return=minimal" in answer.headers["Preference-Applied"]


def test_a_deleted_contact_lies_in_deleted_items(api: Api) -> None:
    id = api.create()["id"]
    assert api.delete(id).status == 204
    assert [one["id"] for one in api.people.deleted_items(ANN)] == [id]
    assert api.get(api.contacts).ids == []


def test_permanent_delete_leaves_nothing(api: Api) -> None:
    id = api.create()["id"]
    assert api.call("POST", f"/users/{ANN}/contacts/{id}/permanentDelete").status == 204
    assert api.read(id).code == "ErrorItemNotFound"
    assert api.people.deleted_items(ANN) == []


def test_a_user_is_named_by_guid_or_by_address_in_any_letter_case(api: Api) -> None:
    id = api.create()["id"]
    for key in (ANN, ANN.upper(), ANN_UPN, ANN_UPN.upper()):
        assert api.get(f"/users/{key}/contacts/{id}").status == 200


def test_a_contact_is_not_found_in_another_mailbox(api: Api) -> None:
    assert api.get(f"/users/{BEN}/contacts/{api.create()['id']}").code == "ErrorItemNotFound"


def test_a_create_with_a_marker_that_is_alive_in_the_folder_is_carried_out_and_recorded(api: Api) -> None:
    marked = {"singleValueExtendedProperties": [{"id": MARKER, "value": "C-1"}]}
    api.create(**marked)
    assert api.log.counts() == {}
    api.create(**marked)
    assert api.log.counts() == {"repeated_create": 1}
    assert len(api.get(api.contacts)["value"]) == 2


def test_a_marker_may_be_used_again_after_its_contact_was_deleted(api: Api) -> None:
    marked = {"singleValueExtendedProperties": [{"id": MARKER, "value": "C-1"}]}
    api.delete(api.create(**marked)["id"])
    api.create(**marked)
    assert api.log.counts() == {}


def test_a_contact_without_photo_answers_404_until_one_is_put(api: Api) -> None:
    url = f"/users/{ANN}/contacts/{api.create()['id']}/photo/$value"
    assert api.get(url).status == 404
    assert api.call("PUT", url, raw=b"\xff\xd8", headers={"content-type": "image/jpeg"}).status == 200
    assert api.get(url).body == b"\xff\xd8"
    assert api.call("DELETE", url).code == "ErrorInvalidRequest"


def test_an_open_extension_is_created_expanded_and_deleted_without_a_new_version(api: Api) -> None:
    made = api.create()
    extension = {
        "@odata.type": "microsoft.graph.openTypeExtension",
        "extensionName": "com.example.crm",
        "crmId": "C-10017",
    }
    url = f"/users/{ANN}/contacts/{made['id']}/extensions"
    assert api.call("POST", url, extension).status == 201
    assert api.call("POST", url, extension).status == 409
    assert api.call("POST", url, {**extension, "extensionName": "com.microsoft.crm"}).status == 400
    shown = api.read(made["id"], "?$expand=extensions($filter=id eq 'com.example.crm')")
    assert shown["extensions"][0]["crmId"] == "C-10017"
    assert shown["changeKey"] == made["changeKey"]
    assert api.call("DELETE", f"{url}/com.example.crm").status == 204
    assert api.get(f"{url}/com.example.crm").status == 404
