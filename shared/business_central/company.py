"""One company as an address and a quota: how every Business Central request is put and judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from shared.business_central.records import text
from shared.errors import (
    AccessDenied,
    Busy,
    NotFound,
    Refused,
    ServiceError,
    TokenRefused,
    VersionConflict,
)
from shared.model import Json
from shared.transport.http import Answer, Call, Endpoint, JsonObject, Transport
from shared.transport.lanes import Lane

SERVICE = "Business Central"
SCOPE = "https://api.businesscentral.dynamics.com/.default"
LANE = Lane("business central", 5)
"""What Business Central lets one app do at once, whatever the company (contracts/business-central.md §11)."""
CHANGED = frozenset({"Request_EntityChanged"})
MISSING = frozenset({"BadRequest_ResourceNotFound", "Internal_RecordNotFound"})
COMPANY_MISSING = "Internal_CompanyNotFound"
"""Says nothing about a contact: it must never be taken for a deletion."""
SKIP_TOKEN_GONE = "SkipTokenIsNoLongerValid"
LOOK_AT_SETUP = "Check the environment, the company and the app's permissions in Business Central."


def bc_endpoint(base_url: str, scope: str = SCOPE) -> Endpoint:
    """Business Central at `base_url`: answers in English, operations of up to eight minutes (§1, §11)."""
    return Endpoint(
        SERVICE, base_url.rstrip("/"), scope, headers={"Accept-Language": "en-US"}, read_timeout=490.0
    )


def api_base(base_url: str, tenant: str, environment: str) -> str:
    """Where the API of one environment lies."""
    return f"{base_url.rstrip('/')}/{quote(tenant, safe='')}/{quote(environment, safe='')}/api/v2.0"


class Company:
    """`api_base`: …/{tenant}/{environment}/api/v2.0, under the transport's base; `company`: its id or ""."""

    def __init__(self, transport: Transport, api_base: str, company: str) -> None:
        self.transport = transport
        self.base = api_base.rstrip("/")
        self.path = f"companies({company})"
        self.company = company

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET a path under the API's base, or a link exactly as Business Central gave it."""
        if not url.startswith("https://") and not url.startswith("http://"):
            url = f"{self.base}/{url}"
        return self.transport.send(Call("GET", url, LANE, safe=True, headers=headers or {}, party=self.company))

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Json] | None,
        headers: Mapping[str, str] | None = None,
        *,
        safe: bool,
    ) -> Answer:
        """A single write, or a batch, under the API's base."""
        call = Call(method, f"{self.base}/{path}", LANE, safe, headers or {}, body, party=self.company)
        return self.transport.send(call)

    def pages(self, url: str, headers: Mapping[str, str], what: str) -> Iterator[JsonObject]:
        """Every page of a list, one at a time, links verbatim with the same headers (contract §5.1).

        Raises as `refusal`, and Refused when a page points to itself.
        """
        seen: set[str] = set()
        link = url
        while link:
            answer = self.get(link, headers)
            if not answer.ok:
                raise refusal(answer, what)
            yield answer.body
            link = text(answer.body, "@odata.nextLink")
            if link in seen:
                raise Refused(SERVICE, 200, "repeatedLink", what, "The list never ends; it is read anew later.")
            seen.add(link)


def refusal(answer: Answer, what: str) -> ServiceError:
    """The error of our tree for an answer that stands: by code first, then status (contract §4)."""
    status, code = answer.status or 0, answer.code
    if answer.lost:
        return Busy(SERVICE, status, code or "noAnswer", what, "It is looked up later.", answer.retry_after)
    if code in CHANGED or status == 412:
        return VersionConflict(SERVICE, status, code, what, "It is read again and decided anew.")
    if code in MISSING or code == COMPANY_MISSING:
        return NotFound(SERVICE, status, code, what, LOOK_AT_SETUP)
    if code.startswith("Authentication_"):
        return TokenRefused(
            SERVICE, status, code, what, "Check the app's card in Microsoft Entra Applications there."
        )
    if code.startswith("Authorization_"):
        return AccessDenied(
            SERVICE, status, code, what, "Give the app a permission set for contacts in Business Central."
        )
    if code:
        return Refused(SERVICE, status, code, what, LOOK_AT_SETUP)
    if status == 404:
        return NotFound(SERVICE, status, code, what, LOOK_AT_SETUP)
    if status == 409:
        return VersionConflict(SERVICE, status, code, what, "It is read again and decided anew.")
    return Refused(SERVICE, status, code, what, LOOK_AT_SETUP)


def cut_off(what: str) -> Refused:
    """The error for a success that does not hold what was asked for: it says nothing about what exists."""
    return Refused(SERVICE, 200, "cutPage", what, "It is read anew later.")


def objects(body: JsonObject) -> list[JsonObject]:
    """The objects of a list; anything else in it is left out."""
    listed = body.get("value")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
