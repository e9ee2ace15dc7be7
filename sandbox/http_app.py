"""From HTTP to the gate and back: one bare ASGI application per service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from email.utils import format_datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

import orjson

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest, ApiResponse
from sandbox.gate import ServiceGate

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]
Stamp: TypeAlias = Callable[[ApiRequest, ApiResponse], ApiResponse]

CLOSE_CONNECTION = "sandbox.close"
"""The extension in an ASGI scope that closes the connection without an answer."""


class ServiceApp:
    """Serves what lies below `base` ("/v1.0") through the gate that `gate()` names at the time of a call.

    `stamp` puts the service's usual headers on an answer.
    """

    def __init__(self, base: str, gate: Callable[[], ServiceGate], clock: VirtualClock, stamp: Stamp) -> None:
        self._base = base
        self._gate = gate
        self._clock = clock
        self._stamp = stamp

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path: str = scope["path"]
        known = path.startswith(self._base + "/")
        request = ApiRequest(
            method=scope["method"],
            path=path[len(self._base) :] if known else path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            origin=f"{scope['scheme']}://{headers.get('host', '')}{self._base}",
        )
        response = await self._gate().call(request, known)
        if response is None:
            await close_connection(scope, receive)
            return
        await answer(send, self._stamp(request, response), self._clock)


async def read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def close_connection(scope: Message, receive: Receive) -> None:
    """End the connection under the caller, who then has no answer at all."""
    scope["extensions"][CLOSE_CONNECTION]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(send: Send, response: ApiResponse, clock: VirtualClock) -> None:
    """Write an answer: a JSON body unless it is bytes, with the virtual date."""
    headers = {"Date": format_datetime(clock.now(), usegmt=True)}
    match response.body:
        case None:
            body = b""
        case bytes():
            body = response.body
        case _:
            body = orjson.dumps(response.body)
            headers["Content-Type"] = "application/json"
    headers |= response.headers
    if response.status != 204:
        headers["Content-Length"] = str(len(body))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def graph_stamp(new_id: Callable[[], UUID]) -> Stamp:
    """Request ids on Graph's answers, the same in headers and error body (contracts/graph.md §2, §5.2)."""

    def stamp(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        inner = _inner_error(response)
        own = response.headers.get("request-id") or str((inner or {}).get("request-id") or new_id())
        asked = request.headers.get("client-request-id") or own
        if inner is not None:
            inner["request-id"], inner["client-request-id"] = own, asked
        headers = {**response.headers, "request-id": own, "client-request-id": asked}
        headers["x-ms-ags-diagnostic"] = '{"ServerInfo":{"DataCenter":"Local","Slice":"E","Ring":"1"}}'
        return replace(response, headers=headers)

    return stamp


def business_central_stamp(request: ApiRequest, response: ApiResponse) -> ApiResponse:
    """The OData version, and JSON's long content type where the service named none."""
    headers = {"OData-Version": "4.0", **response.headers}
    if isinstance(response.body, dict) and "Content-Type" not in headers:
        headers["Content-Type"] = "application/json; odata.metadata=minimal; odata.streaming=true"
    if "client-request-id" in request.headers:
        headers.setdefault("client-request-id", request.headers["client-request-id"])
    return replace(response, headers=headers)


def _inner_error(response: ApiResponse) -> dict[str, object] | None:
    body = response.body
    if not isinstance(body, dict) or not isinstance(error := body.get("error"), dict):
        return None
    inner = error.get("innerError")
    return cast("dict[str, object]", inner) if isinstance(inner, dict) else None
