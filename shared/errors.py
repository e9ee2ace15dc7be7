"""Every error the product raises on purpose, in one tree.

SyncError                      what happened, to what, and what to do; safe to show, free of contact data
├── SettingError               a setting is missing or wrong: names the setting and the fix     (HTTP 503)
├── RequestError               the caller asked for something that cannot be done               (its .status)
│   └── FilterError            a filter expression is wrong: field, position, what was expected (HTTP 400)
├── ServiceError               Graph, Business Central or Entra answered with a refusal
│   ├── TokenRefused           no token, or the service does not accept it
│   ├── AccessDenied           403: no right to the mailbox or to the environment
│   ├── NotFound               404: mailbox, folder, contact or company does not exist
│   ├── StateLost              the delta token is no longer valid: read everything again
│   ├── VersionConflict        409/412: changed since it was read
│   ├── Refused                any other 4xx for one request: bad value, too long, …
│   └── Busy                   429/503/504 or a dropped connection after all retries; .retry_after seconds
├── LeaseLost                  another run took over; nothing more may be written
├── StateConflict              a stored row changed meanwhile (ETag); read again
└── Unexpected                 what nobody thought of, by type and place alone
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class SyncError(Exception):
    """Base of the tree. `str(error)` is for people."""


class SettingError(SyncError):
    """`setting` names the app setting, `fix` says what to put there."""

    def __init__(self, setting: str, problem: str, fix: str) -> None:
        super().__init__(f"Setting {setting} {problem}. {fix}")
        self.setting = setting


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One entry of problem details' `errors[]`: which member, what is wrong with it."""

    field: str
    detail: str
    position: int | None = None


class RequestError(SyncError):
    """`status` is the HTTP status; `title` is short; `errors` name the members at fault."""

    def __init__(self, status: int, title: str, detail: str, errors: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.errors = errors


class FilterError(RequestError):
    """`position` is the 0-based index in the expression where something else was expected."""

    def __init__(self, field: str, position: int, expected: str) -> None:
        detail = f"Filter field {field!r}, position {position}: {expected}"
        super().__init__(400, "Bad filter", detail, (FieldProblem(f"filter.{field}", expected, position),))
        self.field = field
        self.position = position


class ServiceError(SyncError):
    """A refusal by `service` ("Graph", "Business Central", "Entra"); `code` is the service's own code.

    The service's message is never part of `str(error)`: it may quote contact data.
    """

    def __init__(self, service: str, status: int, code: str, what: str, fix: str) -> None:
        super().__init__(f"{service} {what} ({status} {code}). {fix}")
        self.service = service
        self.status = status
        self.code = code


class TokenRefused(ServiceError):
    pass


class AccessDenied(ServiceError):
    pass


class NotFound(ServiceError):
    pass


class StateLost(ServiceError):
    pass


class VersionConflict(ServiceError):
    pass


class Refused(ServiceError):
    pass


class Busy(ServiceError):
    """`retry_after`: seconds the service asked for, or None where it named none."""

    def __init__(
        self, service: str, status: int, code: str, what: str, fix: str, retry_after: float | None
    ) -> None:
        super().__init__(service, status, code, what, fix)
        self.retry_after = retry_after


class LeaseLost(SyncError):
    pass


class StateConflict(SyncError):
    pass


class Unexpected(SyncError):
    pass


def place_of(error: BaseException) -> str:
    """Type of an error and where it was raised: all that may be told of one whose text nobody knows."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f"{at.tb_frame.f_code.co_qualname}:{at.tb_lineno}" if at is not None else "unknown"
    return f"{type(error).__name__} at {place}"


@contextmanager
def safe_to_log() -> Iterator[None]:
    """Around what the platform calls: it logs the text of an exception and of each that led to it.

    Those may quote contacts, addresses or keys of rows. What leaves here is a SyncError with nothing behind it.
    """
    try:
        yield
    except SyncError as error:
        raise error from None
    except Exception as error:  # noqa: BLE001 - it is raised again, without its text
        raise Unexpected(f"unexpected {place_of(error)}").with_traceback(error.__traceback__) from None
