"""What every call meets before and after the service: faults, quota, latency, log."""

from __future__ import annotations

import base64
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
import requests

from sandbox.faults import Fault
from tests.sandbox.frame.small_service import Bench

POST = {"method": "POST", "url": "/u1/contacts", "body": "x"}
GET = {"method": "GET", "url": "/u1/contacts"}


def test_a_rejected_call_is_not_carried_out(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429, code="TooManyRequests", retry_after="2.128"))
    answer = graph.send("POST", "/u1/contacts", body="a")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "2.128"
    assert answer.json()["error"]["code"] == "TooManyRequests"
    assert graph.service.posted == []


def test_a_rejection_can_come_without_retry_after(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=429))
    answer = graph.send("GET", "/u1/contacts")
    assert "Retry-After" not in answer.headers
    assert answer.json()["error"]["code"] == "ApplicationThrottled"


def test_a_dropped_call_has_no_answer_and_is_not_carried_out(graph: Bench) -> None:
    graph.faults.add(Fault("drop"))
    with pytest.raises(requests.ConnectionError):
        graph.send("POST", "/u1/contacts", body="a")
    assert graph.service.posted == []
    assert graph.log.entries()[0].status == 0


def test_commit_then_504_is_carried_out(graph: Bench) -> None:
    graph.faults.add(Fault("commit_then_504"))
    assert graph.send("POST", "/u1/contacts", body="a").status_code == 504
    assert graph.service.posted == ["a"]


def test_commit_then_drop_is_carried_out_and_has_no_answer(graph: Bench) -> None:
    graph.faults.add(Fault("commit_then_drop"))
    with pytest.raises(requests.ConnectionError):
        graph.send("POST", "/u1/contacts", body="a")
    assert graph.service.posted == ["a"]


def test_an_html_error_comes_from_a_gateway_not_from_the_service(graph: Bench) -> None:
    graph.faults.add(Fault("html_error", status=503, retry_after="4"))
    answer = graph.send("POST", "/u1/contacts", body="a")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert answer.headers["Retry-After"] == "4"
    assert graph.service.posted == []


def test_a_delayed_call_is_carried_out_late(graph: Bench) -> None:
    graph.faults.add(Fault("delay", seconds=0.2))
    began = time.monotonic()
    assert graph.send("POST", "/u1/contacts", body="a").status_code == 201
    assert time.monotonic() - began >= 0.2


def test_faults_strike_items_of_a_batch_one_by_one(graph: Bench) -> None:
    for kind in ("reject", "drop", "commit_then_504", "commit_then_drop", "html_error"):
        graph.faults.add(Fault(kind, path="contacts"))
    answers = graph.batch(*[POST] * 6)
    assert Counter(str(answer["status"]) for answer in answers) == {"503": 3, "504": 1, "502": 1, "201": 1}
    assert len(graph.service.posted) == 3
    page = next(answer["body"] for answer in answers if answer["status"] == 502)
    assert b"<html>" in base64.b64decode(str(page))


def test_a_whole_batch_can_be_struck_by_naming_its_path(graph: Bench) -> None:
    graph.faults.add(Fault("commit_then_drop", path=r"\$batch"))
    with pytest.raises(requests.ConnectionError):
        graph.batch(POST)
    assert graph.service.posted == ["x"]


def test_a_fifth_call_at_once_to_one_mailbox_is_throttled_and_recorded(graph: Bench) -> None:
    graph.latency = 0.3
    answers = graph.at_once(5, "GET", "/u1/contacts")
    assert Counter(answer.status_code for answer in answers) == {200: 4, 429: 1}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert int(refused.headers["Retry-After"]) > 0
    assert graph.log.counts() == {"concurrency": 1}


def test_four_at_once_to_each_of_two_mailboxes_is_fine(graph: Bench) -> None:
    graph.latency = 0.2
    with ThreadPoolExecutor(8) as pool:
        calls = pool.map(lambda n: graph.send("GET", f"/u{n % 2}/contacts").status_code, range(8))
        assert list(calls) == [200] * 8
    assert graph.log.violations == []


def test_items_of_one_batch_never_throttle_each_other(graph: Bench) -> None:
    graph.latency = 0.05
    began = time.monotonic()
    assert [answer["status"] for answer in graph.batch(*[GET] * 20)] == [200] * 20
    assert time.monotonic() - began >= 5 * 0.05
    assert graph.log.violations == []


def test_two_batches_at_once_to_one_mailbox_throttle_each_other(graph: Bench) -> None:
    graph.latency = 0.1
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: graph.batch(*[GET] * 4), range(2)))
    statuses = Counter(str(answer["status"]) for answers in both for answer in answers)
    assert statuses["429"] > 0
    assert graph.log.counts()["concurrency"] == statuses["429"]


def test_the_batch_itself_takes_no_time_and_no_place(graph: Bench) -> None:
    graph.latency = 0.3
    began = time.monotonic()
    assert graph.batch() == []
    assert time.monotonic() - began < 0.3
    assert graph.log.entries()[0].quota_key == ""


