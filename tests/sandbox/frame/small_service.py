"""A service of a few lines behind the real gate, on real HTTP, for tests of the frame alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson
import requests

from sandbox.clock import VirtualClock
from sandbox.entra import AppRegistration, Entra
from sandbox.exchange import ApiRequest, ApiResponse, Gate
from sandbox.faults import Faults
from sandbox.gate import Limits, ServiceGate
from sandbox.http_app import ServiceApp, graph_stamp
from sandbox.quotas import SlidingWindow, Slots, TokenBucket
from sandbox.request_log import RequestLog
from sandbox.server import ServerThread
from sandbox.tokens import BUSINESS_CENTRAL, GRAPH, Doorkeeper
from sandbox.wording import (
    BUSINESS_CENTRAL_WORDING,
    GRAPH_WORDING,
    business_central_door,
    graph_door,
)
from shared.model import Json

TENANT = "5b1c7c2e-0000-4000-8000-000000000001"
APP = "a7d4f1c0-0000-4000-8000-000000000002"


class SmallService:
    """Keeps a list of posted texts per mailbox; `$batch` runs its items four at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.posted: list[str] = []
        self.seen: list[ApiRequest] = []

    async def handle(self, request: ApiRequest, gate: Gate) -> ApiResponse:
        self.seen.append(request)
        if request.path == "/$batch":
            return await self._batch(request, gate)
        if request.path.endswith("/crash"):
            raise RuntimeError("a bug in the service")
        if request.method == "POST":
            self.posted.append(request.body.decode())
            return ApiResponse(201, {"posted": len(self.posted)})
        if request.method == "DELETE":
            return ApiResponse(204)
        return ApiResponse(200, {"path": request.path, "origin": request.origin})

    def quota_key(self, request: ApiRequest) -> str:
        first = request.path.split("/")[1]
        return f"{request.app}|{first}" if self.name == "graph" else request.app

    def refuse(self, status: int, code: str, message: str, retry_after: str | None) -> ApiResponse:
        error: Json = {"code": code, "message": message, "innerError": {"request-id": "inner"}}
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return ApiResponse(status, {"error": error}, headers)

    async def _batch(self, request: ApiRequest, gate: Gate) -> ApiResponse:
        four = asyncio.Semaphore(4)

        async def one(number: int, item: Mapping[str, str]) -> Json:
            async with four:
                answer = await gate.item(
                    ApiRequest(item["method"], item["url"], body=item.get("body", "").encode(), item=True)
                )
            headers: dict[str, Json] = dict(answer.headers)
            assert not isinstance(answer.body, bytes)
            return {"id": str(number), "status": answer.status, "headers": headers, "body": answer.body}

        items = orjson.loads(request.body)["requests"]
        return ApiResponse(200, {"responses": list(await asyncio.gather(*map(one, range(len(items)), items)))})


@dataclass
class Bench:
    """One small service running, and everything around it."""

    service: SmallService
    clock: VirtualClock
    faults: Faults
    log: RequestLog
    entra: Entra
    url: str
    latency: float = 0.0

    def token(self, audience: str = GRAPH, lifetime: float = 3599) -> str:
        return self.entra.issue(APP, audience, lifetime)

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> requests.Response:
        audience = GRAPH if self.service.name == "graph" else BUSINESS_CENTRAL
        sent = {"Authorization": f"Bearer {self.token(audience)}", **(headers or {})}
        return requests.request(method, self.url + path, headers=sent, data=body, timeout=20)

    def at_once(self, count: int, method: str, path: str) -> list[requests.Response]:
        """The same call `count` times at the same moment."""
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.send(method, path), range(count)))

    def batch(self, *items: Mapping[str, str]) -> list[dict[str, Json]]:
        answer = self.send("POST", "/$batch", body=orjson.dumps({"requests": items}).decode())
        assert answer.status_code == 200
        responses: list[dict[str, Json]] = answer.json()["responses"]
        return responses


@contextmanager
def bench(name: str = "graph") -> Iterator[Bench]:
    clock = VirtualClock()
    log, faults, rng = RequestLog(clock), Faults(random.Random(7)), random.Random(7)
    entra = Entra(TENANT, clock, rng)
    entra.resources.update(
        {GRAPH: ("Contacts.ReadWrite",), "https://api.businesscentral.dynamics.com": ("API",)}
    )
    entra.register(AppRegistration(APP, "secret"))
    service = SmallService(name)
    thread = ServerThread()
    running = Bench(service, clock, faults, log, entra, "")
    if name == "graph":
        limits = Limits(TokenBucket(clock, 10_000, 600), Slots(clock, 4))
        door, wording = graph_door("http://graph.local"), GRAPH_WORDING
    else:
        limits = Limits(SlidingWindow(clock, 6_000, 300), Slots(clock, 5, queue=95, patience=480))
        door, wording = business_central_door("http://bc.local"), BUSINESS_CENTRAL_WORDING
    keeper = Doorkeeper(door, TENANT, clock, log)
    gate = ServiceGate(service, clock, faults, log, limits, keeper, wording, lambda: running.latency)
    app = ServiceApp("/v1.0", lambda: gate, clock, graph_stamp(lambda: _id(rng)))
    thread.start()
    try:
        running.url = f"http://127.0.0.1:{thread.listen(app)}/v1.0"
        yield running
    finally:
        thread.stop()


def _id(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)
