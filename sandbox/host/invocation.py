"""One call of one function: the value it gets, the clock around it, what is logged about it."""

from __future__ import annotations

import json
import logging
import time
import traceback

from azure.functions.meta import Datum
from azure.functions.queue import QueueMessage, QueueMessageInConverter
from azure.functions.timer import TimerRequest, TimerRequestConverter
from azure.storage.queue import QueueMessage as StoredMessage

from sandbox.host.functions import Function
from shared.errors import SyncError

log = logging.getLogger("host")


class FunctionFailed(Exception):
    """The function raised. What and where has been logged."""


def invoke(function: Function, value: object) -> object:
    """Calls a function with its trigger's value. Raises `FunctionFailed` for whatever it raises."""
    started = time.perf_counter()
    try:
        result = function.call(**{function.argument: value})
    except Exception as error:
        log.error("%s failed after %.0f ms: %s", function.name, _since(started), described(error))
        raise FunctionFailed(function.name) from error
    log.info("%s succeeded in %.0f ms", function.name, _since(started))
    return result


def described(error: BaseException) -> str:
    """An exception for the log: where it came from, but no text that may quote a contact.

    Only our own errors keep their text: they are free of contact data (`shared.errors`).
    """
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    text = f": {error}" if isinstance(error, SyncError) else ""
    return f"{type(error).__name__}{text}\n{frames}"


def queue_value(stored: StoredMessage, body: bytes) -> QueueMessage:
    """What a queue function gets, made the way the worker makes it. `body`: decoded."""
    metadata = {
        "Id": Datum(stored.id, "string"),
        "DequeueCount": Datum(stored.dequeue_count, "int"),
        "PopReceipt": Datum(stored.pop_receipt, "string"),
    }
    value: QueueMessage = QueueMessageInConverter.decode(Datum(body, "bytes"), trigger_metadata=metadata)
    return value


def timer_value(past_due: bool) -> TimerRequest:
    """What a timer function gets, made the way the worker makes it."""
    told = Datum(json.dumps({"IsPastDue": past_due}), "json")
    value: TimerRequest = TimerRequestConverter.decode(told, trigger_metadata=None)
    return value


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
