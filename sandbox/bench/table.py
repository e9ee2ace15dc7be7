"""What a benchmark row tells, and how large its work is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, against what, and whether it is reached.

    `ratio`: figure divided by floor or target; None where the two can't be divided.
    """

    id: str
    what: str
    figure: str
    target: str
    ratio: float | None
    met: bool


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much work each row does; latencies in seconds. `FULL` is what spec/targets.md asks for."""

    first_sync: int
    first_sync_latency: float
    links: int
    edits: int
    pairs: tuple[int, ...]
    setups: int
    companies: int
    storm: int
    notifications: int
    largest_body: int
    mailboxes: int
    mailbox_latency: float
    workers: tuple[int, ...]
    footprint: int


FULL = Sizes(
    first_sync=1_000,
    first_sync_latency=0.3,
    links=5_000,
    edits=50,
    pairs=(5_000, 50_000),
    setups=1_000,
    companies=10,
    storm=1_000,
    notifications=1_000,
    largest_body=100,
    mailboxes=64,
    mailbox_latency=0.05,
    workers=(1, 2, 4),
    footprint=20_000,
)
QUICK = Sizes(
    first_sync=40,
    first_sync_latency=0.05,
    links=120,
    edits=21,
    pairs=(200,),
    setups=12,
    companies=3,
    storm=60,
    notifications=60,
    largest_body=20,
    mailboxes=3,
    mailbox_latency=0.01,
    workers=(1, 2),
    footprint=150,
)


def at_most(id: str, what: str, value: float, limit: float, unit: str, note: str = "") -> Row:
    """A figure that must not be above its limit."""
    figure = f"{number(value)} {unit}".rstrip() + (f" ({note})" if note else "")
    return Row(id, what, figure, f"≤ {number(limit)} {unit}".rstrip(), value / limit, value <= limit)


def exactly(id: str, what: str, value: int, wanted: int, unit: str, note: str = "") -> Row:
    """A count that must be met exactly."""
    figure = f"{value} {unit}".rstrip() + (f" ({note})" if note else "")
    ratio = value / wanted if wanted else None
    return Row(id, what, figure, f"= {wanted} {unit}".rstrip(), ratio, value == wanted)


def number(value: float) -> str:
    """Whole numbers with thousands separated, others with as many digits as tell something."""
    if float(value).is_integer():
        return f"{int(value):,}"
    digits = 0 if abs(value) >= 1_000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def rendered(rows: Iterable[Row]) -> Table:
    """The rows as people read them."""
    table = Table("id", "what", box=None, pad_edge=False)
    table.add_column("figure", justify="right")
    table.add_column("floor or target", justify="right")
    table.add_column("ratio", justify="right")
    table.add_column("met")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.id, row.what, row.figure, row.target, ratio, "yes" if row.met else "NO")
    return table
