from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from shared.errors import Busy
from shared.settings import StorageSettings
from shared.state import Job, Store
from shared.state.job_queue import QUEUE
from tests.state.conftest import Clock, Who, tokens


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


def test_queue_that_is_away_is_given_up_while_the_sender_still_waits(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graph waits three seconds, then ten, and counts who is slower."""
    nowhere = "http://127.0.0.1:9/devstoreaccount1"
    text = f"AccountName=a;AccountKey=a2V5;TableEndpoint={nowhere};QueueEndpoint={nowhere}"
    away = Store(StorageSettings.from_connection_string(text), clock, tokens())
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(Busy):
        away.jobs.send("run", "user", "company")
    assert waits
    assert sum(waits) < 5
