"""What subscribers are told, and what happens when they do not answer (contracts/graph.md §6.5, §6.6, §9)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sandbox.graph.people import People
from sandbox.world import TENANT_ID
from tests.sandbox.graph.api import ANN, IMMUTABLE
from tests.sandbox.graph.csdl import graph_types
from tests.sandbox.graph.wire import Wire


def kinds(notifications: list[dict[str, Any]]) -> list[str]:
    return [notification["changeType"] for notification in notifications]


def test_a_notification_says_what_happened_to_which_contact(wire: Wire) -> None:
    subscription = wire.subscribe().json()
    id = wire.create()
    first = wire.listener.wait_for(2)[0]
    assert first["subscriptionId"] == subscription["id"]
    assert (first["clientState"], first["tenantId"]) == ("s3cret", TENANT_ID)
    assert first["resource"] == f"Users/{ANN}/Contacts/{id}" == first["resourceData"]["@odata.id"]
    assert first["resourceData"]["@odata.type"] == "#Microsoft.Graph.Contact"
    assert first["resourceData"]["id"] == id
    assert first["subscriptionExpirationDateTime"].endswith("-08:00")
    delivery = wire.listener.deliveries[0]
    assert delivery.path == "/notify?code=k1" and delivery.content_type == "application/json"
    graph_types().check(orjson.loads(delivery.body), "changeNotificationCollection")


def test_a_create_is_told_as_created_and_needlessly_updated(wire: Wire) -> None:
    wire.subscribe()
    wire.create()
    assert kinds(wire.listener.wait_for(2)) == ["created", "updated"]


def test_own_edits_and_deletions_are_told_too(wire: Wire) -> None:
    id = wire.create()
    wire.subscribe()
    wire.call("PATCH", f"{wire.contacts}/{id}", {"jobTitle": "B"})
    wire.listener.wait_for(1)
    wire.call("DELETE", f"{wire.contacts}/{id}")
    assert kinds(wire.listener.wait_for(2)) == ["updated", "deleted"]


def test_only_the_wished_change_types_are_told(wire: Wire) -> None:
    wire.subscribe(changeType="deleted")
    id = wire.create()
    wire.person("delete_contact", ANN, id)
    assert kinds(wire.listener.wait_for(1)) == ["deleted"]


def test_a_move_is_a_deletion_here_and_a_creation_there(wire: Wire) -> None:
    id = wire.create()
    other = wire.person("create_folder", ANN, "Other")
    here = wire.subscribe().json()["id"]
    there = wire.subscribe(resource=f"/users/{ANN}/contactFolders/{other}/contacts").json()["id"]
    wire.person("move_contact", ANN, id, other)
    told = {(one["subscriptionId"], one["changeType"]) for one in wire.listener.wait_for(2)}
    assert told == {(here, "deleted"), (there, "created")}


def test_the_users_contacts_are_those_of_the_default_folder(wire: Wire) -> None:
    wire.subscribe(resource=f"/users/{ANN}/contacts")
    wire.create()
    id = wire.person("create_contact", ANN, "contacts", givenName="A")
    assert [one["resourceData"]["id"] for one in wire.listener.wait_for(1)] == [id]


@pytest.mark.parametrize(("prefer", "beginning"), [(IMMUTABLE, "AAkALg"), ("", "AAMkAD")])
def test_the_form_of_ids_is_that_of_the_subscriptions_creation(wire: Wire, prefer: str, beginning: str) -> None:
    wire.subscribe(headers={"Prefer": prefer})
    wire.create()
    assert wire.listener.wait_for(1)[0]["resourceData"]["id"].startswith(beginning)


def test_an_expired_or_lost_subscription_tells_nothing(wire: Wire) -> None:
    lost = wire.subscribe(changeType="created").json()["id"]
    wire.subscribe(changeType="updated", expirationDateTime=wire.in_minutes(45))
    kept = wire.subscribe(changeType="created,updated").json()["id"]
    wire.person("lose_subscription", lost)
    wire.sandbox.clock.advance(46 * 60)
    wire.create()
    assert {one["subscriptionId"] for one in wire.listener.wait_for(2)} == {kept}
    assert wire.call("GET", f"/subscriptions/{lost}").status_code == 404


def test_with_the_switch_api_only_a_persons_edits_in_a_folder_are_not_told(wire: Wire) -> None:
    wire.sandbox.switches["folder_subscription"] = "api_only"
    wire.subscribe()
    wire.person("create_contact", ANN, wire.folder, givenName="By hand")
    id = wire.create()
    assert {one["resourceData"]["id"] for one in wire.listener.wait_for(2)} == {id}


def test_many_changes_at_once_come_in_few_posts(wire: Wire) -> None:
    wire.subscribe()

    def many(people: People) -> None:
        for n in range(250):
            people.create_contact(ANN, wire.folder, givenName=f"{n}")

    wire.sandbox.call(many, wire.sandbox.graph.people)
    wire.listener.wait_for(250)
    assert sorted(len(delivery.notifications) for delivery in wire.listener.deliveries) == [50, 100, 100]


def test_what_is_not_taken_is_sent_again_with_growing_pauses(wire: Wire) -> None:
    wire.subscribe(changeType="created")
    refusals = iter([(503, b""), (500, b"")])
    wire.listener.answer = lambda _: next(refusals, None)
    wire.create()
    count = 1
    wire.listener.wait_for(count)
    for pause in (10, 20):
        wire.advance(pause)
        count += 1
        wire.listener.wait_for(count)
    assert len({delivery.body for delivery in wire.listener.deliveries}) == 1
    wire.advance(3600)
    id = wire.create()
    assert [one["resourceData"]["id"] for one in wire.listener.wait_for(4)][3:] == [id]


def test_retries_end_after_four_hours(wire: Wire) -> None:
    wire.subscribe(changeType="created")
    wire.listener.answer = lambda _: (500, b"")
    wire.create()
    pause, waited, count = 10, 0, 1
    wire.listener.wait_for(count)
    while waited + pause <= 4 * 3600:
        wire.advance(pause)
        waited, pause, count = waited + pause, pause * 2, count + 1
        wire.listener.wait_for(count)
    wire.advance(24 * 3600)
    wire.listener.answer = lambda _: None
    wire.create()
    assert len(wire.listener.wait_for(count + 1)) == count + 1


# Faults of §9


def test_fault_dropped(wire: Wire) -> None:
    wire.subscribe()
    wire.fault("notify_drop")
    wire.create()
    assert kinds(wire.listener.wait_for(1)) == ["updated"]


def test_fault_delayed(wire: Wire) -> None:
    wire.subscribe()
    wire.fault("notify_delay", seconds=120.0)
    wire.create()
    assert kinds(wire.listener.wait_for(1)) == ["updated"]
    wire.advance(120)
    assert kinds(wire.listener.wait_for(2)) == ["updated", "created"]


def test_fault_tripled(wire: Wire) -> None:
    wire.subscribe(changeType="created")
    wire.fault("notify_triple")
    wire.create()
    assert kinds(wire.listener.wait_for(3)) == ["created"] * 3


def test_fault_wrong_client_state(wire: Wire) -> None:
    wire.subscribe(changeType="created")
    wire.fault("notify_wrong_state")
    wire.create()
    assert wire.listener.wait_for(1)[0]["clientState"] != "s3cret"


def test_fault_unknown_subscription(wire: Wire) -> None:
    id = wire.subscribe(changeType="created").json()["id"]
    wire.fault("notify_unknown")
    wire.create()
    assert wire.listener.wait_for(1)[0]["subscriptionId"] != id


def test_fault_before_the_post_returns(wire: Wire) -> None:
    wire.subscribe()
    wire.fault("notify_early", method="POST")
    wire.create()
    assert kinds(wire.listener.notifications) == ["created", "updated"]


# Lifecycle


@pytest.mark.parametrize("event", ["reauthorizationRequired", "missed", "subscriptionRemoved"])
def test_lifecycle_events_go_to_their_own_address(wire: Wire, event: str) -> None:
    id = wire.subscribe(lifecycleNotificationUrl=wire.listener.lifecycle_url).json()["id"]
    wire.person("lifecycle", id, event)
    (told,) = wire.listener.wait_for(1)
    assert wire.listener.deliveries[0].path == "/lifecycle"
    assert (told["subscriptionId"], told["lifecycleEvent"], told["clientState"]) == (id, event, "s3cret")
    assert not {"resource", "resourceData", "changeType"} & told.keys()
    alive = wire.call("GET", f"/subscriptions/{id}").status_code == 200
    assert alive is (event != "subscriptionRemoved")


def test_an_unknown_lifecycle_event_is_refused(wire: Wire) -> None:
    id = wire.subscribe().json()["id"]
    with pytest.raises(ValueError, match="subscriptionRemoved"):
        wire.person("lifecycle", id, "expired")
