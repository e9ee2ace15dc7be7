"""A notification receiver on real HTTP: echoes validation tokens, keeps what it is told, answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass
class Receiver:
    """`answers`: status of each next notification, 202 when used up. `echo`: what a handshake returns."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    echo: Callable[[str], bytes] = str.encode
    handshakes: list[str] = field(default_factory=list)
    deliveries: list[list[dict[str, Any]]] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[list[dict[str, Any]]]:
        """The deliveries, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.deliveries) >= count, 10), self.deliveries
            return list(self.deliveries)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = parse_qs(urlsplit(self.path).query)
            with receiver.changed:
                if "validationToken" in query:
                    receiver.handshakes.append(self.path)
                    status, content = 200, receiver.echo(query["validationToken"][0])
                else:
                    receiver.deliveries.append(orjson.loads(body)["value"])
                    receiver.headers.append(self.headers)
                    status, content = receiver.answers.pop(0) if receiver.answers else 202, b""
                receiver.changed.notify_all()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/api/bc?code=k%3D"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
