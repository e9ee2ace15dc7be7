"""`dev.py bench`: the table of spec/targets.md, measured here and now."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable

from rich.console import Console

from sandbox.bench import changes, deciding, drain, first_sync, footprint, storm, ticking, webhooks
from sandbox.bench.table import FULL, QUICK, Row, Sizes, rendered
from sandbox.install import Missing

_WIDE = 150
"""Columns where the table goes to a file."""
MEASURES: dict[str, Callable[[Sizes], list[Row]]] = {
    "T1": first_sync.measure,
    "T3": changes.unchanged,
    "T4": changes.changed,
    "T5": deciding.measure,
    "T6": ticking.measure,
    "T8": storm.measure,
    "T9": webhooks.measure,
    "T10": drain.measure,
    "T11": footprint.measure,
}


def run(arguments: argparse.Namespace) -> int:
    """0 whatever the times: it is a benchmark, not a test. Raises `Missing` for an unknown row."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDE
    names = _chosen(arguments.rows)
    sizes = QUICK if arguments.quick else FULL
    rows: list[Row] = []
    try:
        for name in names:
            with console.status(f"measuring {name}"):
                rows += MEASURES[name](sizes)
    finally:
        # Also what was measured before something went wrong.
        console.print(rendered(rows))
        console.print(f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores.")
        if arguments.quick:
            console.print("With --quick the work is too small for its times to tell anything.")
    return 0


def _chosen(text: str | None) -> list[str]:
    if text is None:
        return list(MEASURES)
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in MEASURES]
    if unknown or not names:
        raise Missing(f"There is no row {', '.join(unknown) or text!r}. Rows: {', '.join(MEASURES)}.")
    return names
