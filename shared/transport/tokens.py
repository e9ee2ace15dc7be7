"""Access tokens for Graph and Business Central, got by MSAL: a secret, a certificate or a managed identity."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msal  # type: ignore[import-untyped]
import requests

from shared.errors import Busy, TokenRefused

MICROSOFT_AUTHORITIES = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
_TIMEOUTS = (10, 30)
"""Seconds to connect, and to wait for an answer."""
CHECK_REGISTRATION = (
    "Check ENTRA_TENANT_ID, ENTRA_CLIENT_ID and the credential, and that an administrator consented."
)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    value: str


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """`pem`: private key and certificate in one text."""

    pem: str


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """A user-assigned identity that the app registration trusts (contracts/azure-functions.md)."""

    client_id: str


Credential: TypeAlias = Secret | Certificate | ManagedIdentity


class TokenSource:
    """Tokens of one app registration, cached by MSAL: hold one per process. Safe for any thread.

    `authority_host`: https origin of Entra; for a host that is not Microsoft's, MSAL asks nobody else.
    """

    def __init__(self, authority_host: str, tenant: str, client_id: str, credential: Credential) -> None:
        self._authority = f"{authority_host.rstrip('/')}/{tenant}"
        self._client_id = client_id
        self._credential = credential
        self._lock = threading.Lock()
        self._app: msal.ConfidentialClientApplication | None = None

    def token(self, scope: str) -> str:
        """A valid token for the scope, from the cache or from Entra.

        Raises TokenRefused with Entra's AADSTS code, or Busy when Entra can't be reached now.
        """
        with self._lock:
            return self._acquire(scope)

    def renew(self, scope: str, refused: str) -> str:
        """A token other than the one a service has just refused; asks Entra unless another thread has."""
        with self._lock:
            current = self._acquire(scope)
            if current != refused or self._app is None:
                return current
            self._app.remove_tokens_for_client()
            return self._acquire(scope)

    def _acquire(self, scope: str) -> str:
        try:
            if self._app is None:
                self._app = self._application()
            answer: Mapping[str, object] = self._app.acquire_token_for_client(scopes=[scope])
        except requests.RequestException as error:
            raise _unreachable(type(error).__name__) from None
        except ValueError as error:
            # MSAL's word for an authority that answers nonsense, or a PEM that is none; it may quote either.
            raise TokenRefused(
                "Entra", 0, type(error).__name__, "could not be asked for a token", CHECK_REGISTRATION
            ) from None
        token = answer.get("access_token")
        if isinstance(token, str):
            return token
        raise _refusal(answer)

    def _application(self) -> msal.ConfidentialClientApplication:
        known = urlsplit(self._authority).hostname in MICROSOFT_AUTHORITIES
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=_for_msal(self._credential),
            authority=self._authority,
            instance_discovery=None if known else False,
            timeout=_TIMEOUTS,
        )


class _Impatient(requests.Session):
    """Never waits for ever: MSAL asks the platform's identity endpoint without a time-out of its own."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        return super().send(request, **{**kwargs, "timeout": _TIMEOUTS})


def _for_msal(credential: Credential) -> str | dict[str, object]:
    match credential:
        case Secret(value):
            return value
        case Certificate(pem):
            return {
                "private_key": _blocks(pem, "PRIVATE KEY"),
                "public_certificate": _blocks(pem, "CERTIFICATE"),
            }
        case ManagedIdentity(client_id):
            identity = msal.ManagedIdentityClient(
                msal.UserAssignedManagedIdentity(client_id=client_id), http_client=_Impatient()
            )
            return {"client_assertion": lambda: _assertion(identity)}


def _assertion(identity: msal.ManagedIdentityClient) -> str:
    answer: Mapping[str, object] = identity.acquire_token_for_client(resource=EXCHANGE_AUDIENCE)
    token = answer.get("access_token")
    if isinstance(token, str):
        return token
    raise TokenRefused(
        "Managed identity",
        0,
        str(answer.get("error", "")),
        "gave no assertion for the app registration",
        "Check ENTRA_MANAGED_IDENTITY_CLIENT_ID and that the identity is assigned to the app.",
    )


def _blocks(pem: str, kind: str) -> str:
    text = pem.replace("\\n", "\n")  # app settings often carry the PEM on one line
    pattern = rf"-----BEGIN ((?:[A-Z]+ )*{kind})-----.*?-----END \1-----"
    blocks = [block.group(0) for block in re.finditer(pattern, text, re.DOTALL)]
    if not blocks:
        raise TokenRefused(
            "Entra",
            0,
            "pem",
            f"can't be asked: the certificate setting holds no {kind}",
            "Put the private key and the certificate, both as PEM, into ENTRA_CLIENT_CERTIFICATE.",
        )
    return "\n".join(blocks)


def _refusal(answer: Mapping[str, object]) -> TokenRefused:
    description = str(answer.get("error_description", ""))
    found = re.match(r"AADSTS\d+", description)
    code = found.group(0) if found else str(answer.get("error", "unknown"))
    return TokenRefused("Entra", 401, code, "refused a token for the app", CHECK_REGISTRATION)


def _unreachable(code: str) -> Busy:
    return Busy("Entra", 0, code, "could not be reached", "It is tried again later.", None)
