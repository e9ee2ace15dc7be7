"""JSON batches of Graph: twenty requests in one, each answered for itself (contracts/graph.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.graph.mailbox import IMMUTABLE, SLOTS, Mailbox, objects, refusal
from shared.model import Json
from shared.transport.batching import Item
from shared.transport.http import Answer, Call, JsonObject
from shared.transport.pipeline import read_batches
from shared.transport.retry import UNAUTHORIZED

BATCH_SIZE = 20
PARTLY_THROTTLED = 424
"""What the batch itself may answer when an item was throttled, by an older page (contracts/graph.md §4)."""


def send_batch(mailbox: Mailbox, items: Sequence[Item], *, safe: bool) -> list[Answer]:
    """One `$batch`: the answers in the order of the items; an item without one has status None.

    When the batch itself got lost (only if not `safe`), every item has. Raises as `Transport.send`, and
    Refused when Graph does not take the batch. What items were told to wait holds for the whole mailbox.
    """
    answers = _exchange(mailbox, items, safe)
    outside = [number for number, answer in enumerate(answers) if answer.status == UNAUTHORIZED]
    if outside:  # the token ran out on the way: a new one, once (contracts/graph.md §5.3)
        mailbox.transport.renew_token()
        for number, answer in zip(outside, _exchange(mailbox, [items[n] for n in outside], safe), strict=True):
            answers[number] = answer
    return answers


def read_paths(mailbox: Mailbox, urls: Sequence[str], on_answer: Callable[[int, Answer], None]) -> None:
    """GET many paths, twenty at a time; `on_answer` gets index and standing answer of each, in any order.

    Raises Busy when one never stands.
    """

    def send(numbers: Sequence[int]) -> list[Answer]:
        return send_batch(mailbox, [Item("GET", urls[number]) for number in numbers], safe=True)

    read_batches(len(urls), BATCH_SIZE, send, on_answer, mailbox.transport, mailbox.lane)


def _exchange(mailbox: Mailbox, items: Sequence[Item], safe: bool) -> list[Answer]:
    requests: list[Json] = [_request(mailbox, number, item) for number, item in enumerate(items, 1)]
    answer = mailbox.transport.send(
        Call("POST", "/$batch", mailbox.lane, safe, {"Prefer": IMMUTABLE}, {"requests": requests}, weight=SLOTS)
    )
    if answer.lost:
        return [Answer(answer.status, retry_after=answer.retry_after)] * len(items)
    if not answer.ok and answer.status != PARTLY_THROTTLED:
        raise refusal(answer, "refused a batch")
    by_id = {str(entry.get("id")): entry for entry in objects(answer.body, "responses")}
    answers = [_answer(mailbox, by_id.get(str(number))) for number in range(1, len(items) + 1)]
    for each in answers:
        mailbox.transport.note_throttling(mailbox.lane, each.status, each.retry_after)
    return answers


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
