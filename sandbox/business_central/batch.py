"""`$batch`: up to a hundred operations one after the other (contracts/business-central.md §7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import orjson

from sandbox.business_central import errors
from sandbox.business_central.call import Call
from sandbox.exchange import ApiRequest, ApiResponse
from shared.model import Json

MAX_OPERATIONS = 100
_MEMBERS = frozenset({"id", "method", "url", "headers", "body", "atomicityGroup"})
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})

Item = Callable[[ApiRequest], Awaitable[ApiResponse]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the envelope. `id` is None where it was left out. `url` may still be wrong."""

    id: str | None
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def operations_of(call: Call) -> list[Operation]:
    """The envelope, checked. Raises `Refusal`."""
    body = call.body()
    entries = body.get("requests")
    if not isinstance(entries, list) or set(body) != {"requests"}:
        raise errors.invalid_body("Invalid Request Body: 'requests' is expected.")
    if len(entries) > MAX_OPERATIONS:
        raise errors.batch_too_large(MAX_OPERATIONS)
    operations = [_operation(entry) for entry in entries]
    ids = [each.id for each in operations if each.id is not None]
    if len(ids) != len(set(ids)):
        raise errors.invalid_body("Invalid Request Body: an id occurs more than once.")
    return operations


def _operation(entry: Json) -> Operation:
    if not isinstance(entry, dict) or not set(entry) <= _MEMBERS:
        raise errors.invalid_body("Invalid Request Body: a request has an unknown member.")
    operation_id, method, url = entry.get("id"), entry.get("method"), entry.get("url")
    headers = entry.get("headers", {})
    if not (operation_id is None or isinstance(operation_id, str)) or not isinstance(url, str):
        raise errors.invalid_body("Invalid Request Body: id and url are texts.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise errors.invalid_body("Invalid Request Body: a request needs a method.")
    if not isinstance(headers, dict):
        raise errors.invalid_body("Invalid Request Body: headers is an object.")
    texts: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(value, str):
            raise errors.invalid_body("Invalid Request Body: a header is a text.")
        texts[name.lower()] = value
    try:
        body = orjson.dumps(entry["body"]) if "body" in entry else b""
    except orjson.JSONEncodeError as error:
        raise errors.invalid_body("Invalid Request Body: a body is nested too deeply.") from error
    return Operation(operation_id, method.upper(), url, texts, body)


async def run_operations(
    call: Call, operations: list[Operation], keep_going: bool, item: Item
) -> tuple[list[Json], bool]:
    """Carry the operations out in order, up to the first that fails unless `keep_going`.

    Returns the responses, and whether all of them succeeded.
    """
    responses: list[Json] = []
    good = True
    for operation in operations:
        response = await item(_request(call, operation))
        responses.append(_response(operation, response))
        if response.status >= 400:
            good = False
            if not keep_going:
                break
    return responses, good


def _request(call: Call, operation: Operation) -> ApiRequest:
    """The operation as a call of its own; the address is below the batch's own base."""
    path, _, query = operation.url.partition("?")
    return ApiRequest(
        method=operation.method,
        path=f"{call.route.base}/{unquote(path)}",
        query=query,
        headers=operation.headers,
        body=operation.body,
        origin=call.request.origin,
        item=True,
        app=call.request.app,
    )


def _response(operation: Operation, response: ApiResponse) -> Json:
    headers: dict[str, Json] = {name.lower(): value for name, value in response.headers.items()}
    headers["odata-version"] = "4.0"
    shown: dict[str, Json] = {"id": operation.id, "status": response.status, "headers": headers}
    if response.body is not None and not isinstance(response.body, bytes):
        shown["body"] = response.body
    return shown
