"""Setups over the API: checked before anything is kept (spec/sync-rules.md §1, spec/interfaces.md §4)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from shared.model import Json
from tests.api.conftest import Office
from tests.sync.world import ANNA, BEN, COMPANY, OTHER_COMPANY

HERS = f"users/{ANNA}/setups/{COMPANY}"


def add_other_company(office: Office) -> None:
    people = office.world.sandbox.bc.people
    office.world.sandbox.call(people.add_company, OTHER_COMPANY, "CRONUS AG")


def test_new_setup_has_the_defaults_and_opens_the_company(office: Office) -> None:
    made = office.key.put(f"users/anna@cronus.example/setups/{COMPANY}", {})
    assert made.status == 201
    assert made["user"] == ANNA
    assert (made["folderName"], made["direction"], made["paused"]) == ("Business Central", "both", False)
    assert made["maxDeletes"] == {"count": 10, "percent": 20}
    assert made["lastSyncAt"] is None
    assert office.signed_in().get(f"me/setups/{COMPANY}").status == 200
    assert office.signed_in(BEN).get(f"me/setups/{COMPANY}").status == 403


def test_what_get_answers_can_be_put_back(office: Office) -> None:
    made = office.set_up(filter={"city": "London"}, onOutlookDelete="forever")
    again = office.key.put(HERS, made.body)
    assert again.status == 200
    assert again.body == made.body


def test_user_can_set_up_only_what_was_opened(office: Office) -> None:
    anna = office.signed_in()
    assert anna.put(f"me/setups/{COMPANY}", {}).status == 403
    admin = office.signed_in(BEN, "Admin")
    assert admin.put(f"manage/access/{ANNA}/{COMPANY}").status == 204
    assert anna.put(f"me/setups/{COMPANY}", {}).status == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"folderName": ""}, "folderName"),
        ({"folderName": "  "}, "folderName"),
        ({"folderName": "x" * 251}, "folderName"),
        ({"folderName": "a\u0000b"}, "folderName"),
        ({"direction": "sideways"}, "direction"),
        ({"conflictPolicy": None}, "conflictPolicy"),
        ({"backgroundSync": "yes"}, "backgroundSync"),
        ({"maxDeletes": {"count": -1, "percent": 20}}, "maxDeletes.count"),
        ({"maxDeletes": {"count": 10}}, "maxDeletes.percent"),
        ({"maxChanges": {"count": 1.5, "percent": 20}}, "maxChanges.count"),
        ({"filter": {"city": 3}}, "filter.city"),
        ({"filter": {"salesperson": "JO"}}, "filter.salesperson"),
        ({"filter": "London"}, "filter"),
        ({"colour": "red"}, "colour"),
        ({"company": OTHER_COMPANY}, "company"),
    ],
)
def test_bad_member_is_named_and_nothing_is_saved(office: Office, body: Json, field: str) -> None:
    refused = office.key.put(HERS, body)
    assert refused.status == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert field in refused.fields
    assert office.key.get(HERS).status == 404
    assert office.signed_in().get(f"me/setups/{COMPANY}").status == 403  # not even opened


def test_bad_filter_says_where_and_what_was_expected(office: Office) -> None:
    refused = office.key.put(HERS, {"filter": {"city": "A..B..C"}})
    assert refused.status == 400
    errors = refused["errors"]
    assert isinstance(errors, list)
    assert isinstance(errors[0], dict)
    assert errors[0]["field"] == "filter.city"
    assert errors[0]["position"] == 4
    assert "expected" in str(errors[0]["detail"])


@pytest.mark.parametrize(
    "user", ["nobody@cronus.example", "7f0e1d2c-0000-4000-8000-0000000000ff", "..", "a b@c"]
)
def test_unknown_mailbox_is_404_and_named(office: Office, user: str) -> None:
    refused = office.key.put(f"users/{user}/setups/{COMPANY}", {})
    assert refused.status == 404
    assert user in str(refused["detail"])


@pytest.mark.parametrize(
    ("user", "address"),
    [
        ("ANNA@Cronus.Example", "anna@cronus.example"),
        ("o'neill+work@cronus.example", "o'neill+work@cronus.example"),
        ("gast_firm.example#EXT#@cronus.example", "gast_firm.example#EXT#@cronus.example"),
    ],
)
def test_mailbox_may_be_named_by_any_address_that_it_can_have(office: Office, user: str, address: str) -> None:
    people = office.world.sandbox.graph.people
    if address != "anna@cronus.example":
        office.world.sandbox.call(people.add_user, "7f0e1d2c-0000-4000-8000-0000000000cc", address, "Some One")
    made = office.key.put(f"users/{quote(user, safe='')}/setups/{COMPANY}", {})
    assert made.status == 201
    assert office.key.get(f"users/{quote(user, safe='')}/setups").value == [made.body]
    assert office.key.post("sync", {"user": user, "company": COMPANY}).status == 202
    office.world.services.store.personal.erase(str(made["user"]))


@pytest.mark.parametrize("company", [COMPANY.upper(), f"{{{COMPANY.upper()}}}", f"{{{COMPANY}}}"])
def test_company_id_may_be_written_as_business_central_writes_it(office: Office, company: str) -> None:
    made = office.key.put(f"users/{ANNA}/setups/{quote(company)}", {"company": company})
    assert (made.status, made["company"]) == (201, COMPANY)
    accepted = office.key.post("sync", {"user": ANNA, "company": company})
    assert office.key.get(f"runs/{accepted['runId']}")["company"] == COMPANY


@pytest.mark.parametrize("company", [OTHER_COMPANY, "cronus"])
def test_unknown_company_is_404_and_named(office: Office, company: str) -> None:
    refused = office.key.put(f"users/{ANNA}/setups/{company}", {})
    assert refused.status == 404
    assert company in str(refused["detail"])


def test_user_without_mailbox_is_refused(office: Office) -> None:
    people = office.world.sandbox.graph.people
    carl = "7f0e1d2c-0000-4000-8000-0000000000cc"
    office.world.sandbox.call(people.add_user, carl, "carl@cronus.example", "Carl", mailbox=False)
    refused = office.key.put(f"users/carl@cronus.example/setups/{COMPANY}", {})
    assert refused.status == 404
    assert office.key.get("users/carl@cronus.example/setups").value == []


def test_second_company_gets_a_folder_of_its_own(office: Office) -> None:
    add_other_company(office)
    office.set_up()
    second = office.set_up(company=OTHER_COMPANY)
    assert second["folderName"] == "Business Central – CRONUS AG"
    assert [setup["company"] for setup in office.key.get(f"users/{ANNA}/setups").value] == [
        COMPANY,
        OTHER_COMPANY,
    ]
    assert office.set_up()["folderName"] == "Business Central"  # replacing the first renames nothing


def test_folder_of_another_setup_is_taken(office: Office) -> None:
    add_other_company(office)
    office.set_up(folderName="Kunden")
    refused = office.key.put(f"users/{ANNA}/setups/{OTHER_COMPANY}", {"folderName": "KUNDEN"})
    assert refused.status == 409
    assert office.key.get(f"users/{ANNA}/setups/{OTHER_COMPANY}").status == 404


def test_folder_stamped_by_another_company_is_taken_also_without_its_setup(office: Office) -> None:
    add_other_company(office)
    office.set_up(folderName="Kunden")
    assert office.sync(mode="full")["state"] == "succeeded"
    assert office.key.delete(HERS).status == 204
    refused = office.key.put(f"users/{ANNA}/setups/{OTHER_COMPANY}", {"folderName": "Kunden"})
    assert refused.status == 409
    assert "Kunden" in str(refused["detail"])


def test_folder_renamed_in_the_setup_is_renamed_in_outlook(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    renamed = office.set_up(folderName="Kunden")
    assert renamed["folderName"] == "Kunden"
    assert office.world.names(folder="Kunden") == ["Ada Lovelace"]


def test_folder_renamed_in_the_setup_after_the_user_renamed_it_gets_the_new_name(office: Office) -> None:
    office.set_up()
    office.sync()
    office.world.people("rename_folder", ANNA, "Business Central", "Kunden")
    assert office.set_up(folderName="Partner")["folderName"] == "Partner"
    assert office.sync(mode="full")["state"] == "succeeded"
    assert office.world.names(folder="Partner") == []


def test_folder_cannot_take_the_name_of_another_one_of_the_user(office: Office) -> None:
    office.set_up()
    office.sync()
    office.world.people("create_folder", ANNA, "Friends")
    refused = office.key.put(HERS, {"folderName": "Friends"})
    assert refused.status == 409
    assert "Friends" in str(refused["detail"])
    assert office.key.get(HERS)["folderName"] == "Business Central"


def test_folder_renamed_in_outlook_shows_its_new_name(office: Office) -> None:
    office.set_up()
    office.sync(mode="full")
    office.world.people("rename_folder", ANNA, "Business Central", "Geschäft")
    office.sync(mode="full")
    assert office.key.get(HERS)["folderName"] == "Geschäft"
    assert office.set_up(backgroundSync=False)["folderName"] == "Geschäft"


def test_if_match_guards_against_another_writer(office: Office) -> None:
    first = office.set_up()
    version = first.headers["ETag"]
    assert version == office.key.get(HERS).headers["ETag"]
    assert office.key.put(HERS, {"filter": {"city": "A"}}, If_Match=version).status == 200
    refused = office.key.put(HERS, {"filter": {"city": "B"}}, If_Match=version)
    assert refused.status == 412
    assert office.key.get(HERS)["filter"] == {"city": "A"}
    assert office.key.put(HERS, {}, If_Match="*").status == 200
    assert office.key.put(HERS, {}, If_None_Match="*").status == 412


def test_if_match_needs_a_setup(office: Office) -> None:
    assert office.key.put(HERS, {}, If_Match="*").status == 412
    assert office.key.put(HERS, {}, If_None_Match="*").status == 201


def test_another_direction_asks_for_a_preview_first(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    assert office.set_up(direction="toOutlook")["direction"] == "toOutlook"  # nothing was synced yet
    office.sync(mode="full")
    refused = office.key.put(HERS, {"direction": "both"})
    assert (refused.status, refused["title"]) == (409, "Preview first")
    other = office.do(office.key.post(f"{HERS}/preview", {"setup": {"direction": "toBusinessCentral"}}))
    assert office.key.put(f"{HERS}?preview={other['runId']}", {"direction": "both"}).status == 409
    shown = office.do(office.key.post(f"{HERS}/preview", {"setup": {"direction": "both"}}))
    assert office.key.put(f"{HERS}?preview={shown['runId']}", {"direction": "both"}).status == 200


def test_next_sync_comes_with_the_schedule(office: Office) -> None:
    assert str(office.set_up()["nextSyncAt"])[14:] in ("00:00.000Z", "15:00.000Z", "30:00.000Z", "45:00.000Z")
    assert office.set_up(backgroundSync=False)["nextSyncAt"] is None
    assert office.set_up(paused=True)["nextSyncAt"] is None
