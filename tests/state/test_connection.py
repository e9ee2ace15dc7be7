"""The clients of Storage, as the platform's worker has them: it logs everything from Information on."""

from __future__ import annotations

import logging
import uuid

import pytest

from shared.settings import StorageSettings
from shared.state.connection import queue_service, table_service


@pytest.fixture(autouse=True)
def sdk_as_new() -> None:
    """Other tests of this process may have made clients before."""
    for name in ("azure", "azure.core.pipeline.policies.http_logging_policy", "azure.identity"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_storage_writes_no_address_into_the_log(storage: str, caplog: pytest.LogCaptureFixture) -> None:
    account = StorageSettings.from_connection_string(storage)
    name = f"log{uuid.uuid4().hex}"
    with caplog.at_level(logging.INFO):
        table = table_service(account).create_table(name)
        table.upsert_entity({"PartitionKey": "alias", "RowKey": "anna@example.com"})
        table.get_entity("alias", "anna@example.com")
        queue_service(account).create_queue(name)
    assert caplog.messages == []
