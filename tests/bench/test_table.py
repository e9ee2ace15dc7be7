"""What a row says of a figure, and which rows can be asked for."""

from __future__ import annotations

import argparse

import pytest
from rich.console import Console

from sandbox.bench.control import LoggedCall
from sandbox.bench.core_workload import workload
from sandbox.bench.storm import resends
from sandbox.bench.table import at_most, exactly, number, rendered
from sandbox.commands.bench import run
from sandbox.install import Missing
from shared.core.decide import decide


def test_figure_at_its_limit_meets_it_and_one_above_does_not() -> None:
    assert at_most("T1", "wall", 5.0, 5.0, "s").met
    missed = at_most("T1", "wall", 5.1, 5.0, "s")
    assert not missed.met
    assert missed.ratio == pytest.approx(1.02)


def test_count_must_be_exact_too_few_is_a_miss_as_well() -> None:
    assert exactly("T3", "requests", 2, 2, "").met
    assert not exactly("T3", "requests", 1, 2, "").met
    assert exactly("T8", "violations", 0, 0, "").ratio is None


@pytest.mark.parametrize(
    ("value", "text"), [(20_000, "20,000"), (0.0714, "0.071"), (1.5, "1.50"), (123.46, "123.5"), (0, "0")]
)
def test_numbers_show_as_many_digits_as_tell_something(value: float, text: str) -> None:
    assert number(value) == text


def test_table_says_yes_or_no_for_every_row() -> None:
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as shown:
        console.print(rendered([exactly("T3", "requests", 2, 2, ""), exactly("T4", "requests", 7, 4, "")]))
    lines = shown.get().splitlines()
    assert [line.split()[-1] for line in lines] == ["met", "yes", "NO"]


def test_row_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(Missing, match=r"T2.*Rows: T1, T3"):
        run(argparse.Namespace(rows="T3,T2", quick=True))


def test_same_call_twice_is_a_resend_and_another_page_is_none() -> None:
    def call(query: str, item: bool = False, path: str = "/users/u/contacts") -> LoggedCall:
        return LoggedCall(
            n=1,
            service="graph",
            method="GET",
            path=path,
            query=query,
            status=200,
            item=item,
            started=0,
            ended=0,
        )

    assert resends([call("$skip=0"), call("$skip=10")]) == 0
    assert resends([call("$skip=0"), call("$skip=0", item=True), call("$skip=0")]) == 2
    assert resends([call("", path="/$batch"), call("", path="/$batch")]) == 0


def test_workload_of_the_core_needs_exactly_one_write_per_edited_pair() -> None:
    work = workload(100)
    plan = decide(work.links, work.bc, work.outlook, work.rules)
    assert work.edited == 10
    assert plan.writes == 10
    assert plan.unchanged == 90
    assert {len(step.to_bc) + len(step.to_outlook) for step in plan} == {2}
