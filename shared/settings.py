"""The app's settings (spec/interfaces.md §3): read once, checked, plain words when wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from shared.errors import SettingError
from shared.schedule import EVERY_QUARTER, Schedule

STORAGE = "AzureWebJobsStorage"
_BC_SCOPE = "https://api.businesscentral.dynamics.com/.default"
_CREDENTIALS = ("ENTRA_CLIENT_SECRET", "ENTRA_CLIENT_CERTIFICATE", "ENTRA_MANAGED_IDENTITY_CLIENT_ID")
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account key that every Azurite has: public, no secret."""

_FIXES = {
    "ENTRA_TENANT_ID": "Set it to the directory (tenant) id of the app registration.",
    "ENTRA_CLIENT_ID": "Set it to the application (client) id of the app registration.",
    "ENTRA_CLIENT_CERTIFICATE": "Set it to a PEM text that holds the certificate and its private key.",
    "ENTRA_AUTHORITY_HOST": "Set it to an address such as https://login.microsoftonline.com.",
    "GRAPH_BASE_URL": "Set it to an address such as https://graph.microsoft.com/v1.0.",
    "BC_BASE_URL": "Set it to an address such as https://api.businesscentral.dynamics.com/v2.0.",
    "BC_COMPANY_ID": "Set it to the company's id, a GUID, not to its name.",
    "PUBLIC_BASE_URL": "Set it to the app's public address, such as https://my-app.azurewebsites.net.",
    "SYNC_SCHEDULE": "Set it to six fields, seconds first, such as 0 */15 * * * * (NCRONTAB, UTC).",
    "FULL_SYNC_EVERY_HOURS": "Set it to whole hours from 1 to 8760.",
    "RETENTION_DAYS": "Set it to whole days from 1 to 3650.",
}

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is not an http(s) address")
    return text.rstrip("/")


def _guid(text: str) -> str:
    if not _GUID.fullmatch(text):
        raise ValueError("is not a GUID")
    return text.lower()


