"""JSON batches of Business Central: up to a hundred operations, one after the other (contract §7)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.business_central.company import LANE, Company, refusal
from shared.model import Json
from shared.transport.batching import Item
from shared.transport.http import Answer, JsonObject
from shared.transport.pipeline import read_batches

BATCH_SIZE = 100
CONTINUE = {"Prefer": "odata.continue-on-error"}


def send_batch(company: Company, items: Sequence[Item], *, safe: bool) -> list[Answer]:
    """One `$batch`: the answers in the order of the items.

    An operation without an answer is `skipped` when the batch stopped at a failure before it, and lost
    (status None) when no such failure explains it. When the batch itself got lost (only if not `safe`),
    every operation is. Never with a snapshot: that reports success for what it rolls back.
    """
    requests: list[Json] = [_request(company, number, item) for number, item in enumerate(items, 1)]
    answer = company.send("POST", "$batch", {"requests": requests}, CONTINUE, safe=safe)
    if answer.lost:
        return [Answer(answer.status, retry_after=answer.retry_after)] * len(items)
    if not answer.ok:
        raise refusal(answer, "refused a batch")
    found = _by_place(answer.body, len(items))
    stopped = any(status is not None and not 200 <= status < 300 for status in map(_status, found.values()))
    missing = Answer(None, skipped=stopped)
    answers = [_answer(company, found[place]) if place in found else missing for place in range(len(items))]
    for each in answers:
        company.transport.note_throttling(LANE, each.status, each.retry_after)
    return answers


def read_items(company: Company, items: Sequence[Item]) -> list[Answer]:
    """Reads in batches: the standing answer of each, in order. Raises Busy when one never stands."""
    found: dict[int, Answer] = {}

    def send(numbers: Sequence[int]) -> list[Answer]:
        return send_batch(company, [items[number] for number in numbers], safe=True)

    read_batches(len(items), BATCH_SIZE, send, found.__setitem__, company.transport, LANE)
    return [found[number] for number in range(len(items))]


def _request(company: Company, number: int, item: Item) -> JsonObject:
    headers: JsonObject = {**company.transport.endpoint.headers, "Accept": "application/json", **item.headers}
    request: JsonObject = {
        "id": str(number),
        "method": item.method,
        "url": item.url,
        "headers": headers,
    }
    if item.body is not None:
        headers["Content-Type"] = "application/json"
        request["body"] = dict(item.body)
    return request


def _by_place(body: JsonObject, count: int) -> dict[int, JsonObject]:
    """Responses by the place of their operation: by id, or by order where the server gives none."""
    listed = body.get("responses")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    places: dict[int, JsonObject] = {}
    for order, entry in enumerate(entries):
        number = str(entry.get("id"))
        place = int(number) - 1 if number.isdecimal() else order
        if 0 <= place < count:
            places[place] = entry
    return places


def _status(entry: JsonObject) -> int | None:
    status = entry.get("status")
    return status if isinstance(status, int) else None


def _answer(company: Company, entry: JsonObject) -> Answer:
    body, headers = entry.get("body"), entry.get("headers")
    named = {name: str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Answer(
        _status(entry),
        named,
        body if isinstance(body, dict) else {},
        retry_after=company.transport.retry_after(named),
    )
