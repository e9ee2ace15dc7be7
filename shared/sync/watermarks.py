"""Where the next run goes on in Business Central: the watermark, its overlap, and time that runs back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.core.snapshot import SeenBc
from shared.model import BcContact, Link
from shared.state.setups import SetupState

OVERLAP = timedelta(minutes=10)
"""How far Business Central's watermark stays behind: a change may be committed late (contract §8)."""
_QUICK = timedelta(minutes=1)  # so much of the overlap is for the reading itself
_ROUNDING = timedelta(milliseconds=10)
_FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)  # what Business Central calls no time at all
_BEGINNING = "0001-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the next run goes on, if this one ends well."""

    delta_link: str
    bc_watermark: str
    bc_digest: str
    bc_count: int
    bc_newest: str


def marks_after(
    contacts: Collection[BcContact], count: int, link: str, before: SetupState, took: float
) -> Marks:
    """The marks after reading these contacts, of `count` there are (-1: not told), in `took` seconds."""
    newest = max((c.modified for c in contacts), key=instant, default="")
    watermark = overlap_before(newest, took) if newest else before.bc_watermark or _BEGINNING
    floor = instant(watermark)
    recent = sorted(f"{c.id} {c.etag}" for c in contacts if instant(c.modified) >= floor)
    digest = hashlib.sha256("\n".join(recent).encode()).hexdigest()[:32]
    return Marks(link, watermark, digest, count, newest)


def restored(links: Iterable[Link], seen: Mapping[str, SeenBc]) -> bool:
    """Whether Business Central's time runs backwards: a linked contact is older than recorded (§6)."""
    for link in links:
        found = seen.get(link.bc_id)
        if found and link.bc_modified and surely_older(found.contact.modified, link.bc_modified):
            return True
    return False


def surely_older(now: str, then: str) -> bool:
    """Whether a stamp lies before another, as far as its digits tell.

    The same moment may be told with more digits in the answer to a write than by the database, which
    rounds to 3 ms (contracts/business-central.md §3.8, §8).
    """
    digits = re.search(r"\.(\d+)", now)
    told_to = timedelta(seconds=10.0 ** -len(digits[1]) if digits else 1.0)
    return instant(then) - instant(now) > max(told_to, _ROUNDING)


def instant(text: str) -> datetime:
    """The time a service's stamp names."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def overlap_before(newest: str, took: float = 0.0) -> str:
    """Business Central's watermark after a read whose newest stamp is this one.

    A read that `took` long may end with changes younger than others on its first page, which it did not see.
    """
    overlap = OVERLAP + max(timedelta(seconds=took) - _QUICK, timedelta())
    moment = max(instant(newest), _FIRST_INSTANT + overlap) - overlap
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
