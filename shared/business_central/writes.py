"""What can be written to Business Central's contacts, and what became of it. Nothing is ever deleted there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from shared.model import BcContact, Json


@dataclass(frozen=True, slots=True)
class Create:
    """A new contact. `body` is sent in the order given: validation goes by it (contract §3.2)."""

    key: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Patch:
    """Changed properties of one contact, in the order given. `etag` is never blank, never "*"."""

    key: str
    id: str
    body: Mapping[str, Json]
    etag: str


Write: TypeAlias = Create | Patch


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
    """`contact`: what Business Central answered (the new base), None where nothing was done.

    `code`: the service's own error code. `retry_after`: seconds, where the service named some.
    """

    key: str
    status: WriteStatus
    contact: BcContact | None = None
    code: str = ""
    retry_after: float | None = None
