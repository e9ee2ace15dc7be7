"""Business Central behind the gate: addresses to answers, refusals to errors."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sandbox.business_central import errors
from sandbox.business_central.batch import operations_of, run_operations
from sandbox.business_central.call import JSON_TYPE, Call
from sandbox.business_central.catalogue import entity_set, small_sets, supported_resources
from sandbox.business_central.database import Company, Row, Transaction
from sandbox.business_central.entity import COMPANY
from sandbox.business_central.environment import SERVICE, Environment, company_values
from sandbox.business_central.listing import Contacts, FewRows
from sandbox.business_central.metadata import metadata_xml
from sandbox.business_central.notifications import Deliver
from sandbox.business_central.people import People
from sandbox.business_central.query import MAX_QUERY, options_of, prefers
from sandbox.business_central.reading import EntitySet, Reader, picture_values
from sandbox.business_central.routes import Segment, guid_key, name_key, parse_path
from sandbox.business_central.subscribing import SubscriptionDesk
from sandbox.business_central.writing import SNAPSHOT, Writer
from sandbox.clock import VirtualClock
from sandbox.exchange import ApiRequest, ApiResponse, Gate
from sandbox.faults import Faults
from sandbox.request_log import RequestLog
from shared.model import Json

_RUNTIME = "microsoft/runtime/beta"


class BusinessCentralService:
    """The API v2.0 of one environment (contracts/business-central.md).

    `tenant`: the one that addresses may name, "" for any; `environment`: its name. `deliver` is set by
    whoever runs the service. Switches: `sandbox.business_central.switches`. Own faults, taken for a call's
    method and path: `permission_denied` (status, code), `upgrade_window` (seconds, retry_after, detail
    `html`), `etag_change` (ETags move, values stay), `commit_lag` (seconds until a write is seen, with its
    old stamp; edits of people have paths that begin with `/people`), `replica_lag` (seconds, for reads
    with `Data-Access-Intent: ReadOnly`); for a notification's URL: `lose_notification`,
    `duplicate_notification`.
    """

    name = SERVICE

    def __init__(
        self,
        clock: VirtualClock,
        faults: Faults,
        log: RequestLog,
        switches: Mapping[str, str],
        rng: random.Random,
        countries: Iterable[tuple[str, str, str]],
        post_codes: Iterable[tuple[str, str, str, str]],
    ) -> None:
        self.tenant = ""
        self.environment = "Production"
        self._state = Environment(clock, faults, log, switches, rng, countries, post_codes)
        self._reader = Reader(self._state)
        self._writer = Writer(self._state)
        self._desk = SubscriptionDesk(self._state, self._reader)
        self.people = People(self._state)

    @property
    def deliver(self) -> Deliver | None:
        return self._state.notifier.deliver

    @deliver.setter
    def deliver(self, deliver: Deliver | None) -> None:
        self._state.notifier.deliver = deliver

    def quota_key(self, request: ApiRequest) -> str:
        """Limits count per app user (contracts/business-central.md §11)."""
        return request.app

    def refuse(self, status: int, code: str, message: str, retry_after: str | None) -> ApiResponse:
        """An error in the API's envelope."""
        if status == 429 and not self._state.switches.flag("bc_retry_after_on_429"):
            retry_after = None
        return self._envelope(errors.Refusal(status, code, message, retry_after=retry_after), "en-US")

    async def handle(self, request: ApiRequest, gate: Gate) -> ApiResponse:
        """Answer one call."""
        self._state.notifier.loop = asyncio.get_running_loop()
        try:
            return await self._answer(request, gate)
        except errors.Refusal as refusal:
            language = request.headers.get("accept-language", "")
            return self._envelope(refusal, language or self._state.switches.text("bc_tenant_language"))

    def _envelope(self, refusal: errors.Refusal, language: str) -> ApiResponse:
        headers = {"Retry-After": refusal.retry_after} if refusal.retry_after is not None else {}
        if refusal.html:
            page = f"<html><body><h1>{refusal.status}</h1><p>{refusal.message}</p></body></html>"
            return ApiResponse(refusal.status, page.encode(), {"Content-Type": "text/html", **headers})
        german = language.lower().startswith("de") and refusal.german
        message = f"{german or refusal.message}  CorrelationId:  {self._state.new_id()}."
        body: dict[str, Json] = {"error": {"code": refusal.code, "message": message}}
        return ApiResponse(refusal.status, body, {"Content-Type": JSON_TYPE, **headers})

    async def _answer(self, request: ApiRequest, gate: Gate) -> ApiResponse:
        self._check_window(request)
        if len(request.query) > MAX_QUERY:
            raise errors.query_too_long()
        call = Call(request, parse_path(request.path))
        self._check_place(call)
        head, *rest = call.route.segments
        if call.route.api == _RUNTIME:
            return self._runtime(call)
        match head.name, head.key, rest:
            case "$batch", None, []:
                return await self._batch(call, gate)
            case "$metadata", None, []:
                self._only_get(call, "$metadata")
                return ApiResponse(200, metadata_xml(self._state.switches), {"Content-Type": "application/xml"})
            case "subscriptions", key, []:
                return await self._desk.answer(call, key)
            case "companies", None, _:
                return self._companies(call, rest)
            case "companies", str(key), []:
                return self._company(call, key)
            case "companies", str(key), [first, *more]:
                return await self._in_company(call, self._company_of(key), first, more)
            case _:
                return await self._in_company(call, None, head, rest)

    def _check_window(self, request: ApiRequest) -> None:
        state = self._state
        fault = state.take(request.method, request.path, "upgrade_window")
        if fault is not None:
            state.unavailable_until = state.clock.monotonic() + fault.seconds
        left = state.unavailable_until - state.clock.monotonic()
        if fault is not None or left > 0:
            wait = fault.retry_after if fault is not None else None
            html = fault is not None and fault.detail.get("html") == "true"
            raise errors.environment_unavailable(wait or str(max(1, round(left))), html)

    def _check_place(self, call: Call) -> None:
        route = call.route
        if route.tenant and self.tenant and route.tenant.lower() != self.tenant.lower():
            raise errors.invalid_credentials()
        if route.environment.lower() != self.environment.lower():
            raise errors.query_syntax("The environment does not exist.", status=404)

    def _companies(self, call: Call, rest: list[Segment]) -> ApiResponse:
        self._only_get(call, "companies")
        rows = [Row(company_values(each), each.name) for each in self._state.companies.values()]
        source = EntitySet(COMPANY, FewRows(rows), "companies")
        return self._set(call, source, rest)

    def _company(self, call: Call, key: str) -> ApiResponse:
        self._only_get(call, "companies")
        company = self._company_of(key)
        source = EntitySet(COMPANY, FewRows([]), "companies")
        return self._reader.single(call, source, Row(company_values(company), company.name))

    def _company_of(self, key: str) -> Company:
        name = name_key(key)
        return self._state.company(name if name is not None else guid_key(key))

    def _runtime(self, call: Call) -> ApiResponse:
        match call.route.segments:
            case (Segment("companies", str(key)), Segment("webhookSupportedResources", None), *rest):
                self._company_of(key)
                self._only_get(call, "webhookSupportedResources")
                return self._set(call, supported_resources(self._state), rest)
            case segments:
                raise errors.segment_not_found(segments[-1].name)

    async def _in_company(
        self, call: Call, company: Company | None, first: Segment, rest: list[Segment]
    ) -> ApiResponse:
        """A set below a company, which is in the path, in the query, or for a batch's item in a header."""
        named = options_of(call.request.query).get("company")
        if company is not None and named is not None:
            raise errors.query_syntax("The query option 'company' cannot be used here.")
        if first.name == "contactsInformation":
            raise errors.dialog("You must specify a parent ID to get to contacts information.")
        if first.name != "contacts" and first.name not in small_sets():
            raise errors.segment_not_found(first.name)
        if company is None:
            company = self._state.company(named or (call.request.item and call.header("company")) or "")
        if first.name != "contacts":
            self._only_get(call, first.name)
            return self._set(call, entity_set(self._state, company, first.name), [first, *rest][1:], first.key)
        if call.request.method != "GET":
            return await self._write(call, company, first, rest)
        self._writer.check_permission(call)
        self._move_etags(call, company, first)
        lag = self._state.take("GET", call.request.path, "replica_lag") if call.reads_replica() else None
        sight = self._state.sight(company, lag.seconds if lag is not None else 0.0)
        source = replace(entity_set(self._state, company, "contacts"), rows=Contacts(company, sight))
        return self._set(call, source, rest, first.key)

    async def _write(self, call: Call, company: Company, first: Segment, rest: list[Segment]) -> ApiResponse:
        method = call.request.method
        if rest or (method, first.key is None) not in (("POST", True), ("PATCH", False), ("DELETE", False)):
            raise errors.method_not_allowed(method, rest[-1].name if rest else "contacts")
        call.refuse_intent_on_write()
        self._writer.check_permission(call)
        if first.key is None:
            return await self._writer.create(call, company)
        contact_id = guid_key(first.key)
        self._move_etags(call, company, first)
        if method == "PATCH":
            return await self._writer.change(call, company, contact_id)
        return await self._writer.delete(call, company, contact_id)

    def _set(self, call: Call, source: EntitySet, rest: list[Segment], key: str | None = None) -> ApiResponse:
        """A GET of a set, its `$count`, one of its records, or a contact's picture."""
        call.reads_replica()
        with self._state.lock:
            if key is None:
                match rest:
                    case []:
                        return self._reader.page(call, source)
                    case [Segment("$count", None)]:
                        return self._reader.count(call, source)
                    case _:
                        raise errors.segment_not_found(rest[0].name)
            row = self._reader.find(source, guid_key(key))
            if not rest:
                return self._reader.single(call, source, row)
            return self._picture(call, source, row, rest)

    def _picture(self, call: Call, source: EntitySet, row: Row, rest: list[Segment]) -> ApiResponse:
        if rest[0].name != "picture" or "picture" not in source.entity.navigation:
            raise errors.segment_not_found(rest[0].name)
        match rest[1:]:
            case []:
                place = f"{source.context}({row.id})"
                return call.entity(200, picture_values(row, f"{call.url}/{place}"), f"{place}/picture")
            case [Segment("pictureContent", None)]:
                return ApiResponse(204)
            case _:
                raise errors.segment_not_found(rest[-1].name)

    async def _batch(self, call: Call, gate: Gate) -> ApiResponse:
        if call.request.method != "POST":
            raise errors.method_not_allowed(call.request.method, "$batch")
        if call.request.item:
            raise errors.query_syntax("A batch cannot hold a batch.")
        operations = operations_of(call)
        isolation = call.header("isolation").strip().lower()
        if isolation not in ("", "snapshot"):
            raise errors.invalid_header("Isolation must be snapshot.")
        asked = prefers(call.header("prefer"), "odata.continue-on-error")
        keep_going = asked and self._state.switches.flag("bc_continue_on_error")
        if not isolation:
            responses, _ = await run_operations(call, operations, keep_going, gate.item)
            return ApiResponse(200, {"responses": responses}, {"Content-Type": JSON_TYPE})
        async with self._writer.lock:
            transaction = Transaction(self._state.clock.monotonic)
            token = SNAPSHOT.set(transaction)
            saved = False
            try:
                responses, saved = await run_operations(call, operations, keep_going, gate.item)
            finally:
                SNAPSHOT.reset(token)
                with self._state.lock:
                    if saved:
                        self._state.commit(transaction)
                    else:
                        transaction.roll_back()
        return ApiResponse(200, {"responses": responses}, {"Content-Type": JSON_TYPE})

    def _move_etags(self, call: Call, company: Company, first: Segment) -> None:
        """Let ETags change while every value, lastModifiedDateTime included, stays."""
        if self._state.take(call.request.method, call.request.path, "etag_change") is None:
            return
        with self._state.lock:
            for row in list(company.rows.values()):
                if first.key is None or row.id == first.key.lower():
                    company.set(row.id, Row(row.values, row.key, row.parts, row.salt + 1))

    @staticmethod
    def _only_get(call: Call, set_name: str) -> None:
        if call.request.method != "GET":
            raise errors.method_not_allowed(call.request.method, set_name)