def _pem(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY-----" not in text:
        raise ValueError("is not a certificate with its private key")
    return secret


def _schedule(text: str) -> str:
    Schedule.parse(text)
    return " ".join(text.split())


Address: TypeAlias = Annotated[str, AfterValidator(_address)]


class StorageSettings(BaseModel):
    """Where the state lives: a connection string, or both addresses with an identity.

    `managed_identity`: use the platform's identity (`client_id` where it is a user-assigned one); otherwise
    whatever credential the environment offers. Source: contracts/azure-functions.md, "HTTP, identity".
    """

    model_config = ConfigDict(frozen=True)

    connection_string: SecretStr | None = None
    table_uri: str = ""
    queue_uri: str = ""
    managed_identity: bool = False
    client_id: str = ""

    @classmethod
    def from_connection_string(cls, text: str) -> StorageSettings:
        """Raises SettingError where the text lacks an account or a key. Azurite's short form is spelt out."""
        parts = {
            name.strip().lower(): value.strip()
            for name, _, value in (part.partition("=") for part in text.split(";"))
        }
        if parts.get("usedevelopmentstorage", "").lower() == "true":
            return cls(connection_string=SecretStr(_azurite(parts.get("developmentstorageproxyuri", ""))))
        with_key = parts.get("accountname") and parts.get("accountkey")
        with_token = parts.get("sharedaccesssignature") and parts.get("tableendpoint")
        if not (with_key or with_token):
            raise SettingError(
                STORAGE,
                "is not a connection string",
                "Set it to the account's connection string, or to UseDevelopmentStorage=true with Azurite.",
            )
        return cls(connection_string=SecretStr(text))

    @classmethod
    def read(cls, env: Mapping[str, str]) -> StorageSettings:
        """From `AzureWebJobsStorage`, or its `__` forms for an identity."""
        if text := env.get(STORAGE, "").strip():
            return cls.from_connection_string(text)
        account = env.get(f"{STORAGE}__accountName", "").strip()
        addresses: dict[str, str] = {}
        for service in ("table", "queue"):
            name = f"{STORAGE}__{service}ServiceUri"
            address = env.get(name, "").strip() or (
                f"https://{account}.{service}.core.windows.net" if account else ""
            )
            if not address:
                continue
            try:
                addresses[service] = _address(address)
            except ValueError as error:
                fix = f"Set it to an address such as https://account.{service}.core.windows.net."
                raise SettingError(name, str(error), fix) from None
        if not addresses:
            raise SettingError(
                STORAGE,
                "is missing",
                f"Set it to a connection string, or set {STORAGE}__tableServiceUri and "
                f"{STORAGE}__queueServiceUri to use an identity.",
            )
        for service in ("table", "queue"):
            if service not in addresses:
                raise SettingError(
                    f"{STORAGE}__{service}ServiceUri",
                    "is missing",
                    f"Set it to an address such as https://account.{service}.core.windows.net.",
                )
        return cls(
            table_uri=addresses["table"],
            queue_uri=addresses["queue"],
            managed_identity=env.get(f"{STORAGE}__credential", "").strip().lower() == "managedidentity",
            client_id=env.get(f"{STORAGE}__clientId", "").strip(),
        )


def _azurite(proxy: str) -> str:
    origin = proxy.rstrip("/") or "http://127.0.0.1"
    endpoints = "".join(
        f"{name}Endpoint={origin}:{port}/devstoreaccount1;"
        for name, port in (("Blob", 10000), ("Queue", 10001), ("Table", 10002))
    )
    scheme = urlsplit(origin).scheme
    return (
        f"DefaultEndpointsProtocol={scheme};AccountName=devstoreaccount1;AccountKey={_AZURITE_KEY};{endpoints}"
    )


class Settings(BaseModel):
    """Every setting of spec/interfaces.md §3, checked. Secrets do not show in `repr`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    tenant_id: str = Field(alias="ENTRA_TENANT_ID")
    client_id: str = Field(alias="ENTRA_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, alias="ENTRA_CLIENT_SECRET")
    client_certificate: Annotated[SecretStr, AfterValidator(_pem)] | None = Field(
        None, alias="ENTRA_CLIENT_CERTIFICATE"
    )
    managed_identity_client_id: str | None = Field(None, alias="ENTRA_MANAGED_IDENTITY_CLIENT_ID")
    authority_host: Address = Field("https://login.microsoftonline.com", alias="ENTRA_AUTHORITY_HOST")
    graph_base_url: Address = Field("https://graph.microsoft.com/v1.0", alias="GRAPH_BASE_URL")
    graph_scope_setting: str | None = Field(None, alias="GRAPH_SCOPE")
    bc_base_url: Address = Field("https://api.businesscentral.dynamics.com/v2.0", alias="BC_BASE_URL")
    bc_scope: str = Field(_BC_SCOPE, alias="BC_SCOPE")
    bc_environment: str = Field("Production", alias="BC_ENVIRONMENT")
    bc_company_id: Annotated[str, AfterValidator(_guid)] | None = Field(None, alias="BC_COMPANY_ID")
    public_base_url: Address | None = Field(None, alias="PUBLIC_BASE_URL")
    sync_schedule: Annotated[str, AfterValidator(_schedule)] = Field(EVERY_QUARTER, alias="SYNC_SCHEDULE")
    full_sync_every_hours: int = Field(24, ge=1, le=8760, alias="FULL_SYNC_EVERY_HOURS")
    retention_days: int = Field(30, ge=1, le=3650, alias="RETENTION_DAYS")
    auth_enabled: bool = Field(False, alias="WEBSITE_AUTH_ENABLED")
    storage: StorageSettings

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """The settings of an environment; blank values count as missing.

        Raises SettingError with the name of the first setting that is wrong and how to put it right.
        """
        given: dict[str, object] = {name: value.strip() for name, value in env.items() if value.strip()}
        given["storage"] = StorageSettings.read(env)
        given["WEBSITE_AUTH_ENABLED"] = env.get("WEBSITE_AUTH_ENABLED", "").strip().lower() in ("true", "1")
        given.setdefault("PUBLIC_BASE_URL", _own_address(env.get("WEBSITE_HOSTNAME", "").strip()))
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = str(first["loc"][0])
            problem = "is missing" if first["type"] == "missing" else _problem(first["msg"])
            raise SettingError(name, problem, _FIXES[name]) from None
        _one_credential([name for name in _CREDENTIALS if name in given])
        return settings

    @property
    def graph_scope(self) -> str:
        """What a token for Graph is asked for."""
        if self.graph_scope_setting:
            return self.graph_scope_setting
        parts = urlsplit(self.graph_base_url)
        return f"{parts.scheme}://{parts.netloc}/.default"

    @property
    def bc_api_base(self) -> str:
        """The address of the environment's API v2.0, without a slash at its end."""
        return f"{self.bc_base_url}/{quote(self.tenant_id)}/{quote(self.bc_environment)}/api/v2.0"

    @property
    def authority(self) -> str:
        """The address that issues tokens for the tenant."""
        return f"{self.authority_host}/{quote(self.tenant_id)}"


def _own_address(hostname: str) -> str | None:
    """The local host names itself in WEBSITE_HOSTNAME too, but no service can call back there."""
    if not hostname or hostname.split(":")[0] in ("localhost", "127.0.0.1", "0.0.0.0"):
        return None
    return f"https://{hostname}"


def _problem(message: str) -> str:
    said = message.removeprefix("Value error, ")
    return said if said != message else f"is wrong: {message[:1].lower()}{message[1:]}"


def _one_credential(given: list[str]) -> None:
    if not given:
        problem = f"is missing, and so are {_CREDENTIALS[1]} and {_CREDENTIALS[2]}"
        raise SettingError(_CREDENTIALS[0], problem, "Set exactly one of the three.")
    if len(given) > 1:
        raise SettingError(given[1], f"is set next to {given[0]}", "Keep exactly one of them.")
