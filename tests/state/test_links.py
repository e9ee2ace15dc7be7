from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from shared.model import Field, Link, LinkState, Outcome, Reason
from shared.state import Store
from tests.state.conftest import Who


def link(number: int) -> Link:
    return Link(
        f"bc-{number:05d}", f"AAMk{'x' * 140}{number}=", LinkState.LINKED, bc_prints=bytes([number % 256]) * 96
    )


FULL = Link(
    bc_id="new:/\\#?'~ü",
    outlook_id="AA'Mk=",
    state=LinkState.REMOVING,
    refused=(Field.JOB_TITLE, Field.PHONE),
    bc_etag='W/"1"',
    outlook_etag='W/"2"',
    bc_prints=bytes(range(256)),
    outlook_prints=b"\x00",
    bc_modified="2026-01-01T00:00:00.123Z",
    matched=False,
    private=True,
    unlooked=True,
    outcome=Outcome.FAILED,
    note=Reason.MOVED_OUT,
    run="r",
    at="2026-01-01T00:00:00Z",
)


def test_link_is_read_back_as_it_was_saved(store: Store, who: Who) -> None:
    plain = Link("b", "o", LinkState.DETACHED)
    store.links.save(*who.pair, [FULL, plain])
    assert {each.bc_id: each for each in store.links.load(*who.pair)} == {FULL.bc_id: FULL, "b": plain}


def test_saved_again_nothing_of_the_former_stays(store: Store, who: Who) -> None:
    store.links.save(*who.pair, [FULL])
    emptied = Link(FULL.bc_id, "", LinkState.LINKED, matched=False)
    store.links.save(*who.pair, [emptied])
    assert store.links.load(*who.pair) == [emptied]


def test_more_than_a_page_is_loaded_whole_and_counted(store: Store, who: Who) -> None:
    links = [link(number) for number in range(1050)]
    store.links.save(*who.pair, links)
    store.links.save(who.user, "another", links[:3])
    assert sorted(store.links.load(*who.pair), key=lambda each: each.bc_id) == links
    assert store.links.count(*who.pair) == 1050


def test_pages_do_not_stay_in_memory(store: Store, who: Who) -> None:
    """20,000 links fit into an instance of 512 MB beside everything else (spec/targets.md T11)."""
    store.links.save(*who.pair, [link(number) for number in range(3000)])
    tracemalloc.start()
    try:
        loaded = store.links.load(*who.pair)
        size, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / len(loaded) < 2_600


@pytest.mark.parametrize("count", [0, 1, 2, 12, 13, 30, 61, 100])
def test_some_links_are_found_by_either_side(store: Store, who: Who, count: int) -> None:
    links = [link(number) for number in range(120)]
    store.links.save(*who.pair, links)
    wanted = links[10 : 10 + count]
    by_bc = store.links.load_some(*who.pair, [*(each.bc_id for each in wanted), "unknown"])
    by_outlook = store.links.find_by_outlook(*who.pair, [*(each.outlook_id for each in wanted), "unknown", ""])
    assert sorted(by_bc, key=lambda each: each.bc_id) == wanted
    assert sorted(by_outlook, key=lambda each: each.bc_id) == wanted


def test_ids_that_differ_in_case_are_different(store: Store, who: Who) -> None:
    lower, upper = Link("b", "AAMka", LinkState.LINKED), Link("B", "AAMkA", LinkState.LINKED)
    store.links.save(*who.pair, [lower, upper])
    assert store.links.find_by_outlook(*who.pair, ["AAMkA"]) == [upper]
    assert store.links.load_some(*who.pair, ["b"]) == [lower]


def test_last_of_two_versions_in_one_save_counts(store: Store, who: Who) -> None:
    store.links.save(*who.pair, [link(1), replace(link(1), state=LinkState.DETACHED)])
    assert [each.state for each in store.links.load(*who.pair)] == [LinkState.DETACHED]


def test_deleting_does_not_mind_what_is_gone(store: Store, who: Who) -> None:
    store.links.save(*who.pair, [link(number) for number in range(5)])
    store.links.delete(*who.pair, ["bc-00001", "gone", "bc-00003"])
    assert store.links.count(*who.pair) == 3
    assert store.links.clear(*who.pair) == 3
    assert store.links.load(*who.pair) == []
