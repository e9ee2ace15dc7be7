"""HTTP in front of the functions: keys, sign-in, routes; an ASGI application."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import cast
from urllib.parse import parse_qsl, unquote

import azure.functions as func
from azure.functions.http import HttpRequest, HttpResponseConverter
from azure.functions.meta import Datum

from sandbox.host.functions import KEY, HttpFunction
from sandbox.host.invocation import FunctionFailed, invoke
from sandbox.host.routes import Match, Router
from sandbox.host.sign_in import SignIn

log = logging.getLogger("host")

_LARGEST_BODY = 100 * 1024 * 1024
_HOST = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?", re.IGNORECASE)

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came. `path`: percent-decoded but for %2F. `headers`: names in lower case."""

    method: str
    origin: str
    raw_path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(re.sub("%2f", "%252F", self.raw_path, flags=re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` may repeat a name, as Set-Cookie does."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class WebApp:
    """Serves the HTTP functions of one app.

    `function_key`: what opens the functions that want one. `sign_in`: None switches `/.auth` off, not the
    removal of forged principals. `threads`: where the functions run, as the worker's pool.
    """

    def __init__(
        self,
        functions: Iterable[HttpFunction],
        prefix: str,
        function_key: str,
        sign_in: SignIn | None,
        threads: Executor,
    ) -> None:
        self._router = Router(functions, prefix)
        self._key = function_key.encode()
        self._sign_in = sign_in
        self._threads = threads

    async def __call__(self, scope: Mapping[str, object], receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        call = _call(scope, await _body(receive))
        answer = await self._answer(call)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, call: Call) -> Answer:
        cookies = call.headers.get("cookie", "")
        if self._sign_in is not None and call.path.lower().startswith("/.auth/"):
            page = self._sign_in.answer(call.path, call.query, cookies)
            return Answer(page.status, tuple(page.headers.items()), page.body)
        if len(call.body) > _LARGEST_BODY:
            return Answer(413)
        match = self._router.match(call.method, call.path)
        if match is None:
            return Answer(404)
        if match.function.level == KEY and not self._opens(call):
            return Answer(401)
        principal = self._sign_in.principal(cookies) if self._sign_in is not None else {}
        request = _request(call, match, principal)
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._threads, invoke, match.function, request)
            return _from_function(result)
        except FunctionFailed:
            return Answer(500)
        except TypeError:
            log.error("%s gave back something that is no HTTP response", match.function.name)
            return Answer(500)

    def _opens(self, call: Call) -> bool:
        """Whether the call carries the key: in a header, or in the query under any letter case of "code"."""
        given = call.headers.get("x-functions-key") or next(
            (value for name, value in parse_qsl(call.query) if name.lower() == "code"), ""
        )
        return hmac.compare_digest(given.encode(), self._key)


async def _body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = cast("bytes", message.get("body", b""))
        size += len(part)
        # One part past the limit is kept: it is what the caller is refused for.
        if size - len(part) <= _LARGEST_BODY:
            parts.append(part)
        more = bool(message.get("more_body", False))
    return b"".join(parts)


def _call(scope: Mapping[str, object], body: bytes) -> Call:
    headers: dict[str, str] = {}
    for name, value in cast("Iterable[tuple[bytes, bytes]]", scope["headers"]):
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}{'; ' if key == 'cookie' else ','}{text}" if key in headers else text
    host, port = cast("tuple[str, int]", scope["server"])
    named = headers.get("host", "")
    return Call(
        method=str(scope["method"]),
        origin=f"{scope['scheme']}://{named if _HOST.fullmatch(named) else f'{host}:{port}'}",
        raw_path=cast("bytes", scope["raw_path"]).decode("latin-1"),
        query=cast("bytes", scope["query_string"]).decode("latin-1"),
        headers=headers,
        body=body,
    )


def _request(call: Call, match: Match, principal: Mapping[str, str]) -> func.HttpRequest:
    """What the function gets. A principal that came from outside is never passed on (spec/interfaces.md §2)."""
    headers = {
        name: value for name, value in call.headers.items() if not name.startswith("x-ms-client-principal")
    }
    params: dict[str, str] = {}
    for name, value in parse_qsl(call.query):
        params[name] = f"{params[name]},{value}" if name in params else value
    return HttpRequest(
        method=call.method,
        url=f"{call.origin}{call.raw_path}{'?' + call.query if call.query else ''}",
        headers={**headers, **principal},
        params=params,
        route_params=match.values,
        body_type="bytes",
        body=call.body,
    )


def _from_function(result: object) -> Answer:
    """A function's result as an answer, by the worker's own converter. Raises `TypeError` for anything else."""
    if not isinstance(result, (func.HttpResponse, str)):
        raise TypeError(type(result).__name__)
    encoded = HttpResponseConverter.encode(result, expected_type=None)
    if encoded.type == "string":
        return Answer(200, (("content-type", "text/plain; charset=utf-8"),), encoded.value.encode())
    parts = cast("dict[str, object]", encoded.value)
    headers = [(name, datum.value) for name, datum in cast("dict[str, Datum]", parts["headers"]).items()]
    for jar in cast("list[SimpleCookie] | None", parts["cookies"]) or []:
        headers += [("set-cookie", morsel.OutputString()) for morsel in jar.values()]
    status, body = cast("Datum", parts["status_code"]), cast("Datum", parts["body"])
    return Answer(int(status.value), tuple(h for h in headers if h[0].lower() != "content-length"), body.value)
