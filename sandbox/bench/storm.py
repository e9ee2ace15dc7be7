"""T8: a storm of 429: what is sent again, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sandbox.bench.control import LoggedCall
from sandbox.bench.stage import stage
from sandbox.bench.table import Row, Sizes, exactly
from shared.state.runs import Mode

_RATE = 0.1
_THROTTLED = 429


def measure(sizes: Sizes) -> list[Row]:
    """Every resend answers one 429, nothing else is sent twice, nothing comes before its time (T8)."""
    count = sizes.storm
    with stage(f"scale:{count}", hurried=True) as s:
        s.set_up()
        s.control.fault(kind="reject", status=_THROTTLED, rate=_RATE, retry_after="1..5", times=0)
        done = s.sync(Mode.FULL)
        calls, violations = s.control.calls(0), s.control.violations()
    assert done.run.counts.to_outlook.created == count
    refused = sum(call.status == _THROTTLED for call in calls)
    about = f"429 for one call in ten, {count:,} contacts"
    waits = f"{refused} refusals, {done.wall:,.0f} s with the waits"
    return [
        exactly("T8", f"{about}: resends", resends(calls), refused, "", waits),
        exactly("T8", f"{about}: sent too early, or other bad manners", violations, 0, ""),
    ]


def resends(calls: Sequence[LoggedCall]) -> int:
    """How many calls were sent before with the same method, address and body; of a batch its items count."""
    sent = Counter(
        (call.service, call.method, call.path, call.query, str(call.body))
        for call in calls
        if not call.path.endswith("/$batch")
    )
    return sum(times - 1 for times in sent.values())
