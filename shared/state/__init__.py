"""What the app remembers: Table Storage and the work queue behind one `Store`."""

from shared.state.claims import Claim
from shared.state.companies import Company, Reference
from shared.state.conflicts import Conflict, FieldConflict
from shared.state.held import HeldItem
from shared.state.job_queue import Job
from shared.state.outcomes import ContactOutcome
from shared.state.removed import RemovedCopy
from shared.state.rows import Page
from shared.state.run_queue import Claimed, QueuedRun
from shared.state.runs import FINISHED, Counts, Mode, Run, RunKind, RunState, SideCounts, Trigger
from shared.state.setups import SetupState, StoredSetup
from shared.state.store import Store
from shared.state.subscriptions import Service, Subscription

__all__ = [
    "FINISHED",
    "Claim",
    "Claimed",
    "Company",
    "Conflict",
    "ContactOutcome",
    "Counts",
    "FieldConflict",
    "HeldItem",
    "Job",
    "Mode",
    "Page",
    "QueuedRun",
    "Reference",
    "RemovedCopy",
    "Run",
    "RunKind",
    "RunState",
    "Service",
    "SetupState",
    "SideCounts",
    "Store",
    "StoredSetup",
    "Subscription",
    "Trigger",
]
