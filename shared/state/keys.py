"""Keys of rows: safe for any text, and in an order that a query can use."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

SEPARATOR = "~"
"""Joins the parts of a key; never part of an escaped text."""

_PLAIN = re.compile(r"[A-Za-z0-9_.@=-]")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST = 240
_END_OF_TIME = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)


def escape(text: str) -> str:
    """Text as one part of a key: letters keep their case, everything unusual becomes `*` and hex.

    Table Storage refuses `/ \\ # ?` and control characters (contracts/azure-functions.md, Table Storage) and
    keys over 1 KiB; longer texts end in a digest.
    """
    safe = "".join(
        char if _PLAIN.fullmatch(char) else "".join(f"*{byte:02x}" for byte in char.encode()) for char in text
    )
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[: _LONGEST - 64]}{hashlib.sha256(text.encode()).hexdigest()}"


def join(*parts: str) -> str:
    """A key of several texts, each escaped: no two different lists give one key."""
    return SEPARATOR.join(escape(part) for part in parts)


def user_key(user: str) -> str:
    """Partition of a mailbox: its object id. GUIDs are compared without case."""
    return escape(user.lower() if _GUID.fullmatch(user) else user)


def company_key(company: str) -> str:
    """Key of a company id; GUIDs are compared without case."""
    return escape(company.lower() if _GUID.fullmatch(company) else company)


def setup_key(user: str, company: str) -> str:
    """Partition of everything that belongs to one setup."""
    return f"{user_key(user)}{SEPARATOR}{company_key(company)}"


def after(prefix: str) -> str:
    """The first key beyond all keys that begin with `prefix`: for range queries."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"


def stamp(at: datetime) -> str:
    """RFC 3339 UTC with milliseconds: fixed width, so texts compare as times do."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def moment(text: str) -> datetime:
    """The time an RFC 3339 text names."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def inverted(at: datetime) -> str:
    """A key part that sorts newest first."""
    return f"{_END_OF_TIME - _milliseconds(at):015d}"
