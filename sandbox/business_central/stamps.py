"""Times as SQL Server keeps and the API shows them, and the ETag of a record."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import orjson

EMPTY_DATE = "0001-01-01"
EMPTY_INSTANT = "0001-01-01T00:00:00Z"

_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?(Z|[+-]\d{2}:\d{2})"
)
_ETAG = re.compile(r'W/"([A-Za-z0-9+/]+=*)"')
_ETAG_INSIDE = re.compile(rb"'\d+;[A-Za-z0-9+/=]+;00;'")


def sql_stamp(moment: datetime) -> str:
    """The moment as a SQL `datetime`: thirds of a hundredth of a second, shown as .000/.003/.007.

    Trailing zeros are trimmed (contracts/business-central.md §3.8).
    """
    moment = moment.astimezone(UTC)
    whole = moment.replace(microsecond=0)
    ticks = round(moment.microsecond * 300 / 1_000_000)
    if ticks == 300:
        whole, ticks = whole + timedelta(seconds=1), 0
    return _shown(whole, round(ticks * 10 / 3))


def plain_stamp(moment: datetime) -> str:
    """The moment in milliseconds, trailing zeros trimmed."""
    moment = moment.astimezone(UTC)
    return _shown(moment, moment.microsecond // 1000)


def _shown(whole: datetime, milliseconds: int) -> str:
    text = whole.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    fraction = f"{milliseconds:03d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def instant_key(stamp: str) -> str:
    """A text whose order is the order in time, for any stamp this module writes."""
    return stamp[:-1]


def parse_instant(literal: str) -> str | None:
    """The `instant_key` of a literal with an offset, or None where it is no moment."""
    match = _INSTANT.fullmatch(literal)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=_zone(offset)
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = (fraction or "").rstrip("0")
    return f"{text}.{digits}" if digits else text


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6])))


def etag_of(values: Mapping[str, object], salt: int = 0) -> str:
    """The weak ETag: a hash of the exposed values (contracts/business-central.md §6).

    `salt`: 0, or a number that makes every ETag another one while the values stay.
    """
    canonical = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    if salt:
        canonical += str(salt).encode()
    number = str(int.from_bytes(hashlib.sha256(canonical).digest()[:8], "big"))
    inside = f"'{len(number)};{number}1;00;'".encode()
    return f'W/"{base64.b64encode(inside).decode()}"'


def is_etag(text: str) -> bool:
    """Whether the text has the shape of an ETag of this service, however stale."""
    match = _ETAG.fullmatch(text)
    if match is None:
        return False
    try:
        inside = base64.b64decode(match.group(1), validate=True)
    except ValueError:
        return False
    return _ETAG_INSIDE.fullmatch(inside) is not None
