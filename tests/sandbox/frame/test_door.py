"""Which tokens open the services' doors."""

from __future__ import annotations

import jwt
import pytest

from sandbox.tokens import BUSINESS_CENTRAL, GRAPH
from tests.sandbox.frame.small_service import APP, TENANT, Bench


def test_no_token_is_401_in_graphs_envelope(graph: Bench) -> None:
    answer = graph.send("GET", "/u1/contacts", {"Authorization": ""})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert graph.service.seen == []


def test_no_token_is_401_in_business_centrals_envelope(bc: Bench) -> None:
    answer = bc.send("GET", "/contacts", {"Authorization": ""})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Authentication_InvalidCredentials")


@pytest.mark.parametrize("audience", [GRAPH, "http://graph.local"])
def test_graph_takes_tokens_for_its_name_and_its_origin(graph: Bench, audience: str) -> None:
    graph.entra.resources["http://graph.local"] = ("Contacts.ReadWrite",)
    headers = {"Authorization": f"Bearer {graph.token(audience)}"}
    assert graph.send("GET", "/u1/contacts", headers).status_code == 200


def test_a_token_for_another_service_is_refused_and_recorded(graph: Bench) -> None:
    headers = {"Authorization": f"Bearer {graph.token(BUSINESS_CENTRAL)}"}
    assert graph.send("GET", "/u1/contacts", headers).status_code == 401
    assert graph.log.counts() == {"foreign_token": 1}


def test_a_token_expires_by_the_virtual_clock(graph: Bench) -> None:
    headers = {"Authorization": f"Bearer {graph.token(lifetime=3599)}"}
    graph.clock.advance(3500)
    assert graph.send("GET", "/u1/contacts", headers).status_code == 200
    graph.clock.advance(100)
    assert graph.send("GET", "/u1/contacts", headers).status_code == 401
    assert graph.log.violations == []


def test_a_token_that_entra_did_not_sign_is_refused(graph: Bench) -> None:
    claims = {"aud": GRAPH, "appid": APP, "tid": TENANT, "exp": 4_000_000_000, "roles": ["Contacts.ReadWrite"]}
    forged = jwt.encode(claims, "a" * 32, algorithm="HS256")
    answer = graph.send("GET", "/u1/contacts", {"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401
    answer = graph.send("GET", "/u1/contacts", {"Authorization": "Bearer rubbish"})
    assert answer.status_code == 401


def test_an_app_without_roles_is_forbidden(graph: Bench) -> None:
    graph.entra.resources[GRAPH] = ()
    answer = graph.send("GET", "/u1/contacts")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")
