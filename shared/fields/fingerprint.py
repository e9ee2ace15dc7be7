"""Fingerprints: what tells, without keeping contact data, which fields changed since the last sync.

One print per slot: the twelve `FIELDS` in order, the parts of an Outlook name, its other telephones. A print
is the first eight bytes of an HMAC-SHA-256, with the setup's random key, over the slot's number and the raw
text the server returned (sync rules §4, §10). Nothing is normalised, so no change of a library ever looks
like an edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hmac import digest

from shared.fields.raw import bc_texts, outlook_texts
from shared.model import FIELDS, BcContact, Field, OutlookContact

PRINTS_VERSION = 1
"""Moves when the slots or their raw texts do: prints of another version compare as never seen."""

_WIDTH = 8
_PARTS = len(FIELDS)
_OTHER_PHONES = len(FIELDS) + 1
_SLOTS = tuple(bytes([slot]) for slot in range(len(FIELDS) + 2))
_SIZE = _WIDTH * len(_SLOTS)
_SLOT_OF = {field: slot for slot, field in enumerate(FIELDS)}
_NOTHING: frozenset[Field] = frozenset()
_EVERYTHING = frozenset(FIELDS)


def bc_prints(key: bytes, c: BcContact) -> bytes:
    """The prints of a Business Central contact, 14 × 8 bytes; the last two are the same for all."""
    return _prints(key, (*bc_texts(c), "", ""))


def outlook_prints(key: bytes, c: OutlookContact) -> bytes:
    """The prints of an Outlook contact, 14 × 8 bytes.

    The name's slot holds the display name as it stands, the last but one its parts, the last the telephones
    beside the first. The names that go with e-mail addresses are the server's and no part of a print
    (contracts/graph.md §1.5).
    """
    parts = f"{c.given_name}\0{c.middle_name}\0{c.surname}"
    return _prints(key, (*outlook_texts(c), parts, "\0".join(c.business_phones[1:])))


def changed(prints_then: bytes, prints_now: bytes) -> frozenset[Field]:
    """The fields whose text differs; all of them where there are no prints of then, or of another layout."""
    if prints_then == prints_now:
        return _NOTHING
    if len(prints_then) != _SIZE:
        return _EVERYTHING
    different = {field for slot, field in enumerate(FIELDS) if _differ(prints_then, prints_now, slot)}
    if parts_changed(prints_then, prints_now):
        different.add(Field.NAME)
    return frozenset(different)


def parts_changed(then: bytes, now: bytes) -> bool:
    """Whether a part of the Outlook name differs; so where there are no prints of then."""
    return len(then) != _SIZE or _differ(then, now, _PARTS)


def keep(then: bytes, now: bytes, fields: Iterable[Field]) -> bytes:
    """`now`, but with the prints of then for these fields: their change has not been dealt with."""
    kept = bytearray(now)
    old = then if len(then) == _SIZE else bytes(_SIZE)
    for field in fields:
        for slot in (_SLOT_OF[field], _PARTS) if field is Field.NAME else (_SLOT_OF[field],):
            place = slice(slot * _WIDTH, (slot + 1) * _WIDTH)
            kept[place] = old[place]
    return bytes(kept)


@dataclass(frozen=True, slots=True)
class Prints:
    """The fingerprints of one setup: its random key, and what can be asked of prints already made."""

    key: bytes

    def bc(self, contact: BcContact) -> bytes:
        return bc_prints(self.key, contact)

    def outlook(self, contact: OutlookContact) -> bytes:
        return outlook_prints(self.key, contact)

    def shows(self, prints: bytes, field: Field, text: str) -> bool:
        """Whether the raw text of a field was this one."""
        slot = _SLOT_OF[field]
        print_ = digest(self.key, _SLOTS[slot] + text.encode("utf-8", "surrogatepass"), "sha256")[:_WIDTH]
        return prints[slot * _WIDTH : (slot + 1) * _WIDTH] == print_

    def single_phone(self, prints: bytes) -> bool:
        """Whether an Outlook contact had no business telephone beside the first."""
        return prints[_OTHER_PHONES * _WIDTH :] == _blank_prints(self.key)[_OTHER_PHONES]


def _differ(then: bytes, now: bytes, slot: int) -> bool:
    place = slice(slot * _WIDTH, (slot + 1) * _WIDTH)
    return then[place] != now[place]


def _prints(key: bytes, texts: tuple[str, ...]) -> bytes:
    return b"".join(
        [
            digest(key, slot + text.encode("utf-8", "surrogatepass"), "sha256")[:_WIDTH] if text else blank
            for slot, text, blank in zip(_SLOTS, texts, _blank_prints(key), strict=True)
        ]
    )


@lru_cache(maxsize=64)
def _blank_prints(key: bytes) -> tuple[bytes, ...]:
    # Half of all texts are blank; their prints depend on the key alone.
    return tuple(digest(key, slot, "sha256")[:_WIDTH] for slot in _SLOTS)
