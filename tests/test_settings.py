from __future__ import annotations

from pathlib import Path

import pytest
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from shared.errors import SettingError
from shared.settings import Settings, StorageSettings
from shared.state.connection import queue_service, table_service

ROOT = Path(__file__).resolve().parent.parent
COMPANY = "0A1B2C3D-0000-4000-8000-00000000ABCD"
MINIMUM = {
    "ENTRA_TENANT_ID": "tenant",
    "ENTRA_CLIENT_ID": "client",
    "ENTRA_CLIENT_SECRET": "hush",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}
PEM = "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nc\n"


def test_defaults_are_those_of_the_cloud() -> None:
    settings = Settings.read(MINIMUM)
    assert settings.authority == "https://login.microsoftonline.com/tenant"
    assert settings.graph_base_url == "https://graph.microsoft.com/v1.0"
    assert settings.graph_scope == "https://graph.microsoft.com/.default"
    assert settings.bc_scope == "https://api.businesscentral.dynamics.com/.default"
    assert settings.bc_api_base == "https://api.businesscentral.dynamics.com/v2.0/tenant/Production/api/v2.0"
    assert settings.sync_schedule == "0 */15 * * * *"
    assert (settings.full_sync_every_hours, settings.retention_days) == (24, 30)
    assert (settings.bc_company_id, settings.public_base_url, settings.auth_enabled) == (None, None, False)


def test_every_setting_can_be_given() -> None:
    settings = Settings.read(
        MINIMUM
        | {
            "ENTRA_AUTHORITY_HOST": "https://localhost:9443/",
            "GRAPH_BASE_URL": "https://localhost:9444/v1.0/",
            "BC_BASE_URL": "https://localhost:9445/v2.0",
            "BC_SCOPE": "api://bc/.default",
            "BC_ENVIRONMENT": "My Sandbox",
            "BC_COMPANY_ID": COMPANY,
            "PUBLIC_BASE_URL": "http://127.0.0.1:7071/",
            "WEBSITE_HOSTNAME": "app.azurewebsites.net",
            "SYNC_SCHEDULE": "30  5-59/10 0,12 1 JAN-mar Mon",
            "FULL_SYNC_EVERY_HOURS": "12",
            "RETENTION_DAYS": "7",
            "WEBSITE_AUTH_ENABLED": "True",
            "SOMETHING_ELSE": "x",
        }
    )
    assert settings.authority == "https://localhost:9443/tenant"
    assert settings.graph_scope == "https://localhost:9444/.default"
    assert settings.bc_api_base == "https://localhost:9445/v2.0/tenant/My%20Sandbox/api/v2.0"
    assert settings.bc_scope == "api://bc/.default"
    assert settings.bc_company_id == COMPANY.lower()
    assert settings.public_base_url == "http://127.0.0.1:7071"
    assert settings.sync_schedule == "30 5-59/10 0,12 1 JAN-mar Mon"
    assert (settings.full_sync_every_hours, settings.retention_days, settings.auth_enabled) == (12, 7, True)


def test_scope_for_graph_can_be_named() -> None:
    assert Settings.read(MINIMUM | {"GRAPH_SCOPE": "api://g/.default"}).graph_scope == "api://g/.default"


@pytest.mark.parametrize(
    ("hostname", "address"),
    [("my-app.azurewebsites.net", "https://my-app.azurewebsites.net"), ("localhost:7071", None), ("", None)],
)
def test_own_address_comes_from_the_platform(hostname: str, address: str | None) -> None:
    assert Settings.read(MINIMUM | {"WEBSITE_HOSTNAME": hostname}).public_base_url == address


@pytest.mark.parametrize(
    "name", ["ENTRA_TENANT_ID", "ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET", "AzureWebJobsStorage"]
)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_missing_setting_is_named_with_the_fix(name: str, blank: str | None) -> None:
    env = {key: value for key, value in MINIMUM.items() if key != name}
    if blank is not None:
        env[name] = blank
    with pytest.raises(SettingError, match=rf"^Setting {name} is missing.*Set ") as error:
        Settings.read(env)
    assert error.value.setting == name


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GRAPH_BASE_URL", "graph.microsoft.com", "not an http"),
        ("BC_BASE_URL", "ftp://x", "not an http"),
        ("ENTRA_AUTHORITY_HOST", "https://", "not an http"),
        ("PUBLIC_BASE_URL", "https://x?y=1", "not an http"),
        ("BC_COMPANY_ID", "CRONUS", "not to its name"),
        ("SYNC_SCHEDULE", "*/15 * * * *", "5 fields, not six"),
        ("SYNC_SCHEDULE", "0 60 * * * *", "bad minute: 60"),
        ("SYNC_SCHEDULE", "0 0 20-10 * * *", "bad hour: 20-10"),
        ("SYNC_SCHEDULE", "0 0 * 0 * *", "bad day: 0"),
        ("SYNC_SCHEDULE", "0 0 * * foo *", "bad month: foo"),
        ("SYNC_SCHEDULE", "0 0 * * * */0", "bad day of week"),
        ("SYNC_SCHEDULE", "00:15:00", "1 fields, not six"),
        ("FULL_SYNC_EVERY_HOURS", "daily", "valid integer"),
        ("FULL_SYNC_EVERY_HOURS", "0", "greater than or equal to 1"),
        ("RETENTION_DAYS", "1.5", "valid integer"),
        ("ENTRA_CLIENT_CERTIFICATE", "hush", "not a certificate"),
        ("AzureWebJobsStorage", "hush", "not a connection string"),
        ("AzureWebJobsStorage", "AccountName=a;AccountKey=", "not a connection string"),
    ],
)
def test_bad_setting_is_named_with_the_fix_but_without_its_value(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingError, match=words) as error:
        Settings.read(MINIMUM | {name: value})
    assert error.value.setting == name
    assert "hush" not in str(error.value)
    assert " Set it to " in str(error.value)


