"""Subscriptions in Graph: what is asked, and what follows from lost answers and ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from shared.errors import Refused
from shared.graph import GraphSubscriptions, graph_endpoint
from shared.model import Json
from tests.graph.conftest import USER
from tests.transport.scripted import Reply, ScriptedServer, error, transport_to

URL = "https://sync.example.net/api/graph/notifications"
LIFECYCLE = "https://sync.example.net/api/graph/lifecycle"
RESOURCE = f"/users/{USER}/contactFolders/F=/contacts"
EXPIRES = datetime(2026, 11, 8, 11, 0, tzinfo=timezone(timedelta(hours=1)))
ONE: dict[str, Json] = {
    "id": "c1d0",
    "resource": RESOURCE,
    "notificationUrl": URL,
    "clientState": "s3cret",
    "expirationDateTime": "2026-11-08T10:00:00Z",
}


@pytest.fixture
def subscriptions(server: ScriptedServer) -> Iterator[GraphSubscriptions]:
    transport = transport_to(server, graph_endpoint(f"{server.origin}/v1.0"))
    yield GraphSubscriptions(transport)
    transport.close()


def test_a_subscription_is_made_for_a_folder_with_immutable_ids(
    server: ScriptedServer, subscriptions: GraphSubscriptions
) -> None:
    server.script.append(Reply(201, ONE))
    made = subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES)
    assert (made.id, made.expires) == ("c1d0", "2026-11-08T10:00:00Z")
    assert server.targets == ["POST /v1.0/subscriptions"]
    assert server.seen[0].headers["prefer"] == 'IdType="ImmutableId"'
    assert server.seen[0].json == {
        "changeType": "created,updated,deleted",
        "notificationUrl": URL,
        "lifecycleNotificationUrl": LIFECYCLE,
        "resource": RESOURCE,
        "expirationDateTime": "2026-11-08T10:00:00Z",
        "clientState": "s3cret",
        "latestSupportedTlsVersion": "v1_2",
    }


@pytest.mark.parametrize("status", [409, 504])
def test_one_that_exists_or_whose_answer_got_lost_is_found_again(
    server: ScriptedServer, subscriptions: GraphSubscriptions, status: int
) -> None:
    others: list[Json] = [
        {**ONE, "id": "other folder", "resource": "/users/x/contacts"},
        {**ONE, "id": "other state", "clientState": "else"},
    ]
    second: Json = {"value": [ONE]}
    first: Json = {"value": others, "@odata.nextLink": f"{server.origin}/v1.0/subscriptions?$skiptoken=2"}
    server.script += [error(status, "X"), Reply(200, first), Reply(200, second)]
    assert subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES).id == "c1d0"
    assert [seen.method for seen in server.seen] == ["POST", "GET", "GET"]


@pytest.mark.parametrize("state", ["of an earlier setup", None])
def test_one_with_a_secret_that_nobody_knows_gives_way(
    server: ScriptedServer, subscriptions: GraphSubscriptions, state: str | None
) -> None:
    old: Json = {**ONE, "id": "old", "clientState": state}
    elsewhere: Json = {**ONE, "id": "theirs", "notificationUrl": "https://other.example/"}
    other: Json = {**ONE, "id": "other", "resource": RESOURCE.replace("/F=/", "/f=/")}
    listed = Reply(200, {"value": [elsewhere, other, old]})
    server.script += [error(409, "Conflict"), listed, Reply(204), Reply(201, ONE)]
    assert subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES).id == "c1d0"
    assert server.targets[2:] == ["DELETE /v1.0/subscriptions/old", "POST /v1.0/subscriptions"]


def test_one_whose_answer_says_nothing_is_looked_for(
    server: ScriptedServer, subscriptions: GraphSubscriptions
) -> None:
    page = Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
    server.script += [page, Reply(200, {"value": [ONE]})]
    assert subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES).id == "c1d0"
    server.script += [page, page]
    with pytest.raises(Refused):
        subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES)


def test_the_end_that_was_asked_for_holds_where_none_is_told(
    server: ScriptedServer, subscriptions: GraphSubscriptions
) -> None:
    server.script += [Reply(201, {"id": "c1d0"}), Reply(204)]
    made = subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES)
    renewed = subscriptions.renew("c1d0", EXPIRES)
    assert renewed is not None
    assert {(each.id, each.expires) for each in (made, renewed)} == {("c1d0", "2026-11-08T10:00:00Z")}


def test_a_list_without_end_is_refused(server: ScriptedServer, subscriptions: GraphSubscriptions) -> None:
    again: Json = {"value": [], "@odata.nextLink": f"{server.origin}/v1.0/subscriptions?$skiptoken=1"}
    server.answering = lambda _: Reply(200, again)
    with pytest.raises(Refused):
        subscriptions.list()


def test_an_address_that_does_not_answer_is_a_refusal(
    server: ScriptedServer, subscriptions: GraphSubscriptions
) -> None:
    server.script.append(error(400, "InvalidRequest"))
    with pytest.raises(Refused):
        subscriptions.create(USER, "F=", URL, LIFECYCLE, "s3cret", EXPIRES)


def test_renewing_sends_the_new_end_only(server: ScriptedServer, subscriptions: GraphSubscriptions) -> None:
    server.script += [Reply(200, ONE), Reply(200, ONE), Reply(204)]
    assert subscriptions.renew("c1d0", EXPIRES) == subscriptions.get("c1d0")
    assert server.seen[0].json == {"expirationDateTime": "2026-11-08T10:00:00Z"}
    subscriptions.delete("c1d0")
    assert [seen.method for seen in server.seen] == ["PATCH", "GET", "DELETE"]


def test_one_that_is_gone_is_none_and_ending_it_is_no_error(
    server: ScriptedServer, subscriptions: GraphSubscriptions
) -> None:
    server.answering = lambda _: error(404, "ResourceNotFound")
    assert subscriptions.renew("c1d0", EXPIRES) is None
    assert subscriptions.get("c1d0") is None
    subscriptions.delete("c1d0")
