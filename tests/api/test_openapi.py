"""The OpenAPI document is true: every route is fuzzed from it, and what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qsl, unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.world import TENANT_ID
from shared.api.app import ALL_ROUTES, handle
from shared.api.doors import Door
from shared.api.http import Request
from shared.api.openapi import document
from shared.api.route import Route
from shared.model import Json
from shared.sync.services import Services
from tests.api.caller import ORIGIN, Api, principal
from tests.api.conftest import Office, working_office
from tests.sync.world import ANNA, BEN, COMPANY

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_EXAMPLES = 8
_USER_DOOR = ("me", "manage")
_ANYBODY = frozenset(route.template for route in ALL_ROUTES if route.door is Door.ANONYMOUS)


def wsgi(services: Services) -> Callable[..., Iterable[bytes]]:
    """The API as a WSGI application: an administrator with every door open."""

    def app(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace").removeprefix("/api/")
        first = path.split("/")[0]
        door = "user" if first in _USER_DOOR else "anonymous" if path in _ANYBODY else "key"
        headers = {
            name[5:].replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers["content-type"] = str(environ.get("CONTENT_TYPE", ""))
        headers |= principal(BEN, TENANT_ID, "Admin")
        length = int(str(environ.get("CONTENT_LENGTH") or 0))
        body = environ["wsgi.input"].read(length)  # type: ignore[attr-defined]
        query = parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
        method = str(environ["REQUEST_METHOD"])
        answer = handle(Request(method, unquote(path), query, headers, body, door, ORIGIN), lambda: services)
        start_response(f"{answer.status} .", list(answer.headers.items()))
        return [answer.body]

    return app


def kept(services: Services) -> Json:
    """Everything that is stored of both users, but for addresses, which any call may learn."""
    found = [services.store.personal.export(user) for user in (ANNA, BEN)]
    return [{name: value for name, value in user.items() if name != "addresses"} for user in found]


@pytest.fixture(scope="module")
def shared_office(storage: str) -> Iterator[Office]:
    """One office for all routes: `known` puts it in order before each."""
    with working_office(storage) as office:
        office.world.bc_person("Ada Lovelace", "ada@x.example")
        yield office


def known(office: Office) -> dict[str, str]:
    """Values for paths that exist: with made-up ones alone every answer would be 404."""
    for user in (ANNA, BEN):
        office.set_up(user=user)
    run = office.key.post("sync", {"user": BEN, "company": COMPANY})["runId"]
    if not office.world.links():
        office.do(office.key.post("sync", {"user": ANNA, "company": COMPANY, "mode": "full"}))
    contact = next(iter(office.world.links()), "none")
    return {"user": ANNA, "company": COMPANY, "runId": str(run), "id": contact}


@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.name)
def test_document_is_true_and_refusals_change_nothing(shared_office: Office, route: Route) -> None:
    office = shared_office
    services, values = office.world.services, known(office)
    operation = schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi(services))[f"/api/{route.template}"][
        route.method
    ]
    before = kept(services)

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.sampled_from((True, True, False)))
    def fuzz(case: schemathesis.Case, real: bool) -> None:
        nonlocal before
        if real and case.path_parameters:
            case.path_parameters.update({n: v for n, v in values.items() if n in case.path_parameters})
        mark = office.world.sandbox.log.mark()
        response = case.call()
        assert b"Traceback" not in response.content
        try:
            case.validate_response(response, checks=_CHECKS)
        except FailureGroup as group:
            raise AssertionError("\n".join(str(each) for each in group.exceptions)) from None
        if response.status_code >= 400:
            assert office.world.writes_since(mark) == []
            assert kept(services) == before
        elif route.method != "GET":
            before = kept(services)

    fuzz()


def test_document_is_served_to_anybody(office: Office) -> None:
    served = Api(office.world.services, "anonymous").get("openapi.json")
    assert served["openapi"] == "3.1.0"
    paths = served["paths"]
    assert isinstance(paths, dict)
    assert len(paths) == len({route.template for route in ALL_ROUTES})


def test_document_names_limits_that_hold() -> None:
    served = document(ALL_ROUTES)
    components = served["components"]
    assert isinstance(components, dict)
    schemas = components["schemas"]
    assert isinstance(schemas, dict)
    for name in ("SyncBody", "SetupBody", "PreviewBody", "ContactActionBody"):
        schema = schemas[name]
        assert isinstance(schema, dict)
        assert schema["additionalProperties"] is False
    assert "PageQuery" not in schemas
