"""Notifications say when to look; whatever becomes of them, what is synced stays the same (invariant I8)."""

from __future__ import annotations

import json

import pytest

from sandbox.faults import Fault
from shared.api.app import handle
from shared.api.http import Request
from shared.model import Json
from shared.state.runs import Trigger
from shared.state.subscriptions import Service
from shared.sync import jobs, push
from shared.sync.services import Services, build
from shared.sync.tick import tick
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, BEN, COMPANY, SandboxTime


def test_edit_in_outlook_arrives_by_notification(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    _edit_card(pushed, "Ada Lovelace", "Head Buyer")
    pushed.work_off()
    assert pushed.world.bc(ada)["jobTitle"] == "Head Buyer"
    [run] = [run for run in _runs(pushed) if run.trigger is Trigger.GRAPH]
    assert push.shown(pushed.services, pushed.stored())["heardAt"] == run.queued_at


def test_edit_in_business_central_arrives_by_notification(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    _edit_bc(pushed, ada, "Head Buyer")
    pushed.work_off()
    assert pushed.world.card("Ada Lovelace")["jobTitle"] == "Head Buyer"
    assert Trigger.BUSINESS_CENTRAL in {run.trigger for run in _runs(pushed)}


def test_deletion_in_business_central_arrives_by_notification(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.bc_person("Grace Hopper", "grace@x.example")
    pushed.start()
    before = len(pushed.receiver.answers)
    pushed.world.bc_delete(ada)
    pushed.receiver.wait_for(before + 1)
    pushed.work_off()
    assert pushed.world.names() == ["Grace Hopper"]


def test_doubled_late_and_reordered_notifications_end_in_the_same_state(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    grace = pushed.world.bc_person("Grace Hopper", "grace@x.example", jobTitle="Admiral")
    pushed.start()
    pushed.receiver.held = []
    _edit_card(pushed, "Ada Lovelace", "Head Buyer")
    _edit_bc(pushed, grace, "Rear Admiral")
    assert pushed.work_off() == []
    pushed.receiver.let_go()
    pushed.work_off()
    assert pushed.world.bc(ada)["jobTitle"] == "Head Buyer"
    assert pushed.world.card("Grace Hopper")["jobTitle"] == "Rear Admiral"
    mark = pushed.world.sandbox.log.mark()
    pushed.world.ok()
    assert pushed.world.writes_since(mark) == []


def test_many_notifications_make_one_waiting_run(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.start()
    row, before = pushed.subscription(), pushed.runs()
    for _ in range(20):
        assert _tell_graph(pushed, {"subscriptionId": row.id, "clientState": row.client_state}) == 202
    assert pushed.runs() == before + 1
    assert len(pushed.messages()) == 1


def test_subscription_is_known_in_whatever_letters_its_id_comes(pushed: Pushed) -> None:
    pushed.start()
    row, before = pushed.subscription(), pushed.runs()
    assert _tell_graph(pushed, {"subscriptionId": row.id.upper(), "clientState": row.client_state}) == 202
    assert pushed.runs() == before + 1


def test_burst_costs_one_look_at_storage_per_setup(pushed: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed.start()
    monkeypatch.setattr(jobs, "DEBOUNCE_SECONDS", 3.0)
    row = pushed.subscription()
    item: dict[str, Json] = {"subscriptionId": row.id, "clientState": row.client_state}
    assert _tell_graph(pushed, item) == 202
    trips = pushed.services.store.round_trips
    assert _tell_graph(pushed, *[item] * 100) == 202
    assert pushed.services.store.round_trips == trips


@pytest.mark.parametrize(
    "forged",
    [
        {"clientState": "guessed"},
        {"clientState": None},
        {"clientState": ""},
        {"clientState": ["a", "list"]},
        {"clientState": "\ud800"},
        {"subscriptionId": "0a1b2c3d-0000-4000-8000-000000000000"},
        {"subscriptionId": 7},
        {"tenantId": "00000000-0000-4000-8000-000000000000"},
    ],
)
def test_forged_graph_notification_is_accepted_and_changes_nothing(
    pushed: Pushed, forged: dict[str, Json]
) -> None:
    pushed.start()
    row, before = pushed.subscription(), pushed.runs()
    item: dict[str, Json] = {"subscriptionId": row.id, "clientState": row.client_state}
    assert _tell_graph(pushed, {**item, **forged}) == 202
    assert (pushed.runs(), pushed.messages()) == (before, [])


def test_row_that_says_why_there_is_no_subscription_has_no_secret_to_guess(pushed: Pushed) -> None:
    pushed.world.sandbox.switches["folder_subscription"] = "refused"
    pushed.start()
    row, before = pushed.subscription(), pushed.runs()
    assert row.client_state == ""
    assert _tell_graph(pushed, {"subscriptionId": row.id, "clientState": ""}) == 202
    assert pushed.runs() == before


def test_forged_bc_notification_is_accepted_and_changes_nothing(pushed: Pushed) -> None:
    pushed.start()
    [row] = pushed.services.store.subscriptions.of(Service.BUSINESS_CENTRAL, COMPANY)
    company = pushed.services.store.companies.get("Production", COMPANY)
    forged = {"subscriptionId": row.id, "clientState": "guessed", "changeType": "deleted"}
    assert _tell_bc(pushed, json.dumps({"value": [forged]}).encode()) == 202
    assert pushed.messages() == []
    assert pushed.services.store.companies.get("Production", COMPANY) == company


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b'{"value": 7}', b'{"value": [7, null]}', b"\xff", b"[" * 100_000]
)
def test_broken_bc_notification_is_never_answered_with_4xx(pushed: Pushed, body: bytes) -> None:
    assert _tell_bc(pushed, body) == 202


def test_huge_bc_notification_is_never_answered_with_4xx(pushed: Pushed) -> None:
    assert _tell_bc(pushed, b" " * (2 * 1024 * 1024)) == 202


def test_huge_graph_notification_is_refused(pushed: Pushed) -> None:
    assert _tell(pushed.services, "graph", b'{"value": []}' + b" " * (2 * 1024 * 1024)) == 413


def test_thousand_items_of_business_central_fit(pushed: Pushed) -> None:
    pushed.start()
    [row] = pushed.services.store.subscriptions.of(Service.BUSINESS_CENTRAL, COMPANY)
    items = [
        {
            "subscriptionId": row.id,
            "clientState": row.client_state,
            "expirationDateTime": "2026-05-14T08:00:00Z",
            "resource": f"api/v2.0/companies({COMPANY})/contacts(3f6c1d0a-7a52-ef11-9c36-{number:012d})",
            "changeType": "deleted",
            "lastModifiedDateTime": "2026-05-11T08:02:13.66Z",
        }
        for number in range(1000)
    ]
    assert _tell_bc(pushed, json.dumps({"value": items}).encode()) == 202
    company = pushed.services.store.companies.get("Production", COMPANY)
    assert company is not None
    gone = company.extra["gone"]
    assert isinstance(gone, list)
    assert len(gone) == 1000
    assert [job.run for job in pushed.messages()] == [jobs.LOOK]


def test_bc_keeps_its_subscription_whatever_the_app_thinks_of_a_notification(pushed: Pushed) -> None:
    """A single 4xx would end it (contract §9.4)."""
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.start()
    for row in pushed.services.store.subscriptions.all(Service.BUSINESS_CENTRAL):
        pushed.services.store.subscriptions.delete(Service.BUSINESS_CENTRAL, row.id)
    _edit_bc(pushed, ada, "Head Buyer")
    assert set(pushed.receiver.answers) == {202}
    company = pushed.services.store.companies.get("Production", COMPANY)
    assert company is not None
    client = pushed.services.bc(COMPANY)
    assert client.get_subscription(str(company.subscription["id"])) is not None


@pytest.mark.parametrize("kind", ["notify_drop", "notify_triple", "notify_wrong_state", "notify_unknown"])
def test_what_a_spoilt_notification_did_not_bring_the_next_run_brings(pushed: Pushed, kind: str) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    pushed.world.sandbox.faults.add(Fault(kind, "graph", "NOTIFY", times=0))
    pushed.world.outlook_edit(str(pushed.world.card("Ada Lovelace")["id"]), jobTitle="Head Buyer")
    pushed.work_off()
    pushed.world.ok()
    assert pushed.world.bc(ada)["jobTitle"] == "Head Buyer"


def test_notification_starts_runs_of_its_own_mailbox_alone(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.start(ANNA)
    pushed.start(BEN)
    pushed.work_off()
    before = pushed.runs(BEN)
    _tell_of(pushed, ANNA)
    assert {job.user for job in pushed.messages()} == {ANNA}
    assert pushed.runs(BEN) == before


def test_notification_of_a_deleted_setup_leaves_nothing_behind(pushed: Pushed) -> None:
    pushed.start()
    row = pushed.subscription()
    item: dict[str, Json] = {"subscriptionId": row.id, "clientState": row.client_state}
    _tell_graph(pushed, item)
    pushed.work_off()
    pushed.services.store.personal.erase(ANNA)
    assert _tell_graph(pushed, item) == 202
    assert pushed.messages() == []
    assert pushed.runs() == 0


def test_notification_is_answered_with_503_while_storage_is_away(unreachable: Services) -> None:
    item = {"subscriptionId": "x", "clientState": "y"}
    body = json.dumps({"value": [item]}).encode()
    assert _tell(unreachable, "graph", body) == 503
    assert _tell(unreachable, "bc", body) == 503


def test_notification_that_comes_again_after_the_queue_was_away_is_queued(pushed: Pushed, storage: str) -> None:
    """It is not taken for one whose run waits already: that run's message was never stored."""
    pushed.start()
    row = pushed.subscription()
    body = json.dumps({"value": [{"subscriptionId": row.id, "clientState": row.client_state}]}).encode()
    assert _tell(_without_queue(pushed, storage), "graph", body) == 503
    assert pushed.messages() == []
    assert _tell(pushed.services, "graph", body) == 202
    assert [job.user for job in pushed.messages()] == [ANNA]


def test_run_whose_message_could_not_be_stored_is_sent_by_the_next_tick(pushed: Pushed, storage: str) -> None:
    pushed.start()
    row = pushed.subscription()
    body = json.dumps({"value": [{"subscriptionId": row.id, "clientState": row.client_state}]}).encode()
    assert _tell(_without_queue(pushed, storage), "graph", body) == 503
    tick(pushed.services)
    assert [job.user for job in pushed.messages()] == [ANNA]


# --- what the tests say --------------------------------------------------------------------------


def _without_queue(pushed: Pushed, storage: str) -> Services:
    """The same product, whose tables are there and whose queue is not."""
    parts = dict(part.split("=", 1) for part in storage.strip(";").split(";"))
    parts["QueueEndpoint"] = "http://127.0.0.1:9/devstoreaccount1"
    env = {**pushed.world.sandbox.settings(), "PUBLIC_BASE_URL": pushed.receiver.url}
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    return build({**env, "AzureWebJobsStorage": text}, SandboxTime(pushed.world.sandbox.clock))


def _runs(pushed: Pushed):  # type: ignore[no-untyped-def]
    return pushed.services.store.runs.recent(ANNA, COMPANY, 100).items


def _edit_card(pushed: Pushed, name: str, title: str) -> None:
    before = len(pushed.receiver.answers)
    pushed.world.outlook_edit(str(pushed.world.card(name)["id"]), jobTitle=title)
    pushed.receiver.wait_for(before + 1)


def _edit_bc(pushed: Pushed, contact: str, title: str) -> None:
    before = len(pushed.receiver.answers)
    pushed.world.bc_edit(contact, jobTitle=title)
    pushed.receiver.wait_for(before + 1)


def _tell_of(pushed: Pushed, user: str) -> int:
    row = pushed.subscription(user)
    return _tell_graph(pushed, {"subscriptionId": row.id, "clientState": row.client_state})


def _tell_graph(pushed: Pushed, *items: dict[str, Json]) -> int:
    return _tell(pushed.services, "graph", json.dumps({"value": items}).encode())


def _tell_bc(pushed: Pushed, body: bytes) -> int:
    return _tell(pushed.services, "bc", body)


def _tell(services: Services, service: str, body: bytes) -> int:
    request = Request("POST", f"{service}/notifications", [], {}, body, "anonymous")
    return handle(request, lambda: services).status
