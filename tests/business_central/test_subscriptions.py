"""Subscriptions in Business Central: quoted keys, etags, lost answers."""

from __future__ import annotations

import pytest

from shared.business_central import BcClient
from shared.errors import Refused
from shared.model import Json
from tests.business_central.conftest import BASE, COMPANY
from tests.transport.scripted import Reply, ScriptedServer, error

URL = "https://sync.example.net/api/bc/notifications?company=x"
ONE: dict[str, Json] = {
    "@odata.etag": 'W/"1"',
    "subscriptionId": "c1d9",
    "notificationUrl": URL,
    "resource": f"/api/v2.0/companies({COMPANY})/contacts",
    "clientState": "s3cret",
    "expirationDateTime": "2026-05-14T08:00:00Z",
}


def test_a_subscription_is_made_for_the_companys_contacts(server: ScriptedServer, client: BcClient) -> None:
    server.script.append(Reply(201, ONE))
    made = client.subscribe(URL, "s3cret")
    assert (made.id, made.etag, made.expires) == ("c1d9", 'W/"1"', "2026-05-14T08:00:00Z")
    assert server.targets == [f"POST {BASE}/subscriptions"]
    assert server.seen[0].json == {
        "notificationUrl": URL,
        "resource": f"/api/v2.0/companies({COMPANY})/contacts",
        "clientState": "s3cret",
    }


def test_a_subscription_whose_answer_got_lost_is_found_again(server: ScriptedServer, client: BcClient) -> None:
    other: Json = {**ONE, "subscriptionId": "other", "clientState": "else"}
    server.script += [error(504, ""), Reply(200, {"value": [other, ONE]})]
    assert client.subscribe(URL, "s3cret").id == "c1d9"
    assert [seen.method for seen in server.seen] == ["POST", "GET"]


@pytest.mark.parametrize("silent", [Reply(201), Reply(200, {}), Reply(204)])
def test_a_subscription_told_without_its_contents_is_looked_for(
    server: ScriptedServer, client: BcClient, silent: Reply
) -> None:
    server.script += [silent, Reply(200, {"value": [ONE]}), Reply(200, ONE), silent, Reply(200, ONE)]
    assert client.subscribe(URL, "s3cret").id == "c1d9"
    renewed = client.renew_subscription("c1d9", URL, "s3cret")
    assert renewed is not None
    assert renewed.id == "c1d9"
    server.script += [silent, Reply(200, {"value": []}), silent]
    with pytest.raises(Refused):
        client.subscribe(URL, "s3cret")
    with pytest.raises(Refused):
        client.get_subscription("c1d9")


def test_renewing_and_ending_name_the_key_in_quotes_and_the_etag(
    server: ScriptedServer, client: BcClient
) -> None:
    renewed: Json = {**ONE, "expirationDateTime": "2026-05-17T08:00:00Z"}
    server.script += [Reply(200, ONE), Reply(200, renewed), Reply(200, ONE), Reply(204)]
    after = client.renew_subscription("c1d9", URL, "s3cret")
    assert after is not None
    assert after.expires == "2026-05-17T08:00:00Z"
    client.unsubscribe("c1d9")
    key = f"{BASE}/subscriptions('c1d9')"
    assert server.targets == [f"GET {key}", f"PATCH {key}", f"GET {key}", f"DELETE {key}"]
    assert {seen.headers["if-match"] for seen in server.seen if seen.method != "GET"} == {'W/"1"'}


def test_a_subscription_that_is_gone_is_none_and_ending_it_is_no_error(
    server: ScriptedServer, client: BcClient
) -> None:
    server.answering = lambda _: error(404, "BadRequest_ResourceNotFound")
    assert client.renew_subscription("c1d9", URL, "s3cret") is None
    assert client.get_subscription("c1d9") is None
    client.unsubscribe("c1d9")


def test_whether_contacts_notify_is_asked_of_the_runtime(server: ScriptedServer, client: BcClient) -> None:
    server.script += [Reply(200, {"value": [{"resource": "v2.0/contacts"}]}), Reply(200, {"value": []})]
    assert client.webhook_supported()
    assert not client.webhook_supported()
    path = f"/v2.0/1111/Production/api/microsoft/runtime/beta/companies({COMPANY})/webhookSupportedResources"
    assert server.seen[0].target == f"{path}?$filter=resource%20eq%20%27v2.0%2Fcontacts%27"
