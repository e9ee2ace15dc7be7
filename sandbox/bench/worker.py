"""One worker: takes runs from the queue, one at a time, as the platform's queue trigger does.

A program of its own; its environment holds the product's settings. Prints `ready`, ends with its parent.
"""

from __future__ import annotations

import os
import threading
from importlib import import_module

from azure.storage.queue import QueueServiceClient

from sandbox.host.configuration import QueueSettings
from sandbox.host.functions import read_functions
from sandbox.host.queue import QueueListener
from sandbox.processes import end_with_parent, exit_on_terminate
from shared.settings import STORAGE
from shared.state.job_queue import QUEUE

_ONE_AT_A_TIME = QueueSettings.model_validate({"batchSize": 1, "newBatchThreshold": 0})
_GRACE_SECONDS = 1.0


def main() -> None:
    """Works until it is told to end."""
    end_with_parent()
    exit_on_terminate()
    app = import_module("function_app").app
    function = next(each for each in read_functions(app, os.environ).queues if each.queue == QUEUE)
    service = QueueServiceClient.from_connection_string(os.environ[STORAGE])
    listener = QueueListener(function, service, _ONE_AT_A_TIME)
    listener.start()
    print("ready", flush=True)
    try:
        threading.Event().wait()
    finally:
        listener.stop(_GRACE_SECONDS)


if __name__ == "__main__":
    main()
