"""Writing contacts: a hundred at a time, each write judged for itself (contract §3, §7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from shared.business_central.batch import BATCH_SIZE, send_batch
from shared.business_central.company import CHANGED, LANE, MISSING, Company
from shared.business_central.contacts import read_by_ids
from shared.business_central.records import parse_contact
from shared.business_central.writes import Create, Patch, Write, WriteResult
from shared.model import BcContact, Json
from shared.transport.batching import Item, WriteStatus
from shared.transport.http import Answer
from shared.transport.pipeline import LOOK_PAUSE, Job, Round, run_batches
from shared.transport.retry import GiveUp, is_transient

SECONDS_PER_WRITE = 0.5
"""A batch whose answer got lost may still be at work: later looks wait for so long per operation."""

_IN_COUNTRY = ("city", "state", "postalCode")
_Round = Round[Write, WriteResult]


class ContactWriter:
    """`lookup`: finds the contact that a creation whose answer was lost did make, by e-mail and content."""

    def __init__(self, company: Company, lookup: Callable[[str], BcContact | None]) -> None:
        self._company = company
        self._lookup = lookup
        self._made: set[str] = set()

    def run(
        self,
        writes: Sequence[Write],
        on_done: Callable[[WriteResult], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        """Write all; True when every write has its result, False when `should_stop` came first."""
        transport = self._company.transport
        return run_batches(writes, BATCH_SIZE, self._exchange, on_done, should_stop, transport, LANE)

    def _exchange(self, jobs: Sequence[Job[Write]]) -> _Round:
        outcome = _Round()
        to_send = [job for job in jobs if not job.lost]
        now = self._company.transport.clock.monotonic
        for job in jobs:
            if job.lost and (found := self._lookup(job.write.key)) is not None:
                outcome.results.append(WriteResult(job.write.key, WriteStatus.DONE, found))
            elif job.lost:
                later = job.looked_in_vain(now())
                (outcome.again if later.lost else to_send).append(later)
        if to_send:
            self._send(to_send, outcome)
        return outcome

    def _send(self, jobs: Sequence[Job[Write]], outcome: _Round) -> None:
        safe = all(isinstance(job.write, Patch) for job in jobs)
        answers = send_batch(self._company, [self._item(job.write) for job in jobs], safe=safe)
        silent: list[Job[Write]] = []
        transport = self._company.transport
        look_pause = max(LOOK_PAUSE, SECONDS_PER_WRITE * len(jobs))
        for job, answer in zip(jobs, answers, strict=True):
            key = job.write.key
            if is_transient(answer.status):
                later = job.after(answer, transport, safe=isinstance(job.write, Patch), look_pause=look_pause)
                if isinstance(later, GiveUp):
                    busy = WriteResult(key, WriteStatus.BUSY, None, answer.code, later.retry_after)
                    outcome.results.append(busy)
                else:
                    outcome.again.append(later)
            elif not answer.ok:
                # A contact that was made is never made again: the next run pairs it with its card.
                status = WriteStatus.BUSY if key in self._made else _status(answer)
                outcome.results.append(WriteResult(key, status, None, answer.code or str(answer.status)))
            elif (contact := parse_contact(answer.body)) is not None:
                if swept := _swept_away(job.write, answer):
                    self._made |= {key} if isinstance(job.write, Create) else set()
                    outcome.again.append(Job(Patch(key, contact.id, swept, contact.etag)))
                else:
                    outcome.results.append(WriteResult(key, WriteStatus.DONE, contact))
            else:
                silent.append(job)
        self._read_back(silent, outcome)

    def _read_back(self, jobs: Sequence[Job[Write]], outcome: _Round) -> None:
        """What stands there now, where a success came without a body."""
        ids = [job.write.id for job in jobs if isinstance(job.write, Patch)]
        found = read_by_ids(self._company, ids) if ids else {}
        for job in jobs:
            if isinstance(job.write, Patch):
                contact = found.get(job.write.id.lower())
                status = WriteStatus.DONE if contact is not None else WriteStatus.GONE
                outcome.results.append(WriteResult(job.write.key, status, contact))
            else:
                outcome.again.append(replace(job, lost=True, looks=0))

    def _item(self, write: Write) -> Item:
        path = f"{self._company.path}/contacts"
        match write:
            case Create(_, body):
                return Item("POST", path, body)
            case Patch(_, contact, body, etag):
                return Item("PATCH", f"{path}({contact})", body, {"If-Match": etag})


def _swept_away(write: Write, answer: Answer) -> dict[str, Json]:
    """What a changed country emptied although it was sent along: to be sent once more, alone.

    A server that walks a body in the page's order sets the city before the country (contract §3.2, §3.5).
    """
    if "country" not in write.body or "country" not in answer.body:
        return {}
    emptied = [name for name in _IN_COUNTRY if write.body.get(name) and not answer.body.get(name)]
    return {name: write.body[name] for name in emptied}


def _status(answer: Answer) -> WriteStatus:
    """By code first, then status (contract §4)."""
    if answer.code in CHANGED or answer.status == 412:
        return WriteStatus.CONFLICT
    if answer.code in MISSING:
        return WriteStatus.GONE
    if answer.code.startswith(("Application_", "Internal_", "BadRequest")):
        return WriteStatus.REFUSED
    by_status = {404: WriteStatus.GONE, 409: WriteStatus.CONFLICT}
    return by_status.get(answer.status or 0, WriteStatus.REFUSED)
