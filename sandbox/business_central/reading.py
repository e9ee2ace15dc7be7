"""GET: sets with their pages, counts, single records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import orjson

from sandbox.business_central import errors
from sandbox.business_central.call import Call
from sandbox.business_central.database import Row
from sandbox.business_central.entity import EntityType, Values
from sandbox.business_central.environment import SERVICE, Environment
from sandbox.business_central.listing import (
    Links,
    Page,
    Rows,
    check_token,
    count,
    next_query,
    read_page,
    rows_json,
    shown,
)
from sandbox.business_central.query import COUNT_OPTIONS, SINGLE_OPTIONS, Order, Query, preferred_page
from sandbox.exchange import ApiResponse
from shared.model import Json

_WITH_PICTURE = "contact"


@dataclass(frozen=True, slots=True)
class EntitySet:
    """What a GET reads from. `context`: the set's place in `$metadata`; `path`: below the API's address."""

    entity: EntityType
    rows: Rows
    context: str


@dataclass(slots=True)
class Reader:
    """Answers reads. Keeps the links it gave out."""

    environment: Environment
    links: Links = field(default_factory=Links)

    def page(self, call: Call, source: EntitySet) -> ApiResponse:
        """A page of a set."""
        switches, request = self.environment.switches, call.request
        query = call.query(source.entity, switches)
        size, asked = preferred_page(call.header("prefer"), switches.number("bc_max_page"))
        after = self._after(call, query, source)
        self._watch_top(call, query, size, asked)
        if not query.order:
            query = replace(query, order=(self._default_order(source.entity),))
        page = read_page(source.rows, query, source.entity, size, after)
        envelope: dict[str, Json] = {"@odata.context": f"{call.url}/$metadata#{source.context}"}
        if page.total is not None:
            envelope["@odata.count"] = page.total
        head = orjson.dumps(envelope)[:-1]
        rows = self._rows(call, source, query, page)
        tail = b"}"
        if page.last is not None:
            following = next_query(query.raw, page)
            self.links.issue(request.path, following, page.last)
            tail = b',"@odata.nextLink":' + orjson.dumps(f"{call.address}?{following}") + b"}"
        headers = {"Preference-Applied": f"odata.maxpagesize={size}"} if asked else None
        return call.json(200, head + b',"value":' + rows + tail, headers)

    def count(self, call: Call, source: EntitySet) -> ApiResponse:
        """The bare number of a set's rows."""
        query = call.query(source.entity, self.environment.switches, COUNT_OPTIONS)
        number = count(source.rows, query)
        if call.request.item:
            return ApiResponse(200, number, {"Content-Type": "text/plain"})
        return ApiResponse(200, str(number).encode(), {"Content-Type": "text/plain"})

    def single(self, call: Call, source: EntitySet, row: Row) -> ApiResponse:
        """One record."""
        query = call.query(source.entity, self.environment.switches, SINGLE_OPTIONS)
        values: dict[str, Json] = {**shown(row, query.select, source.entity.etags)}
        if query.expand:
            values["picture"] = {**picture_values(row, f"{call.url}/{source.context}({row.id})")}
        return call.entity(200, values, source.context)

    def find(self, source: EntitySet, row_id: str) -> Row:
        """The record with this id. Raises `Refusal`."""
        row = source.rows.get(row_id)
        if row is None:
            raise errors.record_not_found(self.environment.switches.text("bc_missing_id_code"))
        return row

    def _rows(self, call: Call, source: EntitySet, query: Query, page: Page) -> bytes:
        if not query.expand:
            return rows_json(page.rows, query.select, source.entity.etags)
        expanded: list[dict[str, Json]] = []
        for row in page.rows:
            values: dict[str, Json] = {**shown(row, query.select, source.entity.etags)}
            values["picture"] = {**picture_values(row, f"{call.url}/{source.context}({row.id})")}
            expanded.append(values)
        return orjson.dumps(expanded)

    def _after(self, call: Call, query: Query, source: EntitySet) -> Row | None:
        """The row that a next link goes on after; refused unless the link came exactly as it was given."""
        if "$skiptoken" not in query.raw and "aid" not in query.raw:
            return None
        last = self.links.last_row(call.request.path, call.request.query)
        if last is None:
            self.environment.log.violate("rebuilt_link", SERVICE, f"GET {call.request.path}")
        refuse = self.environment.switches.text("bc_deleted_skiptoken") == "refuse"
        check_token(query.raw, last, source.rows, refuse)
        return last

    def _watch_top(self, call: Call, query: Query, size: int, asked: bool) -> None:
        """`$top` is for a few rows; paging with it loses some (contracts/business-central.md §5.1)."""
        if query.top is None or "$skiptoken" in query.raw:
            return
        if query.skip or (query.top > size if asked else query.top >= size):
            self.environment.log.violate("top_paging", SERVICE, f"GET {call.request.path}")

    def _default_order(self, entity: EntityType) -> Order:
        name = self.environment.switches.text("bc_default_order")
        return Order(name if entity.name == _WITH_PICTURE else entity.key)


def picture_values(row: Row, address: str) -> Values:
    """The picture of a contact that has none."""
    return {
        "id": row.id,
        "parentType": "Contact",
        "width": 0,
        "height": 0,
        "contentType": "",
        "pictureContent@odata.mediaEditLink": f"{address}/picture/pictureContent",
        "pictureContent@odata.mediaReadLink": f"{address}/picture/pictureContent",
    }
