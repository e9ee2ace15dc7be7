"""What is kept of a person, who may see a company, and how setups are doing (spec/sync-rules.md §1, §10)."""

from __future__ import annotations

import json

import pytest
from azure.data.tables import TableServiceClient

from sandbox.faults import Fault
from shared.sync.session import Session
from tests.api.conftest import Office
from tests.sync.world import ANNA, BEN, COMPANY, OTHER_COMPANY

HERS = f"users/{ANNA}/setups/{COMPANY}"


def test_me_tells_who_is_signed_in_and_what_is_open(office: Office) -> None:
    assert office.signed_in().get("me")["companies"] == []
    office.set_up()
    me = office.signed_in(ANNA, "Admin").get("me")
    assert (me["id"], me["admin"]) == (ANNA, True)
    assert me["companies"] == [{"id": COMPANY, "name": "CRONUS International Ltd."}]


def test_export_holds_everything_but_no_key_and_no_token(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    text = json.dumps(office.key.get(f"users/{ANNA}/export").body)
    assert COMPANY in text
    assert "Ada Lovelace" in text  # what the run did
    for secret in ("print_key", "client_state", "delta_link", "prints"):
        assert secret not in text
    assert office.signed_in().get("me/export").body == office.key.get(f"users/{ANNA}/export").body


def test_export_of_mine_is_silent_about_companies_that_were_closed(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    assert office.signed_in(BEN, "Admin").delete(f"manage/access/{ANNA}/{COMPANY}").status == 204
    mine = office.signed_in().get("me/export")
    assert mine["setups"] == []
    assert "Ada" not in json.dumps(mine.body)


def test_erased_user_leaves_nothing_but_the_copies(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.set_up(user=BEN)
    office.sync(mode="full")
    assert office.signed_in().delete("me").status == 204
    kept = office.key.get(f"users/{ANNA}/export")
    assert [kept[name] for name in ("addresses", "companies", "subscriptions", "setups")] == [[], [], [], []]
    assert office.world.names() == ["Ada Lovelace"]
    assert office.key.get(f"users/{BEN}/setups/{COMPANY}").status == 200


def traces(storage: str, *words: str) -> list[tuple[str, str]]:
    """Table and key of every row that has one of the words in a key or a text."""
    service = TableServiceClient.from_connection_string(storage)
    return [
        (table.name, row["RowKey"])
        for table in service.list_tables()
        for row in service.get_table_client(table.name).list_entities()
        if any(word in str(value).lower() for value in row.values() for word in words)
    ]


def test_erased_user_is_named_in_no_row_of_any_table(office: Office, storage: str) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.key.put(f"users/anna@cronus.example/setups/{COMPANY}", {})
    office.sync(mode="full")
    office.world.outlook_add("Rosa New", "rosa@x.example")
    run = office.key.post("sync", {"user": ANNA}, Idempotency_Key="once")
    office.do(run)
    runs = str(run["runId"]).partition("-")[0]
    left = {table for table, _ in traces(storage, ANNA, "anna@cronus.example", runs)}
    assert left >= {"Setups", "Links", "Runs", "RunActions", "Access", "Aliases", "Claims", "Idempotency"}
    assert office.signed_in().delete("me").status == 204
    assert traces(storage, ANNA, "anna@cronus.example", runs) == []


def test_user_erased_in_the_middle_of_a_run_leaves_nothing_either(
    office: Office, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on writing until it notices that its lease is gone."""
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    office.sync(mode="full")
    office.world.pass_minutes(1)
    office.world.bc_edit(ada, jobTitle="Theirs")
    office.world.outlook_edit(str(office.world.card("Ada Lovelace")["id"]), jobTitle="Mine")
    run = office.key.post("sync", {"user": ANNA})
    asked = Session.should_stop
    erased: list[int] = []

    def erase_then_go_on(session: Session) -> bool:
        if not erased:
            erased.append(office.signed_in().delete("me").status)
        return asked(session)

    monkeypatch.setattr(Session, "should_stop", erase_then_go_on)
    office.do(run)
    assert erased == [204]
    assert office.world.card("Ada Lovelace")["jobTitle"] == "Theirs"
    assert traces(storage, ANNA, str(run["runId"]).partition("-")[0]) == []


def test_closed_company_stops_everything_until_it_is_opened_again(office: Office) -> None:
    office.set_up()
    admin, anna = office.signed_in(BEN, "Admin"), office.signed_in()
    waiting = office.key.post("sync", {"user": ANNA})
    assert admin.delete(f"manage/access/anna@cronus.example/{COMPANY}").status == 204
    assert office.do(waiting)["state"] == "failed"
    assert anna.get("me/setups").value == []
    for path in (
        f"me/setups/{COMPANY}",
        f"me/setups/{COMPANY}/contacts?query=ada",
        f"me/runs/{waiting['runId']}",
    ):
        assert anna.get(path).status == 403
    assert anna.post(f"me/setups/{COMPANY}/resume").status == 403
    assert office.key.post("sync", {"user": ANNA}).status == 403
    assert admin.put(f"manage/access/{ANNA}/{COMPANY}").status == 204
    assert anna.post(f"me/setups/{COMPANY}/resume")["paused"] is False


def test_address_that_changed_hands_means_its_new_owner_within_a_day(office: Office) -> None:
    office.key.put(f"users/anna@cronus.example/setups/{COMPANY}", {})
    office.world.services.store.aliases.put("ben@cronus.example", ANNA)
    assert office.key.post("sync", {"user": "ben@cronus.example", "company": COMPANY}).status == 202
    office.world.pass_minutes(24 * 60)
    assert office.key.post("sync", {"user": "ben@cronus.example", "company": COMPANY}).status == 404


def test_known_address_serves_while_graph_is_away(office: Office) -> None:
    office.key.put(f"users/anna@cronus.example/setups/{COMPANY}", {})
    office.world.pass_minutes(24 * 60)
    sandbox = office.world.sandbox
    sandbox.faults.add(Fault("reject", "graph", status=503, retry_after="7", times=50))
    accepted = office.key.post("sync", {"user": "anna@cronus.example", "company": COMPANY})
    sandbox.faults.clear()
    assert accepted.status == 202


def test_administrator_opens_only_what_exists(office: Office) -> None:
    admin = office.signed_in(BEN, "Admin")
    assert admin.put(f"manage/access/{ANNA}/{OTHER_COMPANY}").status == 404
    assert admin.put(f"manage/access/nobody@cronus.example/{COMPANY}").status == 404
    assert admin.put(f"manage/access/{ANNA}/cronus").status == 404


def test_overview_shows_every_setup_without_contact_data(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.key.put(f"users/anna@cronus.example/setups/{COMPANY}", {})
    office.set_up(user=BEN, paused=True)
    office.sync(mode="full")
    admin = office.signed_in(BEN, "Admin")
    seen, link = [], "manage/overview?size=1"
    while link:
        page = admin.get(link)
        assert isinstance(page.body, dict)
        assert "Ada" not in json.dumps(page.body)
        seen += page.value
        link = str(page.body.get("nextLink", ""))
    lines = {line["user"]: line for line in seen}
    assert lines[ANNA]["address"] == "anna@cronus.example"
    last = lines[ANNA]["lastRun"]
    assert isinstance(last, dict)
    assert last["state"] == "succeeded"
    assert (lines[ANNA]["links"], lines[ANNA]["failures"], lines[ANNA]["held"]) == (1, 0, 0)
    assert (lines[BEN]["paused"], lines[BEN]["lastRun"], lines[BEN]["nextSyncAt"]) == (True, None, None)
