"""The control plane: what a test or a person may do to the sandbox, over HTTP on a port of its own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.business_central.errors import Refusal
from sandbox.business_central.service import BusinessCentralService
from sandbox.faults import Fault
from sandbox.graph.errors import GraphError
from sandbox.graph.service import GraphService
from sandbox.switches import check_switches
from shared.model import Json

if TYPE_CHECKING:
    from sandbox.world import Sandbox

Body: TypeAlias = dict[str, Json]
_FAULT = TypeAdapter(Fault)


class BadCall(Exception):
    """The control call cannot be carried out; the text says why."""


def control_app(sandbox: Sandbox) -> Starlette:
    """Runs on the servers' loop, so that it may touch the services directly."""
    control = _Control(sandbox)
    routes = [
        Route("/_emu/state", _json(control.state), methods=["GET"]),
        Route("/_emu/reset", _json(control.reset), methods=["POST"]),
        Route("/_emu/clock", _json(control.clock), methods=["GET", "POST"]),
        Route("/_emu/latency", _json(control.latency), methods=["POST"]),
        Route("/_emu/switches", _json(control.switches), methods=["GET", "POST"]),
        Route("/_emu/fault", _json(control.add_fault), methods=["POST"]),
        Route("/_emu/fault", _json(control.clear_faults), methods=["DELETE"]),
        Route("/_emu/requests", _json(control.requests), methods=["GET"]),
        Route("/_emu/requests", _json(control.clear_log), methods=["DELETE"]),
        Route("/_emu/violations", _json(control.violations), methods=["GET"]),
        Route("/_emu/people/{service}", _json(control.people), methods=["POST"]),
    ]
    routes.append(Route("/msi/token", sandbox.identity.endpoint, methods=["GET"]))
    return Starlette(routes=routes)


def _json(action: Callable[[Request, Body], object]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that takes and gives JSON; a `BadCall` becomes 400."""

    async def endpoint(request: Request) -> Response:
        try:
            result = action(request, await _body(request))
            if inspect.isawaitable(result):
                result = await result
        except BadCall as error:
            return _answer({"error": str(error)}, 400)
        return _answer(result, 200)

    return endpoint


async def _body(request: Request) -> Body:
    raw = await request.body()
    if not raw:
        return {}
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadCall(f"the body is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise BadCall("the body must be a JSON object")
    return parsed


def _answer(value: object, status: int) -> Response:
    return Response(orjson.dumps(value, default=str), status, media_type="application/json")


def _number(body: Body, name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadCall(f"{name!r} must be a number of seconds, 0 or more")
    return float(value)


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def state(self, _request: Request, _body: Body) -> object:
        """Where everything is, what is set, what has happened so far."""
        sandbox = self._sandbox
        return {
            "urls": {"graph": sandbox.graph_url, "businessCentral": sandbox.bc_url, "entra": sandbox.entra_url},
            "settings": sandbox.settings(),
            "seed": sandbox.seed,
            "now": sandbox.clock.now(),
            "latency": sandbox.latency_seconds,
            "switches": sandbox.switches,
            "faults": [_plain(fault) for fault in sandbox.faults.coming()],
            "requests": len(sandbox.log.entries()),
            "violations": sandbox.log.counts(),
        }

    def reset(self, request: Request, body: Body) -> object:
        """As after the start, perhaps with another `seed`."""
        seed = body.get("seed")
        try:
            self._sandbox.reset(seed if isinstance(seed, str) else None)
        except ValueError as error:
            raise BadCall(str(error)) from error
        return self.state(request, {})

    def clock(self, request: Request, body: Body) -> object:
        """Read the clock; with `advance` put it forward first."""
        if request.method == "POST":
            self._sandbox.clock.advance(_number(body, "advance"))
        return {"now": self._sandbox.clock.now()}

    def latency(self, _request: Request, body: Body) -> object:
        self._sandbox.latency_seconds = _number(body, "seconds")
        return {"seconds": self._sandbox.latency_seconds}

    def switches(self, _request: Request, body: Body) -> object:
        """Set switches; null sets one back to its default."""
        for name, value in body.items():
            if value is None:
                self._sandbox.switches.pop(name, None)
                continue
            try:
                check_switches({name: str(value)})
            except ValueError as error:
                raise BadCall(str(error)) from error
            self._sandbox.switches[name] = str(value)
        return self._sandbox.switches

    def add_fault(self, _request: Request, body: Body) -> object:
        unknown = body.keys() - {member.name for member in fields(Fault)}
        if unknown:
            raise BadCall(f"a fault has no {sorted(unknown)}")
        try:
            fault = _FAULT.validate_python(body)
            self._sandbox.faults.add(fault)
        except (ValidationError, re.error) as error:
            raise BadCall(str(error)) from error
        return _plain(fault)

    def clear_faults(self, _request: Request, _body: Body) -> object:
        self._sandbox.faults.clear()
        return {}

    def requests(self, request: Request, _body: Body) -> object:
        """The log, `?service=` and `?since=` as in `RequestLog.entries`; `mark` is for the next `since`."""
        query = request.query_params
        log = self._sandbox.log
        mark = log.mark()
        since = query.get("since", "0")
        if not since.isdecimal():
            raise BadCall("since must be a number that `mark` gave")
        found = log.entries(query.get("service"), int(since))
        entries = []
        for entry in found:
            shown = {
                member.name: getattr(entry, member.name) for member in fields(entry) if member.name != "raw"
            }
            entries.append({**shown, "size": entry.size, "body": entry.body})
        return {"mark": mark, "value": entries}

    def clear_log(self, _request: Request, _body: Body) -> object:
        self._sandbox.log.clear()
        return {}

    def violations(self, _request: Request, _body: Body) -> object:
        log = self._sandbox.log
        return {"counts": log.counts(), "value": [asdict(violation) for violation in log.violations]}

    def people(self, request: Request, body: Body) -> object:
        """What a person does in "graph" or "businessCentral".

        `{"do": <method of the service's People>, "args"?: [...], …its other arguments by name}`.
        """
        services: dict[str, GraphService | BusinessCentralService] = {
            "graph": self._sandbox.graph,
            "businessCentral": self._sandbox.bc,
        }
        service = services.get(request.path_params["service"])
        if service is None:
            raise BadCall(f"people act in one of {sorted(services)}")
        name = body.pop("do", "")
        args = body.pop("args", [])
        method = getattr(service.people, str(name), None)
        if str(name).startswith("_") or not inspect.ismethod(method) or not isinstance(args, list):
            raise BadCall(f"people cannot do {name!r}")
        try:
            call = inspect.signature(method).bind(*args, **body)
            _read_dates(call)
            return {"result": method(*call.args, **call.kwargs)}
        except (TypeError, ValueError, LookupError, GraphError, Refusal) as error:
            raise BadCall(f"{name}: {error!r}") from error


def _read_dates(call: inspect.BoundArguments) -> None:
    """JSON has no dates: make them of texts where the method wants them."""
    for name, value in call.arguments.items():
        if call.signature.parameters[name].annotation in ("date", date):
            call.arguments[name] = date.fromisoformat(str(value))


def _plain(fault: Fault) -> dict[str, object]:
    return {**asdict(fault), "detail": dict(fault.detail)}
