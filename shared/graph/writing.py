"""Writing to one folder: twenty at a time, one batch under way per mailbox, each write judged for itself.

Graph works on four items of a batch at once in one mailbox (contracts/graph.md §4): that is the floor, and
a second batch would only earn refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from shared.graph.batch import BATCH_SIZE, send_batch
from shared.graph.contacts import find_by_markers, read
from shared.graph.mailbox import Mailbox, is_missing, segment
from shared.graph.markers import extended_property, marker_text
from shared.graph.records import marked, parse_contact
from shared.graph.writes import Create, Delete, Patch, Write, WriteResult
from shared.model import OutlookContact
from shared.transport.batching import Item, WriteStatus
from shared.transport.http import Answer
from shared.transport.pipeline import Job, Round, run_batches
from shared.transport.retry import GiveUp, is_transient

_Round = Round[Write, WriteResult]


class FolderWriter:
    """Writes to one folder. Not shared between threads."""

    def __init__(self, mailbox: Mailbox, folder: str) -> None:
        self._mailbox = mailbox
        self._folder = folder

    def run(
        self,
        writes: Sequence[Write],
        on_done: Callable[[WriteResult], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        """Write all; True when every write has its result, False when `should_stop` came first.

        A creation or deletion whose outcome is unknown is looked up before it is sent again.
        """
        transport, lane = self._mailbox.transport, self._mailbox.lane
        return run_batches(writes, BATCH_SIZE, self._exchange, on_done, should_stop, transport, lane)

    def _exchange(self, jobs: Sequence[Job[Write]]) -> _Round:
        outcome = _Round()
        to_send = self._look_up([job for job in jobs if job.lost], outcome)
        to_send += [job for job in jobs if not job.lost]
        if to_send:
            self._send(to_send, outcome)
        return outcome

    def _send(self, jobs: Sequence[Job[Write]], outcome: _Round) -> None:
        safe = all(_is_safe(job.write) for job in jobs)
        answers = send_batch(self._mailbox, [self._item(job.write) for job in jobs], safe=safe)
        silent: list[Patch] = []
        for job, answer in zip(jobs, answers, strict=True):
            write = job.write
            contact = _canonical(write, answer)
            if isinstance(write, Create) and answer.ok and contact is None:
                answer = Answer(None)  # no id, as on a network's own page: as good as no answer
            if is_transient(answer.status):
                later = job.after(answer, self._mailbox.transport, safe=_is_safe(write))
                if isinstance(later, GiveUp):
                    busy = WriteResult(write.key, WriteStatus.BUSY, None, answer.code, later.retry_after)
                    outcome.results.append(busy)
                else:
                    outcome.again.append(later)
                continue
            if isinstance(write, Create) and answer.status == 400 and (named := _with_given_name(write)):
                outcome.again.append(Job(named))
                continue
            if isinstance(write, Patch) and answer.ok and contact is None:
                silent.append(write)
                continue
            outcome.results.append(WriteResult(write.key, _status(answer), contact, _code(answer)))
        self._read_back(silent, outcome)

    def _item(self, write: Write) -> Item:
        match write:
            case Create(_, body, marker):
                marked_body = {**body, **extended_property(marker_text(marker))}
                return Item("POST", f"/contactFolders/{segment(self._folder)}/contacts", marked_body)
            case Patch(_, contact, body, etag, marker):
                extra = extended_property(marker_text(marker)) if marker is not None else {}
                return Item("PATCH", f"/contacts/{segment(contact)}", {**body, **extra}, _if_match(etag))
            case Delete(_, contact, etag):
                return Item("DELETE", f"/contacts/{segment(contact)}", None, _if_match(etag))

    def _read_back(self, writes: Sequence[Patch], outcome: _Round) -> None:
        """What stands there now, where Graph answered a change without a body (contracts/graph.md §2.3)."""
        found = read(self._mailbox, [write.id for write in writes]) if writes else {}
        for write in writes:
            contact = found.get(write.id)
            status = WriteStatus.DONE if contact is not None else WriteStatus.GONE
            if write.id not in found:  # Graph would not show it
                status = WriteStatus.BUSY
            outcome.results.append(WriteResult(write.key, status, contact))

    def _look_up(self, jobs: Sequence[Job[Write]], outcome: _Round) -> list[Job[Write]]:
        """Settle what did happen; the jobs that surely did not are given back to be sent again."""
        creates = [job.write for job in jobs if isinstance(job.write, Create)]
        deletes = [job.write for job in jobs if isinstance(job.write, Delete)]
        by_marker = self._by_marker(creates)
        still_there = read(self._mailbox, [write.id for write in deletes]) if deletes else {}
        absent: list[Job[Write]] = []
        for job in jobs:
            match job.write:
                case Create(key, _, marker) if (found := by_marker.get(marker_text(marker))) is not None:
                    outcome.results.append(WriteResult(key, WriteStatus.DONE, found))
                case Delete(key, contact_id, _) if contact_id not in still_there:  # Graph would not show it
                    outcome.results.append(WriteResult(key, WriteStatus.BUSY))
                case Delete(key, contact_id, _) if not self._is_here(still_there.get(contact_id)):
                    outcome.results.append(WriteResult(key, WriteStatus.DONE))
                case Create():
                    later = job.looked_in_vain(self._mailbox.transport.clock.monotonic())
                    (outcome.again if later.lost else absent).append(later)
                case _:
                    absent.append(job.sent_in_vain())
        return absent

    def _by_marker(self, creates: Sequence[Create]) -> dict[str, OutlookContact]:
        if not creates:
            return {}
        found = find_by_markers(self._mailbox, self._folder, [write.marker for write in creates])
        return {marker_text(contact.marker): contact for contact in found if contact.marker is not None}

    def _is_here(self, contact: OutlookContact | None) -> bool:
        # With immutable ids a contact in Deleted Items still resolves; deleting it there would be for good.
        return contact is not None and contact.folder == self._folder


def _with_given_name(write: Create) -> Create | None:
    """One name alone, as the given name that a mailbox may insist on (contracts/graph.md §1.5); else None."""
    body = write.body
    if body.get("givenName") or not body.get("surname") or body.get("middleName"):
        return None
    others = {name: value for name, value in body.items() if name != "surname"}
    return replace(write, body={**others, "givenName": body["surname"]})


def _is_safe(write: Write) -> bool:
    return isinstance(write, Patch)


def _if_match(etag: str) -> dict[str, str]:
    return {"If-Match": etag} if etag else {}


def _status(answer: Answer) -> WriteStatus:
    if answer.ok:
        return WriteStatus.DONE
    if is_missing(answer):
        return WriteStatus.GONE
    return WriteStatus.CONFLICT if answer.status in (409, 412) else WriteStatus.REFUSED


def _code(answer: Answer) -> str:
    return "" if answer.ok else answer.code or str(answer.status)


def _canonical(write: Write, answer: Answer) -> OutlookContact | None:
    if not answer.ok or isinstance(write, Delete):
        return None
    contact = parse_contact(answer.body, inspected=False)
    return marked(contact, write.marker) if contact is not None and write.marker is not None else contact
