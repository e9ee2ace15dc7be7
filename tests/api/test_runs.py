"""Runs over the API: asked for, joined, shown, confirmed, applied (spec/interfaces.md §4)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.model import Json
from shared.state.run_queue import IDEMPOTENCY
from shared.sync.services import build
from tests.api.caller import Answer, Api
from tests.api.conftest import Office
from tests.sync.world import ANNA, BEN, COMPANY, OTHER_COMPANY, SandboxTime

HERS = f"users/{ANNA}/setups/{COMPANY}"


def ask(office: Office, **more: Json):  # type: ignore[no-untyped-def]
    return office.key.post("sync", {"user": ANNA, "company": COMPANY, **more})


def test_accepted_run_says_where_to_look(office: Office) -> None:
    office.set_up()
    accepted = ask(office, mode="full")
    assert accepted.status == 202
    assert accepted["state"] == "queued"
    assert accepted.headers["Location"] == accepted["statusUrl"]
    assert int(accepted.headers["Retry-After"]) > 0
    status = office.key.get(str(accepted["statusUrl"]))
    assert (status["runId"], status["state"], status["mode"]) == (accepted["runId"], "queued", "full")
    assert office.world.services.store.jobs.length() > 0


def test_plain_request_joins_the_run_that_waits_and_the_wider_mode_wins(office: Office) -> None:
    office.set_up()
    first, second = ask(office, mode="incremental"), ask(office, mode="full")
    assert first["runId"] == second["runId"]
    assert office.key.get(f"runs/{first['runId']}")["mode"] == "full"


def test_request_with_filter_or_preview_never_joins(office: Office) -> None:
    office.set_up()
    plain, narrow = ask(office), ask(office, filter={"city": "London"})
    assert plain["runId"] != narrow["runId"]
    assert ask(office)["runId"] == plain["runId"]


def test_same_key_is_the_same_run_also_after_its_end(office: Office) -> None:
    office.set_up()
    body: Json = {"user": ANNA, "company": COMPANY, "mode": "full"}
    first = office.key.post("sync", body, Idempotency_Key="k-1")
    office.do(first)
    again = office.key.post("sync", body, Idempotency_Key="k-1")
    assert (again["runId"], again["state"]) == (first["runId"], "succeeded")
    other = office.key.post("sync", {**body, "mode": "incremental"}, Idempotency_Key="k-1")  # type: ignore[dict-item]
    assert other.status == 422
    assert office.key.post("sync", body, Idempotency_Key="k-2")["runId"] != first["runId"]


def test_request_repeated_after_the_queue_was_away_is_done(office: Office, storage: str) -> None:
    office.set_up()
    parts = dict(part.split("=", 1) for part in storage.strip(";").split(";"))
    parts["QueueEndpoint"] = "http://127.0.0.1:9/devstoreaccount1"
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    env = {**office.world.sandbox.settings(), "AzureWebJobsStorage": text}
    away = Api(build(env, SandboxTime(office.world.sandbox.clock)))
    body: Json = {"user": ANNA, "company": COMPANY, "filter": {"city": "London"}}
    assert away.post("sync", body, Idempotency_Key="k-4").status == 503
    before = office.world.services.store.jobs.length()
    assert office.key.post("sync", body, Idempotency_Key="k-4").status == 202
    assert office.world.services.store.jobs.length() == before + 1
    assert len(office.key.get(f"{HERS}/runs").value) == 1


class Twin(SandboxTime):
    """The sandbox's time, in which the same request arrives again once its key is known, before its run is."""

    def __init__(self, office: Office, again: Callable[[], None]) -> None:
        super().__init__(office.world.sandbox.clock)
        self._store = office.world.services.store
        self._again = again
        self._over = False

    def now(self) -> datetime:
        if not self._over and list(self._store._tables.rows(IDEMPOTENCY, "RowKey eq 'twin'")):
            self._over = True
            self._again()
        return super().now()


@pytest.mark.parametrize("more", [{}, {"filter": {"city": "London"}}])
def test_same_key_sent_twice_at_once_is_one_run(office: Office, storage: str, more: dict[str, Json]) -> None:
    office.set_up()
    store = office.world.services.store
    store._tables.clear(IDEMPOTENCY, "RowKey eq 'twin'")
    body: Json = {"user": ANNA, "company": COMPANY, **more}
    answers: list[Answer] = []

    def send(api: Api) -> None:
        answers.append(api.post("sync", body, Idempotency_Key="twin"))

    env = {**office.world.sandbox.settings(), "AzureWebJobsStorage": storage}
    send(Api(build(env, Twin(office, lambda: send(office.key)))))
    assert [answer.status for answer in answers] == [202, 202]
    assert len({answer["runId"] for answer in answers}) == 1
    assert len(office.key.get(f"{HERS}/runs").value) == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",) * 2,
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", ""),
        ("x" * 60_000, ""),
    ],
)
def test_trace_of_the_caller_goes_with_the_run_where_it_is_one(office: Office, sent: str, kept: str) -> None:
    office.set_up()
    accepted = office.key.post("sync", {"user": ANNA, "company": COMPANY}, traceparent=sent)
    run = office.world.services.store.runs.get(str(accepted["runId"]))
    assert run is not None
    assert run.trace == kept


