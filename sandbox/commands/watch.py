"""A run on the terminal: a progress bar while it goes, a table of what it did."""

from __future__ import annotations

import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sandbox.commands.api import Api, Run
from shared.core.reasons import EXPLANATIONS
from shared.model import Json, Reason

_LOOK_SECONDS = 0.2


def follow(console: Console, api: Api, run_id: str, title: str) -> Run:
    """Shows a run's progress until it has ended; how it stands then."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(title, total=None)
        while True:
            run = api.run(run_id)
            label = title if run.ended or not run.phase else f"{title}: {run.phase}"
            total = run.total if run.ended else run.total or None
            progress.update(bar, description=label, completed=run.done, total=total)
            if run.ended:
                return run
            time.sleep(_LOOK_SECONDS)


def show_counts(console: Console, runs: dict[str, Run]) -> None:
    """One column per run, one line per figure."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in runs:
        table.add_column(title, justify="right")
    lines = {
        "created in Outlook": [run.counts.to_outlook.created for run in runs.values()],
        "updated in Outlook": [run.counts.to_outlook.updated for run in runs.values()],
        "removed from Outlook": [run.counts.to_outlook.deleted for run in runs.values()],
        "created in Business Central": [run.counts.to_business_central.created for run in runs.values()],
        "updated in Business Central": [run.counts.to_business_central.updated for run in runs.values()],
        "unchanged": [run.counts.unchanged for run in runs.values()],
        "conflicts": [run.counts.conflicts for run in runs.values()],
        "held, to be confirmed": [run.counts.held for run in runs.values()],
        "skipped": [run.counts.skipped for run in runs.values()],
        "failed": [run.counts.failed for run in runs.values()],
    }
    for name, figures in lines.items():
        table.add_row(name, *(str(figure) if figure else "·" for figure in figures))
    table.add_row("state", *(run.state for run in runs.values()))
    console.print(table)
    for title, run in runs.items():
        if run.message:
            console.print(f"{title}: {run.message}", markup=False)


def show_reasons(console: Console, api: Api, run: Run, title: str) -> None:
    """Why contacts were left alone or held: the reasons of a run's actions, the most frequent first."""
    actions = api.actions(run.run_id)
    reasons = Counter((_text(action, "outcome"), _text(action, "reason")) for action in actions)
    table = Table("outcome", "reason", "contacts", "what it means", box=None, pad_edge=False)
    for (outcome, reason), count in reasons.most_common():
        if reason:
            table.add_row(outcome, reason, str(count), EXPLANATIONS[Reason(reason)])
    if table.row_count:
        console.print(f"\n{title}: contacts with a reason", markup=False)
        console.print(table)


def _text(action: object, name: str) -> str:
    value: Json = action.get(name) if isinstance(action, dict) else None
    return value if isinstance(value, str) else ""
