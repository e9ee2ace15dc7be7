"""T11: the memory of a full run of many contacts, in a process of its own.

Started as a program it is that process: its environment holds the product's settings and the control plane.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from sandbox.bench.control import Control, HurriedClock
from sandbox.bench.stage import Stage, stage
from sandbox.bench.table import Row, Sizes, at_most
from sandbox.install import ROOT, Missing
from sandbox.processes import child
from shared.state.runs import Mode, Trigger
from shared.sync.services import build

_MOST_MEBIBYTES = 256
_LONGEST_SLICE = 300.0
_CONTROL = "BENCH_CONTROL_URL"
_PEAK = Path("/proc/self/status")


class Told(BaseModel):
    """What the process says of one run. `peak`: MiB since its start; `longest` slice: seconds."""

    peak: float
    wall: float
    cpu: float
    slices: int
    longest: float


def measure(sizes: Sizes) -> list[Row]:
    """A first full sync, then an audit of all that is linked; waiting is skipped (spec/targets.md T11)."""
    count = sizes.footprint
    with stage(f"scale:{count}", hurried=True) as s:
        first, audit = _in_a_process({**s.settings, _CONTROL: s.control.url})
    rows = []
    for what, told in (("first full sync", first), ("full sync again", audit)):
        took = f"{told.wall:,.0f} s, {told.cpu / count * 1_000:.2f} ms CPU a contact"
        about = f"{what}, {count:,} contacts"
        rows.append(at_most("T11", f"{about}: peak memory", told.peak, _MOST_MEBIBYTES, "MiB", took))
        slices = f"{told.slices} slices"
        rows.append(at_most("T11", f"{about}: longest slice", told.longest, _LONGEST_SLICE, "s", slices))
    return rows


def _in_a_process(settings: Mapping[str, str]) -> list[Told]:
    with child([sys.executable, "-m", __name__], ROOT, settings) as process:
        assert process.stdout is not None
        told = [Told.model_validate_json(line) for line in process.stdout]
    if len(told) != 2:
        raise Missing("The process that measures memory broke off.")
    return told


def _peak() -> float:
    """Peak of resident memory in MiB: Linux's own figure, for getrusage's begins with the parent's.

    Raises `Missing` where the system tells none.
    """
    if _PEAK.exists():
        line = next(each for each in _PEAK.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) / 1_024
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    raise Missing("Memory is measured on Linux and macOS only. Leave T11 out with --rows.")


def main() -> None:
    """Both runs; one line of JSON each."""
    control = Control(os.environ[_CONTROL], {})
    clock = HurriedClock(control)
    product = Stage(control, dict(os.environ), build(os.environ, clock), clock)
    product.set_up()
    for trigger in (Trigger.MANUAL, Trigger.TIMER):
        done = product.sync(Mode.FULL, trigger)
        told = Told(peak=_peak(), wall=done.wall, cpu=done.cpu, slices=done.slices, longest=done.longest)
        print(told.model_dump_json(), flush=True)


if __name__ == "__main__":
    main()
