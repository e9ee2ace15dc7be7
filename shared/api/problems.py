"""What went wrong, as RFC 9457 problem details: safe to show, with what to do."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.api.http import PROBLEM, Response, json_response
from shared.errors import (
    Busy,
    FieldProblem,
    LeaseLost,
    NotFound,
    RequestError,
    ServiceError,
    SettingError,
    StateConflict,
    SyncError,
    place_of,
)
from shared.model import Json

log = logging.getLogger(__name__)

TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Body too large",
    415: "Wrong content type",
    422: "Key used for something else",
    500: "Unexpected error",
    502: "Refused by a service",
    503: "Not available now",
}
_RETRY_SECONDS = 10


class Refusal(RequestError):
    """A RequestError with headers of its own, such as Allow."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: tuple[FieldProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, TITLES[status], detail, errors)
        self.headers = dict(headers or {})


def problem(
    status: int,
    title: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Problem details; `errors[]` names the members at fault."""
    body: dict[str, Json] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = [_entry(error) for error in errors]
    return json_response(body, status, headers, PROBLEM)


def answer_to(error: SyncError) -> Response:
    """The problem that an error of the product is for the caller. None of them holds contact data."""
    match error:
        case Refusal():
            return problem(error.status, error.title, str(error), error.errors, error.headers)
        case RequestError():
            return problem(error.status, error.title, str(error), error.errors)
        case SettingError():
            return problem(503, "Setting missing or wrong", str(error))
        case Busy():
            seconds = math.ceil(error.retry_after or _RETRY_SECONDS)
            return problem(503, TITLES[503], str(error), headers={"Retry-After": str(seconds)})
        case NotFound():
            return problem(404, TITLES[404], str(error))
        case ServiceError():
            return problem(502, TITLES[502], str(error))
        case LeaseLost() | StateConflict():
            return problem(409, TITLES[409], str(error))
        case _:
            return problem(500, TITLES[500], str(error))


def unexpected(error: Exception) -> Response:
    """For what nobody thought of: the caller learns nothing of it, the log no data."""
    log.error("unexpected %s", place_of(error))
    return problem(500, TITLES[500], "Something unexpected happened. Nothing more is known here; see the log.")


def invalid(error: ValidationError, what: str, prefix: str = "") -> Refusal:
    """400 for a body or query that does not fit its model: every member at fault is named."""
    found = [_from_pydantic(detail, prefix) for detail in error.errors(include_url=False, include_input=False)]
    names = ", ".join(dict.fromkeys(entry.field for entry in found if entry.field))
    detail = f"The {what} is wrong at: {names}." if names else f"The {what} is wrong: {found[0].detail}"
    return Refusal(400, detail, tuple(found))


def bad_member(field: str, detail: str) -> Refusal:
    """400 for one member."""
    return Refusal(400, f"{field}: {detail}", (FieldProblem(field, detail),))


def _from_pydantic(detail: ErrorDetails, prefix: str) -> FieldProblem:
    name = ".".join(str(part) for part in detail["loc"])
    messages = {
        "extra_forbidden": "This member is not known here.",
        "missing": "This member is required.",
        "json_invalid": "The body is not JSON.",
        "model_type": "A JSON object was expected.",
    }
    said = detail["msg"].removeprefix("Value error, ")
    return FieldProblem(prefix + name if name else name, messages.get(detail["type"], said))


def _entry(error: FieldProblem) -> dict[str, Json]:
    entry: dict[str, Json] = {"field": error.field, "detail": error.detail}
    if error.position is not None:
        entry["position"] = error.position
    return entry
