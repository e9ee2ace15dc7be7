"""Business Central's service without the network: a company, a clock that stands still, calls and answers."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from sandbox.business_central.service import BusinessCentralService
from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest, ApiResponse
from sandbox.faults import Faults
from sandbox.request_log import RequestLog

COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"
TENANT = "11111111-aaaa-4bbb-8ccc-222222222222"
BASE = f"/{TENANT}/Production/api/v2.0"
START = datetime(2026, 5, 11, 8, 0, tzinfo=UTC)
COUNTRIES = [
    ("BE", "Belgium", "056"),
    ("DE", "Germany", "276"),
    ("EL", "Greece", "300"),
    ("GB", "Great Britain", "826"),
]
POST_CODES = [
    ("W1", "SW1Y 4JH", "London", "GB"),
    ("BE", "1000", "Bruxelles", "BE"),
    ("BE", "1000", "Brussel", "BE"),
    ("DE", "1000", "Berlin", "DE"),
]
SUFFIX = re.compile(r"  CorrelationId:  [0-9a-f-]{36}\.$")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        """The error's text without the correlation id, which must be there."""
        text = self.body["error"]["message"]
        assert SUFFIX.search(text), text
        return SUFFIX.sub("", text)

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.code


class Api:
    """Calls the service directly. The path is below the company, or the API's base where it starts with `/`."""

    def __init__(self, switches: Mapping[str, str] | None = None) -> None:
        self.clock = VirtualClock(START, real=lambda: 0.0)
        self.faults = Faults()
        self.log = RequestLog(self.clock)
        self.switches = dict(switches or {})
        self.service = BusinessCentralService(
            self.clock, self.faults, self.log, self.switches, random.Random(7), COUNTRIES, POST_CODES
        )
        self.people = self.service.people
        self.people.add_company(COMPANY, "Fabrikam DE", "Fabrikam Deutschland GmbH")

    async def item(self, request: ApiRequest) -> ApiResponse:
        return await self.service.handle(request, self)

    def call(
        self,
        method: str,
        path: str,
        query: str = "",
        body: object = None,
        headers: Mapping[str, str] | None = None,
        base: str = BASE,
        app: str = "app",
    ) -> Answer:
        full = base + path if path.startswith("/") else f"{base}/companies({COMPANY})/{path}"
        raw = body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else b""
        sent = {"content-type": "application/json"} if raw else {}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        request = ApiRequest(method, full, query, sent, raw, "http://bc.example/v2.0", app=app)
        response = asyncio.run(self.service.handle(request, self))
        content = response.body
        if isinstance(content, bytes) and content[:1] in (b"{", b"["):
            content = orjson.loads(content)
        return Answer(response.status, response.headers, content)

    def get(self, path: str = "contacts", query: str = "", **headers: str) -> Answer:
        return self.call("GET", path, query, headers=_names(headers))

    def post(self, body: object, path: str = "contacts", **headers: str) -> Answer:
        return self.call("POST", path, body=body, headers=_names(headers))

    def create(self, **body: object) -> dict[str, Any]:
        """A contact made through the API."""
        answer = self.post(body)
        assert answer.status == 201, answer
        return dict(answer.body)

    def person(self, **body: object) -> dict[str, Any]:
        return self.create(**{"type": "Person", "displayName": "Ada Lovelace", **body})

    def patch(self, contact: Mapping[str, Any], **body: object) -> Answer:
        """Change a contact with the ETag it was read with."""
        path, tag = f"contacts({contact['id']})", contact["@odata.etag"]
        return self.call("PATCH", path, body=body, headers={"If-Match": tag})

    def delete(self, contact: Mapping[str, Any], **headers: str) -> Answer:
        return self.call("DELETE", f"contacts({contact['id']})", headers=_names(headers))

    def read(self, contact: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.get(f"contacts({contact['id']})")
        assert answer.status == 200, answer
        return dict(answer.body)

    def found(self, expression: str, extra: str = "") -> list[str]:
        """The names of the contacts that a filter finds, sorted."""
        answer = self.get("contacts", f"$filter={quote(expression)}{extra}")
        assert answer.status == 200, answer
        return sorted(each["displayName"] for each in answer.body["value"])

    def follow(self, link: str, **headers: str) -> Answer:
        """A next link, exactly as it was given."""
        parts = urlsplit(link)
        return self.call("GET", parts.path.removeprefix("/v2.0"), parts.query, headers=_names(headers), base="")


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
