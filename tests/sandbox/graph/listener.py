"""A subscriber's address on this machine: real HTTP, answers as told, remembers what came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Arrival:
    path: str
    content_type: str
    body: bytes
    token: str | None

    @property
    def notifications(self) -> list[dict[str, Any]]:
        return list(orjson.loads(self.body)["value"])


class Listener:
    """Answers handshakes with their token and notifications with 202, unless `answer` says otherwise.

    `kind`: the content type of every answer.
    """

    def __init__(self) -> None:
        self.kind = "text/plain; charset=utf-8"
        self.answer: Callable[[Arrival], tuple[int, bytes] | None] = lambda _: None
        self._arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                token = parse_qs(urlsplit(self.path).query).get("validationToken", [None])[0]
                arrival = Arrival(self.path, self.headers.get("Content-Type", ""), body, token)
                usual = (202, b"") if token is None else (200, token.encode())
                status, content = listener.answer(arrival) or usual
                listener._note(arrival)
                self.send_response(status)
                self.send_header("Content-Type", listener.kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on the tests' output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify?code=k1"
        self.lifecycle_url = f"http://127.0.0.1:{self._server.server_port}/lifecycle"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _note(self, arrival: Arrival) -> None:
        with self._changed:
            self._arrivals.append(arrival)
            self._changed.notify_all()

    @property
    def handshakes(self) -> list[Arrival]:
        return [arrival for arrival in self._arrivals if arrival.token is not None]

    @property
    def deliveries(self) -> list[Arrival]:
        return [arrival for arrival in self._arrivals if arrival.token is None]

    @property
    def notifications(self) -> list[dict[str, Any]]:
        return [notification for delivery in self.deliveries for notification in delivery.notifications]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many notifications have come; fails after a while."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.notifications) >= count, PATIENCE), self._arrivals
        return self.notifications
