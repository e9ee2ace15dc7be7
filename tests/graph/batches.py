"""Graph's `$batch` played by a script: one reply per item, decided by a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from shared.model import Json
from tests.transport.scripted import Answering, Reply, Seen

JsonObject = dict[str, Json]
OnItem = Callable[[JsonObject], Reply]


def items(seen: Seen) -> list[JsonObject]:
    """The items of a batch that was sent."""
    return cast(list[JsonObject], seen.json["requests"])


def batch(on_item: OnItem) -> Answering:
    """Answers each item by itself, last one first, as Graph may."""

    def answer(seen: Seen) -> Reply:
        assert seen.target == "/v1.0/$batch"
        responses: list[Json] = []
        for item in items(seen):
            reply = on_item(item)
            headers: Json = {"Content-Type": "application/json", **reply.headers}
            assert not isinstance(reply.body, bytes)
            responses.append({"id": item["id"], "status": reply.status, "headers": headers, "body": reply.body})
        responses.reverse()
        return Reply(200, {"responses": responses})

    return answer
