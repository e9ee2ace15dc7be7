"""The Graph service: which part answers which path, and the error envelope (contracts/graph.md)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest, ApiResponse, Gate
from sandbox.faults import Faults
from sandbox.graph import batch, ids, users
from sandbox.graph.delta import Delta
from sandbox.graph.errors import GraphError, envelope, not_supported
from sandbox.graph.options import Preferences, parse_query
from sandbox.graph.people import People
from sandbox.graph.postbox import Deliver
from sandbox.graph.routes import Routes, split_path
from sandbox.graph.subscriptions import Subscriptions
from sandbox.graph.tenant import Call, Tenant
from sandbox.request_log import RequestLog


class GraphService:
    """Microsoft Graph v1.0 for Outlook contacts, in memory. Lives on one event loop.

    `switches` is read at the time of use (`sandbox.graph.switches.CHOICES`). `people` does what persons and
    administrators do. `deliver` sends notifications out; the sandbox sets it.
    """

    name = "graph"

    def __init__(
        self, clock: VirtualClock, faults: Faults, log: RequestLog, switches: Mapping[str, str], rng: Random
    ) -> None:
        self._tenant = Tenant(clock, faults, log, switches, rng)
        self._delta = Delta(self._tenant)
        self._routes = Routes(self._tenant, self._delta)
        self.subscriptions = Subscriptions(self._tenant)
        self.people = People(self._tenant, self._delta, self.subscriptions)

    @property
    def deliver(self) -> Deliver:
        return self.subscriptions.postbox.deliver

    @deliver.setter
    def deliver(self, deliver: Deliver) -> None:
        self.subscriptions.postbox.deliver = deliver

    async def handle(self, request: ApiRequest, gate: Gate) -> ApiResponse:
        """Answer one call; a refusal is an answer too."""
        try:
            if request.path == "/$batch":
                throttled = self._tenant.switches["batch_throttle_outer"]
                return await batch.run(request, gate, self.quota_key, self._tenant.rng, throttled)
            segments = split_path(request.path)
            if segments[0] == "subscriptions":
                return await self.subscriptions.handle(request, segments[1:])
            response = self._handle_user(request, segments)
        except GraphError as error:
            return self._answer_error(error, request.headers.get("client-request-id"))
        if self._tenant.faults.take("graph", request.method, request.path, "notify_early"):
            await self.subscriptions.postbox.settle()
        return response

    def quota_key(self, request: ApiRequest) -> str:
        """App and mailbox; "" for a batch and for subscriptions (§5.1)."""
        try:
            segments = split_path(request.path)
        except GraphError:
            return ""
        if len(segments) < 2 or segments[0] != "users":
            return ""
        user = self._tenant.find_user(segments[1])
        return f"{request.app}|{user.id if user is not None else segments[1].casefold()}"

    def refuse(self, status: int, code: str, message: str, retry_after: str | None) -> ApiResponse:
        """An error decided elsewhere, in Graph's envelope."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self._answer_error(GraphError(status, code, message, headers), None)

    def _handle_user(self, request: ApiRequest, segments: list[str]) -> ApiResponse:
        tenant = self._tenant
        if segments[0] != "users" or len(segments) < 2:
            raise not_supported()
        options = parse_query(request.query)
        if len(segments) == 2:
            if request.method != "GET":
                raise not_supported()
            return users.get_user(tenant, request, segments[1], options)
        user = tenant.user(segments[1])
        prefer = Preferences.read(request.headers.get("prefer", ""))
        call = Call(request, options, prefer, user, tenant.mailbox(user))
        return self._routes.mailbox(call, segments[2:])

    def _answer_error(self, error: GraphError, client_request_id: str | None) -> ApiResponse:
        request_id = ids.guid(self._tenant.rng)
        body = envelope(
            error.code, error.message, self._tenant.clock.now(), request_id, client_request_id or request_id
        )
        return ApiResponse(error.status, body, {"request-id": request_id, **error.headers})
