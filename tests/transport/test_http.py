"""What goes over the wire, and when, against a real HTTP server."""

from __future__ import annotations

import logging
import threading

import pytest

from shared.errors import AccessDenied, Busy, Refused, TokenRefused
from shared.transport import Call, Endpoint, Lane, Lanes, Patience, Transport
from tests.transport.scripted import (
    DROP,
    CountedTokens,
    FakeClock,
    Reply,
    ScriptedServer,
    Seen,
    error,
    transport_to,
)

MAILBOX = Lane("mailbox", 4)
OK = Reply(200, {"value": []})


def read(url: str = "/contacts") -> Call:
    return Call("GET", url, MAILBOX, safe=True)


def creation() -> Call:
    return Call("POST", "/contacts", MAILBOX, safe=False, body={"displayName": "Zoë"})


@pytest.mark.parametrize(
    "link",
    [
        "/v2.0/t/P/api/v2.0/companies(7d2f)/contacts?$filter=type%20eq%20%27Person%27&aid=FIN&$skiptoken=3f6c-1d",
        "/v1.0/users/u@x.example/contactFolders('AAMk%3D')/contacts/delta?$deltatoken=D9x_a-b.c~d%2f%2B%3a==",
        "/v1.0/c?%24select=id&$filter=displayName%20eq%20'O''Neil'&x=%7Ba%7D|[b]{c}<d>\"^`&&=?/",
        "/v1.0/%41bc/./x/../y//z?",
    ],
)
def test_a_link_goes_out_byte_for_byte(server: ScriptedServer, transport: Transport, link: str) -> None:
    server.script.append(OK)
    transport.send(read(server.origin + link))
    assert server.seen[0].target == link


@pytest.mark.parametrize(
    "foreign",
    [
        "http://127.0.0.1:1/v1.0/contacts",
        "https://graph.evil.example/v1.0/contacts",
        "http://127.0.0.1:{port}@evil.example/v1.0/contacts",
        "http://user@127.0.0.1:{port}/v1.0/contacts",
        "http://127.0.0.1:{port}.evil.example/",
        "https://127.0.0.1:{port}/v1.0/contacts",
        "http://127.0.0.1:{port}/v1.0/contacts?a b",
        "http://127.0.0.1:{port}/v1.0/contacts\r\nX: y",
        "//127.0.0.1:1/contacts",
        "ftp://127.0.0.1:{port}/",
        "",
    ],
)
def test_a_link_to_another_host_gets_neither_token_nor_request(
    server: ScriptedServer, transport: Transport, foreign: str
) -> None:
    port = server.origin.rpartition(":")[2]
    server.answering = lambda _: OK
    if foreign.startswith("//"):
        # A path, whatever it looks like: it goes to the configured host and nowhere else.
        transport.send(read(foreign))
        assert server.targets == ["GET /v1.0//127.0.0.1:1/contacts"]
        return
    with pytest.raises(Refused) as refused:
        transport.send(read(foreign.replace("{port}", port)))
    assert refused.value.code == "foreignLink"
    assert server.seen == []


def test_a_redirect_is_not_followed(server: ScriptedServer, transport: Transport) -> None:
    server.script.append(Reply(302, None, {"Location": f"{server.origin}/elsewhere"}))
    assert transport.send(read()).status == 302
    assert len(server.seen) == 1


def test_every_request_has_its_own_id_the_token_and_the_services_headers(server: ScriptedServer) -> None:
    endpoint = Endpoint("Business Central", server.origin, "scope", {"Accept-Language": "en-US"})
    transport = transport_to(server, endpoint)
    server.script += [error(429, "Busy", Retry_After="1"), OK]
    transport.send(Call("GET", "/x", MAILBOX, safe=True, headers={"Prefer": "odata.maxpagesize=2"}))
    first, second = server.seen
    assert first.headers["client-request-id"] != second.headers["client-request-id"]
    assert first.headers["authorization"] == "Bearer token-1"
    assert first.headers["accept-language"] == "en-US"
    assert second.headers["prefer"] == "odata.maxpagesize=2"
    assert "content-type" not in first.headers


