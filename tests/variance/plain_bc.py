"""Business Central's contacts as contracts/business-central.md describes them, with choices of its own.

Bodies are walked in the page's order, batches stop at the first failure whatever is preferred, nested calls
in filters are unknown, times have none to seven digits, pages hold nine, links come in another encoding.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import cast
from urllib.parse import quote
from uuid import uuid4

from shared.model import Json
from tests.variance.plain_http import Ask, Record, Tell

BASE = "/nav/v2.0"
PAGE = 9
ORDER = (
    *("id", "number", "type", "displayName", "jobTitle", "companyNumber", "companyName"),
    *("contactBusinessRelation", "addressLine1", "addressLine2", "city", "state", "country", "postalCode"),
    *("phoneNumber", "mobilePhoneNumber", "email", "website", "searchName", "privacyBlocked"),
    *("taxRegistrationNumber", "lastInteractionDate", "lastModifiedDateTime"),
)
LENGTHS = {"displayName": 100, "addressLine1": 100, "addressLine2": 50, "country": 10, "postalCode": 20}
LENGTHS |= dict.fromkeys(("jobTitle", "city", "state", "phoneNumber", "mobilePhoneNumber"), 30)
LENGTHS |= {"email": 80, "website": 80}
PLACE = ("city", "postalCode", "state")
ADDRESS = ("addressLine1", "addressLine2", *PLACE)
TALK = ("phoneNumber", "email", "website", "mobilePhoneNumber")
COUNTRIES = {"GB": "Great Britain", "DE": "Germany", "DK": "Denmark", "FR": "France"}
POST_CODES = {"20097": ("Hamburg", "DE"), "69001": ("Lyon", "FR")}
WAYS = (
    *("ids in capitals and braces", "null for blank", "blanks left out", "an empty page first"),
    *("one page for all", "answers backwards", "lost batches", "refused batches", "an upgrade now and then"),
)


class Refusal(Exception):
    """`status`, `code`."""


@dataclass
class Row:
    """One contact; `values` in the page's order."""

    values: Record
    changes: int = 0

    @property
    def etag(self) -> str:
        return f'W/"JzQ0O{abs(hash(str(self.values))):x}/+=="'