def test_the_ten_thousand_and_first_graph_call_in_ten_minutes_waits(graph: Bench) -> None:
    items = [{"method": "GET", "url": "/u1/contacts"}] * 1000
    for _ in range(10):
        assert {answer["status"] for answer in graph.batch(*items)} <= {200, 429}
    statuses: Counter[object] = Counter()
    for _ in range(3):
        statuses.update(answer["status"] for answer in graph.batch(*items))
    assert statuses[429] > 0
    assert graph.send("GET", "/u2/contacts").status_code == 200
    graph.clock.advance(600)
    assert graph.send("GET", "/u1/contacts").status_code == 200


def test_the_six_thousand_and_first_call_to_business_central_in_five_minutes_waits(bc: Bench) -> None:
    items = [{"method": "GET", "url": "/contacts"}] * 1000
    for _ in range(6):
        assert {answer["status"] for answer in bc.batch(*items)} == {200}
    refused = bc.send("GET", "/contacts")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "Application_TooManyRequests"
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    bc.clock.advance(int(refused.headers["Retry-After"]))
    assert bc.send("GET", "/contacts").status_code == 200


def test_a_sixth_call_at_once_waits_its_turn_at_business_central(bc: Bench) -> None:
    bc.latency = 0.2
    began = time.monotonic()
    assert [answer.status_code for answer in bc.at_once(6, "GET", "/contacts")] == [200] * 6
    assert time.monotonic() - began >= 0.4
    assert bc.log.counts() == {"concurrency": 1}


def test_business_central_refuses_who_finds_the_queue_full(bc: Bench) -> None:
    bc.faults.add(Fault("delay", seconds=400, times=5))
    with ThreadPoolExecutor(101) as pool:
        calls = [pool.submit(bc.send, "GET", "/contacts") for _ in range(101)]
        refused = next(as_completed(calls)).result()
        assert refused.status_code == 429
        assert refused.json()["error"]["message"].endswith("Actual (101). Maximum (100).")
        bc.clock.advance(400)
        assert Counter(call.result().status_code for call in calls) == {200: 100, 429: 1}


def test_business_central_gives_up_on_who_waits_eight_minutes(bc: Bench) -> None:
    bc.faults.add(Fault("delay", seconds=1000, times=5))
    with ThreadPoolExecutor(6) as pool:
        slow = [pool.submit(bc.send, "GET", "/contacts") for _ in range(5)]
        while len(bc.faults.coming()):
            time.sleep(0.005)
        late = pool.submit(bc.send, "GET", "/contacts")
        while not bc.log.counts()["concurrency"]:
            time.sleep(0.005)
        bc.clock.advance(481)
        assert late.result().status_code == 503
        bc.clock.advance(600)
        assert [call.result().status_code for call in slow] == [200] * 5


def test_a_bug_in_a_service_is_recorded(graph: Bench) -> None:
    assert graph.send("GET", "/u1/crash").status_code == 500
    assert graph.log.counts() == {"crash": 1}
    graph.latency = 0.1
    assert [answer.status_code for answer in graph.at_once(4, "GET", "/u1/contacts")] == [200] * 4


def test_graph_echoes_the_clients_request_id_and_names_its_own(graph: Bench) -> None:
    answer = graph.send("GET", "/u1/contacts", {"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["request-id"] not in ("", "mine")
    plain = graph.send("GET", "/u1/contacts")
    assert plain.headers["client-request-id"] == plain.headers["request-id"]


def test_error_bodies_carry_the_same_ids_as_the_headers(graph: Bench) -> None:
    graph.faults.add(Fault("reject", status=503))
    answer = graph.send("GET", "/u1/contacts", {"client-request-id": "mine"})
    inner = answer.json()["error"]["innerError"]
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["client-request-id"] == "mine"


def test_the_date_header_follows_the_virtual_clock(graph: Bench) -> None:
    graph.clock.advance(86_400 * 365)
    expected = graph.clock.now().strftime("%d %b %Y")
    assert expected in graph.send("GET", "/u1/contacts").headers["Date"]


def test_the_service_sees_decoded_path_raw_query_and_origin(graph: Bench) -> None:
    graph.send("GET", "/u1/contacts/J%C3%B6rg%3D?$filter=a%20eq%20'b'")
    request = graph.service.seen[0]
    assert request.path == "/u1/contacts/Jörg="
    assert request.query == "$filter=a%20eq%20'b'"
    assert request.origin == graph.url


def test_an_address_outside_the_base_is_refused_and_logged(graph: Bench) -> None:
    token = {"Authorization": f"Bearer {graph.token()}"}
    answer = requests.get(graph.url.replace("/v1.0", "/beta/me"), headers=token, timeout=20)
    assert answer.status_code == 400
    assert graph.service.seen == []
    assert [entry.path for entry in graph.log.entries()] == ["/beta/me"]
