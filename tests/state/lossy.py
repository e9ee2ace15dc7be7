"""A Storage that loses answers: requests go through to Azurite, but the caller's connection ends instead.

What it answers is the real service's: selected properties that a row lacks are null (Azurite leaves them out).
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


@dataclass
class LossyStorage:
    """`lose` counts how many answers to writes are lost from now on; `requests` are those that arrived."""

    connection_string: str
    lose: int = 0
    requests: list[str] = field(default_factory=list)


@contextmanager
def lossy(connection_string: str) -> Iterator[LossyStorage]:
    """The same tables, at an address of their own."""
    parts = dict(part.split("=", 1) for part in connection_string.strip(";").split(";"))
    target = urlsplit(parts["TableEndpoint"])
    storage = LossyStorage("")

    class Forward(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            onward = http.client.HTTPConnection(target.hostname or "", target.port or 0)
            # As they came: a repeated header would change what the key signs.
            onward.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                onward.putheader(name, value)
            onward.endheaders(body)
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            storage.requests.append(self.command)
            if self.command != "GET" and storage.lose:
                storage.lose -= 1
                self.close_connection = True
                return
            if answer.status == 200 and self.command == "GET":
                content = _with_nulls(self.path, content)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_MERGE = _forward  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    parts["TableEndpoint"] = f"http://127.0.0.1:{server.server_port}{target.path}"
    storage.connection_string = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _with_nulls(path: str, content: bytes) -> bytes:
    selected = parse_qs(urlsplit(path).query).get("$select", [""])[0].split(",")
    if selected == [""]:
        return content
    answer = json.loads(content)
    for row in answer.get("value", [answer]):
        row.update({name: None for name in selected if name not in row})
    return json.dumps(answer).encode()
