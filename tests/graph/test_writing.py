"""Writing to a folder: batches, their timing, and what is never sent twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import cast
from uuid import UUID

import pytest

from shared.errors import Busy
from shared.graph import Create, Delete, GraphClient, Patch, Write, WriteResult, WriteStatus, graph_endpoint
from shared.graph.markers import MARKER_ID, marker_text
from shared.model import Json, Marker
from shared.transport import Lanes, SystemClock, Transport
from tests.graph.batches import JsonObject, batch, items
from tests.graph.conftest import USER
from tests.transport.scripted import DROP, CountedTokens, Reply, ScriptedServer, Seen, error

EMPTY = Reply(200, {"value": []})


def marker(number: int) -> Marker:
    return Marker(str(UUID(int=1)), "Production", str(UUID(int=2)), str(UUID(int=number)))


def create(number: int) -> Create:
    return Create(f"c{number}", {"displayName": f"Person {number}"}, marker(number))


def created(number: int) -> Reply:
    return Reply(201, {"id": f"id{number}", "displayName": f"Person {number}"})


def number_of(item: JsonObject) -> int:
    body = cast(JsonObject, item["body"])
    return int(str(body["displayName"]).split()[1])


def run(client: GraphClient, *writes: Write) -> dict[str, WriteResult]:
    results: dict[str, WriteResult] = {}

    def keep(result: WriteResult) -> None:
        assert result.key not in results
        results[result.key] = result

    assert client.write("F", writes, keep, lambda: False)
    assert results.keys() == {write.key for write in writes}
    return results


def test_each_write_is_an_item_of_its_own_with_its_headers(server: ScriptedServer, client: GraphClient) -> None:
    server.answering = batch(lambda item: Reply(204) if item["method"] == "DELETE" else Reply(200, {"id": "A"}))
    results = run(
        client,
        create(1),
        Patch("p", "A", {"displayName": "x"}, 'W/"1"'),
        Patch("m", "B", {}, "", marker(9)),
        Delete("d", "C"),
    )
    sent = items(server.seen[0])
    prefer, typed = {"Prefer": 'IdType="ImmutableId"'}, {"Content-Type": "application/json"}
    named: Json = [{"id": MARKER_ID, "value": marker_text(marker(1))}]
    assert sent[0] == {
        "id": "1",
        "method": "POST",
        "url": f"/users/{USER}/contactFolders/F/contacts",
        "headers": prefer | typed,
        "body": {"displayName": "Person 1", "singleValueExtendedProperties": named},
    }
    assert sent[1]["headers"] == prefer | typed | {"If-Match": 'W/"1"'}
    assert sent[2]["headers"] == prefer | typed
    assert sent[2]["body"] == {
        "singleValueExtendedProperties": [{"id": MARKER_ID, "value": marker_text(marker(9))}]
    }
    assert sent[3] == {"id": "4", "method": "DELETE", "url": f"/users/{USER}/contacts/C", "headers": prefer}
    assert {result.status for result in results.values()} == {WriteStatus.DONE}
    assert results["c1"].contact is not None
    assert results["c1"].contact.marker == marker(1)
    assert results["p"].contact is not None
    assert not results["p"].contact.inspected
    assert results["d"].contact is None


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (error(404, "ErrorItemNotFound"), WriteStatus.GONE),
        (error(412, "ErrorIrresolvableConflict"), WriteStatus.CONFLICT),
        (error(409, "ErrorIrresolvableConflict"), WriteStatus.CONFLICT),
        (error(400, "ErrorInvalidArgument"), WriteStatus.REFUSED),
        (error(403, "ErrorAccessDenied"), WriteStatus.REFUSED),
        (error(404, "MailboxNotEnabledForRESTAPI"), WriteStatus.REFUSED),
    ],
)
def test_one_bad_write_does_not_stop_the_others(
    server: ScriptedServer, client: GraphClient, reply: Reply, status: WriteStatus
) -> None:
    server.answering = batch(lambda item: reply if "/bad" in str(item["url"]) else Reply(200, {"id": "A"}))
    results = run(client, Patch("1", "bad", {}), Patch("2", "good", {}))
    assert (results["1"].status, results["1"].contact) == (status, None)
    assert results["1"].code == cast(JsonObject, cast(JsonObject, reply.body)["error"])["code"]
    assert results["2"].status == WriteStatus.DONE


def test_a_throttled_item_goes_into_a_later_batch_after_the_longest_wait(
    server: ScriptedServer, client: GraphClient
) -> None:
    waits = {1: ["2.5"], 2: ["4"], 3: []}

    def on_item(item: JsonObject) -> Reply:
        number = number_of(item)
        return (
            error(429, "ApplicationThrottled", Retry_After=waits[number].pop())
            if waits[number]
            else created(number)
        )

    server.answering = batch(on_item)
    results = run(client, create(1), create(2), create(3))
    assert {result.status for result in results.values()} == {WriteStatus.DONE}
    sent = [(seen.at, [number_of(item) for item in items(seen)]) for seen in server.seen]
    assert sent == [(0.0, [1, 2, 3]), (4.0, [1, 2])]


def test_a_throttled_batch_is_sent_again_as_a_whole(server: ScriptedServer, client: GraphClient) -> None:
    server.script.append(error(429, "ApplicationThrottled", Retry_After="6"))
    server.answering = batch(lambda item: created(number_of(item)))
    run(client, create(1))
    assert [seen.at for seen in server.seen] == [0.0, 6.0]


@pytest.mark.parametrize(
    "lost", [DROP, error(504, "GatewayTimeout"), error(503, "ServiceUnavailable", Retry_After="9")]
)
def test_a_creation_whose_answer_got_lost_is_found_by_its_marker_not_repeated(
    server: ScriptedServer, client: GraphClient, lost: Reply
) -> None:
    properties: Json = [{"id": MARKER_ID, "value": marker_text(marker(1))}]
    found: Json = {"id": "id1", "singleValueExtendedProperties": properties}
    server.script.append(lost)
    server.answering = batch(lambda _: Reply(200, {"value": [found]}))
    results = run(client, create(1))
    assert results["c1"].status == WriteStatus.DONE
    assert results["c1"].contact is not None
    assert results["c1"].contact.id == "id1"
    assert [item["method"] for seen in server.seen for item in items(seen)] == ["POST", "GET"]


def test_a_creation_that_is_answered_without_its_contact_is_looked_for(
    server: ScriptedServer, client: GraphClient
) -> None:
    properties: Json = [{"id": MARKER_ID, "value": marker_text(marker(1))}]
    found: Json = {"id": "id1", "singleValueExtendedProperties": properties}
    server.answering = batch(
        lambda item: Reply(201) if item["method"] == "POST" else Reply(200, {"value": [found]})
    )
    contact = run(client, create(1))["c1"].contact
    assert contact is not None
    assert contact.id == "id1"
    assert [item["method"] for seen in server.seen for item in items(seen)] == ["POST", "GET"]


def test_a_creation_is_repeated_only_after_two_looks_some_seconds_apart(
    server: ScriptedServer, client: GraphClient
) -> None:
    lost = iter([error(504, "GatewayTimeout")])
    server.answering = batch(lambda item: EMPTY if item["method"] == "GET" else next(lost, created(1)))
    assert run(client, create(1))["c1"].status == WriteStatus.DONE
    sent = [(items(seen)[0]["method"], seen.at) for seen in server.seen]
    assert sent == [("POST", 0.0), ("GET", 2.0), ("GET", 7.0), ("POST", 7.0)]


def test_a_lost_creation_does_not_hold_up_the_others(server: ScriptedServer, client: GraphClient) -> None:
    lost = iter([error(504, "GatewayTimeout")])

    def on_item(item: JsonObject) -> Reply:
        if item["method"] == "GET":
            return EMPTY
        number = number_of(item)
        return next(lost, created(1)) if number == 1 else created(number)

    server.answering = batch(on_item)
    run(client, *(create(number) for number in range(1, 46)))
    posts = [(seen.at, len(items(seen))) for seen in server.seen if items(seen)[0]["method"] == "POST"]
    assert posts == [(0.0, 20), (0.0, 20), (0.0, 5), (7.0, 1)]


def test_a_change_whose_answer_got_lost_is_sent_again_and_may_conflict_with_itself(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.script += [error(504, "GatewayTimeout")]
    server.answering = batch(lambda _: error(412, "ErrorIrresolvableConflict"))
    assert run(client, Patch("p", "A", {}, 'W/"1"'))["p"].status == WriteStatus.CONFLICT
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("there", "repeated"),
    [
        (Reply(200, {"id": "A", "parentFolderId": "F"}), True),
        (Reply(200, {"id": "A", "parentFolderId": "Deleted Items"}), False),
        (error(404, "ErrorItemNotFound"), False),
    ],
)
def test_a_deletion_whose_answer_got_lost_is_not_repeated_on_what_lies_in_deleted_items(
    server: ScriptedServer, client: GraphClient, there: Reply, repeated: bool
) -> None:
    server.script.append(DROP)
    server.answering = batch(lambda item: there if item["method"] == "GET" else Reply(204))
    assert run(client, Delete("d", "A"))["d"].status == WriteStatus.DONE
    methods = [items(seen)[0]["method"] for seen in server.seen]
    assert methods == ["DELETE", "GET"] + ["DELETE"] * repeated


def test_what_cannot_be_looked_at_after_a_lost_answer_is_told_as_unknown(
    server: ScriptedServer, client: GraphClient
) -> None:
    play = batch(lambda item: error(400, "ErrorX") if item["method"] == "GET" else Reply(204))
    server.script.append(DROP)
    server.answering = lambda seen: play(seen) if seen.method == "POST" else Reply(200, {"id": "Home"})
    assert run(client, Delete("d", "A"))["d"].status == WriteStatus.BUSY
    assert run(client, Patch("p", "A", {"jobTitle": "x"}))["p"].status == WriteStatus.BUSY
    methods = [items(seen)[0]["method"] for seen in server.seen if seen.method == "POST"]
    assert methods == ["DELETE", "GET", "PATCH", "GET"]


def test_a_write_that_never_gets_through_is_busy_and_the_others_are_done(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.answering = batch(
        lambda item: (
            error(500, "InternalServerError") if "/bad" in str(item["url"]) else Reply(200, {"id": "A"})
        )
    )
    results = run(client, Patch("1", "bad", {}), Patch("2", "good", {}))
    assert (results["1"].status, results["1"].code) == (WriteStatus.BUSY, "InternalServerError")
    assert results["2"].status == WriteStatus.DONE
    assert len(server.seen) == 6


def test_a_mailbox_that_is_throttled_for_long_ends_the_writing_with_the_time_to_wait(
    server: ScriptedServer, client: GraphClient
) -> None:
    done: list[str] = []
    server.answering = batch(
        lambda item: created(1) if number_of(item) < 20 else error(429, "X", Retry_After="300")
    )
    with pytest.raises(Busy) as busy:
        client.write(
            "F", [create(n) for n in range(1, 41)], lambda result: done.append(result.key), lambda: False
        )
    assert busy.value.retry_after == 300.0
    assert sorted(done) == sorted(f"c{n}" for n in range(1, 21))
    assert len(server.seen) == 1


def test_a_change_answered_without_a_body_is_read_back(server: ScriptedServer, client: GraphClient) -> None:
    etag = 'W/"new"'
    server.answering = batch(
        lambda item: Reply(204) if item["method"] == "PATCH" else Reply(200, {"id": "A", "@odata.etag": etag})
    )
    contact = run(client, Patch("p", "A", {"jobTitle": "x"}))["p"].contact
    assert contact is not None
    assert contact.etag == etag


def test_stopping_is_asked_before_each_batch_and_what_was_sent_is_told(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.answering = batch(lambda item: created(number_of(item)))
    asked: list[int] = []
    done: list[str] = []

    def should_stop() -> bool:
        asked.append(len(server.seen))
        return len(asked) == 3

    assert not client.write("F", [create(n) for n in range(60)], lambda r: done.append(r.key), should_stop)
    assert asked == [0, 1, 2]
    assert len(done) == 40


def test_a_slice_does_not_outlast_its_time_by_waiting(server: ScriptedServer, client: GraphClient) -> None:
    server.answering = batch(
        lambda item: created(1) if number_of(item) < 20 else error(429, "X", Retry_After="100")
    )
    done: list[str] = []
    assert not client.write(
        "F",
        [create(n) for n in range(1, 41)],
        lambda result: done.append(result.key),
        lambda: server.clock.monotonic() >= 30.0,
    )
    assert server.clock.monotonic() < 36.0
    assert len(done) == 19


def test_a_lost_lease_ends_the_writing_but_what_was_done_is_told(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.answering = batch(lambda item: created(number_of(item)))
    answers = iter([False])
    done: list[str] = []
    with pytest.raises(StopIteration):
        client.write("F", [create(n) for n in range(40)], lambda r: done.append(r.key), lambda: next(answers))
    assert len(done) == 20


class BusyMailbox:
    """Takes `seconds` an item, four at a time, and notes how many batches were there at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._play = batch(lambda item: created(number_of(item)))

    def __call__(self, seen: Seen) -> Reply:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(-(-len(items(seen)) // 4) * self.seconds)
        reply = self._play(seen)
        with self._lock:
            self._now -= 1
        return reply


@pytest.fixture
def real_time(server: ScriptedServer) -> Iterator[GraphClient]:
    clock = SystemClock()
    transport = Transport(
        graph_endpoint(f"{server.origin}/v1.0"), CountedTokens(), Lanes(clock), clock, lambda: 0.0, lambda: "id"
    )
    yield GraphClient(transport, USER)
    transport.close()


def test_the_next_batch_is_under_way_while_results_are_stored(
    server: ScriptedServer, client: GraphClient
) -> None:
    arrived = [threading.Event() for _ in range(3)]
    play = batch(lambda item: created(number_of(item)))

    def answering(seen: Seen) -> Reply:
        arrived[len(server.seen) - 1].set()
        return play(seen)

    server.answering = answering
    stored: list[str] = []

    def store(result: WriteResult) -> None:
        following = min(len(stored) // 20 + 1, 2)
        assert arrived[following].wait(timeout=10), "the next batch waits for the results to be stored"
        stored.append(result.key)

    assert client.write("F", [create(n) for n in range(60)], store, lambda: False)
    assert len(stored) == 60


def test_two_writers_of_one_mailbox_never_have_two_batches_there_at_once(
    server: ScriptedServer, real_time: GraphClient
) -> None:
    mailbox = BusyMailbox(0.01)
    server.answering = mailbox
    writes = [create(n) for n in range(60)]
    threads = [
        threading.Thread(target=real_time.write, args=("F", writes, lambda _: None, lambda: False))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert mailbox.most == 1
    assert len(server.seen) == 9
