"""JSON as the services send it, read so that every text in it can be written and stored again."""

from __future__ import annotations

import json
import re

from shared.model import Json

_HALVES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Where a body may name half of a letter beyond 16 bits: a text that was cut inside one."""


def read_json(content: bytes) -> Json:
    """The value of a body; half a letter, which no other body could carry, reads as U+FFFD.

    Raises ValueError for what is no JSON.
    """
    value: Json = json.loads(content)
    return _whole(value) if _HALVES.search(content) else value


def _whole(value: Json) -> Json:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    return [_whole(member) for member in value] if isinstance(value, list) else value
