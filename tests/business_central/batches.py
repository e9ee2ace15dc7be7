"""Business Central's `$batch` played by a script: one operation after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from shared.model import Json
from tests.transport.scripted import Answering, Reply, Seen

JsonObject = dict[str, Json]


def operations(seen: Seen) -> list[JsonObject]:
    """The operations of a batch that was sent."""
    return cast(list[JsonObject], seen.json["requests"])


def batch(
    on_operation: Callable[[JsonObject], Reply], *, continues: bool = True, ids: bool = True
) -> Answering:
    """Answers each operation; `continues`: after a failure too; `ids`: whether they are given back."""

    def answer(seen: Seen) -> Reply:
        assert seen.target.endswith("/api/v2.0/$batch")
        assert seen.headers["prefer"] == "odata.continue-on-error"
        responses: list[Json] = []
        for operation in operations(seen):
            reply = on_operation(operation)
            assert not isinstance(reply.body, bytes)
            headers: Json = {"content-type": "application/json; odata.metadata=minimal", **reply.headers}
            number = operation["id"] if ids else None
            responses.append({"id": number, "status": reply.status, "headers": headers, "body": reply.body})
            if reply.status >= 400 and not continues:
                break
        return Reply(200, {"responses": responses})

    return answer
