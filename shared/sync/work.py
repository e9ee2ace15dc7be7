"""A queued run from its message to its end: lease, slices, retries later, and what it says when it fails."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace

from shared.errors import AccessDenied, Busy, LeaseLost, NotFound, StateConflict, SyncError
from shared.state.job_queue import Job
from shared.state.keys import stamp
from shared.state.run_queue import stronger, wider
from shared.state.runs import FINISHED, Run, RunKind, RunState, Trigger
from shared.state.setups import StoredSetup
from shared.sync import push
from shared.sync.farewell import FAREWELL, farewell, forget
from shared.sync.feed import look_now
from shared.sync.jobs import ATTEND, LOOK, owner
from shared.sync.report import Report
from shared.sync.restore import restore
from shared.sync.run import FOLDER_GONE, Ending, FolderGone, known_outcomes, pause, synchronize
from shared.sync.services import Services, services
from shared.sync.session import LEASE_SECONDS, SLICE_SECONDS, Session

log = logging.getLogger(__name__)

_BUSY_DELAY = 5.0
_LATER = 60.0
_BUSY_TRIES = 8
_SUBSCRIBES = frozenset({RunState.SUCCEEDED, RunState.PARTIAL, RunState.NEEDS_CONFIRMATION})


class _Over(SyncError):
    """Another delivery of the same message ended the run just now."""


def work(message: str, dequeue_count: int = 1) -> None:
    """One message of `sync-jobs`: at most one slice of one run. Whatever is left goes back to the queue."""
    do(services(), Job.parse(message), dequeue_count)


def do(services: Services, job: Job, dequeue_count: int = 1) -> None:
    """A slice of a run, or an errand of the notifications."""
    log.info("run %s, delivery %s", job.run, dequeue_count)
    if job.run == LOOK:
        look_now(services, job.company)
    elif job.run == ATTEND:
        stored = services.store.setups.get(job.user, job.company)
        if stored is not None:
            push.attend(services, stored)
    elif (again := run_slice(services, job.run)) is not None:
        services.store.jobs.send(job.run, job.user, job.company, again, job.trace)


def poisoned(message: str) -> None:
    """A message of the queue that failed five times."""
    abandon(services(), message)


def abandon(services: Services, message: str) -> None:
    """Whatever the message is, its run says that it failed, and can be started again."""
    try:
        job = Job.parse(message)
    except ValueError:
        log.error("a message of the queue that names no run was dropped")
        return
    store = services.store
    run = store.runs.get(job.run)
    if run is not None and run.state not in FINISHED:
        _close(services, run, RunState.FAILED, "The run broke off five times in a row. Start it again.")
        store.run_queue.clear(run.user, run.company, run.id)


def run_slice(services: Services, run_id: str, slice_seconds: float = SLICE_SECONDS) -> float | None:
    """Do one slice; the delay in seconds after which the next is due, None when the run has ended."""
    store = services.store
    run = store.runs.get(run_id)
    if run is None:
        return None
    if run.state in FINISHED:
        store.run_queue.clear(run.user, run.company, run.id)
        return None
    mine = owner(services, run.id)
    stored = store.setups.acquire(run.user, run.company, mine, LEASE_SECONDS, run=run.id)
    if stored is None:
        if store.setups.get(run.user, run.company) is None:
            _close(services, run, RunState.FAILED, "The setup was deleted before this run began.")
            return None
        return _BUSY_DELAY
    if stored.queued is not None:
        mode, trigger = stored.queued.mode, stored.queued.trigger
        run = replace(run, mode=wider(run.mode, mode), trigger=stronger(run.trigger, trigger))
    try:
        if run.checkpoint.get(FAREWELL):
            return _farewell(services, run, stored)
        return _unless_paused(services, run, stored, slice_seconds)
    except _Over:
        store.setups.release(stored, stored.state)
        return None


def _unless_paused(services: Services, run: Run, stored: StoredSetup, slice_seconds: float) -> float | None:
    if run.kind is not RunKind.PREVIEW and (why := paused(stored) or background_off(run, stored)):
        services.store.setups.release(stored, stored.state)
        _close(services, run, RunState.FAILED, why)
        return None
    return _slice(services, run, stored, slice_seconds)


def paused(stored: StoredSetup) -> str:
    """Why the setup is paused, "" when it is not."""
    if stored.setup.paused:
        return "This setup is paused. Resume it to sync again."
    reason = stored.state.paused_reason
    return f"This setup was paused by the service ({reason}). Put that right, then resume it." if reason else ""


def background_off(run: Run, stored: StoredSetup) -> str:
    """Why a run that nobody asked for does not take place, "" where it may."""
    if run.trigger is Trigger.MANUAL or stored.setup.background_sync:
        return ""
    return "Background sync was switched off before this run began."


def _slice(services: Services, run: Run, stored: StoredSetup, slice_seconds: float) -> float | None:
    store, clock = services.store, services.clock
    began = _begin(services, run)
    session = Session.open(services, began, stored)
    session.slice_seconds = slice_seconds
    report = Report(store, session.setup, began, clock.monotonic, clock.now, known_outcomes(session))
    try:
        ending = (restore if run.kind is RunKind.RESTORE else synchronize)(session, report)
        session.reachable()
    except LeaseLost:
        return _lost(services, run)
    except FolderGone:
        ending = pause(session, "folderGone", FOLDER_GONE)
    except Busy as error:
        tries = report.count("busy")
        ending = Ending(RunState.RUNNING, str(error), unfinished=True, retry_after=error.retry_after or _LATER)
        if tries > _BUSY_TRIES:
            ending = Ending(RunState.FAILED, f"{error} What was not done is done by the next run.")
    except SyncError as error:
        if isinstance(error, NotFound | AccessDenied) and error.service == "Graph":
            session.unreachable()
        ending = Ending(RunState.FAILED, str(error))
    except Exception:
        # The message comes back in a minute; the lease need not hold it off for ten.
        with suppress(SyncError):
            store.setups.release(session.stored, session.stored.state)
        raise
    if run.kind is RunKind.SYNC and ending.state in _SUBSCRIBES:
        _subscribe(services, session)
    return _end(services, session, report, ending)


def _subscribe(services: Services, session: Session) -> None:
    """The run is not worse for it: the next one tries again."""
    try:
        push.ensure(services, session)
    except SyncError as error:
        log.warning("notifications could not be set up (%s)", type(error).__name__)


def _farewell(services: Services, run: Run, stored: StoredSetup) -> float | None:
    """A slice of removing a setup with its copies. At its end this run is gone, too."""
    session = Session.open(services, _begin(services, run), stored)
    try:
        if farewell(services, stored, session.should_stop):
            return None
        delay = _LATER
    except LeaseLost:
        return _lost(services, run)
    except NotFound:
        forget(services, stored)  # there is no mailbox any more whose copies could be removed
        return None
    except Busy as error:
        delay = error.retry_after or _LATER
    except SyncError as error:
        store = services.store
        store.setups.release(session.stored, session.state)
        current = store.runs.get(run.id)
        if current is not None:
            _close(services, current, RunState.FAILED, str(error))
        return None
    services.store.setups.release(session.stored, session.state)
    return delay


def _begin(services: Services, run: Run) -> Run:
    """The run's row says that it runs. Where a request joined meanwhile, the row is read again."""
    runs, now = services.store.runs, stamp(services.clock.now())
    for attempt in range(2):
        began = replace(
            run,
            state=RunState.RUNNING,
            phase="reading",
            started_at=run.started_at or now,
            slice=run.slice + 1,
        )
        try:
            return runs.update(began)
        except StateConflict:
            again = runs.get(run.id)
            if again is not None and again.state in FINISHED:
                raise _Over from None
            if attempt or again is None:
                raise
            run = replace(again, mode=wider(run.mode, again.mode), trigger=stronger(run.trigger, again.trigger))
    raise AssertionError("unreachable")


