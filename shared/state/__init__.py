"""What the app remembers: Table Storage and the work queue behind one `Store`."""

from shared.state.links import Links
from shared.state.rows import Page
from shared.state.run_queue import Claimed, QueuedRun
from shared.state.runs import FINISHED, Counts, Mode, Run, RunKind, RunState, SideCounts, Trigger
from shared.state.setups import SetupState, StoredSetup
from shared.state.store import Store

__all__ = [
    "FINISHED",
    "Claimed",
    "Counts",
    "Links",
    "Mode",
    "Page",
    "QueuedRun",
    "Run",
    "RunKind",
    "RunState",
    "SetupState",
    "SideCounts",
    "Store",
    "StoredSetup",
    "Trigger",
]
