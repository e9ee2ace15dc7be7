"""The host around the small app."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from sandbox.host import FunctionsHost
from sandbox.host.configuration import Extensions, HostJson, QueueSettings

FUNCTION_KEY = "the key"
_numbers = itertools.count(1)

StartHost = Callable[..., FunctionsHost]


@pytest.fixture
def start_host() -> Iterator[StartHost]:
    """Starts hosts that end with the test. Failed messages come back at once, after at most two tries."""
    with ExitStack() as stack:

        def start(app: object, settings: dict[str, str] | None = None, **options: object) -> FunctionsHost:
            queues = QueueSettings(batchSize=8, newBatchThreshold=4, maxDequeueCount=2)
            host_json = HostJson(extensions=Extensions(queues=queues))
            return stack.enter_context(
                FunctionsHost(app, host_json, settings or {}, FUNCTION_KEY, **options)  # type: ignore[arg-type]
            )

        yield start


@pytest.fixture
def work_queue(storage: str) -> QueueClient:
    """An empty queue of the test's own, written to as the product writes."""
    service = QueueServiceClient.from_connection_string(storage)
    name = f"work-{next(_numbers)}"
    service.create_queue(name)
    return service.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())
