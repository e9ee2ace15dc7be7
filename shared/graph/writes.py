"""What can be written to a folder of Outlook contacts, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from shared.model import Json, Marker, OutlookContact


@dataclass(frozen=True, slots=True)
class Create:
    """A new contact. `key` is the caller's own name for the write; `body` is Graph JSON without the marker."""

    key: str
    body: Mapping[str, Json]
    marker: Marker


@dataclass(frozen=True, slots=True)
class Patch:
    """Changed properties of one contact; `etag` "" sends no If-Match; `marker` is (re)written where given."""

    key: str
    id: str
    body: Mapping[str, Json]
    etag: str = ""
    marker: Marker | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The contact goes to Deleted Items."""

    key: str
    id: str
    etag: str = ""


Write: TypeAlias = Create | Patch | Delete


class WriteStatus(StrEnum):
    """`GONE`: 404. `CONFLICT`: changed since it was read. `REFUSED`: another 4xx. `BUSY`: not now.

    After `BUSY` it is unknown whether the write was carried out.
    """

    DONE = "done"
    GONE = "gone"
    CONFLICT = "conflict"
    REFUSED = "refused"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """`contact`: what Graph answered (the new base), None after a deletion and where nothing was done.

    `code`: the service's own error code. `retry_after`: seconds, where the service named some.
    """

    key: str
    status: WriteStatus
    contact: OutlookContact | None = None
    code: str = ""
    retry_after: float | None = None
