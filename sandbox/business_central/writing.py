"""POST, PATCH and DELETE of contacts as the API's page carries them out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

import orjson

from sandbox.business_central import errors
from sandbox.business_central.call import Call
from sandbox.business_central.contact_fields import in_order
from sandbox.business_central.contact_writes import ContactWriter
from sandbox.business_central.database import Company, Row, Transaction
from sandbox.business_central.entity import CONTACT, PAGE_ORDER
from sandbox.business_central.environment import SERVICE, Environment
from sandbox.business_central.query import WRITE_OPTIONS, prefers
from sandbox.exchange import ApiResponse
from shared.model import Json

SNAPSHOT: ContextVar[Transaction | None] = ContextVar("snapshot", default=None)
"""The transaction of the `Isolation: snapshot` batch that the current task carries out."""

_REPEAT_SECONDS = 600.0
_RIGHTS = {"POST": "Insert", "PATCH": "Modify", "DELETE": "Delete", "GET": "Read"}


@dataclass(slots=True)
class Writer:
    """Carries out writes, one transaction after the other."""

    environment: Environment
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _created: dict[bytes, tuple[float, Company, str]] = field(default_factory=dict)

    async def create(self, call: Call, company: Company) -> ApiResponse:
        call.query(CONTACT, self.environment.switches, WRITE_OPTIONS)
        body = self._checked(call.body(), None)
        order = in_order(body, self.environment.switches.text("bc_validation_order"), PAGE_ORDER)

        def write(writer: ContactWriter) -> Row:
            row = writer.create(body, order)
            self._watch_repeat(call, company, body, row)
            return row

        row = await self._transact(call, company, write)
        context = f"companies({company.id})/contacts"
        headers = {"Location": f"{call.url}/{context}({row.id})"}
        if prefers(call.header("prefer"), "return-no-content"):
            return ApiResponse(204, None, headers)
        return call.entity(201, {"@odata.etag": row.etag, **row.values}, context, headers)

    async def change(self, call: Call, company: Company, contact_id: str) -> ApiResponse:
        call.query(CONTACT, self.environment.switches, WRITE_OPTIONS)
        tag = call.expected_etag()
        sent = call.body()

        def write(writer: ContactWriter) -> Row:
            row = self._current(company, contact_id, tag)
            body = self._checked(sent, contact_id)
            order = in_order(body, self.environment.switches.text("bc_validation_order"), PAGE_ORDER)
            new = writer.modify(row, body, order)
            if {**new.values, "lastModifiedDateTime": ""} == {**row.values, "lastModifiedDateTime": ""}:
                self.environment.log.violate("empty_patch", SERVICE, f"PATCH {call.request.path}")
            return new

        row = await self._transact(call, company, write)
        if prefers(call.header("prefer"), "return-no-content"):
            return ApiResponse(204)
        context = f"companies({company.id})/contacts"
        return call.entity(200, {"@odata.etag": row.etag, **row.values}, context)

    async def delete(self, call: Call, company: Company, contact_id: str) -> ApiResponse:
        call.query(CONTACT, self.environment.switches, WRITE_OPTIONS)
        required = self.environment.switches.text("bc_delete_if_match") == "required"
        tag = call.expected_etag() if required or call.header("if-match") else "*"

        def write(writer: ContactWriter) -> Row:
            row = self._current(company, contact_id, tag)
            writer.remove(row)
            return row

        await self._transact(call, company, write)
        return ApiResponse(204)

    def check_permission(self, call: Call) -> None:
        """Refuse what the app user may not do with contacts, by switch or by fault."""
        environment, method = self.environment, call.request.method
        granted = environment.switches.text("bc_contact_permission")
        status = environment.switches.number("bc_permission_status")
        code = environment.switches.text("bc_permission_code")
        fault = environment.take(method, call.request.path, "permission_denied")
        if fault is not None:
            raise errors.permission_denied(fault.status or status, fault.code or code, _RIGHTS[method])
        if granted == "none" or (granted == "read" and method != "GET"):
            raise errors.permission_denied(status, code, _RIGHTS[method])

    async def _transact(self, call: Call, company: Company, write: Callable[[ContactWriter], Row]) -> Row:
        """Run a write in the batch's transaction, or in one of its own."""
        shared = SNAPSHOT.get()
        path = f"{call.request.method} {call.request.path}"
        if shared is not None:
            with self.environment.lock:
                return self._run(shared, company, path, write)
        async with self.lock:
            with self.environment.lock:
                transaction = self.environment.begin(call.request.method, call.request.path)
                row = self._run(transaction, company, path, write)
                self.environment.commit(transaction)
        if transaction.late:
            # The caller hears of its commit when it is through, and so does everybody else.
            await self.environment.clock.sleep(transaction.late)
        return row

    def _run(
        self, transaction: Transaction, company: Company, path: str, write: Callable[[ContactWriter], Row]
    ) -> Row:
        journal, events = len(transaction.journal), len(transaction.events)
        try:
            return write(self.environment.writer(company, transaction, path))
        except errors.Refusal:
            transaction.roll_back_to(journal, events)
            raise

    def _current(self, company: Company, contact_id: str, tag: str) -> Row:
        switches = self.environment.switches
        row = company.rows.get(contact_id)
        if row is None:
            raise errors.record_not_found(switches.text("bc_missing_id_code"))
        if tag not in ("*", row.etag):
            raise errors.changed_meanwhile(switches.number("bc_stale_status"))
        return row

    def _checked(self, body: Mapping[str, Json], contact_id: str | None) -> dict[str, Json]:
        """The body's writable properties; refused where it has any other."""
        rule = self.environment.switches.text("bc_id_in_body")
        kept: dict[str, Json] = {}
        for name, value in body.items():
            if name.startswith("@odata."):
                continue
            prop = CONTACT.properties.get(name)
            if prop is None:
                raise errors.property_unknown(name, CONTACT.name)
            if name == "id":
                same = isinstance(value, str) and value.lower() == contact_id
                if rule == "refuse" or (rule == "refuseDifferent" and not same):
                    raise errors.read_only("id")
                continue
            if not prop.writable:
                raise errors.read_only(name)
            kept[name] = value
        return kept

    def _watch_repeat(
        self,
        call: Call,
        company: Company,
        body: Mapping[str, Json],
        row: Row,
    ) -> None:
        """Record a person that the same app creates a second time while the first one is there."""
        if row.values["type"] != "Person" or not row.values["email"]:
            return
        text = orjson.dumps([call.request.app, company.id, {**body}], option=orjson.OPT_SORT_KEYS)
        key, now = hashlib.sha256(text).digest(), self.environment.clock.monotonic()
        at, where, first = self._created.get(key, (-_REPEAT_SECONDS, company, ""))
        if now - at < _REPEAT_SECONDS and first in where.rows:
            self.environment.log.violate("repeated_create", SERVICE, f"POST {call.request.path}")
        # A rolled back create leaves an id that is in no table, and so does not count.
        self._created[key] = (now, company, row.id)
