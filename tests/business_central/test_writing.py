"""Writing contacts: batches that stop or go on, and what is never sent twice."""

from __future__ import annotations

from typing import cast

import pytest

from shared.business_central import BcClient, Create, Patch, Write, WriteResult, WriteStatus
from shared.model import BcContact, Json
from tests.business_central.batches import JsonObject, batch, operations
from tests.business_central.conftest import COMPANY
from tests.transport.scripted import DROP, Reply, ScriptedServer, Seen, error


def create(number: int) -> Create:
    return Create(f"c{number}", {"type": "Person", "displayName": f"Person {number}"})


def patch(key: str) -> Patch:
    return Patch(key, f"id-{key}", {"jobTitle": "CTO"}, f'W/"{key}"')


def written(operation: JsonObject) -> Reply:
    body = cast(JsonObject, operation["body"])
    name = body.get("displayName", "")
    return Reply(201 if operation["method"] == "POST" else 200, {"id": "new", "displayName": name})


def never(key: str) -> BcContact | None:
    raise AssertionError(f"{key} was looked up")


def run(
    client: BcClient, *writes: Write, lookup: dict[str, BcContact | None] | None = None
) -> dict[str, WriteResult]:
    results: dict[str, WriteResult] = {}

    def keep(result: WriteResult) -> None:
        assert result.key not in results
        results[result.key] = result

    asked = never if lookup is None else lookup.__getitem__
    assert client.write(writes, keep, lambda: False, asked)
    assert results.keys() == {write.key for write in writes}
    return results


def test_each_write_is_an_operation_of_its_own_in_the_order_given(
    server: ScriptedServer, client: BcClient
) -> None:
    server.answering = batch(written)
    body: dict[str, Json] = {"type": "Person", "displayName": "Grace", "country": "GB", "city": "Hull"}
    results = run(client, Create("c", body), patch("p"))
    common = {"Accept-Language": "en-US", "Accept": "application/json", "Content-Type": "application/json"}
    first, second = operations(server.seen[0])
    assert first == {
        "id": "1",
        "method": "POST",
        "url": f"companies({COMPANY})/contacts",
        "headers": common,
        "body": body,
    }
    assert list(cast(JsonObject, first["body"])) == ["type", "displayName", "country", "city"]
    assert second["url"] == f"companies({COMPANY})/contacts(id-p)"
    assert second["headers"] == common | {"If-Match": 'W/"p"'}
    assert results["c"].contact is not None
    assert results["c"].contact.display_name == "Grace"
    assert "isolation" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (error(409, "Request_EntityChanged"), WriteStatus.CONFLICT),
        (error(412, ""), WriteStatus.CONFLICT),
        (error(412, "BadRequest_PreconditionFailed"), WriteStatus.CONFLICT),
        (error(404, "BadRequest_ResourceNotFound"), WriteStatus.GONE),
        (error(400, "Internal_RecordNotFound"), WriteStatus.GONE),
        (error(404, "Internal_CompanyNotFound"), WriteStatus.REFUSED),
        (error(400, "Application_StringExceededLength"), WriteStatus.REFUSED),
        (error(409, "Internal_EntityWithSameKeyExists"), WriteStatus.REFUSED),
        (error(400, "BadRequest_InvalidToken"), WriteStatus.REFUSED),
    ],
)
@pytest.mark.parametrize("continues", [True, False])
def test_one_bad_write_does_not_stop_the_others_even_where_the_batch_stops(
    server: ScriptedServer, client: BcClient, reply: Reply, status: WriteStatus, continues: bool
) -> None:
    server.answering = batch(
        lambda operation: reply if "id-bad" in str(operation["url"]) else written(operation),
        continues=continues,
    )
    results = run(client, create(1), patch("bad"), create(2), patch("good"))
    assert results["bad"].status == status
    assert {results[key].status for key in ("c1", "c2", "good")} == {WriteStatus.DONE}
    sent = [len(operations(seen)) for seen in server.seen]
    assert sent == ([4] if continues else [4, 2])


def test_answers_without_ids_go_by_their_order(server: ScriptedServer, client: BcClient) -> None:
    server.answering = batch(written, ids=False)
    results = run(client, create(1), create(2))
    assert [result.contact and result.contact.display_name for result in results.values()] == [
        "Person 1",
        "Person 2",
    ]


def test_answers_in_another_order_go_by_their_ids(server: ScriptedServer, client: BcClient) -> None:
    play = batch(written)

    def backwards(seen: Seen) -> Reply:
        body = cast(dict[str, list[JsonObject]], play(seen).body)
        numbered = [{**each, "id": int(str(each["id"]))} for each in body["responses"]]
        return Reply(200, {"responses": cast(Json, numbered[::-1])})

    server.answering = backwards
    results = run(client, *(create(number) for number in range(5)))
    named = {key: result.contact and result.contact.display_name for key, result in results.items()}
    assert named == {f"c{number}": f"Person {number}" for number in range(5)}


