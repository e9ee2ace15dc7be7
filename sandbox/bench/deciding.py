"""T5: how long the decision takes, alone."""

from __future__ import annotations

import time

from sandbox.bench.core_workload import workload
from sandbox.bench.table import Row, Sizes, at_most
from shared.core.decide import decide

_MICROSECONDS_PER_PAIR = 10.0
_TRIES = 3


def measure(sizes: Sizes) -> list[Row]:
    """CPU time of `decide`, the best of three; the fingerprints of both sides are made before."""
    return [_row(pairs) for pairs in sizes.pairs]


def _row(pairs: int) -> Row:
    taken = []
    for _ in range(_TRIES):
        work = workload(pairs)  # anew, for its rules remember what they judged
        began = time.process_time()
        plan = decide(work.links, work.bc, work.outlook, work.rules)
        taken.append(time.process_time() - began)
        assert plan.writes == work.edited
    limit = pairs * _MICROSECONDS_PER_PAIR / 1_000
    return at_most(
        "T5", f"decide {pairs:,} pairs, one in ten edited in two fields", min(taken) * 1_000, limit, "ms"
    )
