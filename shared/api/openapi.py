"""The OpenAPI 3.1 document, made of the same table and models that serve the calls, so that it is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.api.doors import Door
from shared.api.http import JSON, PROBLEM
from shared.api.problems import TITLES
from shared.api.route import Route
from shared.api.version import VERSION
from shared.api.views import AcceptedView, ProblemView
from shared.model import Json

_Schemas = dict[str, dict[str, Json]]
_Mode = Literal["validation", "serialization"]

_PARAMETERS: Mapping[str, str] = {
    "user": "Object id or address of a mailbox.",
    "company": "Id of a Business Central company.",
    "runId": "Id of a run.",
    "id": "Id of a contact, in Business Central or in Outlook.",
}
_HEADERS: Mapping[str, str] = {
    "Idempotency-Key": "The same key gives the same run for a day.",
    "If-Match": "Only while the setup has this ETag.",
    "If-None-Match": "`*`: only while there is no setup.",
}
_ACCEPTED_HEADERS = ("Location", "Retry-After")
_SECURITY: Mapping[Door, list[Json]] = {
    Door.KEY: [{"key": []}, {"keyInAddress": []}],
    Door.USER: [{"signIn": []}],
    Door.ANONYMOUS: [],
}


def document(routes: Sequence[Route]) -> dict[str, Json]:
    """The whole document."""
    schemas, references = _schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        operations = paths.setdefault(f"/api/{route.template}", {})
        assert isinstance(operations, dict)
        operations[route.method.lower()] = _operation(route, schemas, references)
    queries = {references[query, "validation"] for query in _queries(routes)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Contact sync",
            "version": VERSION,
            "description": "Contacts of Business Central and Outlook, kept the same.",
        },
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "keyInAddress": {"type": "apiKey", "in": "query", "name": "code"},
                "signIn": {"type": "apiKey", "in": "cookie", "name": "AppServiceAuthSession"},
            },
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[_Schemas, dict[tuple[type[BaseModel], _Mode], str]]:
    """Every model's schema by name, and the name of every model."""
    sent = [model for model in map(_sent, routes) if model is not None] + _queries(routes)
    given: list[type[BaseModel]] = [ProblemView]
    given += [model for route in routes for model in route.answers.values() if isinstance(model, type)]
    wanted: list[tuple[type[BaseModel], _Mode]] = [(model, "validation") for model in sent]
    wanted += [(model, "serialization") for model in given]
    located, top = models_json_schema(list(dict.fromkeys(wanted)), ref_template="#/components/schemas/{model}")
    schemas = cast("_Schemas", top.get("$defs", {}))
    return schemas, {key: str(located[key]["$ref"]).rpartition("/")[2] for key in wanted}


def _sent(route: Route) -> type[BaseModel] | None:
    return route.body or route.unchecked_body


def _queries(routes: Sequence[Route]) -> list[type[BaseModel]]:
    return list(dict.fromkeys(route.query for route in routes if route.query is not None))


def _operation(
    route: Route, schemas: _Schemas, references: Mapping[tuple[type[BaseModel], _Mode], str]
) -> dict[str, Json]:
    operation: dict[str, Json] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.door.value],
        "security": _SECURITY[route.door],
        "parameters": [*_path(route), *_query(route, schemas, references), *_headers(route)],
        "responses": _responses(route, references),
    }
    if (sent := _sent(route)) is not None:
        operation["requestBody"] = {
            "required": route.body is not None and not route.optional_body,
            "content": {JSON: {"schema": _ref(references[sent, "validation"])}},
        }
    return operation


def _path(route: Route) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in route.parameters
    ]


def _query(
    route: Route, schemas: _Schemas, references: Mapping[tuple[type[BaseModel], _Mode], str]
) -> list[Json]:
    if route.query is None:
        return []
    properties = schemas[references[route.query, "validation"]]["properties"]
    assert isinstance(properties, dict)
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(schema)}
        for name, schema in properties.items()
    ]


def _without_null(schema: Json) -> Json:
    """A query value is there or not; it is never null."""
    assert isinstance(schema, dict)
    either = schema.get("anyOf")
    if not isinstance(either, list):
        return schema
    left = [option for option in either if option != {"type": "null"}]
    return left[0] if len(left) == 1 else {"anyOf": left}


def _headers(route: Route) -> list[Json]:
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": _HEADERS[name],
            "schema": {"type": "string", "maxLength": 200},
        }
        for name in route.headers
    ]


def _responses(route: Route, references: Mapping[tuple[type[BaseModel], _Mode], str]) -> dict[str, Json]:
    responses: dict[str, Json] = {}
    for status, model in sorted(route.answers.items()):
        answer: dict[str, Json] = {"description": HTTPStatus(status).phrase}
        if isinstance(model, str):
            answer["content"] = {model: {"schema": {"type": "string"}}}
        elif model is not None:
            answer["content"] = {JSON: {"schema": _ref(references[model, "serialization"])}}
        if model is AcceptedView:
            answer["headers"] = {name: {"schema": {"type": "string"}} for name in _ACCEPTED_HEADERS}
        responses[str(status)] = answer
    content: Json = {PROBLEM: {"schema": _ref(references[ProblemView, "serialization"])}}
    for status in sorted(_problems(route) - route.answers.keys()):
        responses[str(status)] = {"description": TITLES[status], "content": content}
    if route.door is Door.KEY:
        responses["401"] = {"description": "The function key is missing or wrong; the platform says so."}
    return responses


def _problems(route: Route) -> set[int]:
    """The problems that a route may answer with."""
    found = {405, *route.problems}
    if route.door is not Door.ANONYMOUS:
        found |= {502, 503}
    if route.door is Door.USER:
        found |= {401, 403}
    if route.body is not None:
        found |= {400, 413, 415}
    if route.query is not None:
        found.add(400)
    if route.parameters:
        found.add(404)
    return found


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{name}"}
