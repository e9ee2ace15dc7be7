"""T1: how long a first full sync takes, against what Graph's own limits allow."""

from __future__ import annotations

from sandbox.bench.stage import stage
from sandbox.bench.table import Row, Sizes, at_most, number
from shared.state.runs import Mode

_AT_ONCE = 4
"""Items of a batch that Graph works on at once in one mailbox (contracts/graph.md §4)."""
_SLACK = 1.05


def measure(sizes: Sizes) -> list[Row]:
    """The wall time of the run against the floor N·T/4 (spec/targets.md T1)."""
    count, latency = sizes.first_sync, sizes.first_sync_latency
    floor = count * latency / _AT_ONCE
    with stage(f"scale:{count}", latency) as s:
        s.set_up()
        done = s.sync(Mode.FULL)
    assert done.run.counts.to_outlook.created == count
    row = at_most(
        "T1",
        f"first full sync, {count:,} contacts at {latency * 1000:.0f} ms an item, floor {number(floor)} s",
        done.wall,
        _SLACK * floor,
        "s",
        f"{done.wall / floor:.3f} × floor, {done.cpu / count * 1000:.2f} ms CPU a contact",
    )
    return [row]
