"""The request log, and the manners it keeps account of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sandbox.faults import Fault
from tests.sandbox.frame.small_service import APP, Bench

GET = {"method": "GET", "url": "/u1/contacts"}


def test_a_call_is_logged_with_what_was_sent_and_answered(graph: Bench) -> None:
    graph.send("POST", "/u1/contacts?a=b", {"Prefer": "x", "Content-Type": "application/json"}, '{"n": 1}')
    (entry,) = graph.log.entries()
    assert (entry.method, entry.path, entry.query, entry.status) == ("POST", "/u1/contacts", "a=b", 201)
    assert (entry.service, entry.app, entry.item, entry.batch) == ("graph", APP, False, None)
    assert entry.quota_key == f"{APP}|u1"
    assert (entry.body, entry.size) == ({"n": 1}, 8)
    assert entry.headers["prefer"] == "x"
    assert entry.ended >= entry.started


def test_the_token_is_never_logged(graph: Bench) -> None:
    graph.send("GET", "/u1/contacts")
    (entry,) = graph.log.entries()
    assert "authorization" not in entry.headers
    assert graph.token()[:20] not in repr(entry)


def test_items_are_logged_under_their_batch(graph: Bench) -> None:
    graph.batch(GET, GET)
    batch, first, second = graph.log.entries()
    assert (batch.item, batch.path) == (False, "/$batch")
    assert [entry.batch for entry in (first, second)] == [batch.n, batch.n]
    assert first.item and second.item


def test_entries_since_a_mark(graph: Bench) -> None:
    graph.send("GET", "/u1/before")
    mark = graph.log.mark()
    graph.send("GET", "/u1/after")
    assert [entry.path for entry in graph.log.entries(since=mark)] == ["/u1/after"]
    assert graph.log.entries("businessCentral") == []
    graph.log.clear()
    assert graph.log.entries() == []
    assert graph.log.mark() > mark


def test_the_same_call_again_before_its_retry_after_is_over_is_a_violation(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429, retry_after="5"))
    graph.send("GET", "/u1/contacts")
    graph.send("GET", "/u1/contacts")
    assert graph.log.counts() == {"early_retry": 1}


def test_another_call_of_the_same_mailbox_has_to_wait_too(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429, retry_after="5"))
    graph.send("GET", "/u1/contacts")
    graph.clock.advance(2)
    graph.send("GET", "/u2/contacts")
    assert graph.log.violations == []
    graph.send("GET", "/u1/folders")
    assert graph.log.counts() == {"early_retry": 1}


def test_other_calls_that_were_under_way_are_forgiven(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429, retry_after="5", path="contacts"))
    graph.faults.add(Fault("delay", seconds=0.2, path="folders"))
    graph.latency = 0.1
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(graph.send, "GET", "/u1/folders")
        graph.send("GET", "/u1/contacts")
        assert slow.result().status_code == 200
    assert graph.log.violations == []


def test_who_waits_as_told_is_fine_also_with_a_fraction_or_a_date(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429, retry_after="2.128"))
    graph.send("GET", "/u1/contacts")
    graph.clock.advance(2.128)
    graph.send("GET", "/u1/contacts")
    graph.faults.add(Fault("reject", status=503, retry_after="Fri, 01 Jan 2100 00:00:00 GMT"))
    graph.send("GET", "/u1/contacts")
    assert graph.log.violations == []
    graph.send("GET", "/u1/contacts")
    assert graph.log.counts() == {"early_retry": 1}


def test_an_item_that_was_told_to_wait_must_wait(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429, retry_after="5", path="contacts"))
    graph.batch(GET, {"method": "GET", "url": "/u1/folders"})
    assert graph.log.violations == []
    graph.batch(GET)
    assert graph.log.counts() == {"early_retry": 1}


def test_items_sent_together_with_the_refused_one_are_no_violation(graph: Bench) -> None:
    graph.latency = 0.05
    graph.faults.add(Fault("reject", status=429, retry_after="5", path="contacts"))
    graph.batch(*[GET] * 12)
    assert graph.log.violations == []


def test_a_pause_at_business_central_binds_the_whole_app(bc: Bench) -> None:
    bc.faults.add(Fault("reject", status=503, retry_after="5"))
    bc.send("GET", "/companies")
    bc.clock.advance(1)
    bc.send("GET", "/contacts")
    assert bc.log.counts() == {"early_retry": 1}
    bc.clock.advance(4)
    bc.send("GET", "/contacts")
    assert bc.log.counts() == {"early_retry": 1}
