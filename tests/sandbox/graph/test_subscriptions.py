"""Creating, renewing and deleting subscriptions (contracts/graph.md §6.1–§6.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.graph.api import ANN, NOBODY
from tests.sandbox.graph.listener import Arrival
from tests.sandbox.graph.wire import Wire, refusal


def test_a_subscription_is_created_after_a_handshake(wire: Wire) -> None:
    answer = wire.subscribe()
    assert answer.status_code == 201
    made = answer.json()
    assert (made["changeType"], made["clientState"]) == ("created,updated,deleted", "s3cret")
    assert (made["resource"], made["latestSupportedTlsVersion"]) == (wire.contacts, "v1_2")
    assert made["applicationId"] and made["lifecycleNotificationUrl"] is None
    (handshake,) = wire.listener.handshakes
    assert handshake.path.startswith("/notify?code=k1&validationToken=Validation%3A+Testing+")
    assert (handshake.content_type, handshake.body) == ("text/plain; charset=utf-8", b"")


def test_both_addresses_get_a_handshake_even_if_they_are_equal(wire: Wire) -> None:
    assert wire.subscribe(lifecycleNotificationUrl=wire.listener.url).status_code == 201
    assert len(wire.listener.handshakes) == 2


@pytest.mark.parametrize(
    "reply", [(202, b""), (200, b"other"), (200, b'"token"'), (500, b""), (404, b""), (200, b"")]
)
def test_without_the_token_in_a_200_there_is_no_subscription(wire: Wire, reply: tuple[int, bytes]) -> None:
    wire.listener.answer = lambda _: reply
    answer = wire.subscribe()
    assert refusal(answer) == (400, "InvalidRequest")
    assert answer.json()["error"]["message"].startswith("Subscription validation request failed.")
    assert wire.call("GET", "/subscriptions").json()["value"] == []


def test_a_token_that_is_not_plain_text_is_no_answer(wire: Wire) -> None:
    wire.listener.kind = "text/html"
    assert refusal(wire.subscribe()) == (400, "InvalidRequest")


def test_fault_handshake_timeout(wire: Wire) -> None:
    wire.fault("handshake_timeout")
    assert refusal(wire.subscribe()) == (400, "InvalidRequest")
    assert wire.listener.handshakes == []
    assert wire.subscribe().status_code == 201


def test_an_address_nobody_answers_at_is_refused(wire: Wire) -> None:
    assert refusal(wire.subscribe(notificationUrl="http://127.0.0.1:9/notify")) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "change",
    [
        {"notificationUrl": "http://sync.example.net/notify"},
        {"notificationUrl": "ftp://127.0.0.1/notify"},
        {"notificationUrl": "notify"},
        {"notificationUrl": None},
        {"resource": None},
        {"resource": "me/contacts"},
        {"resource": f"/users/{ANN}/messages"},
        {"resource": "/groups/x"},
        {"changeType": "moved"},
        {"changeType": "created,created"},
        {"changeType": ""},
        {"clientState": "x" * 129},
        {"clientState": 5},
        {"latestSupportedTlsVersion": "v2"},
        {"expirationDateTime": "tomorrow"},
        {"expirationDateTime": "2099-01-01T00:00:00"},
        {"includeResourceData": True},
        {"lifecycleNotificationUrl": "https://elsewhere.example/lifecycle"},
        {"applicationId": "x"},
        {"colour": "red"},
    ],
)
def test_a_subscription_that_does_not_fit_is_refused(wire: Wire, change: dict[str, Any]) -> None:
    assert wire.subscribe(**change).status_code == 400


def test_a_client_state_of_128_characters_is_taken(wire: Wire) -> None:
    assert wire.subscribe(clientState="x" * 128).status_code == 201


def test_the_switch_any_lets_plain_http_go_elsewhere(wire: Wire) -> None:
    wire.sandbox.switches["http_notifications"] = "any"
    answer = wire.subscribe(notificationUrl=wire.listener.url.replace("127.0.0.1", "0.0.0.0"))
    assert answer.status_code == 201


def test_a_lifetime_is_at_most_10070_minutes_and_at_least_45(wire: Wire) -> None:
    too_long = wire.subscribe(expirationDateTime=wire.in_minutes(10_075))
    assert refusal(too_long) == (400, "ExtensionError")
    assert too_long.json()["error"]["message"] == (
        "Subscription expiration can only be 10070 minutes in the future."
    )
    assert refusal(wire.subscribe(expirationDateTime=wire.in_minutes(-1))) == (400, "ExtensionError")
    raised = wire.subscribe(expirationDateTime=wire.in_minutes(5)).json()["expirationDateTime"]
    left = datetime.fromisoformat(raised) - wire.sandbox.clock.now()
    assert timedelta(minutes=44) < left <= timedelta(minutes=45)


def test_a_twin_is_refused_whatever_the_order_of_its_change_types(wire: Wire) -> None:
    first = wire.subscribe().json()["id"]
    answer = wire.subscribe(changeType="deleted, updated, created")
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == (
        f"Subscription Id <{first}> already exists for the requested combination"
    )
    assert wire.subscribe(changeType="updated").status_code == 201


def test_a_mailbox_or_folder_that_is_not_there_is_an_extension_error(wire: Wire) -> None:
    for user in (NOBODY, "unknown"):
        answer = wire.subscribe(resource=f"/users/{user}/contacts")
        assert refusal(answer) == (400, "ExtensionError")
        assert "REST API is not yet supported for this mailbox" in answer.json()["error"]["message"]
    gone = wire.folder[:-8] + "AAAAAAA="
    answer = wire.subscribe(resource=f"/users/{ANN}/contactFolders/{gone}/contacts")
    assert refusal(answer) == (400, "ExtensionError")


def test_the_switch_refused_leaves_only_the_users_contacts(wire: Wire) -> None:
    wire.sandbox.switches["folder_subscription"] = "refused"
    assert refusal(wire.subscribe()) == (400, "InvalidRequest")
    assert wire.subscribe(resource=f"users/{ANN}/contacts").status_code == 201


def test_renewal_moves_the_expiration(wire: Wire) -> None:
    id = wire.subscribe(expirationDateTime=wire.in_minutes(60)).json()["id"]
    until = wire.in_minutes(10_000)
    answer = wire.call("PATCH", f"/subscriptions/{id}", {"expirationDateTime": until})
    assert (answer.status_code, answer.json()["expirationDateTime"]) == (200, until)
    too_long = {"expirationDateTime": wire.in_minutes(10_075)}
    assert refusal(wire.call("PATCH", f"/subscriptions/{id}", too_long)) == (400, "ExtensionError")


def test_a_new_address_is_shaken_hands_with(wire: Wire) -> None:
    id = wire.subscribe().json()["id"]
    other = wire.listener.url.replace("/notify", "/other")
    assert wire.call("PATCH", f"/subscriptions/{id}", {"notificationUrl": other}).status_code == 200
    assert wire.listener.handshakes[1].path.startswith("/other?code=k1&validationToken=")
    wire.create()
    wire.listener.wait_for(2)
    assert all(delivery.path == "/other?code=k1" for delivery in wire.listener.deliveries)


def test_a_patch_needs_expiration_or_address_and_nothing_else(wire: Wire) -> None:
    id = wire.subscribe().json()["id"]
    empty = wire.call("PATCH", f"/subscriptions/{id}", {})
    assert refusal(empty) == (400, "InvalidRequest")
    assert empty.json()["error"]["message"] == (
        "Subscription must contain either the 'expirationDateTime' or 'notificationUrl' property and its value."
    )
    more = {"expirationDateTime": wire.in_minutes(60), "lifecycleNotificationUrl": wire.listener.url}
    assert wire.call("PATCH", f"/subscriptions/{id}", more).status_code == 400


def test_a_subscription_expires_by_the_clock(wire: Wire) -> None:
    id = wire.subscribe(expirationDateTime=wire.in_minutes(60)).json()["id"]
    assert wire.call("GET", f"/subscriptions/{id}").json()["id"] == id
    wire.sandbox.clock.advance(3600)
    assert wire.call("GET", f"/subscriptions/{id}").status_code == 404
    assert wire.call("GET", "/subscriptions").json()["value"] == []
    renewal = {"expirationDateTime": wire.in_minutes(60)}
    assert wire.call("PATCH", f"/subscriptions/{id}", renewal).status_code == 404
    assert wire.subscribe().status_code == 201


def test_reauthorize_does_not_extend_and_keeps_ten_minutes_from_a_patch(wire: Wire) -> None:
    made = wire.subscribe(expirationDateTime=wire.in_minutes(60)).json()
    url = f"/subscriptions/{made['id']}"
    renewal = {"expirationDateTime": wire.in_minutes(120)}
    assert wire.call("POST", f"{url}/reauthorize").status_code == 204
    assert wire.call("GET", url).json()["expirationDateTime"] == made["expirationDateTime"]
    assert refusal(wire.call("PATCH", url, renewal)) == (400, "InvalidRequest")
    wire.sandbox.clock.advance(601)
    assert wire.call("PATCH", url, renewal).status_code == 200
    assert refusal(wire.call("POST", f"{url}/reauthorize")) == (400, "InvalidRequest")


def test_a_deleted_subscription_is_gone(wire: Wire) -> None:
    id = wire.subscribe().json()["id"]
    assert wire.call("DELETE", f"/subscriptions/{id}").status_code == 204
    assert wire.call("DELETE", f"/subscriptions/{id}").status_code == 404


def test_only_the_own_apps_subscriptions_are_listed_and_found(wire: Wire) -> None:
    id = wire.subscribe().json()["id"]
    assert [one["id"] for one in wire.call("GET", "/subscriptions").json()["value"]] == [id]
    other = {"Authorization": f"Bearer {wire.sandbox.token('graph', 'another-app')}"}
    assert wire.call("GET", "/subscriptions", headers=other).json()["value"] == []
    assert wire.call("DELETE", f"/subscriptions/{id}", headers=other).status_code == 404


def test_subscriptions_take_no_query_options(wire: Wire) -> None:
    assert refusal(wire.call("GET", "/subscriptions?$top=1")) == (400, "ErrorInvalidUrlQuery")


def test_more_than_a_thousand_on_a_mailbox_are_refused(wire: Wire) -> None:
    id = wire.subscribe(changeType="deleted").json()["id"]
    notifier = wire.sandbox.graph.subscriptions.notifier
    first = notifier.find(id)
    assert first is not None
    for n in range(999):
        wire.sandbox.call(notifier.add, replace(first, id=f"{n}", app=f"app {n}"))
    assert refusal(wire.subscribe()) == (403, "Forbidden")


def test_a_create_may_be_read_while_its_handshake_is_under_way(wire: Wire) -> None:
    seen: list[int] = []

    def look_back(arrival: Arrival) -> None:
        seen.append(wire.call("GET", wire.contacts).status_code)

    wire.listener.answer = look_back
    assert wire.subscribe().status_code == 201
    assert seen == [200]
