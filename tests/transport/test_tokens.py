"""Tokens, got by the real MSAL from an Entra over HTTPS: every credential, and every way it can fail."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.entra import AppRegistration, FederatedCredential
from sandbox.tokens import GRAPH
from sandbox.world import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox
from shared.errors import Busy, TokenRefused
from shared.model import Json
from shared.transport import Certificate, Credential, ManagedIdentity, Secret, TokenSource
from shared.transport.tokens import EXCHANGE_AUDIENCE
from tests.transport.scripted import FakeClock, Reply, ScriptedServer

SCOPE = f"{GRAPH}/.default"


@pytest.fixture
def entra(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox() as running:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", running.ca_file)
        yield running


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem_of(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "contact-sync")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2036))
    return builder.sign(key, hashes.SHA256())


def source(entra: Sandbox, credential: Credential, tenant: str = TENANT_ID) -> TokenSource:
    return TokenSource(entra.entra_url, tenant, CLIENT_ID, credential)


def audience(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["appid"] == CLIENT_ID
    return str(claims["aud"])


def test_a_secret_buys_a_token_for_each_scope_and_each_is_kept(entra: Sandbox) -> None:
    tokens = source(entra, Secret(CLIENT_SECRET))
    graph = tokens.token(SCOPE)
    assert audience(graph) == GRAPH
    assert audience(tokens.token("https://api.businesscentral.dynamics.com/.default")) != GRAPH
    assert tokens.token(SCOPE) == graph


def test_renewing_forces_a_new_token_unless_another_thread_has_got_one(entra: Sandbox) -> None:
    tokens = source(entra, Secret(CLIENT_SECRET))
    old = tokens.token(SCOPE)
    new = tokens.renew(SCOPE, old)
    assert new != old
    assert tokens.renew(SCOPE, old) == new
    assert tokens.token(SCOPE) == new


@pytest.mark.parametrize("one_line", [False, True])
def test_a_certificate_buys_a_token(entra: Sandbox, key: rsa.RSAPrivateKey, one_line: bool) -> None:
    certificate = self_signed(key)
    entra.entra.register(AppRegistration(CLIENT_ID, certificates=(certificate,)))
    pem = pem_of(key) + certificate.public_bytes(serialization.Encoding.PEM).decode()
    tokens = source(entra, Certificate(pem.replace("\n", "\\n") if one_line else pem))
    assert audience(tokens.token(SCOPE)) == GRAPH


@pytest.mark.parametrize("missing", ["PRIVATE KEY", "CERTIFICATE"])
def test_half_a_certificate_is_named(entra: Sandbox, key: rsa.RSAPrivateKey, missing: str) -> None:
    certificate = self_signed(key).public_bytes(serialization.Encoding.PEM).decode()
    half = certificate if missing == "PRIVATE KEY" else pem_of(key)
    with pytest.raises(TokenRefused, match=f"holds no {missing}"):
        source(entra, Certificate(half)).token(SCOPE)


def test_a_managed_identity_vouches_for_the_app(
    entra: Sandbox, key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, subject = f"{entra.entra_url}/{TENANT_ID}/v2.0", "principal"
    entra.entra.register(
        AppRegistration(CLIENT_ID, federated=(FederatedCredential(issuer, subject, key.public_key()),))
    )
    now = int(entra.clock.now().timestamp())
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": EXCHANGE_AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    assertion = jwt.encode(claims, key, "RS256")
    with ScriptedServer(FakeClock()) as identity:
        answer: Json = {
            "access_token": assertion,
            "expires_on": str(now + 3600),
            "resource": EXCHANGE_AUDIENCE,
            "token_type": "Bearer",
        }
        identity.answering = lambda _: Reply(200, answer)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.origin}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "h")
        tokens = source(entra, ManagedIdentity("identity-client-id"))
        assert audience(tokens.token(SCOPE)) == GRAPH
        assert "client_id=identity-client-id" in identity.seen[0].target


def test_an_identity_endpoint_that_never_answers_is_not_waited_for(
    entra: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.transport.tokens._TIMEOUTS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "h")
        with pytest.raises(Busy):
            source(entra, ManagedIdentity("identity-client-id")).token(SCOPE)


def test_a_wrong_secret_is_told_by_entras_number_and_never_shown(entra: Sandbox) -> None:
    with pytest.raises(TokenRefused) as refused:
        source(entra, Secret("not~the~secret")).token(SCOPE)
    assert refused.value.code == "AADSTS7000215"
    assert "ENTRA_CLIENT_ID" in str(refused.value)
    assert "not~the~secret" not in str(refused.value)
    assert "not~the~secret" not in repr(Secret("not~the~secret"))


def test_a_tenant_that_does_not_exist_is_a_refusal(entra: Sandbox) -> None:
    with pytest.raises(TokenRefused):
        source(entra, Secret(CLIENT_SECRET), "00000000-0000-4000-8000-000000000000").token(SCOPE)


def test_an_entra_that_is_not_there_is_busy_and_asked_again_later(entra: Sandbox) -> None:
    tokens = TokenSource("https://127.0.0.1:1", TENANT_ID, CLIENT_ID, Secret(CLIENT_SECRET))
    for _ in range(2):
        with pytest.raises(Busy):
            tokens.token(SCOPE)
