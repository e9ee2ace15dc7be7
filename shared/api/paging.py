"""Lists in pages: `{"value": […], "nextLink"?}`, where the link alone leads on."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from shared.api.http import Response, json_response
from shared.api.models import PageQuery
from shared.api.problems import Refusal, bad_member
from shared.api.route import Call
from shared.errors import Refused
from shared.model import Json
from shared.state.rows import Page

T = TypeVar("T")
_PLACE = frozenset({"PartitionKey", "RowKey"})


def listing(call: Call, read: Callable[[int, str], Page[T]], show: Callable[[T], BaseModel]) -> Response:
    """One page of a stored list. `read`: by size and continuation."""
    query = call.query_as(PageQuery)
    page = read_page(read, query.size, query.page or "")
    return listed(call, [show(item) for item in page.items], page.next)


def listing_of(call: Call, items: Sequence[T], show: Callable[[T], BaseModel]) -> Response:
    """One page of a list that is at hand whole; its places are plain numbers."""
    query = call.query_as(PageQuery)
    if query.page and not query.page.isdecimal():
        raise made_up()
    first = int(query.page or 0)
    end = first + query.size
    return listed(call, [show(item) for item in items[first:end]], str(end) if end < len(items) else "")


def read_page(read: Callable[[int, str], Page[T]], size: int, place: str) -> Page[T]:
    """Reads a page from a place that the caller named. Raises Refusal 400 for a place that was made up."""
    if place and not _is_place(place):
        raise made_up()
    try:
        return read(size, place)
    except Refused as error:
        if not place:
            raise
        raise made_up() from error


def listed(call: Call, items: Iterable[BaseModel], following: str = "") -> Response:
    """A list as it is answered; without `nextLink` at its end."""
    value: list[Json] = [item.model_dump(mode="json", by_alias=True) for item in items]
    body: dict[str, Json] = {"value": value}
    if following:
        body["nextLink"] = call.with_query(page=following)
    return json_response(body)


def made_up() -> Refusal:
    """400 for a page that no list has led to."""
    return bad_member("page", "This is no page of this list. Follow nextLink as it is.")


def _is_place(text: str) -> bool:
    try:
        place = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError, RecursionError):
        return False
    # Storage names no row where it stopped between two partitions.
    return (
        isinstance(place, dict)
        and set(place) == _PLACE
        and _is_plain(place["PartitionKey"])
        and (place["RowKey"] is None or _is_plain(place["RowKey"]))
    )


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()
