"""Request bodies: JSON objects, or the documented refusals (contracts/graph.md §5.3)."""

from __future__ import annotations

import orjson

from sandbox.exchange import ApiRequest
from sandbox.graph.errors import GraphError, bad_body
from shared.model import Json


def read_object(request: ApiRequest) -> dict[str, Json]:
    """The body as a JSON object. Raises GraphError 400."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise bad_body("The request needs a body of the content type 'application/json'.")
    try:
        body: Json = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise GraphError(400, "UnableToDeserializePostBody", "were unable to deserialize") from error
    if not isinstance(body, dict):
        raise bad_body("The request body must be a JSON object.")
    return body


def refuse_body(request: ApiRequest) -> None:
    """Refuse a body where the operation has none. Raises GraphError 400."""
    if request.body.strip() not in (b"", b"{}"):
        raise bad_body("The request must not have a body.")
