"""The API's one entrance: finds the route, lets the right callers in, checks what they sent, answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from shared.api.doors import Caller, Door, refuse_foreign_site, signed_in
from shared.api.http import JSON, Request, Response, json_response
from shared.api.openapi import document
from shared.api.problems import Refusal, answer_to, invalid, unexpected
from shared.api.route import Call, Route
from shared.api.routes import ROUTES
from shared.api.views import DocumentView
from shared.api.webhooks import WEBHOOKS
from shared.errors import SyncError
from shared.model import Json
from shared.sync.services import Services, services

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024


@cache
def _document() -> dict[str, Json]:
    return document(ALL_ROUTES)


def _show_document(call: Call) -> Response:  # noqa: ARG001 - every handler takes the call
    return json_response(_document())


ALL_ROUTES: tuple[Route, ...] = (
    *ROUTES,
    *WEBHOOKS,
    Route(
        "GET",
        "openapi.json",
        Door.ANONYMOUS,
        _show_document,
        "showDocument",
        "This document",
        {200: DocumentView},
    ),
)


def handle(request: Request, provide: Callable[[], Services] = services) -> Response:
    """The answer to one call. Never raises: what goes wrong is answered as problem details."""
    try:
        return _serve(request, provide)
    except SyncError as error:
        return answer_to(error)
    except Exception as error:  # noqa: BLE001 - the outermost layer: anything else would show a stack trace
        return unexpected(error)


def _serve(request: Request, provide: Callable[[], Services]) -> Response:
    route, values = find(ALL_ROUTES, request)
    caller = _caller(route, request, provide)
    body = _body(route, request)
    query = _query(route, request)
    return route.handler(Call(request, caller, values, provide, body, query))


def find(routes: Sequence[Route], request: Request) -> tuple[Route, dict[str, str]]:
    """The route of a call and what its names stand for. Raises Refusal 404, or 405 with Allow.

    The fixed path wins over one with a name in its place.
    """
    segments = request.path.strip("/").split("/")
    found = [
        (route, values)
        for route in routes
        if route.door == request.door and (values := route.match(segments)) is not None
    ]
    for route, values in sorted(found, key=lambda match: len(match[1])):
        if route.method == request.method:
            return route, values
    if not found:
        raise Refusal(404, f"There is nothing at /api/{quote(request.path)}. See /api/openapi.json.")
    allowed = ", ".join(sorted({route.method for route, _ in found}))
    raise Refusal(405, f"Only {allowed} can be asked for here.", headers={"Allow": allowed})


def _caller(route: Route, request: Request, provide: Callable[[], Services]) -> Caller:
    if route.door is not Door.USER:
        return Caller(route.door)
    settings = provide().settings
    caller = signed_in(request, settings)
    if route.admin and not caller.admin:
        raise Refusal(403, "This is for administrators: the app role Admin is needed.")
    refuse_foreign_site(request, settings)
    return caller


def _body(route: Route, request: Request) -> BaseModel | None:
    if route.body is None:
        return None
    if len(request.body) > LARGEST_BODY:
        raise Refusal(413, f"The body has {len(request.body)} bytes; at most {LARGEST_BODY} are read.")
    if not request.body.strip():
        if not route.optional_body:
            raise Refusal(400, "A JSON object is expected as body.")
        return route.body()
    kind = request.header("content-type").split(";")[0].strip().lower()
    if kind != JSON:
        raise Refusal(415, f"The body has to be {JSON}; Content-Type says {kind[:80] or 'nothing'}.")
    try:
        return route.body.model_validate_json(request.body)
    except ValidationError as error:
        raise invalid(error, "body") from None


def _query(route: Route, request: Request) -> BaseModel | None:
    if route.query is None:
        return None
    try:
        return route.query.model_validate(dict(request.query))
    except ValidationError as error:
        raise invalid(error, "query") from None