def test_exactly_one_credential_is_wanted() -> None:
    with pytest.raises(SettingError, match="exactly one") as error:
        Settings.read(MINIMUM | {"ENTRA_MANAGED_IDENTITY_CLIENT_ID": "m"})
    assert error.value.setting == "ENTRA_MANAGED_IDENTITY_CLIENT_ID"
    without = MINIMUM | {"ENTRA_CLIENT_SECRET": ""}
    assert Settings.read(without | {"ENTRA_MANAGED_IDENTITY_CLIENT_ID": "m"}).client_secret is None
    certificate = Settings.read(without | {"ENTRA_CLIENT_CERTIFICATE": PEM}).client_certificate
    assert certificate is not None and certificate.get_secret_value() == PEM.strip()


def test_secrets_do_not_show() -> None:
    for env in (MINIMUM, MINIMUM | {"ENTRA_CLIENT_SECRET": "", "ENTRA_CLIENT_CERTIFICATE": PEM}):
        text = f"{Settings.read(env)!r} {Settings.read(env)} {Settings.read(env).model_dump_json()}"
        assert "hush" not in text
        assert "Eby8" not in text


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings.read(MINIMUM).retention_days = 1  # type: ignore[misc]


def test_short_form_of_azurite_is_spelt_out_for_both_services() -> None:
    storage = StorageSettings.from_connection_string("UseDevelopmentStorage=true")
    assert table_service(storage).url.startswith("http://127.0.0.1:10002/devstoreaccount1")
    assert queue_service(storage).url.startswith("http://127.0.0.1:10001/devstoreaccount1")
    proxied = StorageSettings.from_connection_string(
        "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://10.0.0.1"
    )
    assert queue_service(proxied).url.startswith("http://10.0.0.1:10001/")


@pytest.mark.parametrize("form", ["addresses", "account"])
def test_identity_takes_the_place_of_a_connection_string(form: str) -> None:
    env = {name: value for name, value in MINIMUM.items() if name != "AzureWebJobsStorage"}
    env |= {"AzureWebJobsStorage__credential": "ManagedIdentity", "AzureWebJobsStorage__clientId": "id"}
    if form == "account":
        env["AzureWebJobsStorage__accountName"] = "acc"
    else:
        env["AzureWebJobsStorage__tableServiceUri"] = "https://acc.table.core.windows.net/"
        env["AzureWebJobsStorage__queueServiceUri"] = "https://acc.queue.core.windows.net"
    storage = Settings.read(env).storage
    assert (storage.managed_identity, storage.client_id) == (True, "id")
    assert table_service(storage).url == "https://acc.table.core.windows.net"
    assert queue_service(storage).url.rstrip("/") == "https://acc.queue.core.windows.net"
    assert isinstance(table_service(storage).credential, ManagedIdentityCredential)


def test_without_a_named_credential_the_environment_offers_one() -> None:
    storage = StorageSettings.read({"AzureWebJobsStorage__accountName": "acc"})
    assert isinstance(table_service(storage).credential, DefaultAzureCredential)


def test_half_of_an_identity_is_not_enough() -> None:
    with pytest.raises(SettingError, match="queueServiceUri is missing"):
        StorageSettings.read({"AzureWebJobsStorage__tableServiceUri": "https://acc.table.core.windows.net"})
    with pytest.raises(SettingError, match="tableServiceUri is not an http"):
        StorageSettings.read({"AzureWebJobsStorage__tableServiceUri": "acc"})


def test_every_setting_stands_in_the_guide() -> None:
    """Named and with the default that the code has."""
    guide = (ROOT / "docs" / "SETTINGS.md").read_text(encoding="utf-8")
    rows = {row.split("|")[1].strip(" `"): row for row in guide.splitlines() if row.startswith("| `")}
    for name, field in Settings.model_fields.items():
        if name in ("storage", "auth_enabled"):
            continue
        assert field.alias in rows
        if field.default not in (None, PydanticUndefined):
            assert f"`{field.default}`" in rows[field.alias]
