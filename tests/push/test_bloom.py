"""The filter of links: small, sometimes wrong, never wrong about what is there."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from shared.sync.bloom import LARGEST, bloom, holds


@given(st.sets(st.uuids().map(str), max_size=300))
def test_every_key_is_held(keys: set[str]) -> None:
    bits = bloom(keys)
    assert all(holds(bits, key) for key in keys)


def test_nothing_holds_nothing() -> None:
    assert bloom([]) == b""
    assert not holds(b"", "any")


def test_few_others_are_taken_for_keys() -> None:
    bits = bloom([str(uuid.UUID(int=number)) for number in range(5_000)])
    others = [str(uuid.UUID(int=number)) for number in range(1_000_000, 1_005_000)]
    assert sum(holds(bits, other) for other in others) < 5_000 * 0.02


def test_filter_fits_into_a_property_however_many_links_there_are() -> None:
    keys = [str(uuid.UUID(int=number)) for number in range(60_000)]
    bits = bloom(keys)
    assert len(bits) == LARGEST
    assert all(holds(bits, key) for key in keys[::1000])
