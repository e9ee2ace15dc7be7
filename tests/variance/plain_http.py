"""A plain HTTP server for the services of this folder, and an Entra that says no more than it must."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit

from shared.model import Json

Record = dict[str, Json]


@dataclass(frozen=True)
class Ask:
    """One request as it came, alone or in a batch: `target` verbatim, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: Json = None

    @property
    def path(self) -> str:
        """Decoded, without the query."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        listed = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in listed.items()}


@dataclass(frozen=True)
class Tell:
    """An answer. `body`: JSON, text, or None for none at all."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"


class PlainServer:
    """Listens on a free port. `answer` is called under one lock; `seen`: what was asked, in order.

    `chunked`: HTTP/1.1 in small pieces, else 1.0 and closed after each answer.
    """

    def __init__(
        self,
        answer: Callable[[Ask], Tell],
        seen: list[tuple[PlainServer, Ask]],
        *,
        chunked: bool,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.seen = seen
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, answer, chunked))
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.origin = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> PlainServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(server: PlainServer, answer: Callable[[Ask], Tell], chunked: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if chunked else "HTTP/1.0"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_json = "json" in headers.get("content-type", "")
            body: Json = json.loads(raw) if is_json else raw.decode()
            ask = Ask(self.command, self.path, headers, body or None)
            with server.lock:
                server.seen.append((server, ask))
                told = answer(ask)
            self.send(told)

        def send(self, told: Tell) -> None:
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if told.body is None:
                if chunked:
                    self.send_header("Content-Length", "0")
                self.end_headers()
                return
            raw = told.body.encode() if isinstance(told.body, str) else json.dumps(told.body).encode()
            self.send_header("content-type", f"{told.kind};odata.metadata=minimal;charset=utf-8")
            if not chunked:
                self.end_headers()
                self.wfile.write(raw)
                return
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for start in range(0, len(raw), 1000):
                piece = raw[start : start + 1000]
                self.wfile.write(f"{len(piece):X}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    return Handler


class PlainEntra:
    """Tokens for any scope; the discovery document names nothing but what a client cannot do without."""

    def __init__(self) -> None:
        self.origin = ""
        self.issued: dict[str, str] = {}

    def answer(self, ask: Ask) -> Tell:
        tenant = ask.path.split("/")[1]
        if ask.path.endswith("/v2.0/.well-known/openid-configuration"):
            return Tell(
                200,
                {
                    "issuer": f"{self.origin}/{tenant}/v2.0",
                    "authorization_endpoint": f"{self.origin}/{tenant}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{self.origin}/{tenant}/oauth2/v2.0/token",
                },
            )
        form = {name: values[0] for name, values in parse_qs(str(ask.body)).items()}
        if not ask.path.endswith("/oauth2/v2.0/token") or form.get("grant_type") != "client_credentials":
            return Tell(400, {"error": "invalid_request", "error_description": "AADSTS900144: not understood"})
        token = f"opaque-{len(self.issued)}"
        self.issued[token] = form["scope"]
        return Tell(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def opens(self, ask: Ask, scope: str) -> bool:
        return self.issued.get(ask.headers.get("authorization", "").removeprefix("Bearer ")) == scope
