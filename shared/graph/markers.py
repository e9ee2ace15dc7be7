"""The one extended property by which the sync knows its own things in a mailbox (contracts/graph.md §2.7).

On a contact it says which Business Central contact it is a copy of; on a folder, whose copies it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.model import Json, Marker

MARKER_ID = "String {6d1f7a52-3c0e-4b8a-9a57-2f94c1e0b7d3} Name BusinessCentralSync"
SENSITIVITY_ID = "Integer 0x0036"
PRIVATE = "2"

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a folder's property says: the company whose contacts it holds."""

    tenant: str
    environment: str
    company: str


def marker_text(marker: Marker) -> str:
    """`tenant|environment|company|contact`: ids in lower case, the environment as it is called."""
    return "|".join((marker.tenant.lower(), marker.environment, marker.company.lower(), marker.contact.lower()))


def parse_marker(text: str) -> Marker | None:
    """The marker behind such a text; None for anything else."""
    parts = text.split("|")
    if len(parts) != 4 or not all(parts):
        return None
    marker = Marker(parts[0].lower(), parts[1], parts[2].lower(), parts[3].lower())
    return marker if _GUID.fullmatch(marker.company) and _GUID.fullmatch(marker.contact) else None


def stamp_text(stamp: Stamp) -> str:
    """`tenant|environment|company`, in the same form as a marker."""
    return "|".join((stamp.tenant.lower(), stamp.environment, stamp.company.lower()))


def parse_stamp(text: str) -> Stamp | None:
    """The stamp behind such a text; None for anything else."""
    parts = text.split("|")
    if len(parts) != 3 or not all(parts):
        return None
    stamp = Stamp(parts[0].lower(), parts[1], parts[2].lower())
    return stamp if _GUID.fullmatch(stamp.company) else None


def extended_property(value: str) -> dict[str, Json]:
    """The member that writes our property, to be merged into the body of a contact or folder."""
    return {"singleValueExtendedProperties": [{"id": MARKER_ID, "value": value}]}


def read_property(item: dict[str, Json], wanted: str) -> str:
    """The value of an extended property of an expanded item, "" where it has none.

    Servers may give the GUID or the tag back in other letters (contracts/graph.md §2.7).
    """
    listed = item.get("singleValueExtendedProperties")
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict):
            continue
        name, value = entry.get("id"), entry.get("value")
        if isinstance(name, str) and isinstance(value, str) and _canonical(name) == _canonical(wanted):
            return value
    return ""


def _canonical(name: str) -> str:
    kind, _, tag = name.partition(" ")
    if tag.lower().startswith("0x"):
        return f"{kind} {int(tag, 16):#x}"
    guid = re.match(r"\{[^}]*\}", tag)
    return f"{kind} {tag[: guid.end()].lower()}{tag[guid.end() :]}" if guid else name
