"""The sandbox as a whole: both services, Entra and the notifications on their ports."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import msal  # type: ignore[import-untyped]
import pytest
import requests

from sandbox.delivery import Answered, Postman
from sandbox.seed.cast import COMPANIES, USERS
from sandbox.world import CLIENT_ID, TENANT_ID, Sandbox

ANNA = USERS[0]


@pytest.fixture
def cast() -> Iterator[Sandbox]:
    with Sandbox("cast") as running:
        yield running


def ask(sandbox: Sandbox, url: str, service: str = "graph") -> requests.Response:
    headers = {"Authorization": f"Bearer {sandbox.token(service)}"}
    return requests.get(url, headers=headers, timeout=20)


def test_both_services_answer_at_their_addresses(cast: Sandbox) -> None:
    contacts = ask(cast, f"{cast.graph_url}/users/{ANNA.id}/contacts")
    assert (contacts.status_code, contacts.json()["value"]) == (200, [])
    companies = ask(cast, f"{cast.bc_url}/{TENANT_ID}/Production/api/v2.0/companies", "businessCentral")
    assert {company["id"] for company in companies.json()["value"]} == {each.id for each in COMPANIES}


def test_links_in_answers_lead_back_to_the_address_that_was_called(cast: Sandbox) -> None:
    for n in range(3):
        people = cast.graph.people
        cast.call(people.create_contact, ANNA.id, "contacts", givenName=f"N{n}", displayName=f"N{n}")
    page = ask(cast, f"{cast.graph_url}/users/{ANNA.id}/contacts?$top=2").json()
    assert page["@odata.nextLink"].startswith(cast.graph_url + "/")
    assert len(ask(cast, page["@odata.nextLink"]).json()["value"]) == 1


def test_the_settings_lead_msal_to_tokens_for_both_services(
    cast: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = cast.settings()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", settings["REQUESTS_CA_BUNDLE"])
    application = msal.ConfidentialClientApplication(
        settings["ENTRA_CLIENT_ID"],
        authority=f"{settings['ENTRA_AUTHORITY_HOST']}/{settings['ENTRA_TENANT_ID']}",
        client_credential=settings["ENTRA_CLIENT_SECRET"],
        instance_discovery=False,
    )
    origin = settings["GRAPH_BASE_URL"].removesuffix("/v1.0")
    token = application.acquire_token_for_client([f"{origin}/.default"])["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    users = f"{settings['GRAPH_BASE_URL']}/users/{ANNA.id}"
    assert requests.get(f"{users}/contacts", headers=headers, timeout=20).status_code == 200
    scope = "https://api.businesscentral.dynamics.com/.default"
    token = application.acquire_token_for_client([scope])["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    environment = f"{settings['BC_BASE_URL']}/{TENANT_ID}/{settings['BC_ENVIRONMENT']}/api/v2.0/companies"
    assert requests.get(environment, headers=headers, timeout=20).status_code == 200


def test_a_managed_identity_stands_for_the_application_without_any_secret(
    cast: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = cast.settings(managed_identity=True)
    assert "ENTRA_CLIENT_SECRET" not in settings
    for name in ("REQUESTS_CA_BUNDLE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, settings[name])
    wanted = msal.UserAssignedManagedIdentity(client_id=settings["ENTRA_MANAGED_IDENTITY_CLIENT_ID"])
    identity = msal.ManagedIdentityClient(wanted, http_client=requests.Session())

    def assertion() -> str:
        result = identity.acquire_token_for_client(resource="api://AzureADTokenExchange")
        return str(result["access_token"])

    application = msal.ConfidentialClientApplication(
        CLIENT_ID,
        authority=f"{cast.entra_url}/{TENANT_ID}",
        client_credential={"client_assertion": assertion},
        instance_discovery=False,
    )
    result = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert result["token_type"] == "Bearer"


def test_another_managed_identity_gets_nothing(cast: Sandbox) -> None:
    settings = cast.settings(managed_identity=True)
    query = {"api-version": "2019-08-01", "resource": "api://AzureADTokenExchange", "client_id": "other"}
    headers = {"X-IDENTITY-HEADER": settings["IDENTITY_HEADER"]}
    answer = requests.get(settings["IDENTITY_ENDPOINT"], query, headers=headers, timeout=20)
    assert answer.status_code == 400
    query["client_id"] = settings["ENTRA_MANAGED_IDENTITY_CLIENT_ID"]
    answer = requests.get(settings["IDENTITY_ENDPOINT"], query, timeout=20)
    assert answer.status_code == 401


def test_the_tenant_in_business_centrals_address_must_be_the_right_one(cast: Sandbox) -> None:
    other = "00000000-0000-4000-8000-00000000beef"
    answer = ask(cast, f"{cast.bc_url}/{other}/Production/api/v2.0/companies", "businessCentral")
    assert answer.status_code >= 400


def test_latency_can_be_set_while_it_runs(cast: Sandbox) -> None:
    cast.latency_seconds = 30.0
    url = f"{cast.graph_url}/users/{ANNA.id}/contacts"
    with pytest.raises(requests.Timeout):
        requests.get(url, headers={"Authorization": f"Bearer {cast.token()}"}, timeout=0.2)
    cast.latency_seconds = 0.0
    assert ask(cast, url).status_code == 200


def test_two_sandboxes_at_once_do_not_know_each_other() -> None:
    with Sandbox("cast") as one, Sandbox() as other:
        assert ask(one, f"{one.graph_url}/users/{ANNA.id}/contacts").status_code == 200
        assert ask(other, f"{other.graph_url}/users/{ANNA.id}/contacts").status_code == 404


def test_ports_can_be_given() -> None:
    with Sandbox() as first:
        port = int(first.graph_url.split(":")[2].split("/")[0])
    with Sandbox(ports={"graph": port}) as second:
        assert second.graph_url == first.graph_url


def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    before = threading.active_count()
    with Sandbox() as first:
        port = int(first.graph_url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"), Sandbox(ports={"graph": port}):
            pass
    assert threading.active_count() == before


def test_a_misspelt_switch_is_noticed() -> None:
    with pytest.raises(ValueError, match="if_mach"):
        Sandbox(switches={"if_mach": "enforce412"})
    with pytest.raises(ValueError, match="enforce412"):
        Sandbox(switches={"if_match": "sometimes"})


def test_ids_are_the_same_for_the_same_seed() -> None:
    def ids() -> list[object]:
        with Sandbox("cast") as sandbox:
            people = sandbox.bc.people
            return [people.create_contact(COMPANIES[0].id, type="Person", displayName="A") for _ in range(3)]

    assert ids() == ids()


class Receiver:
    """Something that notifications can be sent to."""

    def __init__(self) -> None:
        received: list[tuple[str, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                received.append((self.path, body))
                self.send_response(202)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on the test's output."""

        self.received = received
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.02,))
    thread.start()
    yield running
    running.server.shutdown()
    thread.join()
    running.server.server_close()


def test_deliveries_are_real_http(receiver: Receiver) -> None:
    async def story() -> Answered | None:
        postman = Postman(ssl.create_default_context())
        answer = await postman.deliver(f"{receiver.url}/hook?a=b", {"X-A": "1"}, b"body", 5)
        await postman.close()
        return answer

    answer = asyncio.run(story())
    assert answer is not None
    assert (answer.status, answer.body) == (202, b"ok")
    assert receiver.received == [("/hook?a=b", b"body")]


def test_a_delivery_that_finds_nobody_is_no_answer() -> None:
    async def story() -> tuple[int, bytes] | None:
        postman = Postman(ssl.create_default_context())
        answer = await postman.deliver("http://127.0.0.1:9/", {}, b"", 5)
        await postman.close()
        return answer

    assert asyncio.run(story()) is None


def test_after_a_reset_old_subscriptions_reach_nobody(cast: Sandbox, receiver: Receiver) -> None:
    old = cast.graph
    cast.call(cast.reset)
    assert cast.graph is not old
    answer = cast.call(old.deliver, receiver.url, {}, b"", 5)
    assert answer is None
    assert receiver.received == []
