from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from shared.state import Job, Store
from shared.state.job_queue import QUEUE
from tests.state.conftest import Who


@pytest.fixture
def queue(storage: str) -> Iterator[QueueClient]:
    """The queue as the Functions host sees it: raw messages. Gone before and after, as on the first day."""
    client = QueueClient.from_connection_string(storage, QUEUE)
    for _ in range(2):
        try:
            client.delete_queue()
        except ResourceNotFoundError:
            break
    yield client
    client.delete_queue()


def test_message_is_what_the_host_hands_to_the_worker(store: Store, queue: QueueClient, who: Who) -> None:
    store.jobs.send("run-ü", *who.pair, traceparent="00-a-b-01")
    [message] = queue.receive_messages(max_messages=5)
    body = base64.b64decode(message.content).decode()
    assert json.loads(body) == {
        "runId": "run-ü",
        "user": who.user,
        "company": who.company,
        "traceparent": "00-a-b-01",
    }
    assert Job.parse(body) == Job("run-ü", *who.pair, "00-a-b-01")


def test_delayed_message_waits_but_counts(store: Store, queue: QueueClient, who: Who) -> None:
    assert store.jobs.length() == 0
    store.jobs.send("r", *who.pair, delay_seconds=600)
    assert store.jobs.length() == 1
    assert list(queue.receive_messages()) == []
    assert store.jobs.poison_length() == 0


def test_delay_beyond_a_messages_life_is_cut(store: Store, queue: QueueClient, who: Who) -> None:
    store.jobs.send("r", *who.pair, delay_seconds=30 * 24 * 3600)
    assert store.jobs.length() == 1


@pytest.mark.parametrize("body", ["[]", "{}", '{"runId": 1}', '"x"', "nonsense"])
def test_message_that_is_none_of_ours_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        Job.parse(body)
