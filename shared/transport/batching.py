"""What goes into a JSON batch and what becomes of it: both services spell it alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from shared.model import Json

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Item:
    """`url`: a path under the address that the batch is sent to, such as the mailbox's."""

    method: str
    url: str
    body: Mapping[str, Json] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class WriteStatus(StrEnum):
    """`GONE`: 404. `CONFLICT`: changed since it was read. `REFUSED`: another 4xx. `BUSY`: not now.

    After `BUSY` it is unknown whether the write was carried out.
    """

    DONE = "done"
    GONE = "gone"
    CONFLICT = "conflict"
    REFUSED = "refused"
    BUSY = "busy"


@dataclass(frozen=True)  # with slots, Python 3.11 cannot make one by an alias such as Written[BcContact]
class Written(Generic[C]):
    """`contact`: what the service answered (the new base), None after a deletion and where nothing was done.

    `key`: the caller's name for the write. `code`: the service's own error code. `retry_after`: seconds,
    where the service named some.
    """

    key: str
    status: WriteStatus
    contact: C | None = None
    code: str = ""
    retry_after: float | None = None