def test_company_may_be_left_out_when_there_is_one_setup(office: Office) -> None:
    assert office.key.post("sync", {"user": ANNA}).status == 404
    office.set_up()
    assert office.key.post("sync", {"user": "anna@cronus.example"}).status == 202
    office.world.sandbox.call(office.world.sandbox.bc.people.add_company, OTHER_COMPANY, "CRONUS AG")
    office.set_up(company=OTHER_COMPANY)
    refused = office.key.post("sync", {"user": ANNA})
    assert (refused.status, refused.fields) == (400, ["company"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": BEN, "company": COMPANY}, 404),
        ({"user": ANNA, "company": COMPANY, "filter": {"city": "a..b..c"}}, 400),
        ({"user": ANNA, "company": COMPANY, "filter": {"town": "a"}}, 400),
        ({"user": ANNA, "company": COMPANY, "mode": "quick"}, 400),
        ({"user": ANNA, "company": COMPANY, "preview": "none-1"}, 404),
        ({"user": ANNA, "company": COMPANY, "preview": "x", "filter": {"city": "a"}}, 400),
        ({"user": "nobody@cronus.example"}, 404),
        ({"company": COMPANY}, 400),
    ],
)
def test_bad_request_queues_nothing(office: Office, body: Json, status: int) -> None:
    office.set_up()
    assert office.key.post("sync", body).status == status
    assert office.key.get(f"{HERS}/runs").value == []


def test_paused_setup_refuses_runs_until_it_is_resumed(office: Office) -> None:
    office.set_up()
    assert office.key.post(f"{HERS}/pause")["pausedReason"] == "byHand"
    assert ask(office).status == 409
    assert office.key.post(f"{HERS}/resume")["paused"] is False
    assert ask(office).status == 202


