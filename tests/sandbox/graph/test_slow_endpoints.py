"""How a slow subscriber is treated: delayed, then dropped (contracts/graph.md §6.5)."""

from __future__ import annotations

from sandbox.graph.postbox import Endpoint


def answered(*seconds: float) -> Endpoint:
    """An address that took so long for its answers, one a second."""
    endpoint = Endpoint()
    for at, took in enumerate(seconds):
        endpoint.note(float(at), took)
    return endpoint


def test_more_than_a_tenth_over_three_seconds_delays_by_ten_minutes() -> None:
    assert answered(*[0.1] * 18, 4, 4).delay(20) == 0.0
    assert answered(*[0.1] * 17, 4, 4, 4).delay(20) == 600.0


def test_more_than_fifteen_percent_over_ten_seconds_drops_for_ten_minutes() -> None:
    assert not answered(*[0.1] * 17, 11, 11, 11).drops(20)
    dropping = answered(*[0.1] * 16, 11, 11, 11, 11)
    assert dropping.drops(20) and dropping.drops(600)
    assert not dropping.drops(620)


def test_a_few_answers_say_nothing() -> None:
    assert answered(*[11.0] * 9).delay(10) == 0.0


def test_old_answers_are_forgotten() -> None:
    slow = answered(*[4.0] * 10)
    assert slow.delay(10) == 600.0
    assert slow.delay(700) == 0.0
