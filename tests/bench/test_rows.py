"""Every row of the benchmark runs and tells its figures. Counts are held to their targets, times are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.bench import changes
from sandbox.bench.table import QUICK
from sandbox.commands.bench import MEASURES

TINY = replace(
    QUICK, first_sync=8, storm=30, setups=6, notifications=12, largest_body=5, mailboxes=2, footprint=40
)
COUNTS = {"T3", "T4", "T6", "T8"}
"""Rows that hold whatever the machine is busy with."""


def test_run_with_nothing_changed_makes_two_data_requests_and_eight_round_trips_at_most() -> None:
    requests, storage = changes.unchanged(TINY)
    assert (requests.figure.split()[0], requests.target, requests.met) == ("2", "= 2", True)
    assert (storage.target, storage.met) == ("≤ 8", True)


def test_changes_on_one_side_cost_two_reads_and_as_few_batches_as_hold_them() -> None:
    in_bc, in_outlook = changes.changed(replace(TINY, edits=41))
    # 41 changes: three batches of 20 to Graph, one of 100 to Business Central.
    assert (in_bc.target, in_bc.met) == ("= 4 + 1", True)
    assert (in_outlook.target, in_outlook.met) == ("= 1 + 2", True)


@pytest.mark.parametrize("name", sorted(MEASURES.keys() - {"T3", "T4"}))
def test_row_runs_and_tells_its_figures(name: str) -> None:
    rows = MEASURES[name](TINY)
    assert {row.id for row in rows} == {name}
    assert all(row.what and row.figure and row.target for row in rows)
    if name in COUNTS:
        assert [row.what for row in rows if not row.met and "wall" not in row.what] == []
