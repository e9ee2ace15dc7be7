"""Graph's error envelope and the refusals the service answers with (contracts/graph.md §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.model import Json


class GraphError(Exception):
    """A refusal: HTTP `status`, Graph's `code` and `message`, extra response `headers`."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def envelope(code: str, message: str, now: datetime, request_id: str, client_request_id: str) -> Json:
    """The error body of contracts/graph.md §5.3."""
    return {
        "error": {
            "code": code,
            "message": message,
            "innerError": {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }
    }


def item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def id_malformed() -> GraphError:
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def not_supported() -> GraphError:
    """A path or method that does not exist (contracts/graph.md §2.5)."""
    return GraphError(405, "ErrorInvalidRequest", "The OData request is not supported.")


def bad_query(message: str) -> GraphError:
    return GraphError(400, "ErrorInvalidUrlQuery", message)


def bad_body(message: str) -> GraphError:
    """A body that is JSON but not of the entity's shape."""
    return GraphError(400, "RequestBodyRead", message)


def bad_property(message: str) -> GraphError:
    return GraphError(400, "ErrorInvalidProperty", message)


def bad_argument(message: str) -> GraphError:
    return GraphError(400, "ErrorInvalidArgument", message)


def folder_exists() -> GraphError:
    return GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.")
