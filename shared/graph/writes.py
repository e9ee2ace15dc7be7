"""What can be written to a folder of Outlook contacts, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shared.model import Json, Marker, OutlookContact
from shared.transport.batching import Written


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
WriteResult: TypeAlias = Written[OutlookContact]
