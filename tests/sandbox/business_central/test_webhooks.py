"""Subscriptions and notifications over real HTTP (contracts/business-central.md §9)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.faults import Fault
from sandbox.world import TENANT_ID, Sandbox
from tests.sandbox.business_central.receiver import Receiver, receiving

COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"
RESOURCE = f"/api/v2.0/companies({COMPANY})/contacts"
DAY = 86_400


class Client:
    """An app's HTTP calls to the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.base = f"{sandbox.bc_url}/{TENANT_ID}/Production/api/v2.0"
        self.session = requests.Session()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self.sandbox.token('businessCentral')}",
            **more.pop("headers", {}),
        }
        return self.session.request(method, f"{self.base}/{path}", headers=headers, timeout=10, **more)

    def subscribe(self, url: str, resource: str = RESOURCE, state: str = "secret") -> requests.Response:
        body = {"notificationUrl": url, "resource": resource, "clientState": state}
        return self.call("POST", "subscriptions", json=body)

    def subscriptions(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call("GET", "subscriptions").json()["value"]
        return rows


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    sandbox.call(sandbox.bc.people.add_company, COMPANY, "Fabrikam DE")
    return Client(sandbox)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def edit(client: Client, do: str, *args: str, **json: Any) -> Any:
    return client.sandbox.call(getattr(client.sandbox.bc.people, do), COMPANY, *args, **json)


def told(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Change and contact of each item."""
    found = []
    for item in items:
        match = re.fullmatch(
            r"api/v2\.0/companies\(([0-9a-f-]{36})\)/contacts\(([0-9a-f-]{36})\)", item["resource"]
        )
        assert match is not None
        assert match.group(1) == COMPANY
        found.append((item["changeType"], match.group(2)))
    return found


def test_handshake_comes_before_the_subscription_and_keeps_the_urls_query(
    client: Client, receiver: Receiver
) -> None:
    answer = client.subscribe(receiver.url)
    assert answer.status_code == 201
    assert receiver.handshakes[0].startswith("/api/bc?code=k%3D&validationToken=")
    body = answer.json()
    assert re.fullmatch(r"[0-9a-f]{32}", body["subscriptionId"])
    assert body["clientState"] == "secret"
    assert body["@odata.etag"].startswith('W/"')
    shown = client.call("GET", f"subscriptions('{body['subscriptionId']}')").json()
    assert shown == body


@pytest.mark.parametrize("echo", [lambda _: b"", lambda token: token.encode() + b"!", lambda _: b'"x"'])
def test_failed_handshake_stores_nothing(client: Client, receiver: Receiver, echo: Any) -> None:
    receiver.echo = echo
    answer = client.subscribe(receiver.url)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequest"
    assert client.subscriptions() == []


def test_handshake_to_nobody_fails(client: Client) -> None:
    client.sandbox.switches["bc_handshake_error_code"] = "Application_CallbackNotAllowed"
    answer = client.subscribe("http://127.0.0.1:9/nobody")
    assert answer.json()["error"]["code"] == "Application_CallbackNotAllowed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"notificationUrl": "http://example.com/x"}, "Application_DialogException"),
        ({"notificationUrl": "nonsense"}, "Application_DialogException"),
        ({"notificationUrl": ""}, "Application_DialogException"),
        ({"notificationUrl": 7}, "BadRequest"),
        ({"resource": "contacts"}, "Application_DialogException"),
        ({"resource": RESOURCE.replace("contacts", "widgets")}, "Application_DialogException"),
        ({"resource": RESOURCE.replace("1c01", "1c99")}, "Internal_CompanyNotFound"),
        ({"clientState": "x" * 2049}, "Application_StringExceededLength"),
        ({"changeType": "updated"}, "BadRequest"),
        ({"expirationDateTime": "2026-01-01T00:00:00Z"}, "BadRequest_InvalidOperation"),
    ],
)
def test_wrong_subscription_is_refused_without_a_handshake(
    client: Client, receiver: Receiver, change: dict[str, Any], code: str
) -> None:
    body = {"notificationUrl": receiver.url, "resource": RESOURCE, "clientState": "x" * 2048, **change}
    answer = client.call("POST", "subscriptions", json=body)
    assert answer.json()["error"]["code"] == code
    assert receiver.handshakes == []


def test_contacts_cannot_be_subscribed_to_where_the_switch_says_so(client: Client, receiver: Receiver) -> None:
    client.sandbox.switches["bc_contacts_have_webhooks"] = "false"
    assert client.subscribe(receiver.url).status_code == 400


def test_subscription_key_needs_its_quotes(client: Client, receiver: Receiver) -> None:
    key = client.subscribe(receiver.url).json()["subscriptionId"]
    answer = client.call("GET", f"subscriptions({key})")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest_NotFound")
    assert client.call("GET", "subscriptions('nobody')").status_code == 404
    assert client.call("PUT", f"subscriptions('{key}')").status_code == 405
    assert client.call("DELETE", "subscriptions").status_code == 405


def test_subscription_lives_three_days_by_the_clock_and_renewal_prolongs_it(
    client: Client, receiver: Receiver
) -> None:
    first = client.subscribe(receiver.url).json()
    key = f"subscriptions('{first['subscriptionId']}')"
    body = {"notificationUrl": receiver.url, "resource": RESOURCE, "clientState": "new"}
    client.sandbox.clock.advance(2 * DAY)
    assert client.call("PATCH", key, json=body).json()["error"]["code"] == "BadRequest_InvalidToken"
    renewed = client.call("PATCH", key, json=body, headers={"If-Match": first["@odata.etag"]})
    assert renewed.status_code == 200
    assert renewed.json()["expirationDateTime"] > first["expirationDateTime"]
    assert renewed.json()["clientState"] == "new"
    assert len(receiver.handshakes) == 2
    stale = client.call("PATCH", key, json=body, headers={"If-Match": first["@odata.etag"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "Request_EntityChanged")
    client.sandbox.clock.advance(2 * DAY)
    assert client.call("GET", key).status_code == 200
    client.sandbox.clock.advance(DAY + 1)
    gone = client.call("PATCH", key, json=body, headers={"If-Match": renewed.json()["@odata.etag"]})
    assert gone.status_code == 404
    assert client.subscriptions() == []


def test_renewal_without_handshake_changes_nothing(client: Client, receiver: Receiver) -> None:
    first = client.subscribe(receiver.url).json()
    receiver.echo = lambda _: b""
    answer = client.call(
        "PATCH",
        f"subscriptions('{first['subscriptionId']}')",
        json={"notificationUrl": receiver.url, "resource": RESOURCE},
        headers={"If-Match": first["@odata.etag"]},
    )
    assert answer.status_code == 400
    assert client.subscriptions()[0]["@odata.etag"] == first["@odata.etag"]


def test_deleting_a_subscription_needs_its_etag_and_ends_it(client: Client, receiver: Receiver) -> None:
    made = client.subscribe(receiver.url).json()
    key = f"subscriptions('{made['subscriptionId']}')"
    assert client.call("DELETE", key).status_code == 400
    assert client.call("DELETE", key, headers={"If-Match": made["@odata.etag"]}).status_code == 204
    assert client.subscriptions() == []


def test_cap_of_two_hundred_subscriptions(client: Client, receiver: Receiver) -> None:
    client.sandbox.switches["bc_subscription_cap"] = "2"
    assert [client.subscribe(receiver.url).status_code for _ in range(3)] == [201, 201, 400]
    client.sandbox.clock.advance(3 * DAY)
    assert client.subscribe(receiver.url).status_code == 201


def test_one_post_tells_created_and_updated_half_a_minute_later(client: Client, receiver: Receiver) -> None:
    made = client.subscribe(receiver.url).json()
    contact = client.call("POST", f"companies({COMPANY})/contacts", json={"displayName": "A"}).json()["id"]
    client.sandbox.clock.advance(31)
    (items,) = receiver.wait_for(1)
    assert told(items) == [("created", contact), ("updated", contact)]
    for item in items:
        assert item["subscriptionId"] == made["subscriptionId"]
        assert item["clientState"] == "secret"
        assert item["expirationDateTime"] == made["expirationDateTime"]
        assert item["lastModifiedDateTime"].endswith("Z")
    headers = receiver.headers[0]
    assert headers["Content-Type"] == "application/json"
    assert headers["clientRequestId"] == headers["x-ms-correlation-id"]
    assert "Authorization" not in headers


def test_nothing_is_told_before_the_delay_and_all_of_a_window_at_once(
    client: Client, receiver: Receiver
) -> None:
    client.subscribe(receiver.url)
    first = edit(client, "create_contact", displayName="A")
    client.sandbox.clock.advance(20)
    second = edit(client, "create_contact", displayName="B")
    assert receiver.deliveries == []
    client.sandbox.clock.advance(11)
    (items,) = receiver.wait_for(1)
    assert told(items) == [(kind, each) for each in (first, second) for kind in ("created", "updated")]


def test_consecutive_updates_merge_and_creation_and_deletion_do_not(client: Client, receiver: Receiver) -> None:
    contact = edit(client, "create_contact", raw=True, displayName="A")
    client.subscribe(receiver.url)
    for city in ("Bonn", "Ulm", "Trier"):
        edit(client, "edit_contact", contact, city=city)
    new = edit(client, "create_contact", displayName="B")
    edit(client, "edit_contact", new, city="Bonn")
    edit(client, "delete_contact", contact)
    client.sandbox.clock.advance(31)
    (items,) = receiver.wait_for(1)
    assert told(items) == [
        ("updated", contact),
        ("created", new),
        ("updated", new),
        ("deleted", contact),
    ]


def test_cascades_are_told_one_by_one(client: Client, receiver: Receiver) -> None:
    firm = edit(client, "create_contact", raw=True, number="F", displayName="Firm")
    person = edit(client, "create_contact", raw=True, type="Person", displayName="P", companyNumber="F")
    client.sandbox.switches["bc_notification_delay"] = "0"
    client.subscribe(receiver.url)
    edit(client, "edit_contact", firm, displayName="New")
    assert told(receiver.wait_for(1)[0]) == [("updated", firm), ("updated", person)]
    edit(client, "delete_contact", firm)
    assert told(receiver.wait_for(2)[1]) == [("deleted", person), ("deleted", firm)]


def test_subscriptions_of_one_url_share_a_post_and_others_do_not(client: Client, receiver: Receiver) -> None:
    ids = [
        client.subscribe(url).json()["subscriptionId"]
        for url in (receiver.url, receiver.url + "&x=1", receiver.url)
    ]
    edit(client, "create_contact", displayName="A")
    client.sandbox.clock.advance(31)
    posts = receiver.wait_for(2)
    seen = sorted([item["subscriptionId"] for item in post] for post in posts)
    assert seen == sorted([[ids[0]] * 2 + [ids[2]] * 2, [ids[1]] * 2])


def test_changes_of_another_company_or_by_raw_load_are_not_told(client: Client, receiver: Receiver) -> None:
    other = COMPANY.replace("1c01", "1c02")
    people = client.sandbox.bc.people
    client.sandbox.call(people.add_company, other, "Other")
    client.subscribe(receiver.url)
    client.sandbox.call(people.create_contact, other, displayName="A")
    edit(client, "create_contact", raw=True, displayName="B")
    seen = edit(client, "create_contact", displayName="C")
    client.sandbox.clock.advance(31)
    assert told(receiver.wait_for(1)[0]) == [("created", seen), ("updated", seen)]


def test_more_than_the_threshold_becomes_one_collection_with_a_filter(
    client: Client, receiver: Receiver
) -> None:
    client.sandbox.switches["bc_collection_threshold"] = "3"
    client.subscribe(receiver.url)
    for name in "AB":
        edit(client, "create_contact", displayName=name)
    client.sandbox.clock.advance(31)
    (items,) = receiver.wait_for(1)
    assert [item["changeType"] for item in items] == ["collection"]
    path, _, query = items[0]["resource"].partition("?")
    assert path == f"api/v2.0/companies({COMPANY})/contacts"
    assert query.startswith("$filter=lastModifiedDateTime%20gt%20")
    assert len(client.call("GET", f"{path.removeprefix('api/v2.0/')}?{query}").json()["value"]) == 2


def test_collection_with_a_deletion_has_no_filter(client: Client, receiver: Receiver) -> None:
    client.sandbox.switches["bc_collection_threshold"] = "2"
    client.subscribe(receiver.url)
    edit(client, "delete_contact", edit(client, "create_contact", displayName="A"))
    client.sandbox.clock.advance(31)
    (items,) = receiver.wait_for(1)
    assert items[0]["resource"] == f"api/v2.0/companies({COMPANY})/contacts"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_busy_receiver_is_told_again_after_a_minute(client: Client, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    client.subscribe(receiver.url)
    edit(client, "create_contact", displayName="A")
    client.sandbox.clock.advance(31)
    receiver.wait_for(1)
    advance_until_told(client, receiver, 2, 61)
    assert receiver.deliveries[0] == receiver.deliveries[1]
    assert len(client.subscriptions()) == 1


def test_sixth_failure_deletes_the_subscription(client: Client, receiver: Receiver) -> None:
    receiver.answers = [500] * 6
    client.subscribe(receiver.url)
    edit(client, "create_contact", displayName="A")
    client.sandbox.clock.advance(31)
    receiver.wait_for(1)
    for count, wait in enumerate((61, 61, 601, 6_001, 60_001), 2):
        assert len(client.subscriptions()) == 1
        advance_until_told(client, receiver, count, wait)
    wait_until_gone(client)
    assert len(receiver.deliveries) == 6


@pytest.mark.parametrize("status", [302, 400, 401, 404, 410])
def test_any_other_answer_deletes_every_subscription_of_that_url_at_once(
    client: Client, receiver: Receiver, status: int
) -> None:
    countries = RESOURCE.replace("contacts", "countriesRegions")
    for resource in (RESOURCE, countries):
        client.subscribe(receiver.url, resource)
    kept = client.subscribe(receiver.url + "&x=1", countries).json()["subscriptionId"]
    receiver.answers = [status]
    edit(client, "create_contact", displayName="A")
    client.sandbox.clock.advance(31)
    receiver.wait_for(1)
    wait_until_gone(client, but=[kept])


def test_lost_and_duplicate_notifications(client: Client, receiver: Receiver) -> None:
    client.sandbox.switches["bc_notification_delay"] = "0"
    client.subscribe(receiver.url)
    client.sandbox.faults.add(Fault("lose_notification", "businessCentral", path="/api/bc"))
    edit(client, "create_contact", displayName="Lost")
    wait_for_fault(client)
    client.sandbox.faults.add(Fault("duplicate_notification", "businessCentral", path="/api/bc"))
    second = edit(client, "create_contact", displayName="Twice")
    posts = receiver.wait_for(2)
    assert told(posts[0]) == told(posts[1]) == [("created", second), ("updated", second)]


def test_lost_subscription_is_told_nothing_more(client: Client, receiver: Receiver) -> None:
    client.sandbox.switches["bc_notification_delay"] = "0"
    lost = client.subscribe(receiver.url + "&lost=1").json()["subscriptionId"]
    kept = client.subscribe(receiver.url).json()["subscriptionId"]
    client.sandbox.call(client.sandbox.bc.people.lose_subscription, lost)
    edit(client, "create_contact", displayName="A")
    assert {item["subscriptionId"] for item in receiver.wait_for(1)[0]} == {kept}
    assert [each["subscriptionId"] for each in client.sandbox.bc.people.subscriptions()] == [kept]


def test_rolled_back_batch_tells_nothing(client: Client, receiver: Receiver) -> None:
    client.sandbox.switches["bc_notification_delay"] = "0"
    client.subscribe(receiver.url)
    create = {
        "method": "POST",
        "url": f"companies({COMPANY})/contacts",
        "headers": {"Content-Type": "application/json"},
        "body": {"displayName": "A"},
    }
    envelope = {"requests": [create, {"method": "GET", "url": "nowhere"}]}
    answer = client.call("POST", "$batch", json=envelope, headers={"Isolation": "snapshot"})
    assert [each["status"] for each in answer.json()["responses"]] == [201, 404]
    seen = edit(client, "create_contact", displayName="B")
    assert told(receiver.wait_for(1)[0]) == [("created", seen), ("updated", seen)]


def test_notification_of_a_late_commit_comes_after_it(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url)
    client.sandbox.faults.add(Fault("commit_lag", "businessCentral", path="^/people", seconds=100))
    late = edit(client, "create_contact", displayName="Late")
    soon = edit(client, "create_contact", displayName="Soon")
    client.sandbox.clock.advance(31)
    assert told(receiver.wait_for(1)[0])[0] == ("created", soon)
    advance_until_told(client, receiver, 2, 100)
    assert told(receiver.deliveries[1])[0] == ("created", late)


def advance_until_told(client: Client, receiver: Receiver, count: int, seconds: float) -> None:
    """Put the clock forward until the next delivery is there.

    The sender falls asleep a moment after its last answer; a call to its server lets that moment pass. Where
    it did not, the clock has to go forward once more.
    """
    while len(receiver.deliveries) < count:
        client.subscriptions()
        client.sandbox.clock.advance(seconds)
        with receiver.changed:
            receiver.changed.wait_for(lambda: len(receiver.deliveries) >= count, 2)


def wait_until_gone(client: Client, but: list[str] | None = None) -> None:
    for _ in range(200):
        if [each["subscriptionId"] for each in client.subscriptions()] == (but or []):
            return
    raise AssertionError(client.subscriptions())


def wait_for_fault(client: Client) -> None:
    for _ in range(200):
        if not client.sandbox.faults.coming():
            return
        client.subscriptions()
    raise AssertionError("the notification was not lost")
