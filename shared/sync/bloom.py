"""Which contacts have a link, in a few kilobytes: "surely not" or "probably", never a wrong "not"."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

LARGEST = 48 * 1024
"""Bytes. A property of a row holds 64 KiB (contracts/azure-functions.md, "Table Storage")."""
_BITS_PER_KEY = 10
_PROBES = 7
_ROUND = 64


def bloom(keys: Collection[str]) -> bytes:
    """A filter of these keys: one in a hundred others is wrongly taken for one of them.

    Up to 39,000 keys; beyond that the filter grows no more and is wrong more often, which costs a look.
    """
    if not keys:
        return b""
    wanted = -(-len(keys) * _BITS_PER_KEY // 8)
    size = min(LARGEST, -(-wanted // _ROUND) * _ROUND)
    bits = bytearray(size)
    for key in keys:
        for place in _places(key, size * 8):
            bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def holds(bits: bytes, key: str) -> bool:
    """Whether the key may be among those that the filter was made of; False is certain."""
    return bool(bits) and all(bits[place >> 3] & (1 << (place & 7)) for place in _places(key, len(bits) * 8))


def _places(key: str, size: int) -> Iterator[int]:
    digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
    first, step = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big") | 1
    return ((first + number * step) % size for number in range(_PROBES))
