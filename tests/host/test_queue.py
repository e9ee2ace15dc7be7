"""Queue messages through the local host, on a real Azurite."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.host.conftest import StartHost
from tests.host.small_app import Seen, small_app

STORAGE = "AzureWebJobsStorage"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _length(client: QueueClient) -> int:
    return client.get_queue_properties().approximate_message_count or 0


def test_message_reaches_the_function_and_is_gone_afterwards(
    start_host: StartHost, storage: str, work_queue: QueueClient
) -> None:
    seen = Seen()
    start_host(small_app(seen, work_queue.queue_name), {STORAGE: storage})
    work_queue.send_message("grüße")
    assert seen.messages.get(timeout=20) == ("grüße", 1)
    _until(lambda: _length(work_queue) == 0)


def test_queue_that_does_not_exist_yet_is_served_once_it_does(start_host: StartHost, storage: str) -> None:
    seen = Seen()
    start_host(small_app(seen, "late"), {STORAGE: storage})
    client = QueueServiceClient.from_connection_string(storage).create_queue("late")
    client.send_message("b25jZQ==")
    assert seen.messages.get(timeout=20) == ("once", 1)


def test_message_that_keeps_failing_ends_in_the_poison_queue(
    start_host: StartHost, storage: str, work_queue: QueueClient
) -> None:
    seen = Seen()
    start_host(small_app(seen, work_queue.queue_name), {STORAGE: storage})
    work_queue.send_message("bad")
    assert seen.poisoned.get(timeout=20) == "bad"
    assert [seen.messages.get_nowait() for _ in range(2)] == [("bad", 1), ("bad", 2)]
    assert seen.messages.empty()
    _until(lambda: _length(work_queue) == 0)


def test_message_that_crashed_the_host_too_often_is_poisoned_without_a_call(
    start_host: StartHost, storage: str, work_queue: QueueClient
) -> None:
    work_queue.send_message("crasher")
    for _ in range(2):
        taken = work_queue.receive_message(visibility_timeout=30)
        assert taken is not None
        work_queue.update_message(taken.id, taken.pop_receipt, visibility_timeout=0)
    seen = Seen()
    start_host(small_app(seen, work_queue.queue_name), {STORAGE: storage})
    assert seen.poisoned.get(timeout=20) == "crasher"
    assert seen.messages.empty()


def test_message_that_is_not_base64_is_poisoned_without_a_call(
    start_host: StartHost, storage: str, work_queue: QueueClient
) -> None:
    service = QueueServiceClient.from_connection_string(storage)
    seen = Seen()
    start_host(small_app(seen, work_queue.queue_name), {STORAGE: storage})
    service.get_queue_client(work_queue.queue_name).send_message("plain text")
    poison = service.get_queue_client(f"{work_queue.queue_name}-poison")
    _until(lambda: _length(work_queue) == 0 and _length(poison) == 1)
    assert seen.messages.empty()


def test_message_stays_hidden_while_its_function_runs_on_and_on(
    start_host: StartHost, storage: str, work_queue: QueueClient
) -> None:
    seen = Seen()
    start_host(small_app(seen, work_queue.queue_name), {STORAGE: storage}, hidden=timedelta(seconds=2))
    work_queue.send_message("slow")
    assert seen.entered.acquire(timeout=20)
    with pytest.raises(queue.Empty):
        seen.messages.get(timeout=20)
        seen.messages.get(timeout=5)
    seen.release.set()
    _until(lambda: _length(work_queue) == 0)


def test_no_more_messages_run_at_once_than_host_json_allows(
    start_host: StartHost, storage: str, work_queue: QueueClient
) -> None:
    seen = Seen()
    for _ in range(20):
        work_queue.send_message("slow")
    start_host(small_app(seen, work_queue.queue_name), {STORAGE: storage})
    # batchSize is 8; the next batch comes when no more than newBatchThreshold, 4, of them run.
    for _ in range(8):
        assert seen.entered.acquire(timeout=20)
    assert not seen.entered.acquire(timeout=1.5)
    seen.release.set()
    for _ in range(12):
        assert seen.entered.acquire(timeout=20)


def test_stopped_host_gives_back_what_it_could_not_finish(
    start_host: StartHost, storage: str, work_queue: QueueClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.host._GRACE_SECONDS", 0.2)
    first, second = Seen(), Seen()
    host = start_host(small_app(first, work_queue.queue_name), {STORAGE: storage})
    work_queue.send_message("slow")
    assert first.entered.acquire(timeout=20)
    host.__exit__(None, None, None)
    start_host(small_app(second, work_queue.queue_name), {STORAGE: storage})
    assert second.messages.get(timeout=20) == ("slow", 2)
    first.release.set()
    second.release.set()


def test_without_a_storage_setting_http_is_served_all_the_same(
    start_host: StartHost, caplog: pytest.LogCaptureFixture
) -> None:
    start_host(small_app(Seen()), {})
    assert "No queue is served. Setting AzureWebJobsStorage is missing." in caplog.text
