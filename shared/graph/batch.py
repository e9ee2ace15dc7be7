"""JSON batches of Graph: twenty requests in one, each answered for itself (contracts/graph.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from shared.errors import Busy
from shared.graph.mailbox import IMMUTABLE, SERVICE, SLOTS, Mailbox, objects, refusal
from shared.model import Json
from shared.transport.http import Answer, Call, JsonObject
from shared.transport.pipeline import Job, Round, run_batches
from shared.transport.retry import GiveUp, is_transient

BATCH_SIZE = 20

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch; `url` is a path under the mailbox's root."""

    method: str
    url: str
    body: Mapping[str, Json] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def send_batch(mailbox: Mailbox, items: Sequence[Item], *, safe: bool) -> list[Answer]:
    """One `$batch`: the answers in the order of the items; an item without one has status None.

    When the batch itself got lost (only if not `safe`), every item has. Raises as `Transport.send`, and
    Refused when Graph does not take the batch. What items were told to wait holds for the whole mailbox.
    """
    requests: list[Json] = [_request(mailbox, number, item) for number, item in enumerate(items, 1)]
    answer = mailbox.transport.send(
        Call("POST", "/$batch", mailbox.lane, safe, body={"requests": requests}, weight=SLOTS)
    )
    if answer.lost:
        return [Answer(answer.status, retry_after=answer.retry_after)] * len(items)
    if not answer.ok:
        raise refusal(answer, "refused a batch")
    by_id = {str(entry.get("id")): entry for entry in objects(answer.body, "responses")}
    answers = [_answer(mailbox, by_id.get(str(number))) for number in range(1, len(items) + 1)]
    for each in answers:
        mailbox.transport.note_throttling(mailbox.lane, each.status, each.retry_after)
    return answers


def read_batches(mailbox: Mailbox, urls: Sequence[str], on_answer: Callable[[int, Answer], None]) -> None:
    """GET many paths, twenty at a time; `on_answer` gets the index and the standing answer of each, in any order.

    Raises Busy when an item never stands.
    """

    def exchange(jobs: Sequence[Job[int]]) -> Round[int, tuple[int, Answer]]:
        answers = send_batch(mailbox, [Item("GET", urls[job.write]) for job in jobs], safe=True)
        done: Round[int, tuple[int, Answer]] = Round()
        for job, answer in zip(jobs, answers, strict=True):
            if not is_transient(answer.status):
                done.results.append((job.write, answer))
                continue
            later = retry_later(mailbox, job, answer, safe=True)
            if isinstance(later, GiveUp):
                raise Busy(
                    SERVICE,
                    answer.status or 0,
                    answer.code or "noAnswer",
                    "is busy",
                    "It is tried again later.",
                    later.retry_after,
                )
            done.again.append(later)
        return done

    clock = mailbox.transport.clock
    run_batches(range(len(urls)), BATCH_SIZE, exchange, lambda each: on_answer(*each), lambda: False, clock)


def retry_later(mailbox: Mailbox, job: Job[W], answer: Answer, *, safe: bool) -> Job[W] | GiveUp:
    """The job for a later batch, after a transient answer of its item."""
    transport = mailbox.transport
    return job.after(
        answer.status,
        answer.retry_after,
        safe=safe,
        now=transport.clock.monotonic(),
        jitter=transport.jitter(),
        patience=transport.patience,
    )


def _request(mailbox: Mailbox, number: int, item: Item) -> JsonObject:
    headers: JsonObject = {"Prefer": IMMUTABLE, **item.headers}
    request: JsonObject = {
        "id": str(number),
        "method": item.method,
        "url": mailbox.root + item.url,
        "headers": headers,
    }
    if item.body is not None:
        headers["Content-Type"] = "application/json"
        request["body"] = dict(item.body)
    return request


def _answer(mailbox: Mailbox, entry: JsonObject | None) -> Answer:
    if entry is None:
        return Answer(None)
    status, body, headers = entry.get("status"), entry.get("body"), entry.get("headers")
    named = {name: str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Answer(
        status if isinstance(status, int) else None,
        named,
        body if isinstance(body, dict) else {},
        retry_after=mailbox.transport.retry_after(named),
    )