def test_preview_shows_and_its_application_does_exactly_that(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.world.bc_person("Grace Hopper", "grace@x.example")
    office.set_up()
    shown = office.do(office.key.post(f"{HERS}/preview", {"mode": "full"}))
    assert (shown["kind"], shown["state"]) == ("preview", "succeeded")
    assert office.key.get(HERS)["folderId"] is None
    actions = office.key.get(f"runs/{shown['runId']}/actions").value
    assert {a["name"]: a["action"] for a in actions} == {
        "Ada Lovelace": "createInOutlook",
        "Grace Hopper": "createInOutlook",
    }
    office.world.bc_edit(ada, displayName="Ada King")
    done = office.do(ask(office, preview=shown["runId"]))
    assert office.world.names() == ["Grace Hopper"]
    assert "changed meanwhile" in str(done["message"])


def test_only_a_good_preview_of_this_setup_is_applied(office: Office) -> None:
    office.set_up()
    plain = office.do(ask(office))
    assert ask(office, preview=plain["runId"]).status == 400
    waiting = office.key.post(f"{HERS}/preview")
    assert ask(office, preview=waiting["runId"]).status == 409
    office.do(waiting)
    office.set_up(user=BEN)
    theirs = office.key.post("sync", {"user": BEN, "company": COMPANY, "preview": waiting["runId"]})
    assert theirs.status == 404
    office.world.pass_minutes(25 * 60)
    assert ask(office, preview=waiting["runId"]).status in (404, 409)


def test_what_a_preview_showed_is_not_shown_after_a_day_though_nothing_was_purged_yet(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    shown = office.key.post(f"{HERS}/preview", {"mode": "full"})
    office.do(shown)
    path = f"runs/{shown['runId']}/actions"
    assert [action["name"] for action in office.key.get(path).value] == ["Ada Lovelace"]
    office.world.pass_minutes(25 * 60)
    assert office.key.get(path).status == 404


def test_preview_of_an_unsaved_setup_is_applied_only_after_saving(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example", city="London")
    office.world.bc_person("Grace Hopper", "grace@x.example", city="Boston")
    office.set_up()
    body: Json = {"setup": {"filter": {"city": "London"}}}
    shown = office.do(office.key.post(f"{HERS}/preview", body))
    assert [a["name"] for a in office.key.get(f"runs/{shown['runId']}/actions").value if a["actions"]] == [
        "Ada Lovelace"
    ]
    assert ask(office, preview=shown["runId"]).status == 409
    office.set_up(filter={"city": "London"})
    office.do(ask(office, preview=shown["runId"]))
    assert office.world.names() == ["Ada Lovelace"]


def test_confirmation_lets_held_items_go_once(office: Office) -> None:
    office.world.people("create_folder", ANNA, "Business Central")
    office.world.outlook_add("Ada Lovelace", "ada@x.example")
    office.set_up()
    held = office.sync(mode="full")
    assert held["state"] == "needsConfirmation"
    waiting = office.key.get(f"{HERS}/held").value
    assert [item["side"] for item in waiting] == ["outlook"]
    assert waiting[0]["shownIn"] == [held["runId"]]
    confirmed = office.key.post(f"runs/{held['runId']}/confirm")
    assert confirmed["confirmed"] == 1
    assert office.do(confirmed)["state"] == "succeeded"
    assert [contact["displayName"] for contact in office.world.bc_all()] == ["Ada Lovelace"]
    assert office.key.post(f"runs/{held['runId']}/confirm").status == 409


def test_restoring_brings_back_what_a_run_removed(office: Office) -> None:
    ada = office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.world.bc_person("Grace Hopper", "grace@x.example")
    office.set_up()
    office.sync(mode="full")
    office.world.bc_delete(ada)
    removed = office.sync()
    assert office.world.names() == ["Grace Hopper"]
    restored = office.do(office.key.post(f"runs/{removed['runId']}/restore"))
    assert (restored["kind"], restored["state"]) == ("restore", "succeeded")
    assert office.world.names() == ["Ada Lovelace", "Grace Hopper"]
    assert office.key.post(f"runs/{removed['runId']}/restore").status == 409


@pytest.mark.parametrize("door", ["key", "user"])
def test_long_list_comes_in_pages_newest_first(office: Office, door: str) -> None:
    office.set_up()
    made = [ask(office, filter={"city": f"c{number}"})["runId"] for number in range(5)]
    api, path = (office.key, HERS) if door == "key" else (office.signed_in(), f"me/setups/{COMPANY}")
    found, link = [], f"{path}/runs?size=2"
    while link:
        page = api.get(link)
        assert isinstance(page.body, dict)
        found += [run["runId"] for run in page.value]
        link = str(page.body.get("nextLink", ""))
    assert sorted(found) == sorted(made)
    assert len(found) == 5


@pytest.mark.parametrize(
    "page", ["x", "eyJhIjogMX0=", "l:", "%00", "eyJQYXJ0aXRpb25LZXkiOiAxLCAiUm93S2V5IjogMn0="]
)
def test_made_up_page_is_refused(office: Office, page: str) -> None:
    office.set_up()
    for name in ("runs", "conflicts", "held"):
        refused = office.key.get(f"{HERS}/{name}?page={page}")
        assert (refused.status, refused.fields) == (400, ["page"])


def test_page_that_begins_with_a_partition_is_a_page(office: Office) -> None:
    """Table Storage gives a row to go on with or, where it stopped between two partitions, none."""
    office.set_up()
    made = [ask(office, filter={"city": f"c{number}"})["runId"] for number in range(2)]
    link = str(office.key.get(f"{HERS}/runs?size=1")["nextLink"])
    place = parse_qs(urlsplit(link).query)["page"][0]
    start = {**json.loads(base64.urlsafe_b64decode(place)), "RowKey": None}
    page = office.key.get(f"{HERS}/runs?page={base64.urlsafe_b64encode(json.dumps(start).encode()).decode()}")
    assert sorted(str(run["runId"]) for run in page.value) == sorted(map(str, made))


def test_next_link_never_repeats_the_function_key(office: Office) -> None:
    office.set_up()
    for number in range(3):
        ask(office, filter={"city": f"c{number}"})
    page = office.key.get(f"{HERS}/runs?Code=secret&size=1")
    assert "secret" not in str(page["nextLink"])


def test_runs_of_others_are_not_there_for_a_user(office: Office) -> None:
    office.set_up()
    office.set_up(user=BEN)
    run = office.sync()["runId"]
    assert office.signed_in().get(f"me/runs/{run}").status == 200
    for method, path in (("GET", ""), ("GET", "/actions"), ("POST", "/confirm"), ("POST", "/restore")):
        assert office.signed_in(BEN).call(method, f"me/runs/{run}{path}").status == 404
    for text in ("", "x", "x-y", f"{run}x", "a'b-c", "%2e%2e-1"):
        assert office.key.get(f"runs/{text}").status == 404
