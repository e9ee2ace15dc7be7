"""Ids, change keys and tokens in the forms Outlook gives them (contracts/graph.md §1.1, §1.2, §2.6)."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from random import Random
from uuid import UUID

_SHAPE = re.compile(r"AA[A-Za-z0-9_-]{60,}={0,2}")
_IMMUTABLE_PREFIX = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
_CHANGE_KEY_PREFIX = bytes.fromhex("1100000016000000")


def is_well_formed(text: str) -> bool:
    """Whether a text could be an Outlook id at all; junk gets `ErrorInvalidIdMalformed`."""
    return len(text) % 4 == 0 and _SHAPE.fullmatch(text) is not None


def guid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


class IdMaker:
    """Makes one mailbox's ids; all its ids begin alike, as in Outlook."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._mailbox = "AAMkAD" + self._text(45)
        self._store = self._text(18)
        self._replica = rng.randbytes(16)
        self._version = rng.getrandbits(24)

    def folder(self) -> str:
        return f"{self._mailbox}AAuAAAAAAB{self._text(33)}AAA="

    def well_known_folder(self, suffix: str) -> str:
        """The id of a folder every mailbox has; `suffix` is "IBDgAAAA==" for Contacts (§1.2)."""
        return f"AQ{self._mailbox[2:]}{self._text(15)}AAAA{suffix}"

    def mutable(self) -> str:
        """An item's regular id: a new one whenever the item moves."""
        return f"{self._mailbox}ABGAAAAAAB{self._text(45)}AAA="

    def immutable(self) -> str:
        return f"{_IMMUTABLE_PREFIX}{self._store}{self._text(24)}AAA="

    def change_key(self) -> str:
        """A new version of an item; higher than every earlier one of this mailbox."""
        self._version += 1
        return b64encode(_CHANGE_KEY_PREFIX + self._replica + self._version.to_bytes(8, "big")).decode()

    def _text(self, size: int) -> str:
        return urlsafe_b64encode(self._rng.randbytes(size)).decode()


def token(rng: Random) -> str:
    """An opaque delta token, longer than 1 kB (§3.3)."""
    return urlsafe_b64encode(rng.randbytes(900)).decode()
