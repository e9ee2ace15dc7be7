from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.errors import StateConflict
from shared.model import ConflictPolicy, Direction, Limit, Setup
from shared.state import Mode, Run, SetupState, Store, StoredSetup
from tests.state.conftest import Clock, Who

EVERYTHING = SetupState(
    print_key=b"",
    folder_id="AAMk=",
    folder_name="Kontakte",
    folder_created_by_us=True,
    marker_seen=True,
    adopted_unstamped=True,
    must_confirm_creates=True,
    delta_link="https://graph/" + "ä😀" * 30_000,
    bc_watermark="2026-03-01T11:50:00Z",
    bc_digest="d",
    bc_count=3,
    bc_newest="2026-03-01T11:00:00.123Z",
    evaluated="e",
    links=7,
    linked_filter=bytes(range(256)) * 192,
    last_sync_at="2026-03-01T11:00:00Z",
    due_at="2026-03-01T13:00:00Z",
    paused_reason="folderGone",
    ledger=(("2026-03-01T11:00:00Z", 3, 4), ("2026-03-01T12:00:00Z", 0, 1)),
    push={"graph": {"id": "s1", "healthy": True, "missed": None}},
    extra={"n": [1, 2.5, "x"]},
)


def test_setup_is_read_back_as_it_was_put(store: Store, who: Who) -> None:
    setup = Setup(
        *who.pair,
        folder_name="Geschäft / Büro # 1?",
        filter={"city": "B*|'a|b'", "name": "é"},
        direction=Direction.TO_OUTLOOK,
        conflict_policy=ConflictPolicy.OUTLOOK,
        max_deletes=Limit(3, 7),
        paused=True,
    )
    stored = store.setups.put(setup)
    assert store.setups.get(*who.pair) == stored
    assert stored.setup == setup


def test_unknown_setup_is_none(store: Store, who: Who) -> None:
    assert store.setups.get(*who.pair) is None
    assert store.setups.list(who.user) == []


def test_new_setup_has_a_print_key_of_its_own_that_replacing_it_keeps(
    store: Store, who: Who, clock: Clock
) -> None:
    first = store.setups.put(who.setup())
    other = store.setups.put(Setup(who.user, "another"))
    again = store.setups.put(replace(who.setup(), folder_name="New"))
    assert len(first.state.print_key) == 32
    assert other.state.print_key != first.state.print_key
    assert again.state == first.state


def test_state_of_any_size_is_read_back_whole(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())
    saved = store.setups.save_state(first, replace(EVERYTHING, print_key=first.state.print_key))
    assert store.setups.get(*who.pair) == saved
    assert saved.state.delta_link == EVERYTHING.delta_link


def test_shorter_state_leaves_nothing_of_the_longer_one(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())
    long = store.setups.save_state(first, EVERYTHING)
    store.setups.save_state(long, SetupState(delta_link="short"))
    found = store.setups.get(*who.pair)
    assert found is not None
    assert found.state == SetupState(delta_link="short")


def test_state_written_over_a_newer_one_is_refused(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())
    store.setups.save_state(first, replace(first.state, links=1))
    with pytest.raises(StateConflict):
        store.setups.save_state(first, replace(first.state, links=2))
    found = store.setups.get(*who.pair)
    assert found is not None and found.state.links == 1


def test_amendment_reaches_the_state_that_stands_now(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())
    store.setups.save_state(first, replace(first.state, links=5))
    store.setups.amend(*who.pair, lambda state: replace(state, paused_reason="mailboxGone"))
    found = store.setups.get(*who.pair)
    assert found is not None
    assert (found.state.links, found.state.paused_reason) == (5, "mailboxGone")


def test_amendments_at_once_all_arrive(store: Store, who: Who) -> None:
    store.setups.put(who.setup())

    def add(name: str) -> StoredSetup | None:
        return store.setups.amend(*who.pair, lambda state: replace(state, push={**state.push, name: True}))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(add, "abc"))
    found = store.setups.get(*who.pair)
    assert found is not None and set(found.state.push) == {"a", "b", "c"}


def test_put_with_a_stale_version_changes_nothing(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())
    second = store.setups.put(replace(who.setup(), paused=True), first.etag)
    with pytest.raises(StateConflict):
        store.setups.put(replace(who.setup(), folder_name="Late"), first.etag)
    assert store.setups.get(*who.pair) == second


def test_put_with_a_version_of_a_setup_that_is_gone_does_not_bring_it_back(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())
    store.setups.delete(*who.pair)
    with pytest.raises(StateConflict):
        store.setups.put(who.setup(), first.etag)
    assert store.setups.get(*who.pair) is None


def test_of_writers_with_one_version_exactly_one_wins(store: Store, who: Who) -> None:
    first = store.setups.put(who.setup())

    def write(number: int) -> bool:
        try:
            store.setups.put(replace(who.setup(), folder_name=f"Folder {number}"), first.etag)
        except StateConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(write, range(6))) == 1


def test_first_puts_at_once_agree_on_one_state(store: Store, who: Who) -> None:
    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(lambda _: store.setups.put(who.setup()), range(4)))
    assert len({found.state.print_key for found in stored}) == 1


def test_list_has_the_setups_of_one_mailbox_only(store: Store, who: Who) -> None:
    companies = ["c", "c-x", "c~state", "ü/#?"]
    for company in companies:
        store.setups.put(Setup(who.user, company))
    store.setups.put(Setup(f"{who.user}0", "c"))
    assert sorted(found.setup.company for found in store.setups.list(who.user)) == sorted(companies)


def test_all_spans_pages_and_leaves_out_what_is_large(store: Store, who: Who) -> None:
    for company in "abcde":
        stored = store.setups.put(Setup(who.user, company))
        store.setups.save_state(stored, replace(EVERYTHING, print_key=stored.state.print_key))
    run = store.run_queue.claim(Run(store.runs.new_id(who.user, "b"), who.user, "b", mode=Mode.FULL)).run
    found = [each for each in store.setups.all(page_size=3) if each.setup.user == who.user]
    assert [each.queued.run if each.queued else "" for each in found] == ["", run, "", "", ""]
    assert [each.setup.company for each in found] == list("abcde")
    assert {each.state.push["graph"] == EVERYTHING.push["graph"] for each in found} == {True}
    assert {(each.state.delta_link, each.state.linked_filter) for each in found} == {("", b"")}


def test_all_brings_a_long_setup_whole_and_every_other_beside_it(store: Store, who: Who) -> None:
    longest = {f"field{number}": "a" + '"' * 3999 for number in range(50)}
    kept = [
        store.setups.put(Setup(who.user, company, filter=expressions)).setup
        for company, expressions in (("a", {}), ("b", longest), ("c", {"name": "x" * 15_900}))
    ]
    assert [each.setup for each in store.setups.all() if each.setup.user == who.user] == kept


def test_what_was_not_read_whole_cannot_be_written_back(store: Store, who: Who) -> None:
    store.setups.put(who.setup())
    listed = next(each for each in store.setups.all() if each.setup.user == who.user)
    with pytest.raises(ValueError, match="not read whole"):
        store.setups.save_state(listed, listed.state)
