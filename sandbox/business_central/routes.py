"""Addresses: tenant, environment, API and segments with their keys (contracts/business-central.md §1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.business_central import errors

_ADDRESS = re.compile(r"((?:/[^/]+)?/[^/]+)/api/(v2\.0|microsoft/runtime/beta)(?:/(.*))?", re.DOTALL)
_SEGMENT = re.compile(r"([A-Za-z$][A-Za-z0-9_]*)(?:\((.*)\))?", re.DOTALL)
_SLASH = re.compile(r"/(?=(?:[^']*'[^']*')*[^']*$)")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NAME_KEY = re.compile(r"name='((?:[^']|'')*)'", re.DOTALL)
_STRING_KEY = re.compile(r"'((?:[^']|'')*)'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the path. `key`: what stands in the parentheses, None without them."""

    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`tenant` is "" in the short form. `base`: path up to the API's name, for links. `api`: its name."""

    tenant: str
    environment: str
    base: str
    api: str
    segments: tuple[Segment, ...]


def parse_path(path: str) -> Route:
    """Take a path apart. Raises `Refusal` where it is none of the API's."""
    match = _ADDRESS.fullmatch(path)
    if match is None:
        raise errors.query_syntax(status=404)
    place, api, rest = match.groups()
    parts = place.strip("/").split("/")
    segments = tuple(_segment(piece) for piece in _SLASH.split(rest or ""))
    tenant = parts[0] if len(parts) == 2 else ""
    return Route(tenant, parts[-1], f"{place}/api/{api}", api, segments)


def _segment(piece: str) -> Segment:
    match = _SEGMENT.fullmatch(piece)
    if match is None:
        raise errors.segment_not_found(piece)
    return Segment(match.group(1), match.group(2))


def guid_key(key: str) -> str:
    """A bare GUID key, in lower case."""
    if not _GUID.fullmatch(key):
        raise errors.query_syntax()
    return key.lower()


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def name_key(key: str) -> str | None:
    """The name in a key of the form `name='…'`."""
    match = _NAME_KEY.fullmatch(key)
    return match.group(1).replace("''", "'") if match else None


def string_key(key: str) -> str:
    """A string key; its quotes are mandatory."""
    match = _STRING_KEY.fullmatch(key)
    if match is None:
        raise errors.query_syntax()
    return match.group(1).replace("''", "'")
