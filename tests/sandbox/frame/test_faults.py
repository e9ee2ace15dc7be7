"""Which calls a fault hits, and how often."""

from __future__ import annotations

import random
import re

import pytest

from sandbox.faults import Fault, Faults


def hits(faults: Faults, calls: int, *kinds: str, path: str = "/users/u1/contacts") -> list[bool]:
    return [faults.take("graph", "GET", path, *kinds) is not None for _ in range(calls)]


def test_a_fault_hits_once_unless_told_otherwise() -> None:
    faults = Faults()
    faults.add(Fault("reject"))
    assert hits(faults, 3) == [True, False, False]


def test_skip_lets_calls_pass_first_and_times_counts_the_hits() -> None:
    faults = Faults()
    faults.add(Fault("reject", skip=2, times=2))
    assert hits(faults, 6) == [False, False, True, True, False, False]


def test_times_zero_stays_until_cleared() -> None:
    faults = Faults()
    faults.add(Fault("reject", times=0))
    assert hits(faults, 5) == [True] * 5
    faults.clear()
    assert hits(faults, 1) == [False]


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Fault("reject", service="graph"), True),
        (Fault("reject", service="businessCentral"), False),
        (Fault("reject", method="GET"), True),
        (Fault("reject", method="POST"), False),
        (Fault("reject", path="contacts$"), True),
        (Fault("reject", path="^/contacts"), False),
    ],
)
def test_service_method_and_path_select_the_call(fault: Fault, hit: bool) -> None:
    faults = Faults()
    faults.add(fault)
    assert hits(faults, 1) == [hit]


def test_only_the_kinds_asked_for_are_taken() -> None:
    faults = Faults()
    faults.add(Fault("delay"))
    faults.add(Fault("drop"))
    taken = faults.take("graph", "GET", "/x", "drop", "reject")
    assert taken is not None
    assert taken.kind == "drop"
    assert [fault.kind for fault in faults.coming()] == ["delay"]


def test_without_a_path_the_items_of_a_batch_are_meant_not_the_batch() -> None:
    faults = Faults()
    faults.add(Fault("reject", times=0))
    assert hits(faults, 1, path="/$batch") == [False]
    assert hits(faults, 1) == [True]
    faults.add(Fault("reject", path=re.escape("/$batch")))
    assert hits(faults, 1, path="/$batch") == [True]


def test_a_storm_hits_the_share_that_was_asked_for() -> None:
    faults = Faults(random.Random(3))
    faults.add(Fault("reject", times=0, rate=0.1, retry_after="1..5"))
    taken = [faults.take("graph", "GET", "/x") for _ in range(2000)]
    struck = [fault for fault in taken if fault is not None]
    assert 150 < len(struck) < 250
    assert {fault.retry_after for fault in struck} == {"1", "2", "3", "4", "5"}


def test_a_storm_is_the_same_for_the_same_seed() -> None:
    def storm() -> list[bool]:
        faults = Faults(random.Random(3))
        faults.add(Fault("reject", times=0, rate=0.5))
        return hits(faults, 50)

    assert storm() == storm()


def test_a_bad_path_expression_is_refused_at_once() -> None:
    with pytest.raises(re.error):
        Faults().add(Fault("reject", path="("))
