"""The service behind its gate, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.faults import Fault
from sandbox.world import TENANT_ID, Sandbox

COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"


@pytest.fixture
def http(sandbox: Sandbox) -> requests.Session:
    sandbox.call(sandbox.bc.people.add_company, COMPANY, "Fabrikam DE")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {sandbox.token('businessCentral')}"
    return session


def base(sandbox: Sandbox) -> str:
    return f"{sandbox.bc_url}/{TENANT_ID}/Production/api/v2.0"


def contacts(sandbox: Sandbox) -> str:
    return f"{base(sandbox)}/companies({COMPANY})/contacts"


def batch(sandbox: Sandbox, http: requests.Session, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    headers = {"Content-Type": "application/json"}
    entries = [
        {"method": "POST", "url": f"companies({COMPANY})/contacts", "headers": headers, "body": body}
        for body in bodies
    ]
    answer = http.post(f"{base(sandbox)}/$batch", json={"requests": entries}, timeout=10)
    assert answer.status_code == 200
    responses: list[dict[str, Any]] = answer.json()["responses"]
    return responses


def test_contact_is_created_read_changed_and_deleted(sandbox: Sandbox, http: requests.Session) -> None:
    created = http.post(contacts(sandbox), json={"type": "Person", "displayName": "Ada"}, timeout=10)
    assert (created.status_code, created.headers["OData-Version"]) == (201, "4.0")
    address = created.headers["Location"]
    read = http.get(address, timeout=10)
    assert read.headers["Content-Type"].startswith("application/json")
    assert read.json() == created.json()
    tag = {"If-Match": read.json()["@odata.etag"]}
    changed = http.patch(address, json={"city": "Bonn"}, headers=tag, timeout=10)
    assert changed.json()["city"] == "Bonn"
    assert http.patch(address, json={"city": "Ulm"}, headers=tag, timeout=10).status_code == 409
    gone = http.delete(address, headers={"If-Match": changed.json()["@odata.etag"]}, timeout=10)
    assert (gone.status_code, gone.content) == (204, b"")
    assert http.get(address, timeout=10).status_code == 404


def test_next_link_survives_an_ordinary_client(sandbox: Sandbox, http: requests.Session) -> None:
    for number in range(5):
        sandbox.call(
            sandbox.bc.people.create_contact, COMPANY, raw=True, displayName=f"Ünï'~ +{number}", city="a&b=c/d"
        )
    query = {"$filter": "startswith(displayName,'Ünï''~ +') and city eq 'a&b=c/d'", "$orderby": "number desc"}
    link, seen = contacts(sandbox), []
    params: dict[str, str] | None = query
    while link:
        page = http.get(link, params=params, headers={"Prefer": "odata.maxpagesize=2"}, timeout=10).json()
        seen += [each["displayName"][-1] for each in page["value"]]
        link, params = page.get("@odata.nextLink"), None
    assert seen == ["4", "3", "2", "1", "0"]
    assert sandbox.log.counts()["rebuilt_link"] == 0


def test_error_of_the_gate_has_the_services_envelope(sandbox: Sandbox, http: requests.Session) -> None:
    sandbox.faults.add(
        Fault("reject", "businessCentral", status=429, code="Application_TooManyRequests", retry_after="10")
    )
    refused = http.get(contacts(sandbox), timeout=10)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert refused.json()["error"]["code"] == "Application_TooManyRequests"
    assert "  CorrelationId:  " in refused.json()["error"]["message"]
    sandbox.switches["bc_retry_after_on_429"] = "false"
    sandbox.clock.advance(11)
    sandbox.faults.add(Fault("reject", "businessCentral", status=429, retry_after="10"))
    assert "Retry-After" not in http.get(contacts(sandbox), timeout=10).headers


def test_post_that_commits_and_times_out_is_there_afterwards(sandbox: Sandbox, http: requests.Session) -> None:
    sandbox.faults.add(Fault("commit_then_504", "businessCentral", "POST"))
    body = {"type": "Person", "displayName": "Ada", "email": "ada@x.example"}
    assert http.post(contacts(sandbox), json=body, timeout=10).status_code == 504
    assert len(http.get(contacts(sandbox), timeout=10).json()["value"]) == 1
    assert http.post(contacts(sandbox), json=body, timeout=10).status_code == 201
    assert sandbox.log.counts()["repeated_create"] == 1


def test_throttled_item_ends_the_batch_and_the_rest_is_not_carried_out(
    sandbox: Sandbox, http: requests.Session
) -> None:
    sandbox.faults.add(Fault("reject", "businessCentral", status=429, retry_after="5", skip=1))
    responses = batch(sandbox, http, {"displayName": "A"}, {"displayName": "B"}, {"displayName": "C"})
    assert [each["status"] for each in responses] == [201, 429]
    assert responses[1]["headers"]["retry-after"] == "5"
    assert len(sandbox.bc.people.contacts(COMPANY)) == 1


def test_query_beyond_the_ceiling_is_the_gateways_page(sandbox: Sandbox, http: requests.Session) -> None:
    answer = http.get(f"{contacts(sandbox)}?$filter=city%20eq%20'{'x' * 8100}'", timeout=10)
    assert answer.status_code == 414
    assert answer.headers["Content-Type"].startswith("text/html")


def test_full_page_of_a_large_company(sandbox: Sandbox, http: requests.Session) -> None:
    people = sandbox.bc.people

    def load() -> None:
        for number in range(20_001):
            people.create_contact(COMPANY, raw=True, type="Person", displayName=f"P{number}")

    sandbox.call(load)
    first = http.get(f"{contacts(sandbox)}?$select=id", timeout=30).json()
    assert len(first["value"]) == 20_000
    assert len(http.get(first["@odata.nextLink"], timeout=30).json()["value"]) == 1
    assert http.get(f"{contacts(sandbox)}/$count", timeout=10).text == "20001"
