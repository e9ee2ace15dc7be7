"""Access tokens: how Entra signs them, and how the services' doors read them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from sandbox.clock import VirtualClock
from sandbox.request_log import RequestLog
from shared.model import Json

KEY_ID = "sandbox-key-1"
GRAPH = "https://graph.microsoft.com"
BUSINESS_CENTRAL = "https://api.businesscentral.dynamics.com"


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """Entra's key, made once a process: making one takes longer than starting the sandbox."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_keys() -> dict[str, Json]:
    """The JSON Web Key Set that belongs to `signing_key()`."""
    numbers = signing_key().public_key().public_numbers()
    key: dict[str, Json] = {
        "kty": "RSA",
        "use": "sig",
        "kid": KEY_ID,
        "alg": "RS256",
        "n": _base64(numbers.n),
        "e": _base64(numbers.e),
    }
    return {"keys": [key]}


def sign(claims: Mapping[str, object]) -> str:
    """A JWT with these claims."""
    return jwt.encode(dict(claims), signing_key(), algorithm="RS256", headers={"kid": KEY_ID})


def _base64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`app`: the client id of a good token; "" with the refusal otherwise."""

    app: str
    status: int = 401
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """What one service wants of a token, and how it says no.

    `texts`: the message for "empty", "invalid", "audience", "expired", "roles".
    """

    service: str
    audiences: frozenset[str]
    unauthenticated: str
    forbidden: str
    texts: Mapping[str, str]


class Doorkeeper:
    """Checks bearer tokens for one service: signature, audience, tenant, expiry by the virtual clock, roles."""

    def __init__(self, door: Door, tenant: str, clock: VirtualClock, log: RequestLog) -> None:
        self._door = door
        self._tenant = tenant
        self._clock = clock
        self._log = log
        self._read: dict[str, _Token | None] = {}

    def admit(self, authorization: str) -> Verdict:
        """`authorization`: the header as sent, "" if there was none."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            return self._refuse("empty")
        if text not in self._read:
            self._read[text] = _read(text)
        token = self._read[text]
        if token is None or token.tenant != self._tenant:
            return self._refuse("invalid")
        if token.audience not in self._door.audiences:
            detail = f"a token for {token.audience} was sent to {self._door.service}"
            self._log.violate("foreign_token", self._door.service, detail)
            return self._refuse("audience")
        if self._clock.now() >= token.expires:
            return self._refuse("expired")
        if not token.roles:
            return Verdict("", 403, self._door.forbidden, self._door.texts["roles"])
        return Verdict(token.app)

    def _refuse(self, reason: str) -> Verdict:
        return Verdict("", 401, self._door.unauthenticated, self._door.texts[reason])


@dataclass(frozen=True, slots=True)
class _Token:
    app: str
    audience: str
    tenant: str
    expires: datetime
    roles: tuple[str, ...]


def _read(text: str) -> _Token | None:
    """The token's claims, None unless Entra signed it. Expiry is left to the virtual clock."""
    unchecked: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims = jwt.decode(text, signing_key().public_key(), algorithms=["RS256"], options=unchecked)
    except jwt.InvalidTokenError:
        return None
    return _Token(
        str(claims.get("appid", "")),
        str(claims.get("aud", "")),
        str(claims.get("tid", "")),
        datetime.fromtimestamp(int(claims.get("exp", 0)), UTC),
        tuple(str(role) for role in claims.get("roles", ())),
    )
