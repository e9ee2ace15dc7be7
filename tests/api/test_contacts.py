"""Why is this contact (not) in Outlook, and what a person can ask for it (spec/sync-rules.md §9)."""

from __future__ import annotations

import pytest

from sandbox.faults import Fault
from shared.model import Json
from tests.api.conftest import Office
from tests.sync.world import ANNA, BEN, COMPANY

HERS = f"users/{ANNA}/setups/{COMPANY}"


def why(office: Office, query: str) -> dict[str, Json]:
    """What is answered for each contact's name."""
    answer = office.key.get(f"{HERS}/contacts?query={query}")
    assert answer.status == 200, answer
    return {str(item["name"]): item["reason"] or item["outcome"] for item in answer.value}


def test_every_contact_of_the_company_has_an_answer(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example", city="London")
    office.world.bc_person("Ada Boston", "boston@x.example", city="Boston")
    office.world.bc_person("Ada Nomail", "")
    office.world.bc_company("Ada Works Ltd")
    office.set_up(filter={"city": "London"})
    office.sync(mode="full")
    office.world.bc_person("Ada Later", "later@x.example", city="London")
    assert why(office, "ada") == {
        "Ada Lovelace": "created",
        "Ada Boston": "outsideFilter",
        "Ada Nomail": "noEmail",
        "Ada Works Ltd": "notAPerson",
        "Ada Later": None,
    }
    assert why(office, "BOSTON@x.example") == {"Ada Boston": "outsideFilter"}
    assert why(office, "nobody") == {}
    for item in office.key.get(f"{HERS}/contacts?query=ada").value:
        assert len(str(item["explanation"])) > 20


def test_contact_that_outlook_refused_is_listed_with_the_cause(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    refusal = Fault(
        "reject", "graph", method="POST", path="contacts$", status=400, code="ErrorInvalidArgument", times=0
    )
    office.world.sandbox.faults.add(refusal)
    run = office.sync(mode="full")
    [listed] = office.key.get(f"{HERS}/contacts?outcome=failed").value
    [done] = office.key.get(f"runs/{run['runId']}/actions").value
    for told in (listed, done):
        assert told["reason"] == "refusedByOutlook"
        assert "too long" in str(told["explanation"])
        assert "ErrorInvalidArgument" in str(told["explanation"])
        assert "code" not in told


def test_field_that_bc_refused_is_named_with_the_cause(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    code = "Application_DialogException"
    office.world.sandbox.faults.add(
        Fault("reject", "businessCentral", "PATCH", ada, status=400, code=code, times=2)
    )
    copy = office.world.links()[ada].outlook_id
    office.world.outlook_edit(copy, jobTitle="Countess", mobilePhone="+44 7700 900123")
    run = office.sync()
    [listed] = office.key.get(f"{HERS}/contacts").value
    [done] = office.key.get(f"runs/{run['runId']}/actions").value
    for told in (listed, done):
        assert told["reason"] == "refusedByBusinessCentral"
        assert "Not taken: job title." in str(told["explanation"])
        assert "refused" not in told
    assert "one of its rules does not allow the value" in str(done["explanation"])


def test_contact_that_lives_only_in_outlook_is_found(office: Office) -> None:
    office.set_up()
    office.sync(mode="full")
    office.world.outlook_add("Grace Hopper", "grace@x.example", companyName="Grace Hopper")
    office.sync()
    found = office.key.get(f"{HERS}/contacts?query=hopper").value
    assert [(item["side"], item["reason"]) for item in found] == [("outlook", "notAPerson")]
    assert office.key.get(f"{HERS}/contacts?side=outlook").value[0]["name"] == "Grace Hopper"
    assert office.key.get(f"{HERS}/contacts?query=hopper&side=businessCentral").value == []


def test_blocked_contact_is_explained_without_its_data(office: Office) -> None:
    office.world.bc_person("Ada Secret", "ada@x.example", privacyBlocked=True)
    office.set_up()
    found = office.key.get(f"{HERS}/contacts?query=secret").value
    assert [(item["reason"], item["name"], item["email"]) for item in found] == [("privacyBlocked", None, None)]


@pytest.mark.parametrize(
    "query", ["%25%27*", "o'neil", "a*b", "<>''", "..", "@@", "§§", "%F0%9F%98%80%F0%9F%98%80"]
)
def test_signs_in_a_query_are_only_signs(office: Office, query: str) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    assert office.key.get(f"{HERS}/contacts?query={query}").value == []


def test_list_without_query_pages_through_everything(office: Office) -> None:
    for number in range(5):
        office.world.bc_person(f"Person {number}", f"p{number}@x.example")
    office.set_up()
    office.sync(mode="full")
    for number in range(2):
        office.world.outlook_add(f"Firm {number}", f"f{number}@x.example", companyName=f"Firm {number}")
    office.sync()
    names, link = [], f"{HERS}/contacts?size=2"
    while link:
        page = office.key.get(link)
        assert isinstance(page.body, dict)
        names += [item["name"] for item in page.value]
        link = str(page.body.get("nextLink", ""))
    assert sorted(map(str, names)) == [*(f"Firm {n}" for n in range(2)), *(f"Person {n}" for n in range(5))]
    created = office.key.get(f"{HERS}/contacts?outcome=created").value
    assert len(created) == 5
    assert {item["outcome"] for item in created} == {"created"}


def test_searching_needs_an_opened_company(office: Office) -> None:
    office.set_up()
    assert office.signed_in(BEN).get(f"me/setups/{COMPANY}/contacts?query=ada").status == 403


def test_deleted_copy_comes_back_when_asked_for(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    office.world.outlook_delete(str(office.world.card("Ada Lovelace")["id"]))
    office.sync()
    assert why(office, "ada") == {"Ada Lovelace": "deletedByUser"}
    done = office.do(office.key.post(f"{HERS}/contacts/{ada}/actions", {"action": "bringBack"}))
    assert done["state"] == "succeeded"
    assert office.world.names() == ["Ada Lovelace"]
    assert office.key.post(f"{HERS}/contacts/{ada}/actions", {"action": "bringBack"}).status == 409


def test_other_value_of_a_conflict_can_be_taken(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    office.set_up()
    office.sync(mode="full")
    office.world.pass_minutes(1)
    office.world.bc_edit(ada, jobTitle="Head of Purchasing")
    office.world.outlook_edit(str(office.world.card("Ada Lovelace")["id"]), jobTitle="Countess")
    office.sync()
    assert office.world.bc(ada)["jobTitle"] == "Head of Purchasing"
    record = office.key.get(f"{HERS}/conflicts").value[0]
    assert record["resolved"] is False
    assert record["fields"] == [
        {"field": "jobTitle", "kept": "Head of Purchasing", "lost": "Countess", "loser": "outlook"}
    ]
    path = f"{HERS}/contacts/{ada}/actions"
    wrong = office.key.post(path, {"action": "takeOther", "field": "city"})
    assert (wrong.status, wrong.fields) == (400, ["field"])
    assert office.key.post(path, {"action": "takeOther", "conflict": "none"}).status == 404
    office.do(office.key.post(path, {"action": "takeOther", "conflict": record["id"]}))
    assert office.world.bc(ada)["jobTitle"] == "Countess"
    assert office.world.card("Ada Lovelace")["jobTitle"] == "Countess"
    assert office.key.get(f"{HERS}/conflicts").value[0]["resolved"] is True


def test_other_values_of_a_conflict_are_taken_together_unless_one_is_named(office: Office) -> None:
    place: dict[str, Json] = {"city": "Hull", "postalCode": "HU1 1AA", "country": "GB"}
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer", **place)
    office.set_up()
    office.sync(mode="full")
    office.world.pass_minutes(1)
    office.world.bc_edit(ada, jobTitle="Theirs", mobilePhoneNumber="+44 1", country="FR", city="Hull")
    office.world.outlook_edit(
        str(office.world.card("Ada Lovelace")["id"]),
        jobTitle="Mine",
        mobilePhone="+44 2",
        businessAddress={"city": "Hull", "postalCode": "HU1 1AA", "countryOrRegion": "Germany"},
    )
    office.sync()
    record = office.key.get(f"{HERS}/conflicts").value[0]
    fields = {field["field"]: field["lost"] for field in record["fields"]}
    assert fields == {"jobTitle": "Mine", "mobilePhoneNumber": "+44 2", "country": "Germany"}
    path = f"{HERS}/contacts/{ada}/actions"
    office.do(office.key.post(path, {"action": "takeOther", "field": "jobTitle"}))
    held = office.world.bc(ada)
    assert (held["jobTitle"], held["mobilePhoneNumber"], held["country"]) == ("Mine", "+44 1", "FR")
    assert office.key.get(f"{HERS}/conflicts").value[0]["resolved"] is False
    city = held["city"]
    office.do(office.key.post(path, {"action": "takeOther"}))
    held, card = office.world.bc(ada), office.world.card("Ada Lovelace")
    assert (held["jobTitle"], held["mobilePhoneNumber"], held["country"]) == ("Mine", "+44 2", "DE")
    assert held["city"] == city == "Hull"
    assert (card["jobTitle"], card["mobilePhone"]) == ("Mine", "+44 2")
    assert office.key.get(f"{HERS}/conflicts").value[0]["resolved"] is True


def test_other_value_of_a_copy_that_is_gone_cannot_be_taken(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    office.set_up()
    office.sync(mode="full")
    office.world.pass_minutes(1)
    office.world.bc_edit(ada, privacyBlocked=True)
    office.world.outlook_edit(str(office.world.card("Ada Lovelace")["id"]), jobTitle="Mine")
    office.sync()
    [record] = office.key.get(f"{HERS}/conflicts").value
    answer = office.key.post(f"{HERS}/contacts/{ada}/actions", {"action": "takeOther"})
    assert answer.status == 409
    assert office.key.get(f"{HERS}/conflicts").value[0] == record


def test_detached_contact_is_created_in_business_central_when_asked_for(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.world.bc_person("Grace Hopper", "grace@x.example")
    office.set_up()
    office.sync(mode="full")
    card = str(office.world.card("Ada Lovelace")["id"])
    office.world.outlook_edit(card, jobTitle="Countess")
    office.world.bc_delete(ada)
    office.sync()
    assert why(office, "ada") == {"Ada Lovelace": "keptEdited"}
    assert len(office.world.bc_all()) == 1
    done = office.do(office.key.post(f"{HERS}/contacts/{card}/actions", {"action": "createInBusinessCentral"}))
    assert done["state"] == "succeeded"
    assert sorted(str(c["displayName"]) for c in office.world.bc_all()) == ["Ada Lovelace", "Grace Hopper"]


def test_users_copy_of_a_detached_contact_is_created_too_when_asked_for(office: Office) -> None:
    """It says `detached` like the other, so the same can be asked for it."""
    gone = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.world.bc_person("Grace Hopper", "grace@x.example")
    office.set_up(onBusinessCentralDelete="keep")
    office.sync(mode="full")
    original = str(office.world.card("Ada Lovelace")["id"])
    twin = str(office.world.people("copy_contact", ANNA, original))
    office.sync()
    office.world.bc_delete(gone)
    office.sync()
    office.do(office.key.post(f"{HERS}/contacts/{twin}/actions", {"action": "createInBusinessCentral"}))
    assert [c["displayName"] for c in office.world.bc_all()] == ["Grace Hopper", "Ada Lovelace"]
    office.sync(mode="full")
    links = office.world.links()
    assert (links[gone].outlook_id, links[gone].state) == (original, "detached")
    assert twin in {link.outlook_id for link in links.values()}


def test_what_was_deleted_on_both_sides_is_said_to_be_gone(office: Office) -> None:
    first = office.world.bc_person("Ada Lovelace", "ada@x.example")
    then = office.world.bc_person("Grace Hopper", "grace@x.example")
    office.world.bc_person("Alan Turing", "alan@x.example")
    office.set_up()
    office.sync(mode="full")
    for name in ("Ada Lovelace", "Grace Hopper"):
        office.world.outlook_delete(str(office.world.card(name)["id"]))
    office.world.bc_delete(first)
    office.sync()
    office.world.bc_delete(then)  # after a run has seen that the user deleted it
    office.sync()
    told = {item["id"]: str(item["explanation"]) for item in office.key.get(f"{HERS}/contacts").value}
    assert "both sides" in told[first]
    assert told[then] == told[first]
    assert office.key.post(f"{HERS}/contacts/{then}/actions", {"action": "bringBack"}).status == 409


def test_contact_asked_back_from_outside_the_filter_says_what_is_in_the_way(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    office.set_up(filter={"jobTitle": "Buyer"})
    office.sync(mode="full")
    office.world.outlook_delete(str(office.world.card("Ada Lovelace")["id"]))
    office.sync()
    office.world.bc_edit(ada, jobTitle="Poet")
    run = office.do(office.key.post(f"{HERS}/contacts/{ada}/actions", {"action": "bringBack"}))
    [done] = office.key.get(f"runs/{run['runId']}/actions").value
    assert done["reason"] == "outsideFilter"
    assert office.world.outlook() == []


def test_removed_copy_of_one_contact_is_restored(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    ben = office.world.bc_person("Ben Shaw", "ben@x.example")
    office.world.bc_person("Grace Hopper", "grace@x.example")
    office.set_up()
    office.sync(mode="full")
    office.world.bc_delete(ada)
    office.world.bc_delete(ben)
    office.sync()
    path = f"{HERS}/contacts/{ada}/actions"
    done = office.do(office.key.post(path, {"action": "restore"}))
    assert (done["kind"], done["state"]) == ("restore", "succeeded")
    assert office.world.names() == ["Ada Lovelace", "Grace Hopper"]
    assert office.key.post(path, {"action": "restore"}).status == 409


@pytest.mark.parametrize("action", ["retry", "bringBack", "createInBusinessCentral", "takeOther"])
def test_unknown_contact_is_404(office: Office, action: str) -> None:
    office.set_up()
    for contact in ("7d2f0c11-0000-4000-8000-000000000001", "AAkALg=", "it's"):
        assert office.key.post(f"{HERS}/contacts/{contact}/actions", {"action": action}).status == 404
    assert office.key.get(f"{HERS}/runs").value == []


def test_skipped_outlook_contact_can_be_tried_again(office: Office) -> None:
    office.set_up()
    office.sync(mode="full")
    card = office.world.outlook_add("Firm One", "firm@x.example", companyName="Firm One")
    office.sync()
    done = office.do(office.key.post(f"{HERS}/contacts/{card}/actions", {"action": "retry"}))
    assert done["state"] == "succeeded"
    assert why(office, "firm") == {"Firm One": "notAPerson"}


@pytest.mark.parametrize(
    "body",
    [{}, {"action": "dance"}, {"action": "retry", "field": "city"}, {"action": "retry", "why": "so"}, [], None],
)
def test_wish_that_makes_no_sense_is_refused(office: Office, body: Json) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    assert office.key.post(f"{HERS}/contacts/{ada}/actions", body).status == 400
