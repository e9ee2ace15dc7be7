"""HTTP through the local host: keys, routes, what a function gets and gives back."""

from __future__ import annotations

import logging

import azure.functions as func
import pytest
import requests

from sandbox.host import HostError
from tests.host.conftest import FUNCTION_KEY, StartHost
from tests.host.small_app import Seen, small_app


@pytest.fixture
def url(start_host: StartHost) -> str:
    return start_host(small_app(Seen())).url


@pytest.mark.parametrize("name", ["code", "Code", "CODE"])
def test_function_key_opens_in_the_query_in_any_letter_case(url: str, name: str) -> None:
    answer = requests.get(f"{url}/api/locked", params={name: FUNCTION_KEY}, timeout=10)
    assert (answer.status_code, answer.text) == (200, "open")


def test_function_key_opens_in_the_header(url: str) -> None:
    answer = requests.get(f"{url}/api/locked", headers={"x-functions-key": FUNCTION_KEY}, timeout=10)
    assert answer.status_code == 200


@pytest.mark.parametrize("query", ["", "?code=", "?code=the%20kez", "?codes=the%20key"])
def test_without_the_right_key_the_function_stays_closed(url: str, query: str) -> None:
    answer = requests.get(f"{url}/api/locked{query}", timeout=10)
    assert (answer.status_code, answer.text) == (401, "")


def test_route_values_query_body_and_address_reach_the_function(url: str) -> None:
    answer = requests.put(
        f"{url}/api/echo/anna%40example.com/setups/a%20b?x=1&x=2&y=%C3%A4", data=b"{}", timeout=10
    ).json()
    assert answer["method"] == "PUT"
    assert answer["url"] == f"{url}/api/echo/anna%40example.com/setups/a%20b?x=1&x=2&y=%C3%A4"
    assert answer["route"] == {"user": "anna@example.com", "rest": "setups/a b"}
    assert answer["params"] == {"x": "1,2", "y": "ä"}
    assert answer["body"] == "{}"


def test_rest_of_a_route_may_be_empty(url: str) -> None:
    assert requests.get(f"{url}/api/echo/anna", timeout=10).json()["route"] == {"user": "anna"}


def test_more_specific_route_wins_for_the_methods_it_serves(url: str) -> None:
    assert requests.post(f"{url}/api/echo/exact", timeout=10).text == "exact"
    assert requests.get(f"{url}/api/echo/exact", timeout=10).json()["route"] == {"user": "exact"}


@pytest.mark.parametrize("path", ["/", "/api", "/api/nothing", "/locked", "/.auth/me"])
def test_unknown_path_is_not_found(url: str, path: str) -> None:
    assert requests.get(url + path, timeout=10).status_code == 404


def test_letter_case_of_a_path_does_not_matter(url: str) -> None:
    assert requests.get(f"{url}/API/Made", timeout=10).status_code == 202


def test_status_and_headers_of_the_function_are_answered(url: str) -> None:
    answer = requests.get(f"{url}/api/made", timeout=10)
    assert (answer.status_code, answer.headers["Location"], answer.headers["Retry-After"]) == (
        202,
        "/api/made/1",
        "2",
    )


def test_exception_is_a_bare_500_and_its_text_is_not_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = requests.get(f"{url}/api/broken?address=anna@example.com", timeout=10)
    assert (answer.status_code, answer.text) == (500, "")
    assert "broken failed" in caplog.text
    assert "ValueError" in caplog.text
    assert "small_app.py" in caplog.text
    assert "anna@example.com" not in caplog.text


@pytest.mark.parametrize("host", ["[", "a b", "x/y", "evil.example#"])
def test_host_header_that_is_none_becomes_no_part_of_the_address(url: str, host: str) -> None:
    answer = requests.get(f"{url}/api/echo/anna", headers={"Host": host}, timeout=10)
    assert answer.json()["url"] == f"{url}/api/echo/anna"


def test_forged_principal_never_reaches_the_function(url: str) -> None:
    forged = {"X-MS-CLIENT-PRINCIPAL": "e30=", "x-ms-client-principal-id": "someone", "X-Other": "stays"}
    headers = requests.get(f"{url}/api/echo/anna", headers=forged, timeout=10).json()["headers"]
    assert not [name for name in headers if name.lower().startswith("x-ms-client-principal")]
    assert headers["x-other"] == "stays"


def _app_with(route: str, level: func.AuthLevel = func.AuthLevel.ANONYMOUS) -> func.FunctionApp:
    app = func.FunctionApp()

    @app.function_name("it")
    @app.route(route, auth_level=level)
    def it(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("")

    return app


@pytest.mark.parametrize("route", ["admin", "admin/overview", "Administrators"])
def test_route_that_begins_with_admin_is_refused(start_host: StartHost, route: str) -> None:
    with pytest.raises(HostError, match="it has the route"):
        start_host(_app_with(route))


def test_master_key_level_is_refused(start_host: StartHost) -> None:
    with pytest.raises(HostError, match="level admin"):
        start_host(_app_with("x", func.AuthLevel.ADMIN))


def test_unknown_route_constraint_is_refused(start_host: StartHost) -> None:
    with pytest.raises(HostError, match="id:int"):
        start_host(_app_with("x/{id:int}"))


def test_async_function_is_refused(start_host: StartHost) -> None:
    app = func.FunctionApp()

    @app.function_name("later")
    @app.route("later")
    async def later(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("")

    with pytest.raises(HostError, match="later is async"):
        start_host(app)
