"""A real HTTP server that plays what a test tells it to, and remembers every request byte for byte."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TypeAlias

from shared.model import Json
from shared.transport import Endpoint, Lanes, Transport


class FakeClock:
    """Time that passes only by sleeping, and at once; safe for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 2, 9, 0, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._seconds += seconds
            self.sleeps.append(seconds)


@dataclass(frozen=True)
class Seen:
    """One request as it came: `target` and `body` undecoded, header names in lower case, `at` the clock's time.

    `peer`: the port it came from, one per connection.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    peer: int

    @property
    def json(self) -> dict[str, Json]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class Reply:
    """`body`: JSON, or bytes as they are. `drop`: close the connection instead of answering."""

    status: int = 200
    body: Json | bytes = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


DROP = Reply(drop=True)
Answering: TypeAlias = Callable[[Seen], Reply]


def error(status: int, code: str, **headers: str) -> Reply:
    """A refusal in the envelope that both services use."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"code": code, "message": "Ada Lovelace is not valid."}}, named)


class ScriptedServer:
    """Answers from `script` first, in order; then whatever `answering` says."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.seen: list[Seen] = []
        self.script: deque[Reply] = deque()
        self.answering: Answering = lambda _: error(404, "ErrorItemNotFound")
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(
                    self.command, self.path, headers, body, server.clock.monotonic(), self.client_address[1]
                )
                server.seen.append(seen)
                reply = server.script.popleft() if server.script else server.answering(seen)
                self.close_connection = reply.drop
                if reply.drop:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                if reply.body is None:
                    content = b""
                self.send_response_only(reply.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
                for name, value in {**headers, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the standard library's names

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            disable_nagle_algorithm = True
            request_queue_size = 64

        Handler.disable_nagle_algorithm = True
        Handler.wbufsize = -1
        self._http = Server(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def targets(self) -> list[str]:
        return [f"{seen.method} {seen.target}" for seen in self.seen]


class CountedTokens:
    """Tokens with a number in them, so that a test sees which one was sent."""

    def __init__(self) -> None:
        self.number = 1

    def token(self, scope: str) -> str:
        return f"token-{self.number}"

    def renew(self, scope: str, refused: str) -> str:
        if refused == self.token(scope):
            self.number += 1
        return self.token(scope)


def transport_to(server: ScriptedServer, endpoint: Endpoint) -> Transport:
    """A transport with the server's clock and no randomness."""
    ids = map(str, itertools.count(1))
    clock = server.clock
    return Transport(endpoint, CountedTokens(), Lanes(clock), clock, lambda: 0.0, lambda: next(ids))
