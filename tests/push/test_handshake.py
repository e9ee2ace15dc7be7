"""The handshake of both services: the token comes back as plain text, whatever else goes on."""

from __future__ import annotations

import pytest

from shared.api.app import handle
from shared.api.http import Request, Response
from shared.errors import SettingError
from shared.sync.services import Services
from tests.push.conftest import Pushed

TOKEN = "Validation: Testing client application reachability for id+/=="
EVERY = [
    ("graph/notifications", "POST"),
    ("graph/lifecycle", "POST"),
    ("bc/notifications", "POST"),
    ("bc/notifications", "GET"),
]


@pytest.mark.parametrize(("path", "method"), EVERY)
def test_token_comes_back_as_it_was_without_settings_or_storage(path: str, method: str) -> None:
    response = _asked(path, method, TOKEN)
    assert (response.status, response.body) == (200, TOKEN.encode())
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "method"), EVERY)
@pytest.mark.parametrize("token", ["<script>alert(1)</script>", "a>b", "", "x" * 5000])
def test_token_that_could_be_a_page_is_not_echoed(path: str, method: str, token: str) -> None:
    response = _asked(path, method, token)
    assert response.status == 400
    assert token.encode() not in response.body or not token


def test_bc_address_asked_by_get_without_a_token_is_no_notification() -> None:
    request = Request("GET", "bc/notifications", [], {}, b"", "anonymous")
    assert handle(request, _no_settings).status == 400


@pytest.mark.parametrize("path", ["graph/notifications", "graph/lifecycle", "bc/notifications"])
def test_other_methods_are_answered_with_problem_details(path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
        answer = handle(Request(method, path, [], {}, b"{}", "anonymous"), _no_settings)
        assert answer.status == 405
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["graph/notifications", "graph/lifecycle", "bc/notifications"])
def test_missing_setting_is_named_to_a_service_that_notifies(path: str) -> None:
    body = b'{"value": [{"subscriptionId": "x", "clientState": "y"}]}'
    answer = handle(Request("POST", path, [], {}, body, "anonymous"), _no_settings)
    assert answer.status == 503
    assert b"ENTRA_TENANT_ID" in answer.body


def test_both_addresses_of_graph_and_that_of_bc_shake_hands_at_the_first_run(pushed: Pushed) -> None:
    pushed.start()
    assert sorted(pushed.receiver.handshakes) == [
        "/api/bc/notifications",
        "/api/graph/lifecycle",
        "/api/graph/notifications",
    ]


def test_handshake_in_the_middle_of_a_run_does_not_disturb_it(pushed: Pushed) -> None:
    """The services ask while the run waits for its subscription, and holds the lease."""
    pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    leases: list[str] = []
    pushed.receiver.on_handshake = lambda: leases.append(pushed.stored().state.lease_owner)
    pushed.world.set_up()
    pushed.world.ok(full=True)
    assert len(leases) == 3
    assert all(leases)
    assert pushed.world.names() == ["Ada Lovelace"]


def _asked(path: str, method: str, token: str) -> Response:
    query = [("company", "x"), ("validationToken", token)]
    return handle(Request(method, path, query, {}, b"", "anonymous"), _no_settings)


def _no_settings() -> Services:
    raise SettingError("ENTRA_TENANT_ID", "is missing", "Set it to the directory (tenant) id.")