@pytest.mark.parametrize("blank", ["", None])
def test_a_city_that_a_new_country_emptied_is_sent_once_more(
    server: ScriptedServer, client: BcClient, blank: str | None
) -> None:
    def emptied(operation: JsonObject) -> Reply:
        sent = cast(JsonObject, operation["body"])
        shown: JsonObject = {"id": "x", "@odata.etag": "e2", "country": "GB", **sent}
        return Reply(200, {**shown, "city": blank} if "country" in sent else shown)

    server.answering = batch(emptied)
    body: dict[str, Json] = {"country": "GB", "city": "Hull"}
    done = run(client, Patch("p", "x", body, "e1"))["p"]
    assert done.contact is not None
    assert done.contact.city == "Hull"
    [again] = operations(server.seen[1])
    assert (again["body"], cast(JsonObject, again["headers"])["If-Match"]) == ({"city": "Hull"}, "e2")


@pytest.mark.parametrize(
    "reply", [error(409, "Request_EntityChanged"), error(400, "Application_DialogException")]
)
def test_a_contact_that_was_made_is_not_called_refused_when_what_follows_is(
    server: ScriptedServer, client: BcClient, reply: Reply
) -> None:
    """Whoever is told so would make it again."""
    made = Reply(201, {"id": "x", "@odata.etag": "e1", "country": "GB", "city": ""})
    server.answering = batch(lambda operation: made if operation["method"] == "POST" else reply)
    body: dict[str, Json] = {"type": "Person", "displayName": "Ada", "country": "GB", "city": "Hull"}
    assert run(client, Create("c", body))["c"].status is WriteStatus.BUSY


def test_a_hundred_operations_fill_a_batch(server: ScriptedServer, client: BcClient) -> None:
    server.answering = batch(written)
    run(client, *(create(number) for number in range(201)))
    assert [len(operations(seen)) for seen in server.seen] == [100, 100, 1]


def test_throttled_operations_and_those_after_them_come_later(server: ScriptedServer, client: BcClient) -> None:
    throttled = iter([error(429, "Application_TooManyRequests", Retry_After="10")])
    server.answering = batch(
        lambda operation: (
            next(throttled, written(operation)) if "id-p" in str(operation["url"]) else written(operation)
        ),
        continues=False,
    )
    run(client, create(1), patch("p"), create(2))
    assert [(seen.at, len(operations(seen))) for seen in server.seen] == [(0.0, 3), (10.0, 2)]


@pytest.mark.parametrize(
    "lost", [DROP, error(504, ""), error(503, "Internal_TenantUnavailable", Retry_After="30")]
)
def test_a_creation_whose_answer_got_lost_is_looked_up_not_repeated(
    server: ScriptedServer, client: BcClient, lost: Reply
) -> None:
    server.script.append(lost)
    server.answering = batch(written)
    found = BcContact("new", "etag", "KT1", "Person", "Person 1")
    results = run(client, create(1), patch("p"), lookup={"c1": found})
    assert results["c1"] == WriteResult("c1", WriteStatus.DONE, found)
    assert [operation["method"] for seen in server.seen[1:] for operation in operations(seen)] == ["PATCH"]


def test_a_creation_is_repeated_only_after_two_looks_in_vain(server: ScriptedServer, client: BcClient) -> None:
    server.script.append(error(504, ""))
    server.answering = batch(written)
    looks: list[float] = []

    def look(key: str) -> BcContact | None:
        looks.append(server.clock.monotonic())
        return None

    done: list[WriteResult] = []
    client.write([create(n) for n in range(40)], done.append, lambda: False, look)
    assert (looks[0], looks[-1], len(looks)) == (2.0, 22.0, 80)  # the batch may have been at work for 20 s
    assert [seen.at for seen in server.seen] == [0.0, 22.0]
    assert {result.status for result in done} == {WriteStatus.DONE}


def test_answers_missing_without_a_failure_are_lost_answers(server: ScriptedServer, client: BcClient) -> None:
    server.script.append(Reply(200, {"responses": [{"id": "1", "status": 201, "body": {"id": "x"}}]}))
    found = BcContact("y", "etag", "KT2", "Person", "Person 2")
    results = run(client, create(1), create(2), lookup={"c2": found})
    assert results["c2"].contact == found
    assert len(server.seen) == 1


def test_a_change_whose_answer_got_lost_is_sent_again_with_the_same_etag(
    server: ScriptedServer, client: BcClient
) -> None:
    server.script.append(error(504, ""))
    server.answering = batch(lambda _: error(409, "Request_EntityChanged"))
    assert run(client, patch("p"))["p"].status == WriteStatus.CONFLICT
    first, again = (operations(seen)[0] for seen in server.seen)
    assert first == again


def test_a_success_without_a_body_is_read_back(server: ScriptedServer, client: BcClient) -> None:
    play = batch(lambda _: Reply(204))
    server.answering = lambda seen: (
        play(seen) if seen.method == "POST" else Reply(200, {"value": [{"id": "id-p"}]})
    )
    assert run(client, patch("p"))["p"].contact == BcContact("id-p", "", "", "", "")


def test_a_write_that_never_gets_through_is_busy(server: ScriptedServer, client: BcClient) -> None:
    server.answering = batch(
        lambda operation: (
            error(500, "Internal_ServerError") if "id-bad" in str(operation["url"]) else written(operation)
        )
    )
    results = run(client, patch("bad"), patch("good"))
    assert (results["bad"].status, results["good"].status) == (WriteStatus.BUSY, WriteStatus.DONE)
