"""Storage clients from the settings: a connection string, or addresses with an identity."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypedDict

from azure.data.tables import TableServiceClient
from azure.storage.queue import LinearRetry, QueueServiceClient

from shared.settings import StorageSettings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class _Limits(TypedDict):
    connection_timeout: float
    read_timeout: float


class _TableLimits(_Limits):
    retry_total: int
    retry_backoff_factor: float
    retry_backoff_max: float


_LIMITS = _Limits(connection_timeout=5, read_timeout=30)
_TABLE_LIMITS = _TableLimits(retry_total=4, retry_backoff_factor=0.3, retry_backoff_max=5, **_LIMITS)
"""Seconds. The SDK's own ten retries of up to two minutes outlive a lease and an HTTP answer."""
_QUEUE_PATIENCE = LinearRetry(backoff=1, retry_total=2, random_jitter_range=1)
"""Seconds. Who notifies waits three for an answer (contracts/graph.md §6.5); the SDK alone takes eighty."""

_SDK_LOGS = ("azure.core.pipeline.policies.http_logging_policy", "azure.identity")
"""They log every request's URL at the worker's level, Information; keys in it are addresses of people."""


def table_service(storage: StorageSettings) -> TableServiceClient:
    """One client per process: it is safe to share between threads and keeps its connections."""
    _quieten_sdk()
    if storage.connection_string is not None:
        text = storage.connection_string.get_secret_value()
        return TableServiceClient.from_connection_string(text, **_TABLE_LIMITS)
    return TableServiceClient(storage.table_uri, credential=_identity(storage), **_TABLE_LIMITS)


def queue_service(storage: StorageSettings) -> QueueServiceClient:
    """The same for the queue."""
    _quieten_sdk()
    if storage.connection_string is not None:
        text = storage.connection_string.get_secret_value()
        return QueueServiceClient.from_connection_string(text, retry_policy=_QUEUE_PATIENCE, **_LIMITS)
    return QueueServiceClient(
        storage.queue_uri, credential=_identity(storage), retry_policy=_QUEUE_PATIENCE, **_LIMITS
    )


def _quieten_sdk() -> None:
    # Not in host.json: its categories are the host's, and everything a function logs is one of them.
    for name in _SDK_LOGS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _identity(storage: StorageSettings) -> TokenCredential:
    # Imported here: azure-identity is a noticeable part of a cold start, and a connection string needs none.
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    if storage.managed_identity:
        return ManagedIdentityCredential(client_id=storage.client_id or None)
    return DefaultAzureCredential(managed_identity_client_id=storage.client_id or None)