def test_a_body_is_utf8_json_in_the_order_given(server: ScriptedServer, transport: Transport) -> None:
    server.script.append(Reply(201, {"id": "1"}))
    body = {"type": "Person", "displayName": "Zoë", "country": "GB", "city": "Hull"}
    answer = transport.send(Call("POST", "/contacts", MAILBOX, safe=False, body=body))
    assert server.seen[0].body == '{"type":"Person","displayName":"Zoë","country":"GB","city":"Hull"}'.encode()
    assert server.seen[0].headers["content-type"] == "application/json"
    assert answer.body == {"id": "1"}


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("2.128", 2.128), ("Mon, 02 Nov 2026 09:00:30 GMT", 30.0)]
)
def test_nothing_goes_out_before_retry_after_is_over(
    server: ScriptedServer, transport: Transport, header: str, seconds: float
) -> None:
    server.script += [error(429, "ApplicationThrottled", Retry_After=header), OK]
    assert transport.send(creation()).ok
    assert [seen.at for seen in server.seen] == [0.0, pytest.approx(seconds)]


@pytest.mark.parametrize("zone", [" GMT", " -0000", ""])
def test_a_date_counts_from_the_servers_own_clock(
    server: ScriptedServer, transport: Transport, zone: str
) -> None:
    headers = {"Retry-After": "Mon, 02 Nov 2026 12:00:10 GMT", "Date": f"Mon, 02 Nov 2026 12:00:00{zone}"}
    server.script += [Reply(503, None, headers), OK]
    transport.send(read())
    assert server.seen[1].at == pytest.approx(10.0)


def test_a_pause_holds_for_every_thread_of_the_mailbox_but_for_no_other_mailbox() -> None:
    clock = FakeClock()
    with ScriptedServer(clock) as server:
        transport = transport_to(server, Endpoint("Graph", server.origin, "scope", read_timeout=5))
        other = Call("GET", "/other", Lane("other mailbox", 4), safe=True)
        server.answering = lambda _: OK
        transport.lanes.pause(MAILBOX, 30.0)
        transport.send(other)
        thread = threading.Thread(target=transport.send, args=(read(),))
        thread.start()
        thread.join(timeout=5)
        assert [(seen.target, seen.at) for seen in server.seen] == [("/other", 0.0), ("/contacts", 30.0)]


def test_whoever_queued_for_a_slot_when_the_pause_came_waits_as_well() -> None:
    clock = FakeClock()
    with ScriptedServer(clock) as server:
        transport = transport_to(server, Endpoint("Graph", server.origin, "scope"))
        single = Lane("single", 1)
        server.answering = lambda _: OK
        inside = threading.Event()

        def send() -> None:
            inside.set()
            transport.send(Call("GET", "/late", single, safe=True))

        with transport.lanes.slot(single):
            thread = threading.Thread(target=send)
            thread.start()
            assert inside.wait(5)
            transport.lanes.pause(single, 12.0)
        thread.join(timeout=5)
        assert [seen.at for seen in server.seen] == [12.0]


def test_a_longer_pause_than_there_is_patience_for_is_given_to_the_caller(
    server: ScriptedServer, transport: Transport
) -> None:
    server.script.append(error(429, "ApplicationThrottled", Retry_After="600"))
    with pytest.raises(Busy) as busy:
        transport.send(creation())
    assert busy.value.retry_after == 600.0
    with pytest.raises(Busy) as still:
        transport.send(read())
    assert still.value.retry_after == 600.0
    assert len(server.seen) == 1
    assert server.clock.sleeps == []


def test_a_refused_token_is_renewed_once(server: ScriptedServer, transport: Transport) -> None:
    server.script += [error(401, "InvalidAuthenticationToken"), Reply(201, {"id": "1"})]
    assert transport.send(creation()).ok
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer token-1", "Bearer token-2"]


def test_a_good_token_without_a_right_is_told_as_such(server: ScriptedServer, transport: Transport) -> None:
    """Business Central says 401 for it, too (contracts/business-central.md §4)."""
    server.answering = lambda _: error(401, "Authorization_PermissionDenied")
    with pytest.raises(AccessDenied) as caught:
        transport.send(read())
    assert caught.value.code == "Authorization_PermissionDenied"


def test_a_token_refused_twice_ends_it(server: ScriptedServer, transport: Transport) -> None:
    server.answering = lambda _: error(401, "InvalidAuthenticationToken")
    with pytest.raises(TokenRefused):
        transport.send(creation())
    assert len(server.seen) == 2


