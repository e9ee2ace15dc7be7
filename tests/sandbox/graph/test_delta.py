"""Delta rounds (contracts/graph.md §3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.graph.api import ANN, IMMUTABLE, MARKER, ORIGIN, Api

PAGES = f'{IMMUTABLE}, odata.maxpagesize=2'  # fmt: skip
FOLDERS = f"/users/{ANN}/contactFolders"


def start(api: Api, query: str = "") -> tuple[list[Any], str]:
    return api.all_pages(f"{api.contacts}/delta{query}", prefer=PAGES)


def removed(rows: list[Any]) -> list[str]:
    return [row["id"] for row in rows if "@removed" in row]


def present(rows: list[Any]) -> list[str]:
    return [row["id"] for row in rows if "@removed" not in row]


def test_the_first_round_brings_everything_in_pages_and_ends_with_a_delta_link(api: Api) -> None:
    ids = [api.create()["id"] for _ in range(5)]
    page = api.get(f"{api.contacts}/delta?$select=changeKey", prefer=PAGES)
    assert page.headers["Preference-Applied"] == "odata.maxpagesize=2, IdType=ImmutableId"
    assert len(page.ids) == 2 and not page.last and "@odata.deltaLink" not in page.body
    assert set(page["value"][0]) == {"@odata.type", "@odata.etag", "id", "changeKey"}
    rows, link = api.all_pages(page.link or "", prefer=PAGES)
    assert page.ids + present(rows) == ids
    assert "/delta?$deltatoken=" in link and len(link) > 1000


def test_the_default_page_has_ten(api: Api) -> None:
    for _ in range(11):
        api.create()
    assert len(api.get(f"{api.contacts}/delta").ids) == 10


@pytest.mark.parametrize("spelling", ["delta", "delta()", "microsoft.graph.delta()", "microsoft.graph.delta"])
def test_every_spelling_of_delta_is_known(api: Api, spelling: str) -> None:
    id = api.create()["id"]
    assert api.get(f"{api.contacts}/{spelling}").ids == [id]


def test_the_default_folder_has_a_delta_of_its_own(api: Api) -> None:
    api.create()
    id = api.people.create_contact(ANN, "contacts", givenName="A")
    rows, link = api.all_pages(f"/users/{ANN}/contacts/delta")
    assert present(rows) == [id]
    assert api.get(link)["value"] == []


def test_a_later_round_brings_what_changed_and_nothing_else(api: Api) -> None:
    _, changed, gone = (api.create()["id"] for _ in range(3))
    _, link = start(api, "?$select=jobTitle")
    assert api.get(link)["value"] == []
    api.patch(changed, {"jobTitle": "B"})
    new = api.create()["id"]
    api.delete(gone)
    rows, _ = api.all_pages(link, prefer=PAGES)
    assert sorted(present(rows)) == sorted([changed, new])
    assert removed(rows) == [gone]
    assert rows[0]["jobTitle"] == "B"
    assert {"@odata.type": "#microsoft.graph.contact", "id": gone, "@removed": {"reason": "deleted"}} in rows


def test_an_old_delta_link_tells_the_same_changes_again(api: Api) -> None:
    _, link = start(api)
    id = api.create()["id"]
    assert present(api.all_pages(link)[0]) == present(api.all_pages(link)[0]) == [id]


def test_a_change_of_an_extended_property_alone_is_told(api: Api) -> None:
    id = api.create()["id"]
    _, link = start(api)
    api.patch(id, {"singleValueExtendedProperties": [{"id": MARKER, "value": "C-1"}]})
    rows, _ = api.all_pages(link)
    assert present(rows) == [id] and "singleValueExtendedProperties" not in rows[0]


def test_narrow_select_does_not_narrow_which_changes_are_told(api: Api) -> None:
    id = api.create()["id"]
    _, link = start(api, "?$select=id")
    api.patch(id, {"jobTitle": "B"})
    assert present(api.all_pages(link)[0]) == [id]


def test_what_moved_out_is_told_as_removed_and_as_present_in_its_new_folder(api: Api) -> None:
    id = api.create()["id"]
    other = api.people.create_folder(ANN, "Other")
    _, there = api.all_pages(f"{FOLDERS}/{other}/contacts/delta")
    _, here = start(api)
    api.people.move_contact(ANN, id, other)
    assert removed(api.all_pages(here)[0]) == [id]
    assert present(api.all_pages(there)[0]) == [id]
    assert api.read(id)["parentFolderId"] == other


def test_with_immutable_ids_a_move_there_and_back_is_told_as_removed_only(api: Api) -> None:
    id = api.create()["id"]
    _, link = start(api)
    api.people.move_contact(ANN, id, "contacts")
    api.people.move_contact(ANN, id, api.folder)
    rows, after = api.all_pages(link)
    assert (removed(rows), present(rows)) == ([id], [])
    assert api.read(id)["parentFolderId"] == api.folder
    assert api.get(after)["value"] == []
    api.patch(id, {"jobTitle": "B"})
    assert present(api.all_pages(after)[0]) == [id]


def test_with_regular_ids_a_move_there_and_back_is_another_contact(api: Api) -> None:
    id = api.create()["id"]
    regular = api.read(id, prefer="")["id"]
    _, link = api.all_pages(f"{api.contacts}/delta", prefer="")
    api.people.move_contact(ANN, id, "contacts")
    api.people.move_contact(ANN, id, api.folder)
    rows, _ = api.all_pages(link, prefer="")
    assert removed(rows) == [regular]
    assert present(rows) == [api.read(id, prefer="")["id"]]


def test_the_header_counts_on_every_page(api: Api) -> None:
    for _ in range(3):
        api.create()
    page = api.get(f"{api.contacts}/delta", prefer=PAGES)
    assert api.get(page.link or "", prefer="").ids[0].startswith("AAMkAD")


def test_what_is_deleted_between_two_pages_is_told_as_removed(api: Api) -> None:
    ids = [api.create()["id"] for _ in range(4)]
    page = api.get(f"{api.contacts}/delta", prefer=PAGES)
    api.delete(ids[3])
    rows, link = api.all_pages(page.link or "", prefer=PAGES)
    assert (present(rows), removed(rows)) == ([ids[2]], [ids[3]])
    assert removed(api.all_pages(link)[0]) == [ids[3]]


def test_what_is_created_between_two_pages_comes_in_the_next_round(api: Api) -> None:
    for _ in range(3):
        api.create()
    page = api.get(f"{api.contacts}/delta", prefer=PAGES)
    late = api.create()["id"]
    rows, link = api.all_pages(page.link or "", prefer=PAGES)
    assert late not in present(rows)
    assert present(api.all_pages(link)[0]) == [late]


def test_distribution_lists_take_their_place_on_a_page_unseen(api: Api) -> None:
    api.people.create_contact(ANN, api.folder, displayName="Team", distribution_list=True)
    ids = [api.create()["id"] for _ in range(2)]
    page = api.get(f"{api.contacts}/delta", prefer=PAGES)
    assert page.ids == ids[:1] and not page.last


@pytest.mark.parametrize(
    "option", ["$filter=x", "$orderby=x", "$expand=x", "$search=x", "$count=true", "$skip=1"]
)
def test_other_query_options_are_refused(api: Api, option: str) -> None:
    answer = api.get(f"{api.contacts}/delta?{option}")
    assert (answer.status, answer.code) == (400, "ErrorInvalidUrlQuery")
    assert "not supported with change tracking over the 'Contacts' resource" in answer.message
    assert "'Folders'" in api.get(f"{FOLDERS}/delta?{option}").message


def test_top_is_refused_with_a_hint_at_the_header(api: Api) -> None:
    answer = api.get(f"{api.contacts}/delta?$top=5")
    assert answer.code == "ErrorInvalidUrlQuery" and "odata.maxpagesize=" in answer.message


def test_a_delta_link_that_was_changed_is_refused_and_recorded(api: Api) -> None:
    api.create()
    _, link = start(api)
    other = api.people.create_folder(ANN, "Other")
    for changed in (f"{link}&$select=id", link.replace("$deltatoken", "%24deltatoken"),
                    link.replace(api.folder, other)):  # fmt: skip
        assert api.get(changed).code == "ErrorInvalidUrlQuery"
    assert api.log.counts() == {"rebuilt_link": 3}


@pytest.mark.parametrize("token", ["latest", "junk"])
def test_an_unknown_token_is_a_lost_state(api: Api, token: str) -> None:
    answer = api.get(f"{api.contacts}/delta?$deltatoken={token}")
    assert (answer.status, answer.code) == (400, "syncStateNotFound")


def test_expired_tokens_are_a_lost_state_and_a_new_round_tells_of_no_removal(api: Api) -> None:
    kept, gone = (api.create()["id"] for _ in range(2))
    _, link = start(api)
    api.delete(gone)
    api.people.expire_delta_tokens(ANN)
    assert api.get(link).code == "syncStateNotFound"
    rows, _ = start(api)
    assert (present(rows), removed(rows)) == ([kept], [])


def test_folders_have_a_delta(api: Api) -> None:
    rows, link = api.all_pages(f"{FOLDERS}/delta")
    assert [row["displayName"] for row in rows] == ["Business Central"]
    new = api.call("POST", FOLDERS, {"displayName": "New"})["id"]
    api.call("PATCH", f"{FOLDERS}/{api.folder}", {"displayName": "CRM"})
    rows, link = api.all_pages(link)
    assert {row["id"]: row["displayName"] for row in rows} == {new: "New", api.folder: "CRM"}
    api.call("DELETE", f"{FOLDERS}/{new}")
    rows, _ = api.all_pages(link)
    assert rows == [
        {"@odata.type": "#microsoft.graph.contactFolder", "id": new, "@removed": {"reason": "deleted"}}
    ]


def test_the_delta_of_a_purged_folder_is_not_found(api: Api) -> None:
    _, link = start(api)
    api.call("POST", f"{FOLDERS}/{api.folder}/permanentDelete")
    assert api.get(link).code == "ErrorItemNotFound"


# Faults of §9


def test_fault_gone_answers_410_with_a_location_that_starts_again(api: Api) -> None:
    id = api.create()["id"]
    _, link = start(api)
    api.fault("delta_gone")
    answer = api.get(link)
    assert answer.status == 410
    location = answer.headers["Location"]
    assert location.startswith(ORIGIN) and location.endswith("/delta?$deltatoken=")
    assert api.get(location.removeprefix(ORIGIN)).ids == [id]


@pytest.mark.parametrize("code", ["syncStateNotFound", "SyncStateNotFound", "resyncRequired"])
def test_fault_lost_state_answers_400_with_the_code_in_the_wished_letter_case(api: Api, code: str) -> None:
    _, link = start(api)
    api.fault("sync_state_lost", code=code)
    answer = api.get(link)
    assert (answer.status, answer.code) == (400, code)
    assert api.get(link).status == 200


def test_fault_empty_page_still_has_a_next_link(api: Api) -> None:
    ids = [api.create()["id"] for _ in range(3)]
    api.fault("empty_page", times=2)
    page = api.get(f"{api.contacts}/delta", prefer=PAGES)
    assert page.ids == [] and not page.last
    rows, _ = api.all_pages(page.link or "", prefer=PAGES)
    assert present(rows) == ids


def test_fault_duplicate_tells_every_entry_twice(api: Api) -> None:
    id = api.create()["id"]
    api.fault("duplicate")
    assert present(start(api)[0]) == [id, id]


def test_fault_removed_and_present_tells_both_and_the_last_is_true(api: Api) -> None:
    id = api.create()["id"]
    api.fault("removed_and_present")
    rows, _ = start(api)
    assert [(row["id"], "@removed" in row) for row in rows] == [(id, True), (id, False)]


def test_fault_replay_tells_older_changes_again(api: Api) -> None:
    old = api.create()["id"]
    _, link = start(api)
    new = api.create()["id"]
    api.fault("replay")
    assert present(api.all_pages(link)[0]) == [old, new]


def test_fault_out_of_order_shuffles_the_round(api: Api) -> None:
    ids = [api.create()["id"] for _ in range(20)]
    api.fault("out_of_order")
    rows, _ = start(api)
    assert present(rows) != ids and sorted(present(rows)) == sorted(ids)


def test_fault_late_changes_tells_a_change_one_round_later(api: Api) -> None:
    _, link = start(api)
    id = api.create()["id"]
    api.fault("late_changes")
    rows, link = api.all_pages(link)
    assert rows == []
    assert present(api.all_pages(link)[0]) == [id]
