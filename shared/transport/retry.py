"""What to do after an answer, or after none: pure, so that every case can be read and tested.

The services' word comes first (`Retry-After`); an effect is repeated only where executing it twice is
harmless or where it surely was not executed (contracts/graph.md §5, contracts/business-central.md §4, §11).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

REQUEST_TIMEOUT = 408
UNAUTHORIZED = 401
TOO_MANY_REQUESTS = 429
NOT_IMPLEMENTED = 501


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to insist: `attempts` in all, `budget` seconds of waiting in all, for answers too.

    Without the service's word the waits are `first`, doubled each time, at most `longest` seconds.
    """

    attempts: int = 6
    budget: float = 120.0
    first: float = 2.0
    longest: float = 120.0


@dataclass(frozen=True, slots=True)
class Stand:
    """The answer is final: a success, or a refusal that the caller has to judge."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Send the same call again after so many seconds, with a new token where `renew`."""

    after: float
    renew: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """It may or may not have been carried out: look after so many seconds, before any repetition."""

    after: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Enough for now. `retry_after`: seconds until it makes sense again, None where nobody said."""

    retry_after: float | None


Step: TypeAlias = Stand | Resend | Lookup | GiveUp


def next_step(
    attempt: int,
    status: int | None,
    retry_after: float | None,
    *,
    safe: bool,
    waited: float,
    jitter: float,
    renewed: bool = False,
    patience: Patience = Patience(),
) -> Step:
    """Decide after the `attempt`-th try (from 1), answered with `status` (None: no answer at all).

    `safe`: executing the call twice does no harm. `waited`: seconds this call has taken so far.
    `jitter`: a number in [0, 1) that spreads the waits. `renewed`: the token is already a fresh one.
    """
    if status == UNAUTHORIZED:
        return GiveUp(None) if renewed else Resend(0.0, renew=True)
    if not is_transient(status):
        return Stand()
    after = retry_after if retry_after is not None else _backoff(attempt, jitter, patience)
    executed = status != TOO_MANY_REQUESTS  # a throttled call was not carried out; any other may have been
    if attempt >= patience.attempts or waited + after > patience.budget:
        return GiveUp(after if retry_after is not None else None)
    return Lookup(after) if executed and not safe else Resend(after)


def is_transient(status: int | None) -> bool:
    """Whether the same call may succeed later: no answer, 408, 429 and 5xx, but not 501 (a refusal)."""
    if status is None or status in (REQUEST_TIMEOUT, TOO_MANY_REQUESTS):
        return True
    return status >= 500 and status != NOT_IMPLEMENTED


def is_lost(status: int | None) -> bool:
    """Whether it is unknown if the call was carried out: transient, but for the throttled ones."""
    return is_transient(status) and status != TOO_MANY_REQUESTS


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds from a `Retry-After` header: whole, a fraction ("2.128") or an HTTP date; None if unusable.

    `now` should be the server's own `Date`, where it sent one: then its clock may be wrong.
    """
    if text is None:
        return None
    try:
        seconds = float(text.strip())
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _backoff(attempt: int, jitter: float, patience: Patience) -> float:
    return min(patience.longest, patience.first * 2.0 ** (attempt - 1) * (1.0 + jitter / 4))
