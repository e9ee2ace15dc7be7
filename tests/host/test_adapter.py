"""What becomes of a call and its answer between the platform's types and the product's."""

from __future__ import annotations

import azure.functions as func
import pytest

from shared.api.http import Request, Response
from sync_http.adapter import to_http_response, to_request


def _request(url: str, headers: dict[str, str] | None = None) -> Request:
    return to_request(func.HttpRequest("post", url, headers=headers or {}, body=b"{}"), "key")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sync", "sync"),
        ("users/anna%40example.com/setups/a%20b", "users/anna@example.com/setups/a b"),
        ("users/a%2Fb/export", "users/a%2Fb/export"),
        ("users/a%2fb/export", "users/a%2Fb/export"),
        ("app/", "app/"),
    ],
)
def test_path_is_decoded_without_splitting_a_segment(path: str, expected: str) -> None:
    assert _request(f"https://app.example/api/{path}?code=k").path == expected


def test_query_keeps_order_repetition_and_blanks() -> None:
    query = _request("https://app.example/api/sync?b=2&a=&b=%C3%A4").query
    assert query == [("b", "2"), ("a", ""), ("b", "ä")]


def test_method_headers_body_door_and_origin_are_told() -> None:
    request = _request("https://app.example:8443/api/sync", {"If-Match": '"1"'})
    assert request.method == "POST"
    assert request.header("If-Match") == request.headers["if-match"] == '"1"'
    assert (request.body, request.door, request.origin) == (b"{}", "key", "https://app.example:8443")


def test_answer_keeps_status_headers_and_body() -> None:
    answer = to_http_response(
        Response(409, {"Content-Type": "application/problem+json", "Retry-After": "2"}, b"{}")
    )
    assert (answer.status_code, answer.get_body()) == (409, b"{}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
