"""The clock: finds the setups that are due and queues their runs."""

import os

import azure.functions as func

from shared.errors import safe_to_log
from shared.schedule import timer_schedule
from shared.sync.tick import tick

bp = func.Blueprint()  # type: ignore[no-untyped-call]

# Not %SYNC_SCHEDULE%: the platform can't resolve a setting that is missing, and this one has a default.
_SCHEDULE = timer_schedule(os.environ.get("SYNC_SCHEDULE"))


@bp.function_name("sync_timer")
@bp.timer_trigger(arg_name="timer", schedule=_SCHEDULE, run_on_startup=False, use_monitor=True)
def sync_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding wants the argument
    with safe_to_log():
        tick()
