"""What one API call is, inside the sandbox: the request, the answer, and what a service must offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.model import Json


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One call, whether it came alone over HTTP or as an item of a `$batch`.

    `path`: percent-decoded, without the service's base ("/users/u1/contacts"). `query`: raw, undecoded,
    without "?". `headers`: names in lower case. `body`: raw bytes (a batch item's body re-encoded).
    `origin`: scheme, host, port and base as the caller addressed them, for links in answers.
    `item`: True for an item of a batch. `app`: the client id of the token, "" where none is needed.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""
    item: bool = False
    app: str = ""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """`body`: a JSON value, bytes for anything else, or None for an empty body."""

    status: int
    body: Json | bytes = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate(Protocol):
    """The way every call takes: log, faults, throttling, latency, then the service."""

    async def item(self, request: ApiRequest) -> ApiResponse:
        """Carry out one item of a batch, with its own log entry, faults, quota and latency."""
        ...


class Service(Protocol):
    """Graph or Business Central behind the gate."""

    name: str

    async def handle(self, request: ApiRequest, gate: Gate) -> ApiResponse:
        """Answer one call. Never raises for a bad request: it answers the documented error."""
        ...

    def quota_key(self, request: ApiRequest) -> str:
        """Who shares the quota: app + mailbox for Graph, app for Business Central; "" for none."""
        ...

    def refuse(self, status: int, code: str, message: str, retry_after: str | None) -> ApiResponse:
        """An error in this service's own envelope, for faults and throttling decided by the gate."""
        ...
