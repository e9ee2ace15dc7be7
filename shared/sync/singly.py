"""One bad field does not stop its contact (sync rules §5): what Outlook refused goes field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from shared.fields import outlook_body
from shared.graph.client import GraphClient
from shared.graph.writes import Create, Patch, WriteResult
from shared.model import REQUIRED_FIELDS, Field, OutlookContact
from shared.transport.batching import WriteStatus


@dataclass(frozen=True, slots=True)
class Sent:
    """A write to Outlook. `current`: the contact that it changes, None where it creates one."""

    write: Create | Patch
    values: Mapping[Field, str]
    current: OutlookContact | None


def write_singly(
    graph: GraphClient, folder: str, sent: Sent, should_stop: Callable[[], bool]
) -> tuple[WriteResult, frozenset[Field]] | None:
    """What became of the contact, and the fields that Outlook would not take. None: `should_stop` came first.

    What a contact cannot be without goes first, its marker, too; where that is refused, the whole contact is.
    """
    current, refused = sent.current, set[Field]()
    taken: WriteResult | None = None
    answers: list[WriteResult] = []
    for number, names in enumerate(_portions(sent)):
        write = _part(sent, names, current, first=number == 0)
        if not graph.write(folder, [write], answers.append, should_stop):
            return None
        answer = answers[-1]
        if answer.contact is not None:
            current, taken = answer.contact, answer
        elif answer.status is WriteStatus.REFUSED and names and current is not None:
            refused.update(names)
        else:
            return answer, frozenset()
    return (taken, frozenset(refused)) if taken else (answers[-1], frozenset())


def _portions(sent: Sent) -> list[list[Field]]:
    if sent.current is None:
        needed = [name for name in sent.values if name in REQUIRED_FIELDS]
        return [needed, *([name] for name in sent.values if name not in needed)]
    beside = sent.write.marker is not None or "categories" in sent.write.body
    return [[] for _ in range(beside)] + [[name] for name in sent.values]


def _part(sent: Sent, names: list[Field], current: OutlookContact | None, *, first: bool) -> Create | Patch:
    whole = sent.write
    body = outlook_body({name: sent.values[name] for name in names}, current)
    if first and "categories" in whole.body:
        body["categories"] = whole.body["categories"]
    if current is None:
        return replace(whole, body=body)
    return Patch(whole.key, current.id, body, current.etag, whole.marker if first else None)
