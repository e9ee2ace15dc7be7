"""Feeds one queue's messages to its function, with the platform's rules of hiding, retrying and poisoning.

Rules: contracts/azure-functions.md, "Storage queue".
"""

from __future__ import annotations

import base64
import binascii
import logging
import threading
from contextlib import suppress
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage, QueueServiceClient

from sandbox.host.configuration import QueueSettings
from sandbox.host.functions import QueueFunction
from sandbox.host.invocation import FunctionFailed, described, invoke, queue_value

log = logging.getLogger("host")

HIDDEN = timedelta(minutes=10)
"""How long a message that was taken stays hidden, unless renewed."""
_POISON = "-poison"
_SOONEST, _LATEST = 0.1, 0.5
"""Seconds between looks at an empty queue: up to `maxPollingInterval` on the platform; here a look is free."""
_RECEIVE_AT_MOST = 32


class QueueListener:
    """Polls one queue and runs its function, several messages at once.

    `hidden`: for how long a message is taken; renewed at half time while its function runs.
    """

    def __init__(
        self,
        function: QueueFunction,
        service: QueueServiceClient,
        settings: QueueSettings,
        hidden: timedelta = HIDDEN,
    ) -> None:
        self._function = function
        self._queue = service.get_queue_client(function.queue)
        # As on the platform, a poison queue has no poison queue of its own.
        poison = (
            None if function.queue.endswith(_POISON) else service.get_queue_client(function.queue + _POISON)
        )
        self._poison: QueueClient | None = poison
        self._settings = settings
        self._hidden = hidden
        self._stopped = threading.Event()
        self._changed = threading.Condition()
        self._running: set[_Lease] = set()
        self._thread = threading.Thread(target=self._poll, name=f"queue-{function.queue}", daemon=True)

    def start(self) -> None:
        """Begins to poll."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Takes no more, waits so long for what runs, and gives back what did not finish."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, timeout=seconds)
            unfinished = list(self._running)
        self._thread.join(seconds)
        for lease in unfinished:
            lease.give_back(timedelta())

    def _poll(self) -> None:
        pause, reachable = _SOONEST, True
        while not self._stopped.is_set():
            try:
                messages = self._receive()
                reachable = True
            except AzureError as error:
                if reachable:
                    log.warning(
                        "Queue %s can't be read (%s); trying on", self._function.queue, type(error).__name__
                    )
                messages, reachable, pause = [], False, _LATEST
            for message in messages:
                self._begin(message)
            pause = _SOONEST if messages else min(pause * 2, _LATEST)
            with self._changed:
                if messages:
                    self._changed.wait_for(lambda: self._has_room() or self._stopped.is_set())
                else:
                    self._changed.wait(pause)

    def _has_room(self) -> bool:
        return len(self._running) <= self._settings.new_batch_threshold

    def _receive(self) -> list[QueueMessage]:
        if not self._has_room():
            return []
        count = min(self._settings.batch_size, _RECEIVE_AT_MOST)
        try:
            return list(
                self._queue.receive_messages(
                    max_messages=count, visibility_timeout=int(self._hidden.total_seconds())
                )
            )
        except ResourceNotFoundError:
            # The app makes its queue when it first needs it.
            return []

    def _begin(self, message: QueueMessage) -> None:
        lease = _Lease(self._queue, message, self._hidden)
        with self._changed:
            self._running.add(lease)
        threading.Thread(
            target=self._work, args=(message, lease), name=f"run-{message.id}", daemon=True
        ).start()

    def _work(self, message: QueueMessage, lease: _Lease) -> None:
        try:
            with lease:
                self._handle(message, lease)
        except AzureError as error:
            # The message comes back by itself when its hiding ends.
            log.error("Queue %s: a message could not be settled: %s", self._function.queue, described(error))
        finally:
            with self._changed:
                self._running.discard(lease)
                self._changed.notify_all()

    def _handle(self, message: QueueMessage, lease: _Lease) -> None:
        tries = message.dequeue_count or 1
        body = self._decoded(str(message.content))
        if body is None or tries > self._settings.max_dequeue_count:
            self._settle_failed(message, lease, last=True)
            return
        try:
            invoke(self._function, queue_value(message, body))
        except FunctionFailed:
            self._settle_failed(message, lease, last=tries >= self._settings.max_dequeue_count)
        else:
            lease.delete()

    def _settle_failed(self, message: QueueMessage, lease: _Lease, last: bool) -> None:
        if last and self._poison is not None:
            log.error(
                "Queue %s: message %s is poison after %s tries",
                self._function.queue,
                message.id,
                message.dequeue_count,
            )
            with suppress(ResourceExistsError):
                self._poison.create_queue()
            self._poison.send_message(message.content, time_to_live=-1)
            lease.delete()
        else:
            lease.give_back(self._settings.visibility_timeout)

    def _decoded(self, content: str) -> bytes | None:
        """The body; None when it is not what `messageEncoding` promises."""
        if self._settings.message_encoding != "base64":
            return content.encode()
        try:
            return base64.b64decode(content, validate=True)
        except binascii.Error:
            return None


class _Lease:
    """Keeps one message hidden while its function runs; a context manager."""

    def __init__(self, queue: QueueClient, message: QueueMessage, hidden: timedelta) -> None:
        self._queue = queue
        self._id = message.id
        self._receipt = message.pop_receipt
        self._hidden = hidden
        self._settled = False
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{message.id}", daemon=True)

    def __enter__(self) -> _Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def delete(self) -> None:
        """The message is done. Gone already is fine: its hiding may have ended meanwhile."""
        with self._lock, suppress(ResourceNotFoundError):
            if not self._settled:
                self._settled = True
                self._queue.delete_message(self._id, self._receipt)

    def give_back(self, after: timedelta) -> None:
        """The message shows up again after this time."""
        with self._lock, suppress(ResourceNotFoundError):
            if not self._settled:
                self._settled = True
                self._queue.update_message(
                    self._id, self._receipt, visibility_timeout=int(after.total_seconds())
                )

    def _renew(self) -> None:
        while not self._done.wait(self._hidden.total_seconds() / 2):
            with self._lock:
                if self._settled:
                    return
                try:
                    renewed = self._queue.update_message(
                        self._id, self._receipt, visibility_timeout=int(self._hidden.total_seconds())
                    )
                except AzureError as error:
                    log.warning("A message could not be kept hidden (%s)", type(error).__name__)
                else:
                    self._receipt = renewed.pop_receipt
