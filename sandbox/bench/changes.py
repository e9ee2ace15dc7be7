"""T3 and T4: what a run costs where nothing changed, and where one contact in a hundred did, on one side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from sandbox.bench.stage import COMPANY, USER, Measured, Stage, stage
from sandbox.bench.table import Row, Sizes, at_most, exactly
from sandbox.install import Missing
from sandbox.seed.scale import FOLDER
from shared.state.runs import Mode

_READS = 2
_ROUND_TRIPS = 8
_PER_GRAPH_BATCH = 20
_PER_BC_BATCH = 100
_LATER = 900.0
"""Seconds after which Business Central's watermark, with its overlap, has left earlier changes behind."""
_ROUNDS = 4


def unchanged(sizes: Sizes) -> list[Row]:
    """T3: two data requests, few round trips to Storage."""
    with _settled(sizes.links) as s:
        requests, done = _run(s)
    about = f"nothing changed, {sizes.links:,} links"
    took = f"{done.wall * 1000:.0f} ms, {done.cpu * 1000:.0f} ms CPU"
    return [
        exactly("T3", f"{about}: data requests", requests.total(), _READS, "", took),
        at_most("T3", f"{about}: round trips to Storage", done.round_trips, _ROUND_TRIPS, ""),
    ]


def changed(sizes: Sizes) -> list[Row]:
    """T4: two reads and as few batches as hold the changes, nothing else on the wire."""
    with _settled(sizes.links) as s:
        names = [f"Buyer {number}, promoted" for number in range(sizes.edits)]
        for contact, title in zip(_contacts(s, "businessCentral"), names, strict=False):
            s.control.people("businessCentral", "edit_contact", COMPANY, contact, jobTitle=title)
        to_outlook, there = _run(s)
        assert there.run.counts.to_outlook.updated == sizes.edits
        _settle(s)
        for contact, title in zip(_contacts(s, "graph"), names, strict=False):
            s.control.people("graph", "edit_contact", USER, contact, jobTitle=f"{title} again")
        to_bc, back = _run(s)
        assert back.run.counts.to_business_central.updated == sizes.edits
    about = f"{sizes.edits:,} of {sizes.links:,} changed in"
    in_graph, in_bc = ceil(sizes.edits / _PER_GRAPH_BATCH), ceil(sizes.edits / _PER_BC_BATCH)
    return [
        _row(f"{about} Business Central", to_outlook, there, {"graph": 1 + in_graph, "businessCentral": 1}),
        _row(f"{about} Outlook", to_bc, back, {"graph": 1, "businessCentral": 1 + in_bc}),
    ]


def _row(what: str, requests: Counter[str], done: Measured, wanted: dict[str, int]) -> Row:
    return Row(
        "T4",
        what,
        f"{requests['graph']} + {requests['businessCentral']} requests ({done.wall * 1000:.0f} ms)",
        f"= {wanted['graph']} + {wanted['businessCentral']}",
        requests.total() / sum(wanted.values()),
        dict(requests) == wanted,
    )


@contextmanager
def _settled(links: int) -> Iterator[Stage]:
    """A setup with so many links that has come to rest, its first load long ago."""
    with stage(f"scale:{links}", hurried=True) as s:
        s.set_up()
        s.sync(Mode.FULL)
        _settle(s)
        yield s


def _settle(s: Stage) -> None:
    """Runs until a run finds nothing; one late edit moves Business Central's watermark.

    Raises `Missing` where it does not come to rest.
    """
    s.clock.sleep(_LATER)
    late = _contacts(s, "businessCentral")[-1]
    s.control.people("businessCentral", "edit_contact", COMPANY, late, jobTitle=f"Seen {s.clock.monotonic()}")
    for _ in range(_ROUNDS):
        requests, _ = _run(s)
        if requests.total() == _READS:
            return
    raise Missing("The setup did not come to rest.")


def _contacts(s: Stage, service: str) -> list[str]:
    """Ids of all contacts on one side, in the order of their making."""
    where = (COMPANY,) if service == "businessCentral" else (USER, FOLDER)
    found = s.control.people(service, "contacts", *where)
    assert isinstance(found, list)
    return [str(contact["id"]) for contact in found if isinstance(contact, dict)]


def _run(s: Stage) -> tuple[Counter[str], Measured]:
    """One run and how many requests it made to each service."""
    mark = s.control.mark()
    done = s.sync()
    return Counter(call.service for call in s.control.requests_since(mark)), done