def _end(services: Services, session: Session, report: Report, ending: Ending) -> float | None:
    """State first, with the lease given back; then the run's row."""
    store = services.store
    try:
        # What a preview learned of a folder that it did not stamp is not kept.
        preview = session.run.kind is RunKind.PREVIEW
        store.setups.release(session.stored, session.stored.state if preview else session.state)
    except LeaseLost:
        return _lost(services, session.run)
    report.list_actions()
    run = replace(
        report.run,
        state=ending.state,
        counts=report.counts(session.unchanged),
        message=ending.message,
        done=report.done,
        total=report.total,
        checkpoint=report.checkpoint(),
    )
    if ending.unfinished:
        store.runs.update(replace(run, phase="waiting"))
        return ending.retry_after
    store.runs.update(replace(run, phase="", finished_at=stamp(services.clock.now())))
    log.info("run %s ended %s", run.id, ending.state)
    return None


def _lost(services: Services, run: Run) -> float | None:
    """Another took the lease, or a person paused or deleted the setup; of a deleted one nothing is to stay."""
    if services.store.setups.get(run.user, run.company) is None:
        services.store.personal.erase_setup(run.user, run.company)
        return None
    log.warning("run %s lost its lease; it is taken up again", run.id)
    return _BUSY_DELAY


def _close(services: Services, run: Run, state: RunState, message: str) -> None:
    ended = replace(run, state=state, message=message, finished_at=stamp(services.clock.now()))
    try:
        services.store.runs.update(ended)
    except StateConflict:
        log.info("run %s was ended by another", run.id)
