"""The queue `sync-jobs`: which run is to be done (spec/interfaces.md §5). All else is in the run's row."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from shared.state.outage import storage_errors

QUEUE = "sync-jobs"
POISON = "sync-jobs-poison"
_LONGEST_DELAY = 6 * 24 * 3600
"""A message lives for seven days; Storage refuses one that would show only afterwards."""


@dataclass(frozen=True, slots=True)
class Job:
    """One message. `trace` is the traceparent of the request that asked for the run."""

    run: str
    user: str
    company: str
    trace: str = ""

    @classmethod
    def parse(cls, body: str) -> Job:
        """Of a message's JSON text. Raises ValueError where it is none of ours."""
        message = json.loads(body)
        if not isinstance(message, dict) or not isinstance(message.get("runId"), str):
            raise ValueError("a message of the queue names no run")
        return cls(
            message["runId"],
            str(message.get("user", "")),
            str(message.get("company", "")),
            str(message.get("traceparent", "")),
        )


class JobQueue:
    """The queue of the account; it appears when first used. Thread-safe."""

    def __init__(self, connect: Callable[[], QueueServiceClient]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._service: QueueServiceClient | None = None
        self.round_trips = 0

    def send(self, run: str, user: str, company: str, delay_seconds: float = 0, traceparent: str = "") -> None:
        """Adds a message that shows after the delay, or after six days at the most. One round trip."""
        message = {"runId": run, "user": user, "company": company}
        if traceparent:
            message["traceparent"] = traceparent
        text = json.dumps(message, separators=(",", ":"))
        delay = min(max(0, round(delay_seconds)), _LONGEST_DELAY)
        with storage_errors():
            client = self._client(QUEUE)
            try:
                client.send_message(text, visibility_timeout=delay)
            except ResourceNotFoundError:
                _create(client)
                client.send_message(text, visibility_timeout=delay)

    def length(self) -> int:
        """About how many messages wait, hidden ones included."""
        return self._length(QUEUE)

    def poison_length(self) -> int:
        """About how many messages were given up."""
        return self._length(POISON)

    def _length(self, name: str) -> int:
        with storage_errors():
            try:
                return self._client(name).get_queue_properties().approximate_message_count or 0
            except ResourceNotFoundError:
                return 0

    def _client(self, name: str) -> QueueClient:
        with self._lock:
            self.round_trips += 1
            if self._service is None:
                self._service = self._connect()
            return self._service.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())


def _create(client: QueueClient) -> None:
    try:
        client.create_queue()
    except ResourceExistsError:
        return
