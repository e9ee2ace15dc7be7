"""The one place where Storage's own errors become the product's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from azure.core.exceptions import AzureError, HttpResponseError

from shared.errors import AccessDenied, Busy, Refused, StateConflict

_CONFLICTS = frozenset({409, 412})
_DENIED = frozenset({401, 403})
_PASSING = frozenset({408, 429})


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translates: 409/412 → StateConflict, 401/403 → AccessDenied, outages → Busy, other refusals → Refused.

    Storage's own message is left out: it may quote keys of rows.
    """
    try:
        yield
    except HttpResponseError as error:
        status = error.status_code or 0
        code = _code(error)
        if status in _CONFLICTS:
            raise StateConflict("A stored row changed meanwhile: read it again") from error
        if status in _DENIED:
            raise AccessDenied(
                "Storage",
                status,
                code,
                "refused access",
                "Give the app's identity the roles Storage Table Data Contributor and Storage Queue Data "
                "Contributor, or check the key in AzureWebJobsStorage.",
            ) from error
        if status and status < 500 and status not in _PASSING:
            raise Refused("Storage", status, code, "refused a row", "This is a fault of the app.") from error
        raise Busy(
            "Storage", status, code, "is busy", "It is tried again by itself.", _retry_after(error)
        ) from error
    except AzureError as error:
        raise Busy(
            "Storage",
            0,
            type(error).__name__,
            "did not answer",
            "It is tried again by itself; if it stays so, check AzureWebJobsStorage.",
            None,
        ) from error


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code or ""))


def _retry_after(error: HttpResponseError) -> float | None:
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    text = str(headers.get("Retry-After", ""))
    return float(text) if text.isdigit() else None
