"""Regular and immutable ids (contracts/graph.md §2.6)."""

from __future__ import annotations

from tests.sandbox.graph.api import ANN, BEN, IMMUTABLE, Api


def test_the_header_chooses_the_form_and_either_form_is_accepted(api: Api) -> None:
    immutable = api.create()["id"]
    regular = api.read(immutable, prefer="")["id"]
    assert regular != immutable
    assert immutable.startswith("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A") and regular.startswith("AAMkAD")
    assert api.read(regular)["id"] == immutable
    assert api.read(regular, prefer=f"odata.maxpagesize=5, {IMMUTABLE}")["id"] == immutable


def test_a_move_changes_the_regular_id_only(api: Api) -> None:
    immutable = api.create()["id"]
    regular = api.read(immutable, prefer="")["id"]
    api.people.move_contact(ANN, immutable, "contacts")
    assert api.read(immutable).status == 200
    assert api.read(regular).code == "ErrorItemNotFound"
    assert api.read(immutable, prefer="")["id"] != regular


def test_folder_ids_do_not_depend_on_the_header(api: Api) -> None:
    folders = f"/users/{ANN}/contactFolders"
    assert api.get(folders).ids == api.get(folders, prefer="").ids


def test_lists_and_creates_follow_the_header(api: Api) -> None:
    made = api.call("POST", api.contacts, {"givenName": "A"}, prefer="")
    assert made["id"].startswith("AAMkAD")
    assert "Preference-Applied" not in made.headers
    assert api.get(api.contacts, prefer="").ids == [made["id"]]
    assert api.get(api.contacts).ids != [made["id"]]


def test_ids_are_translated_both_ways(api: Api) -> None:
    immutable = api.create()["id"]
    regular = api.read(immutable, prefer="")["id"]
    url = f"/users/{ANN}/translateExchangeIds"
    for source, target, given, expected in (
        ("restId", "restImmutableEntryId", regular, immutable),
        ("restImmutableEntryId", "restId", immutable, regular),
    ):
        body = {"inputIds": [given], "sourceIdType": source, "targetIdType": target}
        assert api.call("POST", url, body)["value"] == [{"sourceId": given, "targetId": expected}]


def test_translation_reports_what_it_does_not_find_and_refuses_what_it_does_not_know(api: Api) -> None:
    immutable = api.create()["id"]
    url = f"/users/{BEN}/translateExchangeIds"
    body = {"inputIds": [immutable], "sourceIdType": "restImmutableEntryId", "targetIdType": "restId"}
    answer = api.call("POST", url, body)["value"][0]
    assert (answer["targetId"], answer["errorDetails"]["code"]) == (None, "ErrorItemNotFound")
    for wrong in (
        {**body, "inputIds": [immutable] * 1001},
        {**body, "inputIds": ["junk"]},
        {**body, "targetIdType": "ewsId"},
        {"inputIds": [immutable]},
    ):
        assert api.call("POST", url, wrong).status == 400


def test_a_restored_mailbox_has_the_same_contents_under_other_ids(api: Api) -> None:
    id = api.create(jobTitle="Buyer")["id"]
    link = api.all_pages(f"{api.contacts}/delta")[1]
    api.people.restore_mailbox(ANN)
    assert api.read(id).code == "ErrorItemNotFound"
    assert api.get(api.contacts).code == "ErrorItemNotFound"
    assert api.get(link).status in (400, 404)
    folder = api.get(f"/users/{ANN}/contactFolders").ids[0]
    rows = api.get(f"/users/{ANN}/contactFolders/{folder}/contacts")["value"]
    assert [row["jobTitle"] for row in rows] == ["Buyer"] and rows[0]["id"] != id
