"""Who calls: a trusted service with the key, a signed-in user, or anybody (spec/interfaces.md §4).

App Service Authentication tells who is signed in by a header that anybody could send; it is believed only
where that feature is on (contracts/azure-functions.md, "HTTP, identity").
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from shared.api.http import Request
from shared.api.problems import Refusal
from shared.settings import Settings

_PRINCIPAL = "x-ms-client-principal"
_SCHEMA = "http://schemas.microsoft.com/identity/claims"
_OBJECT_ID = (f"{_SCHEMA}/objectidentifier", "oid")
_TENANT_ID = (f"{_SCHEMA}/tenantid", "tid")
_NAME = ("name",)
_ADDRESS = ("preferred_username",)
_ADMIN = "Admin"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OWN_SITE = frozenset({"same-origin", "none"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Door(StrEnum):
    """By which way a call comes in."""

    KEY = "key"
    USER = "user"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """`user`: object id of who is signed in, "" at the other doors. `name`, `address`: only for showing."""

    door: Door
    user: str = ""
    admin: bool = False
    name: str = ""
    address: str = ""


class _Claim(BaseModel):
    typ: str
    val: str


class _Principal(BaseModel):
    claims: Annotated[tuple[_Claim, ...], Field(max_length=1000)]
    role_typ: str = "roles"

    def only(self, kinds: tuple[str, ...]) -> str:
        """The one value of a claim; "" where there is none or where several contradict each other."""
        values = {claim.val for claim in self.claims if claim.typ in kinds}
        return values.pop() if len(values) == 1 else ""


def signed_in(request: Request, settings: Settings) -> Caller:
    """The signed-in user. Raises Refusal 401 for anybody else, 403 for a user of another tenant."""
    if not settings.auth_enabled:
        raise Refusal(
            401,
            "Nobody can sign in: App Service Authentication is off. Switch it on for this app.",
        )
    principal = _principal(request.header(_PRINCIPAL))
    user, tenant = principal.only(_OBJECT_ID).lower(), principal.only(_TENANT_ID).lower()
    if not _GUID.fullmatch(user) or not tenant:
        raise Refusal(401, "The sign-in names no user. Sign in again.")
    if tenant != settings.tenant_id.lower():
        raise Refusal(403, "This app serves users of its own directory only.")
    roles = {claim.val for claim in principal.claims if claim.typ == principal.role_typ}
    return Caller(Door.USER, user, _ADMIN in roles, principal.only(_NAME), principal.only(_ADDRESS))


def refuse_foreign_site(request: Request, settings: Settings) -> None:
    """A page of another site must not act with the user's cookie. Raises Refusal 403.

    Browsers say where a call comes from: by Sec-Fetch-Site, older ones by Origin.
    """
    if request.method in _READING:
        return
    site, origin = request.header("sec-fetch-site").lower(), request.header("origin").lower()
    own = {address.lower() for address in (request.origin, settings.public_base_url or "") if address}
    if (site and site not in _OWN_SITE) or (not site and origin and origin not in own):
        raise Refusal(403, "This call comes from a page of another site. Use the app's own page.")


def _principal(header: str) -> _Principal:
    if not header:
        raise Refusal(401, "Nobody is signed in. Sign in first.")
    try:
        return _Principal.model_validate_json(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, ValidationError):
        raise Refusal(401, "The sign-in could not be read. Sign in again.") from None
