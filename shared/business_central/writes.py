"""What can be written to Business Central's contacts, and what became of it. Nothing is ever deleted there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shared.model import BcContact, Json
from shared.transport.batching import Written


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
WriteResult: TypeAlias = Written[BcContact]
