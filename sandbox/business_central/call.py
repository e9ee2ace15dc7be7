"""One call on its way through the service: the request with what was learned from its address and headers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from sandbox.business_central import errors
from sandbox.business_central.entity import EntityType, Values
from sandbox.business_central.query import Query, options_of, parse_query
from sandbox.business_central.routes import Route
from sandbox.business_central.stamps import is_etag
from sandbox.business_central.switches import Switches
from sandbox.exchange import ApiRequest, ApiResponse
from shared.model import Json

JSON_TYPE = "application/json; odata.metadata=minimal"


@dataclass(frozen=True, slots=True)
class Call:
    """`route`: the address taken apart."""

    request: ApiRequest
    route: Route

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    @property
    def url(self) -> str:
        """The API's address as the caller wrote it."""
        return self.request.origin + quote(self.route.base, safe="/")

    @property
    def address(self) -> str:
        """The address of this very call, without its query."""
        return self.request.origin + quote(self.request.path, safe="/()$',=:")

    def query(self, entity: EntityType, switches: Switches, allowed: Collection[str] | None = None) -> Query:
        """The query options, checked. Raises `Refusal`."""
        options = options_of(self.request.query)
        if allowed is None:
            return parse_query(options, entity, switches)
        return parse_query(options, entity, switches, allowed)

    def body(self) -> dict[str, Json]:
        """The JSON object that was sent. Raises `Refusal`."""
        if self.header("content-type").partition(";")[0].strip().lower() != "application/json":
            raise errors.unsupported_media_type()
        try:
            body = orjson.loads(self.request.body)
        except orjson.JSONDecodeError as error:
            raise errors.invalid_body() from error
        if not isinstance(body, dict):
            raise errors.invalid_body()
        return body

    def expected_etag(self) -> str:
        """The If-Match header: an ETag or `*`. Raises `Refusal` where it is missing or malformed."""
        tag = self.header("if-match").strip()
        if tag != "*" and not is_etag(tag):
            raise errors.invalid_token()
        return tag

    def refuse_intent_on_write(self) -> None:
        if self.header("data-access-intent"):
            raise errors.invalid_header("Data-Access-Intent can only be used with GET requests.")

    def reads_replica(self) -> bool:
        """Whether the reader accepts a lagging copy. Raises `Refusal` at an unknown intent."""
        intent = self.header("data-access-intent").strip().lower()
        if intent not in ("", "readonly", "readwrite"):
            raise errors.invalid_header("Data-Access-Intent must be ReadOnly or ReadWrite.")
        return intent == "readonly"

    def json(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> ApiResponse:
        """An answer from ready JSON; an item of a batch gets it as values."""
        all_headers = {"Content-Type": JSON_TYPE, **(headers or {})}
        if self.request.item:
            return ApiResponse(status, orjson.loads(body), all_headers)
        return ApiResponse(status, body, all_headers)

    def entity(
        self,
        status: int,
        values: Values | dict[str, Json],
        context: str,
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """An answer with one entity."""
        body = {"@odata.context": f"{self.url}/$metadata#{context}/$entity", **values}
        return self.json(status, orjson.dumps(body), headers)
