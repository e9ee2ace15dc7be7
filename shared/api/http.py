"""The HTTP call as the product sees it, whatever platform brought it, and the answer it gives back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.model import Json

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    `path`: under `/api/`, percent-decoded but for %2F. `headers`: names in lower case. `door`: "key" (the
    host has checked the function key), "user" or "anonymous". `origin`: scheme and authority it was sent to.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    door: str
    origin: str = ""

    def header(self, name: str) -> str:
        """The value of a header, "" where it was not sent."""
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` hold the content type wherever there is a body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_response(
    value: Json, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = JSON
) -> Response:
    """An answer with a JSON body; never kept by a cache, since it may name people."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": kind, "Cache-Control": "no-store", **(headers or {})}, body)