@pytest.mark.parametrize("reply", [error(503, "ServiceUnavailable", Retry_After="5"), error(504, "X"), DROP])
def test_a_creation_of_unknown_outcome_is_never_sent_again(
    server: ScriptedServer, transport: Transport, reply: Reply
) -> None:
    server.script += [reply]
    server.answering = lambda _: OK
    answer = transport.send(creation())
    assert answer.lost
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        error(500, "InternalServerError"),
        Reply(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
        error(503, "ServiceUnavailable"),
        error(504, "GatewayTimeout"),
        DROP,
        Reply(200, b'{"value": [{"id": "A', {"Content-Type": "application/json"}),
    ],
)
def test_a_read_is_repeated_until_it_succeeds(
    server: ScriptedServer, transport: Transport, reply: Reply
) -> None:
    server.script += [reply, reply, Reply(200, {"id": "1"})]
    assert transport.send(read()).body == {"id": "1"}
    assert [seen.at for seen in server.seen] == [0.0, 2.0, 6.0]


def test_after_six_attempts_it_is_busy(server: ScriptedServer, transport: Transport) -> None:
    server.answering = lambda _: error(503, "ServiceUnavailable")
    with pytest.raises(Busy) as busy:
        transport.send(read())
    assert (len(server.seen), busy.value.status, busy.value.retry_after) == (6, 503, None)


def test_a_service_that_never_answers_is_left_before_the_callers_lease_is_over(
    server: ScriptedServer, transport: Transport
) -> None:
    def silence(_: Seen) -> Reply:
        server.clock.sleep(transport.endpoint.read_timeout)
        return DROP

    server.answering = silence
    with pytest.raises(Busy):
        transport.send(read())
    assert server.clock.monotonic() < 300.0


def test_where_no_connection_could_be_made_even_a_creation_is_sent_again() -> None:
    clock = FakeClock()
    with ScriptedServer(clock) as server:
        gone = server.origin
    ids = iter("abcdef")
    transport = Transport(
        Endpoint("Graph", gone, "scope"), CountedTokens(), Lanes(clock), clock, lambda: 0.0, lambda: next(ids),
        Patience(attempts=3),
    )  # fmt: skip
    with pytest.raises(Busy) as busy:
        transport.send(creation())
    assert busy.value.status == 0
    assert clock.sleeps == [2.0, 4.0]


def test_no_access_is_an_error_of_its_own(server: ScriptedServer, transport: Transport) -> None:
    server.script.append(error(403, "ErrorAccessDenied"))
    with pytest.raises(AccessDenied) as denied:
        transport.send(read())
    assert denied.value.code == "ErrorAccessDenied"


def test_neither_errors_nor_logs_quote_data_or_tokens(
    server: ScriptedServer, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    server.script += [error(429, "ApplicationThrottled", Retry_After="1"), error(403, "ErrorAccessDenied")]
    with caplog.at_level(logging.INFO, "shared"), pytest.raises(AccessDenied) as denied:
        transport.send(read("/contacts?$filter=email%20eq%20'ada@x.example'"))
    told = str(denied.value) + caplog.text
    assert "429" in caplog.text
    assert not any(word in told for word in ("Ada", "ada@", "token-1"))


def test_the_connection_stays_open_between_calls_and_is_new_after_503(
    server: ScriptedServer, transport: Transport
) -> None:
    peers: list[int] = []
    server.answering = lambda _: OK
    for reply in (OK, OK, error(503, "ServiceUnavailable"), OK):
        server.script.append(reply)
    for _ in range(3):
        transport.send(read())
        peers.append(server.seen[-1].peer)
    assert peers[0] == peers[1]
    assert server.seen[2].peer == peers[0]
    assert server.seen[3].peer != peers[0]


def test_half_a_letter_reads_as_a_text_that_can_be_sent_and_stored(
    server: ScriptedServer, transport: Transport
) -> None:
    server.script.append(Reply(200, {"value": [{"name": "cut \ud83d", "note": "whole \U0001f600"}]}))
    server.script.append(Reply(200, b'{"name": "cut \xed\xa0\xbd."}'))
    (found,) = (transport.send(read()).body["value"],)
    assert found == [{"name": "cut \ufffd", "note": "whole \U0001f600"}]
    assert str(transport.send(read()).body["name"]).encode().startswith(b"cut \xef\xbf\xbd")
