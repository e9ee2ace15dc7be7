"""JSON batches (contracts/graph.md §4)."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from sandbox.exchange import ApiRequest, ApiResponse
from tests.sandbox.graph.api import ANN, BEN, IMMUTABLE, Answer, Api

JSON = {"Content-Type": "application/json"}


def batch(api: Api, *requests: dict[str, Any], prefer: str = IMMUTABLE) -> Answer:
    return api.call("POST", "/$batch", {"requests": list(requests)}, prefer=prefer)


def get(id: str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "method": "GET", "url": url, **more}


def by_id(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return {response["id"]: response for response in answer["responses"]}


def test_items_are_carried_out_each_with_its_own_status(api: Api) -> None:
    made, gone = api.create()["id"], api.create()["id"]
    answers = by_id(
        batch(
            api,
            {"id": "1", "method": "PATCH", "url": f"/users/{ANN}/contacts/{made}", "headers": JSON,
             "body": {"jobTitle": "Buyer"}},
            {"id": "2", "method": "POST", "url": api.contacts, "headers": JSON, "body": {"givenName": "New"}},
            {"id": "3", "method": "DELETE", "url": f"users/{ANN}/contacts/{gone}"},
            get("4", f"/users/{ANN}/contacts/junk"),
        )
    )  # fmt: skip
    assert {id: answer["status"] for id, answer in answers.items()} == {"1": 200, "2": 201, "3": 204, "4": 400}
    assert answers["1"]["body"]["jobTitle"] == "Buyer"
    assert answers["3"]["body"] is None
    assert answers["4"]["body"]["error"]["code"] == "ErrorInvalidIdMalformed"
    assert answers["1"]["headers"]["Content-Type"] == "application/json"
    assert all(answer["headers"]["request-id"] for answer in answers.values())


def test_headers_of_the_envelope_do_not_count_for_items(api: Api) -> None:
    id = api.create()["id"]
    url = f"/users/{ANN}/contacts/{id}?$select=id"
    answers = by_id(batch(api, get("1", url), get("2", url, headers={"Prefer": IMMUTABLE})))
    assert answers["1"]["body"]["id"] != id == answers["2"]["body"]["id"]


def test_answers_come_in_any_order(api: Api) -> None:
    requests = [get(str(n), f"/users/{ANN}/contactFolders") for n in range(20)]
    order = [response["id"] for response in batch(api, *requests)["responses"]]
    assert order != [request["id"] for request in requests]
    assert sorted(order) == sorted(request["id"] for request in requests)


def test_twenty_are_taken_and_twenty_one_refused(api: Api) -> None:
    requests = [get(str(n), f"/users/{ANN}/contactFolders") for n in range(21)]
    assert batch(api, *requests[:20]).status == 200
    answer = batch(api, *requests)
    assert (answer.status, answer.code) == (400, "MaximumValueExceeded")
    assert answer.message == "Number of batch request steps exceeds the maximum value of 20."


FOLDERS = f"/users/{ANN}/contactFolders"


@pytest.mark.parametrize(
    "requests",
    [
        [get("a", FOLDERS), get("A", FOLDERS)],
        [{"method": "GET", "url": FOLDERS}],
        [get("", FOLDERS)],
        [{"id": 1, "method": "GET", "url": FOLDERS}],
        [{"id": "1", "url": FOLDERS}],
        [{"id": "1", "method": "FETCH", "url": FOLDERS}],
        [get("1", "https://graph.microsoft.com/v1.0/me")],
        [get("1", "")],
        [get("1", "/$batch")],
        [get("1", "%24batch")],
        [{"id": "1", "method": "POST", "url": FOLDERS, "body": {"displayName": "x"}}],
        [
            {
                "id": "1",
                "method": "POST",
                "url": FOLDERS,
                "headers": {"Accept": "x"},
                "body": {"displayName": "x"},
            }
        ],
        [
            {
                "id": "1",
                "method": "POST",
                "url": FOLDERS,
                "headers": {"Content-Type": "text/plain"},
                "body": {"a": 1},
            }
        ],
        [get("1", FOLDERS, headers=["x"])],
        [get("1", FOLDERS, headers={"Prefer": 5})],
        [get("1", FOLDERS, verb="x")],
        [get("1", FOLDERS), get("2", FOLDERS, depends_on=["1"])],
        ["x"],
        [],
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(api: Api, requests: list[Any]) -> None:
    answer = batch(api, *requests)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert [folder["displayName"] for folder in api.get(FOLDERS)["value"]] == ["Business Central"]


def test_a_body_that_is_no_batch_is_refused(api: Api) -> None:
    for body in ({}, {"requests": "x"}, {"requests": [get("1", FOLDERS)], "more": 1}):
        assert api.call("POST", "/$batch", body).status == 400


def chain(*ids: str) -> list[dict[str, Any]]:
    """Folders created one after the other; an id in upper case names an existing folder, which fails."""
    steps = []
    for before, id in zip((None, *ids), ids, strict=False):
        name = "Business Central" if id.isupper() else f"folder {id}"
        step = {"id": id, "method": "POST", "url": FOLDERS, "headers": JSON, "body": {"displayName": name}}
        steps.append({**step, "dependsOn": [before]} if before else step)
    return steps


def test_a_chain_runs_in_its_order_wherever_its_items_stand(api: Api) -> None:
    answers = by_id(batch(api, *reversed(chain("a", "b", "c"))))
    assert {answer["status"] for answer in answers.values()} == {201}
    names = [folder["displayName"] for folder in api.get(FOLDERS)["value"]]
    assert names == ["Business Central", "folder a", "folder b", "folder c"]


def test_after_a_failure_the_rest_of_a_chain_answers_424(api: Api) -> None:
    answers = by_id(batch(api, *chain("a", "B", "c", "d")))
    assert {id: answer["status"] for id, answer in answers.items()} == {"a": 201, "B": 409, "c": 424, "d": 424}
    assert answers["c"]["body"]["error"]["code"] == "FailedDependency"


@pytest.mark.parametrize(
    "depends",
    [
        [None, ["1"], None],  # one item stands alone
        [None, ["1"], ["1"]],  # a fork
        [["3"], ["1"], ["2"]],  # a ring
        [None, ["1"], ["1", "2"]],  # two at once
        [None, ["1"], ["9"]],  # an unknown one
        [None, ["1"], "2"],  # no collection
    ],
)
def test_any_other_pattern_of_dependencies_is_refused(api: Api, depends: list[Any]) -> None:
    requests = [get(str(n), FOLDERS, dependsOn=before) for n, before in enumerate(depends, 1)]
    assert batch(api, *requests).status == 400


class Counting:
    """A gate that lets items wait and counts how many of a mailbox are under way."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.running: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def item(self, request: ApiRequest) -> ApiResponse:
        key = self.api.service.quota_key(request)
        self.running[key] = self.running.get(key, 0) + 1
        self.most[key] = max(self.most.get(key, 0), self.running[key])
        for _ in range(5):
            await asyncio.sleep(0)
        self.running[key] -= 1
        return await self.api.service.handle(request, self)


def run_counting(api: Api, requests: list[dict[str, Any]]) -> list[int]:
    gate = Counting(api)
    headers = {"content-type": "application/json"}
    call = ApiRequest("POST", "/$batch", "", headers, orjson.dumps({"requests": requests}), app="a")
    assert api.wait(api.service.handle(call, gate)).status == 200
    return sorted(gate.most.values())


def test_at_most_four_items_at_a_time_reach_one_mailbox(api: Api) -> None:
    ann = [get(f"a{n}", FOLDERS) for n in range(10)]
    ben = [get(f"b{n}", f"/users/{BEN}/contactFolders") for n in range(2)]
    assert run_counting(api, ann + ben) == [2, 4]


def test_with_dependencies_one_item_at_a_time_is_carried_out(api: Api) -> None:
    assert run_counting(api, chain("a", "b", "c", "d", "e")) == [1]
