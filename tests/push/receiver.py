"""The app's public address in a test: real HTTP in front of the webhook functions, faults on the way in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from shared.api.app import handle
from shared.api.http import Request, Response
from shared.sync.services import Services

PATIENCE = 10.0


class Receiver:
    """`answers`: status of each delivery, handshakes apart. `lost`: answer 202 and tell the app nothing.

    `held`: keep notifications back (answered 202) until `let_go`, doubled and in reverse, as the net may do.
    """

    def __init__(self) -> None:
        self.services: Services | None = None
        self.lost = False
        self.held: list[Request] | None = None
        self.answers: list[int] = []
        self.handshakes: list[str] = []
        self.on_handshake: Callable[[], None] = lambda: None
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._serve()

            def do_GET(self) -> None:
                self._serve()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                response = receiver.take(self.command, self.path, dict(self.headers), body)
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on the tests' output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        url = urlsplit(path)
        query = parse_qsl(url.query, keep_blank_values=True)
        lower = {name.lower(): value for name, value in headers.items()}
        request = Request(method, url.path.removeprefix("/api/"), query, lower, body, "anonymous")
        if any(name == "validationToken" for name, _ in query):
            self.on_handshake()
            response = self.hand_over(request)
            with self._changed:
                self.handshakes.append(url.path)
            return response
        if self.held is not None:
            self.held.append(request)
            response = Response(202)
        else:
            response = Response(202) if self.lost else self.hand_over(request)
        with self._changed:
            self.answers.append(response.status)
            self._changed.notify_all()
        return response

    def hand_over(self, request: Request) -> Response:
        services = self.services
        assert services is not None
        return handle(request, lambda: services)

    def let_go(self) -> None:
        """What was kept back arrives: twice, the last first."""
        held, self.held = self.held or [], None
        for request in reversed(held + held):
            self.hand_over(request)

    def wait_for(self, count: int) -> None:
        """Until so many notifications were answered; fails after a while."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answers) >= count, PATIENCE), self.answers
