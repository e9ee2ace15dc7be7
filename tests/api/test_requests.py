"""What is refused before any handler sees it, and in which words (spec/interfaces.md §4)."""

from __future__ import annotations

import base64
import json

import pytest

from sandbox.faults import Fault
from shared.api.app import ALL_ROUTES, LARGEST_BODY, handle
from shared.api.http import Request
from shared.errors import SettingError
from shared.sync.services import Services
from tests.api.conftest import Office
from tests.sync.world import ANNA, COMPANY

HERS = f"users/{ANNA}/setups/{COMPANY}"


def test_problem_details_have_their_members(office: Office) -> None:
    refused = office.key.get("nowhere")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert isinstance(refused.body, dict)
    assert set(refused.body) == {"type", "title", "status", "detail"}
    assert refused["status"] == refused.status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_wrong_method_is_405_and_names_the_right_ones(office: Office, method: str) -> None:
    refused = office.key.call(method, "sync")
    assert refused.status == 405
    assert refused.headers["Allow"] == "POST"


def test_allow_lists_every_method_of_a_path(office: Office) -> None:
    assert office.key.post(HERS).headers["Allow"] == "DELETE, GET, PUT"


@pytest.mark.parametrize(
    "path", ["", "app", "app/index.html", "me", "users", f"{HERS}/nothing", "sync/more", "admin"]
)
def test_unknown_path_is_404(office: Office, path: str) -> None:
    assert office.key.get(path).status == 404


def test_fixed_parts_of_a_path_ignore_letter_case(office: Office) -> None:
    office.set_up()
    assert office.key.get(f"Users/{ANNA.upper()}/SETUPS/{COMPANY.upper()}").status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"12",
        b"\xff\xfe",
        b'{"user": "\\ud800"}',
        b'{"user": NaN}',
        b'{"user": 1e999}',
        b"[" * 5000,
        b'{"user":' * 3000,
        b" ",
        b"",
    ],
)
def test_body_that_is_no_json_object_is_400(office: Office, raw: bytes) -> None:
    refused = office.key.call("POST", "sync", raw=raw, headers={"Content-Type": "application/json"})
    assert refused.status == 400
    assert "pydantic" not in json.dumps(refused.body)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_other_content_type_is_refused(office: Office, kind: str) -> None:
    refused = office.key.call("POST", "sync", {"user": ANNA}, headers={"Content-Type": kind})
    assert refused.status == 415


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_is_accepted_with_and_without_charset(office: Office, kind: str) -> None:
    office.set_up()
    accepted = office.key.call("POST", "sync", {"user": ANNA}, headers={"Content-Type": kind})
    assert accepted.status == 202


def test_unknown_members_are_named_all(office: Office) -> None:
    refused = office.key.post("sync", {"user": ANNA, "colour": 1, "size": 2})
    assert refused.status == 400
    assert refused.fields == ["colour", "size"]
    assert "colour, size" in str(refused["detail"])


def test_route_without_members_refuses_any(office: Office) -> None:
    office.set_up()
    assert office.key.post(f"{HERS}/pause", {"for": "ever"}).fields == ["for"]
    assert office.key.get(HERS)["paused"] is False


def test_body_beyond_the_cap_is_413(office: Office) -> None:
    raw = b'{"user": "' + b"x" * LARGEST_BODY + b'"}'
    assert office.key.call("POST", "sync", raw=raw).status == 413


@pytest.mark.parametrize(
    ("query", "field"), [("size=0", "size"), ("size=501", "size"), ("size=x", "size"), ("page=%20", "page")]
)
def test_bad_query_is_400_and_named(office: Office, query: str, field: str) -> None:
    office.set_up()
    refused = office.key.get(f"{HERS}/runs?{query}")
    assert (refused.status, refused.fields) == (400, [field])


@pytest.mark.parametrize(
    "place",
    [
        b"[" * 2900,
        b'{"PartitionKey": "a", "RowKey": "\\ud800"}',
        b'{"PartitionKey": "a", "RowKey": "\\u0000"}',
        b'{"PartitionKey": "a", "RowKey": 7}',
        b"\xff",
    ],
)
@pytest.mark.parametrize("lead", ["runs?page=", "conflicts?page=", "contacts?page=o:", "contacts?page=l:"])
def test_page_that_was_made_up_is_400(office: Office, lead: str, place: bytes) -> None:
    office.set_up()
    refused = office.key.get(f"{HERS}/{lead}{base64.urlsafe_b64encode(place).decode()}")
    assert (refused.status, refused.fields) == (400, ["page"])


@pytest.mark.parametrize("key", ["x" * 201, "a\u0007b"])
def test_odd_idempotency_key_is_refused(office: Office, key: str) -> None:
    office.set_up()
    assert office.key.post("sync", {"user": ANNA}, Idempotency_Key=key).status == 400


def test_missing_setting_is_503_with_its_fix_and_health_still_answers() -> None:
    def unset() -> Services:
        raise SettingError("ENTRA_TENANT_ID", "is missing", "Set it to the directory (tenant) id.")

    refused = handle(
        Request("POST", "sync", [], {"content-type": "application/json"}, b'{"user":"a@b"}', "key"), unset
    )
    assert refused.status == 503
    assert b"Setting ENTRA_TENANT_ID is missing. Set it to the directory (tenant) id." in refused.body
    assert handle(Request("GET", "health", [], {}, b"", "anonymous"), unset).status == 200


def test_unexpected_error_shows_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Services:
        raise ZeroDivisionError("the secret is 42")

    answer = handle(Request("GET", "health/details", [], {}, b"", "key"), broken)
    assert answer.status == 500
    assert b"42" not in answer.body
    assert b"Traceback" not in answer.body
    assert "ZeroDivisionError" in caplog.text
    assert "42" not in caplog.text


def test_busy_service_is_503_with_retry_after(office: Office) -> None:
    office.set_up()
    sandbox = office.world.sandbox
    sandbox.faults.add(Fault("reject", "graph", status=503, retry_after="7", times=50))
    refused = office.key.put(f"users/anna@cronus.example/setups/{COMPANY}", {})
    sandbox.faults.clear()
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0


def test_every_route_belongs_to_the_function_that_serves_its_door() -> None:
    first = {
        "key": {"sync", "runs", "users", "health"},
        "user": {"me", "manage"},
        "anonymous": {"health", "openapi.json", "graph", "bc"},
    }
    for route in ALL_ROUTES:
        assert route.template.split("/")[0] in first[route.door], route.template
    names = [route.name for route in ALL_ROUTES]
    assert len(set(names)) == len(names)
