"""Tokens from the sandbox's Entra, got with the real MSAL over HTTPS."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import jwt
import msal  # type: ignore[import-untyped]
import pytest
import requests
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.clock import VirtualClock
from sandbox.entra import AppRegistration, Entra, FederatedCredential
from sandbox.server import ServerThread
from sandbox.tokens import BUSINESS_CENTRAL, GRAPH, public_keys

TENANT = "5b1c7c2e-0000-4000-8000-000000000001"
APP = "a7d4f1c0-0000-4000-8000-000000000002"
SCOPE = f"{GRAPH}/.default"
ISSUER, SUBJECT = "https://login.example/tenant/v2.0", "managed-identity-object-id"


@dataclass
class Running:
    entra: Entra
    clock: VirtualClock
    url: str
    ca_file: str

    @property
    def authority(self) -> str:
        return f"{self.url}/{TENANT}"

    def application(self, credential: object, client_id: str = APP) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            client_id,
            authority=self.authority,
            client_credential=credential,
            instance_discovery=False,
        )

    def post(self, tenant: str = TENANT, **form: str) -> requests.Response:
        url = f"{self.url}/{tenant}/oauth2/v2.0/token"
        return requests.post(url, data=form, verify=self.ca_file, timeout=20)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    clock = VirtualClock()
    entra = Entra(TENANT, clock, Random(1))
    entra.resources.update({GRAPH: ("Contacts.ReadWrite",), BUSINESS_CENTRAL: ("API.ReadWrite.All",)})
    entra.register(AppRegistration(APP, "right"))
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    thread = ServerThread()
    thread.start()
    try:
        port = thread.listen(entra, tls=tls)
        yield Running(entra, clock, f"https://127.0.0.1:{port}", str(ca_file))
    finally:
        thread.stop()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "contact sync")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


def pem(key: rsa.RSAPrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def assertion(key: rsa.RSAPrivateKey, **changes: object) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange", "exp": now + 600, **changes}
    return jwt.encode(claims, key, algorithm="RS256")


def test_msal_gets_a_token_with_a_secret(running: Running) -> None:
    result = running.application("right").acquire_token_for_client([SCOPE])
    assert result["token_type"] == "Bearer"
    assert result["expires_in"] == 3599


def test_a_token_says_for_whom_it_is_and_can_be_verified_with_the_published_key(running: Running) -> None:
    result = running.application("right").acquire_token_for_client([f"{BUSINESS_CENTRAL}/.default"])
    (published,) = jwt.PyJWKSet.from_dict(public_keys()).keys
    claims = jwt.decode(result["access_token"], published.key, ["RS256"], audience=BUSINESS_CENTRAL)
    assert (claims["appid"], claims["tid"], claims["roles"]) == (APP, TENANT, ["API.ReadWrite.All"])
    assert claims["exp"] - claims["iat"] == 3599


def test_tokens_live_by_the_virtual_clock(running: Running) -> None:
    running.clock.advance(86_400)
    before = int(running.clock.now().timestamp())
    token = running.entra.issue(APP, GRAPH)
    after = int(running.clock.now().timestamp())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert before <= claims["iat"] <= after


def test_msal_gets_a_token_with_a_certificate(running: Running, key: rsa.RSAPrivateKey) -> None:
    registered = certificate(key)
    running.entra.register(AppRegistration(APP, certificates=(registered,)))
    public = registered.public_bytes(serialization.Encoding.PEM).decode()
    credential = {"private_key": pem(key), "public_certificate": public}
    assert "access_token" in running.application(credential).acquire_token_for_client([SCOPE])
    thumbprint = registered.fingerprint(hashes.SHA1()).hex()
    older = {"private_key": pem(key), "thumbprint": thumbprint}
    assert "access_token" in running.application(older).acquire_token_for_client([SCOPE])


def test_a_certificate_that_is_not_registered_is_refused(running: Running, key: rsa.RSAPrivateKey) -> None:
    public = certificate(key).public_bytes(serialization.Encoding.PEM).decode()
    credential = {"private_key": pem(key), "public_certificate": public}
    result = running.application(credential).acquire_token_for_client([SCOPE])
    assert result["error"] == "invalid_client"
    assert result["error_codes"] == [700027]


def test_a_registered_certificate_with_another_key_is_refused(running: Running, key: rsa.RSAPrivateKey) -> None:
    registered = certificate(key)
    running.entra.register(AppRegistration(APP, certificates=(registered,)))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = registered.public_bytes(serialization.Encoding.PEM).decode()
    credential = {"private_key": pem(other), "public_certificate": public}
    result = running.application(credential).acquire_token_for_client([SCOPE])
    assert result["error_codes"] == [700027]


def test_msal_gets_a_token_with_a_federated_assertion(running: Running, key: rsa.RSAPrivateKey) -> None:
    trusted = FederatedCredential(ISSUER, SUBJECT, key.public_key())
    running.entra.register(AppRegistration(APP, federated=(trusted,)))
    application = running.application({"client_assertion": lambda: assertion(key)})
    assert "access_token" in application.acquire_token_for_client([SCOPE])


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"sub": "somebody else"}, 700213),
        ({"iss": "https://elsewhere.example"}, 700213),
        ({"aud": "api://other"}, 700212),
        ({"exp": 1_000_000_000}, 700024),
    ],
)
def test_a_federated_assertion_must_fit_what_is_registered(
    running: Running, key: rsa.RSAPrivateKey, changes: dict[str, object], number: int
) -> None:
    trusted = FederatedCredential(ISSUER, SUBJECT, key.public_key())
    running.entra.register(AppRegistration(APP, federated=(trusted,)))
    application = running.application({"client_assertion": lambda: assertion(key, **changes)})
    assert application.acquire_token_for_client([SCOPE])["error_codes"] == [number]


def test_a_wrong_secret_is_refused_in_entras_words(running: Running) -> None:
    result = running.application("wrong").acquire_token_for_client([SCOPE])
    assert result["error"] == "invalid_client"
    assert result["error_description"].startswith("AADSTS7000215: ")
    assert result["error_codes"] == [7000215]
    assert {"trace_id", "correlation_id", "timestamp"} <= result.keys()


def test_an_unknown_application_is_refused(running: Running) -> None:
    result = running.application("right", "00000000-dead-4000-8000-000000000000").acquire_token_for_client(
        [SCOPE]
    )
    assert result["error_codes"] == [700016]


def test_an_unknown_tenant_is_refused(running: Running) -> None:
    answer = running.post("00000000-0000-4000-8000-00000000beef", grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_an_unknown_resource_is_refused(running: Running) -> None:
    result = running.application("right").acquire_token_for_client(["https://unknown.example/.default"])
    assert (result["error"], result["error_codes"]) == ("invalid_resource", [500011])


def test_a_scope_must_end_in_default(running: Running) -> None:
    form = {"grant_type": "client_credentials", "client_id": APP, "client_secret": "right"}
    answer = running.post(**form, scope=f"{GRAPH}/Contacts.ReadWrite")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_call_without_any_credential_is_refused(running: Running) -> None:
    answer = running.post(grant_type="client_credentials", client_id=APP, scope=SCOPE)
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [7000218])


def test_only_client_credentials_are_granted(running: Running) -> None:
    answer = running.post(grant_type="password", client_id=APP, client_secret="right", scope=SCOPE)
    assert answer.json()["error"] == "unsupported_grant_type"
