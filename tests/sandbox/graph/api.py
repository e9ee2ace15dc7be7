"""The Graph service without a network: calls go straight to it, every answer is checked against its type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

import orjson

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest, ApiResponse
from sandbox.faults import Fault, Faults
from sandbox.graph import GraphService
from sandbox.request_log import RequestLog
from tests.sandbox.graph.csdl import check_answer

T = TypeVar("T")

ANN = "7f0e1d2c-0000-4000-8000-0000000000aa"
ANN_UPN = "ann@harbour.example"
BEN = "7f0e1d2c-0000-4000-8000-0000000000bb"
NOBODY = "7f0e1d2c-0000-4000-8000-0000000000cc"
APP = "a7d4f1c0-52be-4e3c-8f19-6b0e9d2c7a35"
ORIGIN = "http://graph.example/v1.0"
IMMUTABLE = 'IdType="ImmutableId"'
MARKER = "String {3f2b9d3c-6a53-4a0e-9b0d-0c7a2b1e4d55} Name CrmId"
SENSITIVITY = "Integer 0x0036"


class Answer:
    """One answer: `status`, `headers`, and members of the body by index."""

    def __init__(self, response: ApiResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body: Any = response.body

    def __getitem__(self, member: str) -> Any:
        return self.body[member]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.body["value"]]

    @property
    def link(self) -> str | None:
        """The nextLink or deltaLink, without the origin."""
        found = self.body.get("@odata.nextLink", self.body.get("@odata.deltaLink"))
        return None if found is None else found.removeprefix(ORIGIN)

    @property
    def last(self) -> bool:
        return "@odata.nextLink" not in self.body


class Api:
    """A service with Ann (mailbox, a folder "Business Central"), Ben (mailbox) and a user without mailbox."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = VirtualClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
        self.faults = Faults()
        self.log = RequestLog(self.clock)
        self.switches: dict[str, str] = {}
        self.service = GraphService(self.clock, self.faults, self.log, self.switches, Random(7))
        self.people = self.service.people
        self.people.add_user(ANN, ANN_UPN, "Ann Harbour")
        self.people.add_user(BEN, "ben@harbour.example", "Ben Harbour")
        self.people.add_user(NOBODY, "nobody@harbour.example", "Nobody", mailbox=False)
        self.folder = self.people.create_folder(ANN, "Business Central")
        self.contacts = f"/users/{ANN}/contactFolders/{self.folder}/contacts"

    def close(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def wait(self, work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        return self.loop.run_until_complete(run())

    async def item(self, request: ApiRequest) -> ApiResponse:
        """The gate's part in a batch: nothing stands between here."""
        return await self.service.handle(request, self)

    def call(
        self,
        method: str,
        url: str,
        json: object = None,
        *,
        prefer: str = IMMUTABLE,
        headers: Mapping[str, str] | None = None,
        raw: bytes = b"",
        app: str = APP,
    ) -> Answer:
        path, _, query = url.partition("?")
        sent = {"prefer": prefer} if prefer else {}
        if json is not None:
            sent["content-type"] = "application/json"
        content = raw if json is None else orjson.dumps(json)
        request = ApiRequest(method, path, query, {**sent, **(headers or {})}, content, ORIGIN, app=app)
        answer = Answer(self.wait(self.service.handle(request, self)))
        if answer.status < 300 and isinstance(answer.body, dict):
            check_answer(answer.body)
        if answer.status >= 400:
            assert set(answer["error"]) == {"code", "message", "innerError"}
        return answer

    def get(self, url: str, **more: Any) -> Answer:
        return self.call("GET", url, **more)

    def create(self, **json: object) -> Answer:
        """A contact in the folder; refused answers fail the test."""
        answer = self.call("POST", self.contacts, {"givenName": "Nneka", "surname": "Okafor", **json})
        assert answer.status == 201, answer.body
        return answer

    def patch(self, id: str, json: object, **more: Any) -> Answer:
        return self.call("PATCH", f"/users/{ANN}/contacts/{id}", json, **more)

    def read(self, id: str, query: str = "", **more: Any) -> Answer:
        return self.get(f"/users/{ANN}/contacts/{id}{query}", **more)

    def delete(self, id: str, **more: Any) -> Answer:
        return self.call("DELETE", f"/users/{ANN}/contacts/{id}", **more)

    def all_pages(self, url: str, **more: Any) -> tuple[list[Any], str]:
        """Every row of a list or a delta round, and the last page's deltaLink ("" for a list)."""
        rows: list[Any] = []
        while True:
            page = self.get(url, **more)
            assert page.status == 200, page.body
            rows += page["value"]
            if page.last:
                return rows, page.link or ""
            url = page.link or ""

    def fault(self, kind: str, **more: Any) -> None:
        self.faults.add(Fault(kind, "graph", **more))
