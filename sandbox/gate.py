"""The way every call takes: token, log, faults, quota, latency, then the service."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest, ApiResponse, Gate, Service
from sandbox.faults import BATCH, Fault, Faults
from sandbox.manners import Pauses
from sandbox.quotas import Entry, Rate, Slots
from sandbox.request_log import Entry as LogEntry
from sandbox.request_log import RequestLog
from sandbox.tokens import Doorkeeper

_BEFORE = ("reject", "drop", "html_error", "commit_then_504", "commit_then_drop")


@dataclass(frozen=True, slots=True)
class Wording:
    """A service's own codes and texts for what the gate decides (the contracts' error tables)."""

    throttled: tuple[str, str]
    crowded: tuple[str, str]
    waited: tuple[str, str]
    codes: dict[int, str]
    unknown_address: tuple[int, str, str]
    crowded_retry_after: str


@dataclass(frozen=True, slots=True)
class Limits:
    rate: Rate
    slots: Slots


@dataclass(frozen=True, slots=True)
class _Visit:
    """One call on its way. `sent`: when the caller sent it, for an item the time of its `$batch` call."""

    n: int
    batch: int | None
    sent: float
    key: str


class ServiceGate:
    """The gate of one service. Lives on one event loop."""

    def __init__(
        self,
        service: Service,
        clock: VirtualClock,
        faults: Faults,
        log: RequestLog,
        limits: Limits,
        doorkeeper: Doorkeeper,
        wording: Wording,
        latency: Callable[[], float],
    ) -> None:
        self.service = service
        self._clock = clock
        self._faults = faults
        self._log = log
        self._limits = limits
        self._doorkeeper = doorkeeper
        self._wording = wording
        self._latency = latency
        self._pauses = Pauses(clock)

    async def call(self, request: ApiRequest, known: bool = True) -> ApiResponse | None:
        """Carry out a call that came over HTTP. None: close the connection without an answer.

        `known`: whether the address lies below the service's base.
        """
        n, at = self._log.number(), self._clock.monotonic()
        verdict = self._doorkeeper.admit(request.headers.get("authorization", ""))
        if not verdict.app:
            refusal = self.service.refuse(verdict.status, verdict.code, verdict.message, None)
            self._enter_in_log(request, _Visit(n, None, at, ""), refusal, at)
            return refusal
        request = replace(request, app=verdict.app)
        if not known:
            refusal = self.service.refuse(*self._wording.unknown_address, None)
            self._enter_in_log(request, _Visit(n, None, at, ""), refusal, at)
            return refusal
        if request.path.endswith(BATCH):
            batch = _BatchGate(self, request, n, at)
            response = await self._pass(request, _Visit(n, None, at, ""), batch)
            batch.tell()
            return response
        visit = _Visit(n, None, at, self.service.quota_key(request))
        response = await self._pass(request, visit, _NoItems())
        if response is not None:
            self._pauses.told(visit.key, request, response.headers.get("Retry-After"))
        return response

    async def _pass(self, request: ApiRequest, visit: _Visit, gate: Gate) -> ApiResponse | None:
        """Log, faults and quota around the service. A visit without a key takes no quota and no slot."""
        name = self.service.name
        early = self._pauses.broken(visit.key, request, visit.sent)
        if early:
            detail = f"{request.method} {request.path} came {early:.3f} s before its Retry-After was over"
            self._log.violate("early_retry", name, detail)
        started = self._clock.monotonic()
        fault = self._faults.take(name, request.method, request.path, *_BEFORE)
        response: ApiResponse | None
        if fault is not None and not fault.kind.startswith("commit"):
            response = self._instead(fault)
        elif wait := self._limits.rate.take(visit.key) if visit.key else 0:
            code, message = self._wording.throttled
            response = self.service.refuse(429, code, message, str(wait))
        elif refusal := await self._crowd_control(request, visit):
            response = refusal
        else:
            started = self._clock.monotonic()
            try:
                response = await self._execute(request, visit, gate)
            finally:
                if visit.key:
                    self._limits.slots.leave(visit.key)
            if fault is not None:
                response = None if fault.kind == "commit_then_drop" else self._refusal(504, fault)
        self._enter_in_log(request, visit, response, started)
        return response

    async def _crowd_control(self, request: ApiRequest, visit: _Visit) -> ApiResponse | None:
        """Take a slot, perhaps after waiting; a refusal where there is none."""
        if not visit.key:
            return None
        slots, words = self._limits.slots, self._wording
        if slots.busy(visit.key):
            detail = f"{request.method} {request.path} came while {slots.at_once} calls were being served"
            self._log.violate("concurrency", self.service.name, detail)
        entry = await slots.enter(visit.key)
        if entry is Entry.FULL:
            return self.service.refuse(429, *words.crowded, words.crowded_retry_after)
        if entry is Entry.TOO_LATE:
            return self.service.refuse(503, *words.waited, words.crowded_retry_after)
        return None

    async def _execute(self, request: ApiRequest, visit: _Visit, gate: Gate) -> ApiResponse:
        name = self.service.name
        wait = self._latency() if visit.key else 0.0
        slow = self._faults.take(name, request.method, request.path, "delay")
        if slow is not None:
            wait += slow.seconds
        if wait:
            await self._clock.sleep(wait)
        try:
            return await self.service.handle(request, gate)
        except Exception as error:
            self._log.violate("crash", name, f"{request.method} {request.path}: {error!r}")
            raise

    def _instead(self, fault: Fault) -> ApiResponse | None:
        """The answer to a call that is not carried out."""
        if fault.kind == "drop":
            return None
        if fault.kind == "html_error":
            page = b"<html><body><h1>The service is unavailable</h1></body></html>"
            headers = {"Content-Type": "text/html; charset=utf-8"}
            if fault.retry_after is not None:
                headers["Retry-After"] = fault.retry_after
            return ApiResponse(fault.status or 502, page, headers)
        return self._refusal(fault.status or 503, fault)

    def _refusal(self, status: int, fault: Fault) -> ApiResponse:
        code = fault.code or self._wording.codes.get(status, "UnknownError")
        message = fault.detail.get("message", "The request was not completed.")
        return self.service.refuse(status, code, message, fault.retry_after)

    def _enter_in_log(
        self, request: ApiRequest, visit: _Visit, response: ApiResponse | None, started: float
    ) -> None:
        ended = self._clock.monotonic()
        entry = LogEntry(
            n=visit.n,
            at=self._clock.at(visit.sent),
            service=self.service.name,
            method=request.method,
            path=request.path,
            query=request.query,
            status=response.status if response is not None else 0,
            item=request.item,
            batch=visit.batch,
            app=request.app,
            quota_key=visit.key,
            started=started,
            ended=ended,
            headers={name: value for name, value in request.headers.items() if name != "authorization"},
            raw=request.body,
        )
        self._log.add(entry)


class _NoItems:
    """The gate of a call that is no batch: it has no items to carry out."""

    async def item(self, request: ApiRequest) -> ApiResponse:
        raise ValueError(f"{request.path} is not an item of a batch")


class _BatchGate:
    """The gate that one `$batch` call gets for its items."""

    def __init__(self, gate: ServiceGate, outer: ApiRequest, n: int, sent: float) -> None:
        self._gate = gate
        self._outer = outer
        self._n = n
        self._sent = sent
        self._told: list[tuple[str, ApiRequest, str]] = []

    async def item(self, request: ApiRequest) -> ApiResponse:
        gate, outer = self._gate, self._outer
        request = replace(request, app=outer.app, origin=outer.origin, item=True)
        visit = _Visit(gate._log.number(), self._n, self._sent, gate.service.quota_key(request))
        response = await gate._pass(request, visit, _NoItems())
        if response is None:
            return gate.service.refuse(503, gate._wording.codes[503], "The connection was closed.", None)
        if retry_after := response.headers.get("Retry-After"):
            self._told.append((visit.key, request, retry_after))
        if isinstance(response.body, bytes):
            response = replace(response, body=base64.b64encode(response.body).decode())
        return response

    def tell(self) -> None:
        """The batch is answered: now its caller knows which items have to wait."""
        for key, request, retry_after in self._told:
            self._gate._pauses.told(key, request, retry_after)
