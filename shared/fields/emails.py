"""E-mail addresses: a `;` list in Business Central, up to three slots in Outlook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from shared.fields.texts import clean, length

SLOTS = 3
MAX_LENGTH = 80

_LOCAL = r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORDINARY = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+[a-z]{{2,60}}", re.ASCII | re.IGNORECASE)


def listed(text_or_slots: str | Iterable[str]) -> tuple[str, ...]:
    """The addresses as written, in order: trimmed, none blank, none twice (case aside)."""
    texts = (text_or_slots,) if isinstance(text_or_slots, str) else text_or_slots
    found: dict[str, str] = {}
    for text in texts:
        for part in text.split(";"):
            if address := clean(part):
                found.setdefault(address.casefold(), address)
    return tuple(found.values())


def folded(written: Iterable[str]) -> tuple[str, ...]:
    """The addresses case-folded, to compare them by."""
    return tuple(address.casefold() for address in written)


def addresses(text_or_slots: str | Iterable[str]) -> tuple[str, ...]:
    """The addresses to pair by: trimmed, case-folded, in order, none blank, none twice (sync rules §3).

    Takes Business Central's `a@x;b@y` or Outlook's slots.
    """
    return folded(listed(text_or_slots))


def well_formed(address: str) -> bool:
    """Whether the text is one address by its syntax and by Business Central's own rule.

    The rule (contracts/business-central.md §3.9): one `@`, a dot in the domain but not right after the
    `@`, no ending in `.` or `.x`. No look-up: a private or reserved domain is as good as any.
    """
    # The library takes some 50 µs for what is nearly always an ordinary address.
    if len(address) <= MAX_LENGTH and "--" not in address and _ORDINARY.fullmatch(address):
        return len(address.partition("@")[0]) <= 64
    local, at, domain = address.rpartition("@")
    if not at or "@" in local or "." not in domain[1:] or domain.startswith(".") or "." in domain[-2:]:
        return False
    # Imported here: most processes never meet an address that needs it, and it costs 40 ms to load.
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError:
        return False
    return True


def valid_email(text: str) -> bool:
    """Whether the text is one address that Business Central can take (sync rules §2): also not too long."""
    address = clean(text)
    return length(address) <= MAX_LENGTH and well_formed(address)


def fitting(written: Iterable[str]) -> tuple[str, ...]:
    """The addresses that fit into Business Central's field, in order; what doesn't fit is left out whole."""
    kept: list[str] = []
    used = -1
    for address in written:
        if used + 1 + length(address) <= MAX_LENGTH:
            kept.append(address)
            used += 1 + length(address)
    return tuple(kept)


def unfitting(slots: Iterable[str]) -> tuple[str, ...]:
    """The addresses in Outlook's slots that Business Central cannot hold: malformed or left out as too long."""
    written = listed(slots)
    held = set(fitting(address for address in written if well_formed(address)))
    return tuple(address for address in written if address not in held)


def over_bad_slots(slots: Iterable[str], there: Sequence[str]) -> tuple[str, ...]:
    """The addresses in Outlook's slots, but Business Central's in place of one that it cannot take.

    A slot without address holds one that Graph could not read (contracts/graph.md §1.5). Neither it nor a
    malformed address clears anything; what stands beside it is not held up.
    """
    found: list[str] = []
    for place, slot in enumerate(slots):
        written = listed(slot)
        good = bool(written) and all(map(well_formed, written))
        found += written if good else there[place : place + 1]
    return listed(found)


def same_addresses(text: str, slots: Iterable[str]) -> bool:
    """Whether the slots show Business Central's list: its first three, or all that its field could take."""
    bc, outlook = listed(text), listed(slots)
    return folded(outlook) in (folded(bc), folded(bc[:SLOTS])) or folded(fitting(outlook)) == folded(bc)
