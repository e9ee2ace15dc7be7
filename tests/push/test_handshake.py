"""The handshake of both services: the token comes back as plain text, whatever else goes on."""

from __future__ import annotations

import pytest

from shared.api.http import Request
from shared.api.webhooks import bc_notifications, graph_lifecycle, graph_notifications
from tests.push.conftest import Pushed

TOKEN = "Validation: Testing client application reachability for id+/=="
EVERY = [
    pytest.param(graph_notifications, "POST", id="graph"),
    pytest.param(graph_lifecycle, "POST", id="lifecycle"),
    pytest.param(bc_notifications, "POST", id="bc"),
    pytest.param(bc_notifications, "GET", id="bc by GET"),
]


@pytest.mark.parametrize(("function", "method"), EVERY)
def test_token_comes_back_as_it_was_without_settings_or_storage(function, method: str) -> None:  # type: ignore[no-untyped-def]
    response = function(_asked(method, TOKEN))
    assert (response.status, response.body) == (200, TOKEN.encode())
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("function", "method"), EVERY)
@pytest.mark.parametrize("token", ["<script>alert(1)</script>", "a>b", "", "x" * 5000])
def test_token_that_could_be_a_page_is_not_echoed(function, method: str, token: str) -> None:  # type: ignore[no-untyped-def]
    response = function(_asked(method, token))
    assert response.status == 400
    assert token.encode() not in response.body or not token


def test_bc_address_asked_by_get_without_a_token_is_no_notification() -> None:
    assert bc_notifications(Request("GET", "bc/notifications", [], {}, b"", "anonymous")).status == 405


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


def _asked(method: str, token: str) -> Request:
    return Request(method, "any", [("company", "x"), ("validationToken", token)], {}, b"", "anonymous")
