"""Subscriptions: made by the first run, renewed at half-life, made anew when lost, ended with the setup."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sandbox.faults import Fault
from shared.api.app import handle
from shared.api.http import Request
from shared.business_central.company import Company as BcAddress
from shared.business_central.subscriptions import list_all
from shared.model import Json
from shared.state.keys import moment
from shared.state.subscriptions import Service, Subscription
from shared.sync import push
from shared.sync.jobs import ATTEND
from shared.sync.tick import tick
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, BEN, COMPANY


def test_first_run_subscribes_to_its_folder_and_company(pushed: Pushed) -> None:
    pushed.start()
    row, [alive] = pushed.subscription(), pushed.services.graph_subscriptions().list()
    assert alive.id == row.id
    assert pushed.stored().state.folder_id in alive.resource
    assert alive.notification_url == f"{pushed.receiver.url}/api/graph/notifications"
    assert moment(row.expires) - pushed.world.sandbox.clock.now() <= timedelta(minutes=10_000)
    assert _bc_alive(pushed) == 1
    shown = push.shown(pushed.services, pushed.stored())
    assert shown["state"] == "active"
    assert shown["expires"] == row.expires
    assert shown["businessCentral"] == {"state": "active", "expires": _company(pushed)["expires"]}


def test_later_runs_spend_nothing_on_healthy_subscriptions(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.start()
    pushed.world.ok()
    mark, trips = pushed.world.sandbox.log.mark(), pushed.services.store.round_trips
    pushed.world.ok()
    single = [e for e in pushed.world.sandbox.log.entries(since=mark) if not e.item]
    assert [(e.service, e.method) for e in single] == [("graph", "GET"), ("businessCentral", "POST")]
    assert pushed.services.store.round_trips - trips <= 8 + 2  # the test itself stores and reads the run


def test_company_has_one_subscription_for_all_of_its_setups(pushed: Pushed) -> None:
    pushed.start(ANNA)
    pushed.start(BEN)
    assert _bc_alive(pushed) == 1
    assert len(pushed.services.graph_subscriptions().list()) == 2


def test_change_before_the_subscription_was_answered_is_caught_up_with(pushed: Pushed) -> None:
    """What happens while POST /subscriptions waits is told to nobody the app knows yet."""
    pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    edited: list[bool] = []

    def edit() -> None:
        if not edited:
            edited.append(True)
            pushed.world.outlook_add("Grace Hopper", "grace@navy.example")

    pushed.receiver.on_handshake = edit
    pushed.world.set_up()
    pushed.world.ok(full=True)
    assert "Grace Hopper" not in [c["displayName"] for c in pushed.world.bc_all()]
    pushed.work_off()
    assert "Grace Hopper" in [c["displayName"] for c in pushed.world.bc_all()]


def test_lost_answer_to_the_subscription_leaves_no_twin(pushed: Pushed) -> None:
    fault = Fault("commit_then_drop", "graph", "POST", "/subscriptions$")
    pushed.world.sandbox.faults.add(fault)
    pushed.start()
    [alive] = pushed.services.graph_subscriptions().list()
    assert pushed.subscription().id == alive.id
    assert pushed.subscription().client_state == alive.client_state


def test_subscription_whose_row_was_lost_is_found_again(pushed: Pushed) -> None:
    pushed.start()
    row = pushed.subscription()
    pushed.services.store.subscriptions.delete(Service.GRAPH, row.id)
    tick(pushed.services)
    assert pushed.subscription().id == row.id
    assert pushed.subscription().client_state == row.client_state


def test_tick_renews_at_half_life_and_not_before(pushed: Pushed) -> None:
    pushed.start()
    first = pushed.subscription()
    pushed.world.pass_minutes(1400)
    mark = pushed.world.sandbox.log.mark()
    tick(pushed.services)
    assert _writes_to_subscriptions(pushed, mark) == []
    pushed.world.pass_minutes(3700)
    mark = pushed.world.sandbox.log.mark()
    tick(pushed.services)
    assert pushed.subscription().id == first.id
    assert pushed.subscription().expires > first.expires
    assert f"graph PATCH /subscriptions/{first.id}" in _writes_to_subscriptions(pushed, mark)


def test_bc_subscription_is_renewed_before_its_three_days_are_over(pushed: Pushed) -> None:
    pushed.start()
    first = _company(pushed)
    pushed.world.pass_minutes(37 * 60)
    tick(pushed.services)
    assert _company(pushed)["id"] == first["id"]
    assert str(_company(pushed)["expires"]) > str(first["expires"])


@pytest.mark.parametrize("asleep_minutes", [0, 10_500])
def test_subscription_that_vanished_is_made_anew_with_a_round_that_catches_up(
    pushed: Pushed, asleep_minutes: int
) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    old = pushed.subscription()
    pushed.services.graph_subscriptions().delete(old.id)
    pushed.world.outlook_edit(str(pushed.world.card("Ada Lovelace")["id"]), jobTitle="Head Buyer")
    pushed.world.pass_minutes(asleep_minutes or 5_100)
    tick(pushed.services)
    pushed.work_off()
    assert pushed.subscription().id != old.id
    assert pushed.world.bc(ada)["jobTitle"] == "Head Buyer"


def test_bc_subscription_that_vanished_is_made_anew_and_deletions_are_caught_up_with(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.bc_person("Grace Hopper", "grace@x.example")
    pushed.start()
    tick(pushed.services)
    pushed.work_off()
    old = str(_company(pushed)["id"])
    pushed.services.bc(COMPANY).unsubscribe(old)
    pushed.world.bc_delete(ada)
    pushed.world.bc_person("Edith Clarke", "edith@x.example")  # the count is as before
    pushed.world.pass_minutes(37 * 60)
    tick(pushed.services)
    pushed.work_off()
    assert _company(pushed)["id"] != old
    assert pushed.world.names() == ["Edith Clarke", "Grace Hopper"]


def test_refused_folder_subscription_is_shown_polled_and_tried_again_later(pushed: Pushed) -> None:
    pushed.world.sandbox.switches["folder_subscription"] = "refused"
    pushed.start()
    assert push.shown(pushed.services, pushed.stored())["state"] == "failed"
    before = pushed.runs()
    tick(pushed.services)
    assert pushed.runs() == before + 1
    pushed.work_off()
    pushed.world.sandbox.switches["folder_subscription"] = "ok"
    pushed.world.pass_minutes(16)
    tick(pushed.services)
    assert push.shown(pushed.services, pushed.stored())["state"] == "active"
    assert "error" not in push.shown(pushed.services, pushed.stored())


def test_address_that_does_not_answer_the_handshake_is_polled_around(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.sandbox.faults.add(Fault("handshake_timeout", "graph", "HANDSHAKE", times=0))
    pushed.world.set_up()
    pushed.world.ok(full=True)
    assert pushed.world.names() == ["Ada Lovelace"]
    assert push.shown(pushed.services, pushed.stored())["state"] == "failed"


def test_bc_without_notifications_for_contacts_is_polled_and_asked_again_a_day_later(pushed: Pushed) -> None:
    pushed.world.sandbox.switches["bc_contacts_have_webhooks"] = "false"
    pushed.start()
    assert push.shown(pushed.services, pushed.stored())["businessCentral"] == {"state": "polling"}
    pushed.world.sandbox.switches["bc_contacts_have_webhooks"] = "true"
    pushed.world.pass_minutes(60)
    tick(pushed.services)
    assert _bc_alive(pushed) == 0
    pushed.world.pass_minutes(24 * 60)
    tick(pushed.services)
    assert _bc_alive(pushed) == 1


def test_closing_ends_the_subscription_and_the_last_setup_that_of_the_company(pushed: Pushed) -> None:
    pushed.start(ANNA)
    pushed.start(BEN)
    push.close(pushed.services, pushed.stored(ANNA))
    pushed.services.store.personal.erase_setup(ANNA, COMPANY)
    assert [one.id for one in pushed.services.graph_subscriptions().list()] == [pushed.subscription(BEN).id]
    assert _bc_alive(pushed) == 1
    push.close(pushed.services, pushed.stored(BEN))
    pushed.services.store.personal.erase_setup(BEN, COMPANY)
    assert pushed.services.graph_subscriptions().list() == []
    assert _bc_alive(pushed) == 0
    assert list(pushed.services.store.subscriptions.all(Service.GRAPH)) == []


def test_tick_ends_what_a_deleted_setup_left(pushed: Pushed) -> None:
    pushed.start()
    pushed.services.store.setups.delete(ANNA, COMPANY)
    tick(pushed.services)
    assert pushed.services.graph_subscriptions().list() == []
    assert _bc_alive(pushed) == 0


def test_setup_without_background_sync_has_no_subscription(pushed: Pushed) -> None:
    pushed.start()
    pushed.world.set_up(background_sync=False)
    tick(pushed.services)
    assert pushed.services.graph_subscriptions().list() == []
    assert push.shown(pushed.services, pushed.stored())["state"] == "polling"
    pushed.world.set_up()
    tick(pushed.services)
    assert len(pushed.services.graph_subscriptions().list()) == 1


def test_app_without_a_public_address_only_polls(pushed: Pushed) -> None:
    settings = pushed.services.settings.model_copy(update={"public_base_url": None})
    object.__setattr__(pushed.services, "settings", settings)
    pushed.start()
    assert pushed.services.graph_subscriptions().list() == []
    before = pushed.runs()
    tick(pushed.services)
    assert pushed.runs() == before + 1


def test_lifecycle_reauthorization_prolongs(pushed: Pushed) -> None:
    pushed.start()
    first = pushed.subscription()
    pushed.world.pass_minutes(60)
    _lifecycle(pushed, first, "reauthorizationRequired")
    assert pushed.subscription().expires > first.expires


def test_lifecycle_removal_subscribes_anew_and_catches_up(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    first = pushed.subscription()
    pushed.services.graph_subscriptions().delete(first.id)
    pushed.world.outlook_edit(str(pushed.world.card("Ada Lovelace")["id"]), jobTitle="Head Buyer")
    _lifecycle(pushed, first, "subscriptionRemoved")
    assert pushed.subscription().id != first.id
    assert pushed.world.bc(ada)["jobTitle"] == "Head Buyer"


def test_lifecycle_missed_makes_a_round(pushed: Pushed) -> None:
    pushed.start()
    before = pushed.runs()
    _lifecycle(pushed, pushed.subscription(), "missed")
    assert pushed.runs() == before + 1


@pytest.mark.parametrize("wrong", [{"lifecycleEvent": "newOne"}, {"clientState": "guessed"}])
def test_lifecycle_that_is_forged_or_unknown_is_ignored(pushed: Pushed, wrong: dict[str, Json]) -> None:
    pushed.start()
    before = pushed.runs()
    row = pushed.subscription()
    item: dict[str, Json] = {
        "subscriptionId": row.id,
        "clientState": row.client_state,
        "lifecycleEvent": "subscriptionRemoved",
    }
    assert _tell(pushed, {**item, **wrong}) == 202
    assert (pushed.messages(), pushed.runs()) == ([], before)


def test_events_of_the_real_sender_are_understood(pushed: Pushed) -> None:
    pushed.start()
    before = len(pushed.receiver.answers)
    notifier = pushed.world.sandbox.graph.subscriptions.notifier
    pushed.world.sandbox.call(notifier.lifecycle, pushed.subscription().id, "reauthorizationRequired")
    pushed.receiver.wait_for(before + 1)
    assert [job.run for job in pushed.messages()] == [ATTEND]


# --- what the tests say --------------------------------------------------------------------------


def _lifecycle(pushed: Pushed, row: Subscription, event: str) -> None:
    item = {"subscriptionId": row.id, "clientState": row.client_state, "lifecycleEvent": event}
    assert _tell(pushed, item) == 202
    pushed.work_off()


def _tell(pushed: Pushed, item: dict[str, Json]) -> int:
    body = json.dumps({"value": [item]}).encode()
    request = Request("POST", "graph/lifecycle", [], {}, body, "anonymous")
    return handle(request, lambda: pushed.services).status


def _company(pushed: Pushed) -> dict[str, Json]:
    row = pushed.services.store.companies.get("Production", COMPANY)
    assert row is not None
    return dict(row.subscription)


def _bc_alive(pushed: Pushed) -> int:
    services = pushed.services
    return len(list_all(BcAddress(services.bc_transport, services.settings.bc_api_base, COMPANY)))


def _writes_to_subscriptions(pushed: Pushed, mark: int) -> list[str]:
    return [line for line in pushed.world.writes_since(mark) if "/subscriptions" in line]
