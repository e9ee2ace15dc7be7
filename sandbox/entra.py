"""Microsoft Entra's token service, as far as an application without users needs it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs
from uuid import UUID

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.types import Options

from sandbox.clock import VirtualClock
from sandbox.exchange import ApiResponse
from sandbox.http_app import Message, Receive, Send, answer, read_body
from sandbox.tokens import public_keys, sign
from shared.model import Json

LIFETIME = 3599
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
_ASSERTION_ALGORITHMS = ["RS256", "PS256"]


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Assertions of `issuer` about `subject`, signed with `key`, stand for the application."""

    issuer: str
    subject: str
    key: CertificatePublicKeyTypes


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """An application: its client id and everything it may prove itself with."""

    client_id: str
    secret: str = ""
    certificates: tuple[x509.Certificate, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class TokenError(Exception):
    """A refusal in Entra's own words: AADSTS number, OAuth error, HTTP status."""

    def __init__(self, number: int, error: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.number = number
        self.error = error
        self.status = status


class Entra:
    """ASGI application: discovery, keys and `POST /{tenant}/oauth2/v2.0/token`.

    `resources` maps every resource that a scope may name to the roles that an application has there
    unless its registration says otherwise.
    """

    def __init__(self, tenant: str, clock: VirtualClock, rng: random.Random) -> None:
        self.tenant = tenant
        self.resources: dict[str, tuple[str, ...]] = {}
        self._apps: dict[str, AppRegistration] = {}
        self._clock = clock
        self._rng = rng

    def register(self, app: AppRegistration) -> None:
        """Make an application known, or replace what was known of it."""
        self._apps[app.client_id] = app

    def app(self, client_id: str) -> AppRegistration:
        return self._apps[client_id]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        response = self.handle(scope["method"], scope["path"], body, f"https://{host}")
        await answer(send, response, self._clock)

    def handle(self, method: str, path: str, body: bytes, origin: str) -> ApiResponse:
        tenant, _, rest = path.lstrip("/").partition("/")
        routes: dict[tuple[str, str], Callable[[], ApiResponse]] = {
            ("GET", "v2.0/.well-known/openid-configuration"): lambda: self._discovery(tenant, origin),
            ("GET", "discovery/v2.0/keys"): lambda: ApiResponse(200, public_keys()),
            ("POST", "oauth2/v2.0/token"): lambda: self._token(body, origin),
        }
        route = routes.get((method, rest))
        if route is None:
            return ApiResponse(404)
        try:
            if tenant != self.tenant:
                text = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
                raise TokenError(90002, "invalid_tenant", text)
            return route()
        except TokenError as error:
            return self._refusal(error)

    def issue(self, client_id: str, audience: str, lifetime: float = LIFETIME) -> str:
        """An access token without the ceremony: `audience` need not be known."""
        app = self._apps.get(client_id, AppRegistration(client_id))
        now = self._clock.now()
        return sign(
            {
                "aud": audience,
                "iss": f"https://sts.windows.net/{self.tenant}/",
                "iat": int(now.timestamp()),
                "nbf": int(now.timestamp()),
                "exp": int((now + timedelta(seconds=lifetime)).timestamp()),
                "appid": client_id,
                "tid": self.tenant,
                "roles": list(app.roles.get(audience, self.resources.get(audience, ()))),
                "uti": self._rng.randbytes(8).hex(),
                "ver": "1.0",
            }
        )

    def _discovery(self, tenant: str, origin: str) -> ApiResponse:
        base = f"{origin}/{tenant}"
        return ApiResponse(
            200,
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "issuer": f"{base}/v2.0",
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["pairwise"],
            },
        )

    def _token(self, body: bytes, origin: str) -> ApiResponse:
        form = {
            name: values[-1]
            for name, values in parse_qs(body.decode(errors="replace"), keep_blank_values=True).items()
        }
        if form.get("grant_type") != "client_credentials":
            raise TokenError(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")
        client_id = form.get("client_id", "")
        app = self._apps.get(client_id)
        if app is None:
            text = f"Application with identifier '{client_id}' was not found in the directory."
            raise TokenError(700016, "unauthorized_client", text)
        self._authenticate(app, form, f"{origin}/{self.tenant}")
        audience = self._audience(form.get("scope", ""))
        token = self.issue(client_id, audience)
        granted: dict[str, Json] = {
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": token,
        }
        return ApiResponse(200, granted, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})

    def _authenticate(self, app: AppRegistration, form: Mapping[str, str], authority: str) -> None:
        if assertion := form.get("client_assertion"):
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise TokenError(900144, "invalid_request", "The client_assertion_type is not supported.")
            self._check_assertion(app, assertion, authority)
        elif "client_secret" not in form:
            text = "The request body must contain 'client_assertion' or 'client_secret'."
            raise TokenError(7000218, "invalid_client", text, 401)
        elif not app.secret or form["client_secret"] != app.secret:
            text = f"Invalid client secret provided for app '{app.client_id}'."
            raise TokenError(7000215, "invalid_client", text, 401)

    def _check_assertion(self, app: AppRegistration, assertion: str, authority: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError as error:
            raise TokenError(50027, "invalid_client", "JWT token is invalid or malformed.", 401) from error
        if claims.get("iss") == app.client_id:
            self._check_certificate(app, assertion, header, authority)
        else:
            self._check_federated(app, assertion, claims)

    def _check_certificate(
        self, app: AppRegistration, assertion: str, header: Mapping[str, object], authority: str
    ) -> None:
        shown = str(header.get("x5t#S256") or header.get("x5t") or "")
        for certificate in app.certificates:
            if shown.rstrip("=") in _thumbprints(certificate):
                audiences = [f"{authority}/oauth2/v2.0/token", f"{authority}/v2.0"]
                self._verify(assertion, certificate.public_key(), audiences, app.client_id, app.client_id)
                return
        text = f"The certificate that signed the client assertion is not registered on '{app.client_id}'."
        raise TokenError(700027, "invalid_client", text, 401)

    def _check_federated(self, app: AppRegistration, assertion: str, claims: Mapping[str, object]) -> None:
        for credential in app.federated:
            if (credential.issuer, credential.subject) == (claims.get("iss"), claims.get("sub")):
                audiences = [EXCHANGE_AUDIENCE]
                self._verify(assertion, credential.key, audiences, credential.issuer, credential.subject)
                return
        text = "No matching federated identity record found for presented assertion issuer and subject."
        raise TokenError(700213, "invalid_client", text, 401)

    def _verify(
        self,
        assertion: str,
        key: CertificatePublicKeyTypes,
        audiences: list[str],
        issuer: str,
        subject: str,
    ) -> None:
        """Signature, audience, issuer and subject; times by the virtual clock."""
        options: Options = {
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "require": ["exp", "aud", "iss", "sub"],
        }
        try:
            claims = jwt.decode(
                assertion,
                key,  # type: ignore[arg-type]  # a certificate may hold keys that no algorithm here accepts
                algorithms=_ASSERTION_ALGORITHMS,
                audience=audiences,
                issuer=issuer,
                options=options,
            )
        except jwt.InvalidAudienceError as error:
            text = "The client assertion's audience does not match this authority."
            raise TokenError(700212, "invalid_client", text, 401) from error
        except jwt.InvalidTokenError as error:
            text = "Client assertion failed signature validation."
            raise TokenError(700027, "invalid_client", text, 401) from error
        if claims["sub"] != subject:
            raise TokenError(700021, "invalid_client", "Client assertion application mismatch.", 401)
        now = self._clock.now().timestamp()
        if not float(claims.get("nbf", 0)) - 300 <= now < float(claims["exp"]) + 300:
            text = "Client assertion is not within its valid time range."
            raise TokenError(700024, "invalid_client", text, 401)

    def _audience(self, scope: str) -> str:
        resource, suffix, rest = scope.partition("/.default")
        if not suffix or rest:
            text = f"The scope {scope} is not valid: client credentials need a resource followed by /.default."
            raise TokenError(1002012, "invalid_scope", text)
        for audience in (resource, resource.rstrip("/")):
            if audience in self.resources:
                return audience
        text = f"The resource principal named {resource} was not found in the tenant."
        raise TokenError(500011, "invalid_resource", text)

    def _refusal(self, error: TokenError) -> ApiResponse:
        trace = str(UUID(int=self._rng.getrandbits(128), version=4))
        correlation = str(UUID(int=self._rng.getrandbits(128), version=4))
        stamp = self._clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        text = (
            f"AADSTS{error.number}: {error} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        )
        body: dict[str, Json] = {
            "error": error.error,
            "error_description": text,
            "error_codes": [error.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={error.number}",
        }
        return ApiResponse(error.status, body)


def _thumbprints(certificate: x509.Certificate) -> set[str]:
    """SHA-1 and SHA-256 of the certificate, as the headers x5t and x5t#S256 carry them."""
    raw = certificate.public_bytes(Encoding.DER)
    return {
        jwt.utils.base64url_encode(hashed).decode()
        for hashed in (hashlib.sha1(raw).digest(), hashlib.sha256(raw).digest())
    }
