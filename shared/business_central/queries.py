"""Filters in Business Central's OData dialect: few operators, `or` on one field only, 8,000 characters.

Characters that AL's own filter language knows can leak through and act as wildcards (contract §5). So a
text with such characters is searched by a harmless piece of it: what comes back is a superset, and the
caller compares exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

LONGEST = 7_000
"""Escaped characters of one filter: the ceiling of the whole query is 8,099 (contract §5, §14.26)."""
LONGEST_QUERY = 8_050
"""Escaped characters of a whole query, with what a gateway may add to it."""
MOST = 100
"""Alternatives in one filter."""
NESTED_CALLS = "$schemaversion=2.1"
"""The option without which `contains(tolower(…))` is 501."""

_LEAKING = re.compile(r"[*?@|&<>()]|\.\.")
_LEAKING_IN_ADDRESS = re.compile(r"[*?|&<>()]|\.\.")


def escape(expression: str) -> str:
    """A filter expression, ready for an address."""
    return quote(expression, safe="(),:.-")


def literal(value: str) -> str:
    """A text literal: quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def any_of(terms: Iterable[str], around: str = "{}") -> Iterator[str]:
    """Escaped filters that join the terms (all on one field) by `or`, as few as the limits allow.

    `around`: what the alternatives stand in, e.g. "type eq 'Company' and ({})".
    """
    frame = len(escape(around))
    chunk: list[str] = []
    size = frame
    for term in terms:
        cost = len(escape(term)) + len(escape(" or "))
        if chunk and (size + cost > LONGEST or len(chunk) == MOST):
            yield escape(around.format(" or ".join(chunk)))
            chunk, size = [], frame
        chunk.append(term)
        size += cost
    if chunk:
        yield escape(around.format(" or ".join(chunk)))


def is_plain(value: str) -> bool:
    """Whether nothing in the text can act as a filter character."""
    return not _LEAKING.search(value)


def harmless_piece(value: str) -> str:
    """The longest part of the text in which nothing can act as a filter character; may be ""."""
    return max(_LEAKING.split(value), key=len).strip()


def harmless_address(address: str) -> str:
    """The same for an e-mail address: its @ acts only at the start of a text."""
    return max(_LEAKING_IN_ADDRESS.split(address), key=len).lstrip("@")