class PlainBc:
    """One company. `complaints`: what a caller did that the contract does not allow.

    `tells_count`, `tells_time`: whether lists are counted and contacts have a time of their last change.
    `instead`: the answer to every look at contacts, whatever was asked. `ways`: of `WAYS`.
    """

    def __init__(
        self, tenant: str, company: str, now: Callable[[], datetime], opens: Callable[[Ask], bool]
    ) -> None:
        self.origin = ""
        self.complaints: list[str] = []
        self.rows: dict[str, Row] = {}
        self.tells_count = True
        self.tells_time = True
        self.instead: Tell | None = None
        self.ways: set[str] = set()
        self._batches = 0
        self._api = f"{BASE}/{tenant}/Production/api/v2.0"
        self._company = company
        self._now = now
        self._opens = opens
        self._links: dict[str, Record] = {}
        self._last = now()

    # --- people ---------------------------------------------------------------------------------

    def create(self, body: Mapping[str, Json]) -> Row:
        values: Record = dict.fromkeys(ORDER, "")
        number = f"KT{len(self._links) + len(self.rows):06}-{uuid4().hex[:4].upper()}"
        fixed: Record = {
            "id": str(uuid4()),
            "number": number,
            "type": "Company",
            "privacyBlocked": False,
            "contactBusinessRelation": "None",
            "lastInteractionDate": "0001-01-01",
        }
        row = Row(values | fixed)
        self.change(row, {"type": "Company", **body})
        if row.values["type"] == "Company":
            row.values |= {"companyNumber": number, "companyName": row.values["displayName"]}
        self.rows[str(row.values["id"])] = row
        return row

    def change(self, row: Row, body: Mapping[str, Json]) -> None:
        kept = dict(row.values)
        try:
            for name in ORDER:
                if name in body:
                    self._assign(row.values, name, body[name])
        except Refusal:
            row.values = kept
            raise
        # Stamps never collide, and show as many digits as they need: none up to seven.
        self._last = max(self._now(), self._last + timedelta(milliseconds=10))
        row.changes += 1
        digits = len(self.rows) * 3 + row.changes
        fraction = f"{self._last.microsecond:06}0"[: digits % 8]
        seconds = self._last.strftime("%Y-%m-%dT%H:%M:%S")
        if not self.tells_time:
            seconds, fraction = "0001-01-01T00:00:00", ""
        row.values["lastModifiedDateTime"] = f"{seconds}.{fraction}Z" if fraction else f"{seconds}Z"

    def _assign(self, values: Record, name: str, value: Json) -> None:
        if isinstance(value, str) and len(value) > LENGTHS.get(name, 999):
            raise Refusal(400, "Application_StringExceededLength")
        match name:
            case "companyNumber" if value != values["companyNumber"]:
                self._join(values, str(value))
            case "country":
                if value and value not in COUNTRIES:
                    raise Refusal(400, "Internal_InvalidTableRelation")
                if values["country"] not in ("", value):
                    values |= dict.fromkeys(PLACE, "")
                values["country"] = value
            case "postalCode":
                values["postalCode"] = str(value).strip().upper()
                if known := POST_CODES.get(str(value)):
                    values |= {"city": known[0], "country": known[1], "state": ""}
            case "jobTitle" if "Forbidden" in str(value):
                raise Refusal(400, "Application_DialogException")
            case "phoneNumber" | "mobilePhoneNumber" if any(char.isalpha() for char in str(value)):
                raise Refusal(400, "Application_DialogException")
            case _:
                values[name] = value

    def _join(self, values: Record, number: str) -> None:
        firm = next((each.values for each in self.rows.values() if each.values["number"] == number), None)
        if firm is None or firm["type"] != "Company":
            raise Refusal(400, "Internal_InvalidTableRelation")
        if not any(values[name] for name in ADDRESS):
            values |= {name: firm[name] for name in ADDRESS}
        values |= {name: firm[name] for name in TALK if not values[name]}
        values |= {"companyNumber": number, "companyName": firm["displayName"], "country": firm["country"]}

    # --- the API --------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Tell:
        if not self._opens(ask):
            return _refused(401, "Authentication_InvalidCredentials")
        if ask.method == "POST" and ask.path == f"{self._api}/$batch":
            return self._batch(ask)
        return self._one(ask)

    def _one(self, ask: Ask) -> Tell:
        if ask.headers.get("accept-language") != "en-US":
            self.complaints.append(f"{ask.method} {ask.path} without a pinned language")
        if ask.target in self._links:
            return Tell(200, self._links[ask.target])
        if "skiptoken" in ask.target or "$top" in ask.query:
            self.complaints.append(f"paged by itself: {ask.target}")
        path = ask.path.removeprefix(self._api)
        inside = f"/companies({self._company})"
        if path == "/$metadata":
            return Tell(200, METADATA, kind="application/xml")
        if path == f"{inside}/countriesRegions":
            return Tell(
                200, {"value": [{"code": code, "displayName": name} for code, name in COUNTRIES.items()]}
            )
        if not path.startswith(f"{inside}/contacts"):
            return _refused(404, "BadRequest_ResourceNotFound")
        if self.instead and ask.method == "GET":
            return self.instead
        try:
            if key := re.fullmatch(r"/contacts\(([0-9a-fA-F-]{36})\)", path.removeprefix(inside)):
                return self._on_contact(ask, key[1].lower())
            return self._on_contacts(ask)
        except Refusal as refusal:
            return _refused(*refusal.args)

    def _on_contact(self, ask: Ask, id: str) -> Tell:
        row = self.rows.get(id)
        if row is None:
            return _refused(404, "Internal_RecordNotFound")
        if ask.method == "PATCH":
            tag = ask.headers.get("if-match")
            if tag is None or tag == "*":
                self.complaints.append(f"PATCH with If-Match {tag}")
                return _refused(400, "BadRequest_InvalidToken")
            if tag != row.etag:
                return _refused(409, "Request_EntityChanged")
            self.change(row, self._body(ask))
        elif ask.method == "DELETE":
            self.complaints.append("a contact was deleted")
        return Tell(200, self._shown(row))

    def _on_contacts(self, ask: Ask) -> Tell:
        if ask.method == "POST":
            body = self._body(ask)
            if not body.get("displayName"):
                return _refused(400, "Application_DialogException")
            return Tell(201, self._shown(self.create(body)))
        found = [row for row in self.rows.values() if self._matches(row.values, ask.query)]
        chosen = ask.query.get("$select", ",".join(ORDER)).lower().split(",")
        shown = [
            {
                name: value
                for name, value in self._shown(row).items()
                if name[0] == "@" or name.lower() in chosen
            }
            for row in reversed(found)
        ]
        size = re.search(r"maxpagesize=(\d+)", ask.headers.get("prefer", ""))
        page = min(PAGE, int(size[1]) if size else PAGE)
        if "one page for all" in self.ways:
            page = len(shown) or 1
        counted: Record = {"@odata.count": len(found)} if "$count" in ask.query and self.tells_count else {}
        return Tell(200, self._pages(shown, page, ask, counted))

    def _pages(self, shown: list[Record], size: int, ask: Ask, counted: Record) -> Record:
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in ask.query.items())
        follow: Record = {}
        body: Record = {"value": [], **counted}
        for start in range((len(shown) - 1) // size * size, -1, -size):
            body = {
                "@odata.context": "…",
                "value": cast(Json, shown[start : start + size]),
                **counted,
                **follow,
            }
            target = f"{quote(ask.path, safe='/')}?{query}&aid=FIN&%24skiptoken={start}-{len(self._links)}"
            self._links[target] = body
            follow = {"@odata.nextLink": self.origin + target}
        return {"value": [], **counted, **follow} if "an empty page first" in self.ways and shown else body

    def _shown(self, row: Row) -> Record:
        shown: Record = {"@odata.etag": row.etag, **row.values, "someFutureMember": None}
        if "ids in capitals and braces" in self.ways:
            shown["id"] = f"{{{str(shown['id']).upper()}}}"
        if "null for blank" in self.ways:
            shown = {name: None if value == "" else value for name, value in shown.items()}
        if "blanks left out" in self.ways:
            shown = {name: value for name, value in shown.items() if value not in ("", None, False)}
        return shown

    def _matches(self, values: Record, query: Mapping[str, str]) -> bool:
        text = query.get("$filter", "")
        if firm := re.fullmatch(r"type eq 'Company' and \((.*)\)", text):
            if values["type"] != "Company":
                return False
            text = firm[1]
        return not text or any(self._holds(values, term.strip()) for term in re.split(r" or (?=\w+[( ])", text))

    def _holds(self, values: Record, term: str) -> bool:
        if since := re.fullmatch(r"lastModifiedDateTime ge (\S+)", term):
            stamp = str(values["lastModifiedDateTime"])
            return datetime.fromisoformat(stamp) >= datetime.fromisoformat(since[1])
        if id := re.fullmatch(r"id eq ([0-9a-fA-F-]{36})", term):
            return values["id"] == id[1].lower()
        if same := re.fullmatch(r"tolower\((\w+)\) eq '(.*)'", term):
            return str(values[same[1]]).lower() == same[2].replace("''", "'")
        if part := re.fullmatch(r"contains\((\w+),'(.*)'\)", term):
            return part[2].replace("''", "'") in str(values[part[1]])
        raise Refusal(501, "BadRequest_MethodNotImplemented")

    def _body(self, ask: Ask) -> Record:
        body = cast(Record, ask.body)
        if "companyName" in body or not body:
            self.complaints.append(f"{ask.method} with {sorted(body)}")
        if ask.headers.get("content-type") != "application/json":
            self.complaints.append(f"{ask.method} without its content type")
        return body

    def _batch(self, ask: Ask) -> Tell:
        operations = cast(list[Record], cast(Record, ask.body)["requests"])
        if len(operations) > 100:
            return _refused(500, "")
        if any(each["method"] != "GET" for each in operations):
            self._batches += 1
            if "refused batches" in self.ways and self._batches % 2:
                return _refused(429, "Application_TooManyRequests")
            if "an upgrade now and then" in self.ways and self._batches % 2:
                soon = {"Retry-After": formatdate(time.time() + 5, usegmt=True)}
                return Tell(503, "<html>The environment is being updated.</html>", soon, "text/html")
            if "lost batches" in self.ways and self._batches % 2:
                self._carry_out(operations)
                return Tell(504, "<html>Gateway Timeout</html>", kind="text/html")
        responses = self._carry_out(operations)
        return Tell(200, {"responses": responses[::-1] if "answers backwards" in self.ways else responses})

    def _carry_out(self, operations: list[Record]) -> list[Json]:
        responses: list[Json] = []
        for each in operations:
            headers = {
                name.lower(): str(value) for name, value in cast(Record, each.get("headers", {})).items()
            }
            url = f"{self._api}/{each['url']}"
            told = self._one(Ask(str(each["method"]), url, headers, each.get("body")))
            responses.append({"id": each.get("id"), "status": told.status, "headers": {}, "body": told.body})
            if told.status >= 400:
                break
        return responses


METADATA = """<?xml version="1.0" encoding="utf-8"?>
<e:Edmx xmlns:e="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><e:DataServices>
<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Microsoft.NAV">
<EntityType Name="contact"><Property Type="Edm.String" MaxLength="80" Name="website"/></EntityType>
</Schema></e:DataServices></e:Edmx>"""


def _refused(status: int, code: str) -> Tell:
    message = f"Refused.  CorrelationId:  {uuid4()}."
    return Tell(status, {"error": {"code": code, "message": message}})
