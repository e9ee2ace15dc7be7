"""`$batch`: the envelope and the order of its items (contracts/graph.md §4, §5.1)."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from binascii import Error as Base64Error
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final
from urllib.parse import unquote

import orjson

from sandbox.exchange import ApiRequest, ApiResponse, Gate
from sandbox.graph import ids
from sandbox.graph.bodies import read_object
from sandbox.graph.errors import GraphError
from sandbox.graph.options import allow, parse_query
from shared.model import Json

MAX_ITEMS: Final = 20
AT_ONCE: Final = 4

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_MEMBERS: Final = frozenset({"id", "method", "url", "headers", "body", "dependsOn", "depends_on"})
"""The last is sent, empty, by Microsoft's SDK for Python; with content it would be a misspelling."""


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch."""

    id: str
    request: ApiRequest
    depends_on: str | None


def _bad(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


async def run(
    outer: ApiRequest, gate: Gate, lane: Callable[[ApiRequest], str], rng: Random, throttled: str
) -> ApiResponse:
    """Answer a batch: 200 whenever it parses, the answers in any order. Raises GraphError 400.

    `lane` names who shares the four places at once. `throttled`: the outer status where an item was
    throttled, a switch.
    """
    if outer.method != "POST":
        raise GraphError(405, "ErrorInvalidRequest", "The OData request is not supported.")
    items = read_items(outer)
    if any(item.depends_on is not None for item in items):
        answers = await _one_by_one(_in_chain(items), gate)
    else:
        places: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

        async def run_item(item: Item) -> ApiResponse:
            async with places[lane(item.request)]:
                return await gate.item(item.request)

        answered = await asyncio.gather(*(run_item(item) for item in items))
        answers = list(zip(items, answered, strict=True))
    rng.shuffle(answers)
    status = int(throttled) if any(answer.status == 429 for _, answer in answers) else 200
    return ApiResponse(status, {"responses": [_show(item, answer, rng) for item, answer in answers]})


async def _one_by_one(chain: list[Item], gate: Gate) -> list[tuple[Item, ApiResponse]]:
    """A chain runs one at a time; after a failure every later item answers 424."""
    answers: list[tuple[Item, ApiResponse]] = []
    failed = False
    for item in chain:
        if failed:
            message = f"The request depends on another request of the batch, which failed: {item.depends_on}"
            answer = ApiResponse(424, {"error": {"code": "FailedDependency", "message": message}})
        else:
            answer = await gate.item(item.request)
            failed = answer.status >= 400
        answers.append((item, answer))
    return answers


def _show(item: Item, answer: ApiResponse, rng: Random) -> dict[str, Json]:
    request_id = ids.guid(rng)
    own: dict[str, str] = {"request-id": request_id}
    own["client-request-id"] = item.request.headers.get("client-request-id", request_id)
    body: Json = answer.body.decode("latin-1") if isinstance(answer.body, bytes) else answer.body
    if body is not None and "Content-Type" not in answer.headers:
        own["Content-Type"] = "application/json"
    headers: dict[str, Json] = {**own, **answer.headers}
    return {"id": item.id, "status": answer.status, "headers": headers, "body": body}


def read_items(outer: ApiRequest) -> list[Item]:
    """The batch's requests, checked. Raises GraphError 400."""
    allow(parse_query(outer.query))
    body = read_object(outer)
    requests = body.get("requests")
    if body.keys() != {"requests"} or not isinstance(requests, list) or not requests:
        raise _bad("Invalid batch payload format.")
    if len(requests) > MAX_ITEMS:
        message = f"Number of batch request steps exceeds the maximum value of {MAX_ITEMS}."
        raise GraphError(400, "MaximumValueExceeded", message)
    items = [_read_item(outer, entry) for entry in requests]
    if len({item.id.casefold() for item in items}) < len(items):
        raise _bad("Request Id values must be unique within a batch, letter case aside.")
    return items


def _read_item(outer: ApiRequest, entry: Json) -> Item:
    if not isinstance(entry, dict) or not entry.keys() <= _MEMBERS or entry.get("depends_on"):
        raise _bad("Invalid batch payload format.")
    id, method, url = entry.get("id"), entry.get("method"), entry.get("url")
    if not isinstance(id, str) or not id:
        raise _bad("Every request of a batch needs an id.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise _bad(f"The request with the id '{id[:50]}' has no known method.")
    if not isinstance(url, str) or not url or "://" in url.partition("?")[0]:
        raise _bad(f"The url of the request with the id '{id[:50]}' must be relative to the version's root.")
    path, _, query = url.partition("?")
    path = "/" + unquote(path.removeprefix("/"))
    if path.endswith("$batch"):
        raise _bad("A batch cannot hold another batch.")
    headers = _read_headers(entry.get("headers"))
    content = _read_content(id, headers, entry.get("body"))
    request = ApiRequest(method.upper(), path, query, headers, content, outer.origin, item=True, app=outer.app)
    return Item(id, request, _read_dependency(entry.get("dependsOn")))


def _read_headers(value: Json) -> dict[str, str]:
    """The item's own headers; those of the outer request do not count for it."""
    headers: dict[str, str] = {}
    if value is not None and not isinstance(value, dict):
        raise _bad("The headers of a request must be an object.")
    for name, text in (value or {}).items():
        if not isinstance(text, str):
            raise _bad("The headers of a request must be texts.")
        headers[name.lower()] = text
    return headers


def _read_content(id: str, headers: Mapping[str, str], body: Json) -> bytes:
    if body is None:
        return b""
    kind = headers.get("content-type")
    if kind is None:
        raise _bad(f"The request with the id '{id[:50]}' has a body, so it needs a Content-Type header.")
    if kind.partition(";")[0].strip().lower() == "application/json":
        return orjson.dumps(body)
    try:
        return b64decode(body if isinstance(body, str) else "?", validate=True)
    except (Base64Error, ValueError) as error:
        raise _bad(f"The body of the request with the id '{id[:50]}' is not base64 text.") from error


def _read_dependency(value: Json) -> str | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], str):
        raise _bad("dependsOn must name one request: no dependency at all or one full chain are supported.")
    return value[0]


def _in_chain(items: list[Item]) -> list[Item]:
    """The items in the order of one full chain. Raises GraphError 400 for any other pattern."""
    after = {item.depends_on.casefold(): item for item in items if item.depends_on is not None}
    first = [item for item in items if item.depends_on is None]
    chain = first[:1]
    while chain and chain[-1].id.casefold() in after and len(chain) <= len(items):
        chain.append(after[chain[-1].id.casefold()])
    if len(first) != 1 or len(chain) != len(items):
        raise _bad("dependsOn supports no dependency at all or one full chain.")
    return chain
