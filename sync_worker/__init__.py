"""The worker: one queued run of one setup; and what becomes of a run that failed five times."""

import azure.functions as func

from shared.errors import safe_to_log
from shared.sync.work import poisoned, work

bp = func.Blueprint()  # type: ignore[no-untyped-call]

_QUEUE = "sync-jobs"
_STORAGE = "AzureWebJobsStorage"


@bp.function_name("sync_worker")
@bp.queue_trigger(arg_name="message", queue_name=_QUEUE, connection=_STORAGE)
def sync_worker(message: func.QueueMessage) -> None:
    with safe_to_log():
        work(message.get_body().decode("utf-8"), message.dequeue_count or 1)


@bp.function_name("sync_worker_poison")
@bp.queue_trigger(arg_name="message", queue_name=f"{_QUEUE}-poison", connection=_STORAGE)
def sync_worker_poison(message: func.QueueMessage) -> None:
    with safe_to_log():
        poisoned(message.get_body().decode("utf-8", errors="replace"))
