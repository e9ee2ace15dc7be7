"""App Service Authentication, played locally: who is signed in, and what the app is told about them.

The cookie holds the user's id and a signature; the secret lives as long as the host.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, quote

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

COOKIE = "AppServiceAuthSession"
_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_TENANT_ID = "http://schemas.microsoft.com/identity/claims/tenantid"
_EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
_ROLE = "roles"


class LocalUser(BaseModel):
    """One entry of `LOCAL_USERS` (spec/interfaces.md §2)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    tenant: str
    address: str
    name: str
    roles: tuple[str, ...] = ()

    def claims(self) -> list[dict[str, str]]:
        """What Entra says about the user, in the platform's shape."""
        pairs = [
            (_OBJECT_ID, self.id),
            (_TENANT_ID, self.tenant),
            ("preferred_username", self.address),
            (_EMAIL, self.address),
            ("name", self.name),
            *((_ROLE, role) for role in self.roles),
        ]
        return [{"typ": kind, "val": value} for kind, value in pairs]


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the sign-in itself."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def read_users(text: str) -> tuple[LocalUser, ...]:
    """The users of `LOCAL_USERS`. Raises `ValueError` with the member at fault."""
    try:
        return TypeAdapter(tuple[LocalUser, ...]).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"LOCAL_USERS is wrong at {place or 'its start'}: {first['msg']}.") from None


class SignIn:
    """`secret` signs the cookies."""

    def __init__(self, users: Sequence[LocalUser], secret: bytes) -> None:
        self._users = {user.id: user for user in users}
        self._secret = secret

    def principal(self, cookies: str) -> dict[str, str]:
        """The headers that tell the app who calls; none when nobody is signed in."""
        user = self._signed_in(cookies)
        if user is None:
            return {}
        principal = {"auth_typ": "aad", "claims": user.claims(), "name_typ": _EMAIL, "role_typ": _ROLE}
        return {
            "x-ms-client-principal": base64.b64encode(json.dumps(principal).encode()).decode(),
            "x-ms-client-principal-id": user.id,
            "x-ms-client-principal-name": user.address,
            "x-ms-client-principal-idp": "aad",
        }

    def answer(self, path: str, query: str, cookies: str) -> Page:
        """`/.auth/login/aad`, `/.auth/me`, `/.auth/logout`; 404 for the rest of `/.auth`."""
        asked = dict(parse_qsl(query))
        match path.lower().rstrip("/"):
            case "/.auth/login/aad":
                return self._login(asked)
            case "/.auth/me":
                return self._me(cookies)
            case "/.auth/logout":
                goal = _local(asked.get("post_logout_redirect_uri"), "/.auth/logout/done")
                return Page(
                    302,
                    {"location": goal, "set-cookie": f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
                )
            case "/.auth/login/done" | "/.auth/logout/done":
                return _text("Done. This window can be closed.")
            case _:
                return Page(404, {})

    def _login(self, asked: Mapping[str, str]) -> Page:
        goal = _local(asked.get("post_login_redirect_uri"), "/.auth/login/done")
        if "as" not in asked:
            return self._choice(goal)
        user = self._users.get(asked["as"])
        if user is None:
            return Page(
                403, {"content-type": "text/plain; charset=utf-8"}, b"LOCAL_USERS has no user with this id."
            )
        cookie = f"{COOKIE}={self._sealed(user.id)}; Path=/; HttpOnly; SameSite=Lax"
        return Page(302, {"location": goal, "set-cookie": cookie})

    def _choice(self, goal: str) -> Page:
        """Whom to sign in as: the page links to the plain address, as it does on the platform."""
        back = f"post_login_redirect_uri={quote(goal, safe='')}"
        links = "".join(
            f'<li><a href="/.auth/login/aad?as={quote(user.id, safe="")}&amp;{back}">'
            f"{html.escape(user.name)} ({html.escape(user.address)})</a></li>"
            for user in self._users.values()
        )
        page = f"<!doctype html><html lang=en><title>Sign in</title><h1>Sign in as</h1><ul>{links}</ul></html>"
        return Page(200, {"content-type": "text/html; charset=utf-8"}, page.encode())

    def _me(self, cookies: str) -> Page:
        user = self._signed_in(cookies)
        if user is None:
            return Page(401, {})
        body = [{"provider_name": "aad", "user_id": user.address, "user_claims": user.claims()}]
        return Page(200, {"content-type": "application/json"}, json.dumps(body).encode())

    def _signed_in(self, cookies: str) -> LocalUser | None:
        try:
            cookie = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return None
        if cookie is None:
            return None
        given = cookie.value.encode()
        return next(
            (u for u in self._users.values() if hmac.compare_digest(self._sealed(u.id).encode(), given)), None
        )

    def _sealed(self, user: str) -> str:
        encoded = base64.urlsafe_b64encode(user.encode()).decode().rstrip("=")
        return f"{encoded}.{hmac.new(self._secret, encoded.encode(), hashlib.sha256).hexdigest()}"


def _local(goal: str | None, default: str) -> str:
    """Where to go next: a path of this host, never another site."""
    if goal is None or not goal.startswith("/") or goal.startswith(("//", "/\\")) or not goal.isprintable():
        return default
    return goal


def _text(text: str) -> Page:
    return Page(200, {"content-type": "text/plain; charset=utf-8"}, text.encode())
