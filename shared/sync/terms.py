"""The terms of a subscription, with whichever service: when to renew, when to try again, its secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.model import Json
from shared.state.keys import moment

_FIRST_RETRY = timedelta(minutes=15)
_LAST_RETRY = timedelta(hours=24)


def retry_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts in vain: a quarter of an hour, doubled each time, up to a day."""
    return min(_FIRST_RETRY * (1 << min(attempts - 1, 10)), _LAST_RETRY)


def half_over(state: Mapping[str, Json], expires: str, now: datetime) -> bool:
    """Whether half of the time since the last renewal is over, or the last attempt went wrong."""
    since = state.get("since")
    if "error" in state or not isinstance(since, str) or not expires:
        return True
    began = moment(since)
    return now >= began + (moment(expires) - began) / 2


def secret(key: bytes, text: str) -> str:
    """Unguessable, for the key is random; the same again after a lost answer (contracts/graph.md §6.2: 409)."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
