"""The token endpoint that App Service gives a managed identity, for the way without any secret."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.clock import VirtualClock
from sandbox.entra import FederatedCredential
from sandbox.tokens import sign, signing_key

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """A user-assigned identity. `subject`: its principal id. `issuer`: the tenant's `…/v2.0`.

    `header`: what `X-IDENTITY-HEADER` must carry.
    """

    client_id: str
    subject: str
    issuer: str
    header: str
    clock: VirtualClock

    def credential(self) -> FederatedCredential:
        """What an app registration must trust for this identity to stand for it."""
        return FederatedCredential(self.issuer, self.subject, signing_key().public_key())

    async def endpoint(self, request: Request) -> Response:
        """`GET ?api-version=2019-08-01&resource=…&client_id=…`, as Azure's App Service answers it."""
        query = request.query_params
        if not hmac.compare_digest(request.headers.get("x-identity-header", ""), self.header):
            return JSONResponse({"statusCode": 401, "message": "The identity header is wrong."}, 401)
        if query.get("client_id") != self.client_id or query.get("api-version") != "2019-08-01":
            return JSONResponse({"statusCode": 400, "message": "No such identity or API version."}, 400)
        resource = query.get("resource", "")
        now = self.clock.now()
        expires = int((now + LIFETIME).timestamp())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": resource,
            "nbf": int(now.timestamp()),
            "exp": expires,
        }
        granted = {"access_token": sign(claims), "expires_on": str(expires), "resource": resource}
        return JSONResponse({**granted, "token_type": "Bearer", "client_id": self.client_id})
