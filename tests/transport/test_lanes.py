"""Slots in fair order, and pauses."""

from __future__ import annotations

import threading
import time

from shared.transport import Lane, Lanes, SystemClock
from tests.transport.scripted import FakeClock

MAILBOX = Lane("mailbox", 4)


def await_queue(lanes: Lanes, length: int) -> None:
    end = time.monotonic() + 5
    while len(lanes._traffic[MAILBOX.name].waiting) < length:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_no_more_at_once_than_the_lane_has_slots() -> None:
    lanes = Lanes(SystemClock())
    lock = threading.Lock()
    busy, most = 0, 0
    full = threading.Barrier(4)

    def work(wait: bool) -> None:
        nonlocal busy, most
        with lanes.slot(MAILBOX):
            with lock:
                busy += 1
                most = max(most, busy)
            if wait:
                full.wait(timeout=5)  # passes only when four are inside together
            with lock:
                busy -= 1

    threads = [threading.Thread(target=work, args=(True,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert most == 4


def test_first_come_first_served_even_if_a_later_one_would_fit() -> None:
    lanes = Lanes(SystemClock())
    order: list[str] = []

    def work(name: str, weight: int) -> None:
        with lanes.slot(MAILBOX, weight):
            order.append(name)

    with lanes.slot(MAILBOX):
        batch = threading.Thread(target=work, args=("batch", 4))
        batch.start()
        await_queue(lanes, 1)
        read = threading.Thread(target=work, args=("read", 1))
        read.start()
        await_queue(lanes, 2)
        assert order == []
    batch.join(timeout=5)
    read.join(timeout=5)
    assert order == ["batch", "read"]


def test_party_that_holds_nothing_comes_before_those_that_queue_for_more() -> None:
    lanes = Lanes(SystemClock())
    order: list[str] = []

    def work(party: str) -> None:
        with lanes.slot(MAILBOX, party=party):
            order.append(party)

    threads = [threading.Thread(target=work, args=(party,)) for party in ("much", "much", "little")]
    with lanes.slot(MAILBOX, 3, "much"):
        with lanes.slot(MAILBOX, party="other"):
            for number, thread in enumerate(threads, 1):
                thread.start()
                await_queue(lanes, number)
        for thread in threads:
            thread.join(timeout=5)
    assert order == ["little", "much", "much"]


def test_one_mailbox_does_not_hold_up_another() -> None:
    lanes = Lanes(SystemClock())
    with lanes.slot(MAILBOX, 4), lanes.slot(Lane("other mailbox", 4), 4):
        assert lanes.pause_left(Lane("other mailbox", 4)) == 0.0


def test_the_longest_pause_counts_and_ends_by_itself() -> None:
    clock = FakeClock()
    lanes = Lanes(clock)
    lanes.pause(MAILBOX, 7.0)
    lanes.pause(MAILBOX, 2.0)
    assert lanes.pause_left(MAILBOX) == 7.0
    assert lanes.pause_left(Lane("other", 4)) == 0.0
    clock.sleep(6.5)
    assert lanes.pause_left(MAILBOX) == 0.5
    clock.sleep(0.5)
    assert lanes.pause_left(MAILBOX) == 0.0


def test_a_pause_outlives_the_call_that_met_it() -> None:
    clock = FakeClock()
    lanes = Lanes(clock)
    with lanes.slot(MAILBOX):
        lanes.pause(MAILBOX, 3.0)
    assert lanes.pause_left(MAILBOX) == 3.0


def test_a_slot_is_free_again_after_an_error() -> None:
    lanes = Lanes(SystemClock())
    for _ in range(5):
        try:
            with lanes.slot(MAILBOX, 4):
                raise ConnectionError
        except ConnectionError:
            pass
    with lanes.slot(MAILBOX, 4):
        pass
