"""A person's name: one text in Business Central, a display name and three parts in Outlook."""

from __future__ import annotations

from shared.fields.texts import clean
from shared.model import OutlookContact


def joined_name(contact: OutlookContact) -> str:
    """The name parts, joined by one blank; "" where there are none (sync rules §5)."""
    parts = (contact.given_name, contact.middle_name, contact.surname)
    return " ".join(part for part in map(clean, parts) if part)


def spoken_name(contact: OutlookContact) -> str:
    """The name the contact goes by: its joined parts, else its display name."""
    return joined_name(contact) or clean(contact.display_name)


def written_name(contact: OutlookContact, *, parts_changed: bool) -> str:
    """The name as its user wrote it last: the parts where one of them changed, else the display name."""
    joined, shown = joined_name(contact), clean(contact.display_name)
    return (joined or shown) if parts_changed else (shown or joined)


def split_name(text: str) -> tuple[str, str, str]:
    """(given, middle, surname), split as Business Central does (contracts/business-central.md §3.3).

    The last word is the surname, with three words or more the last but one the middle name, the rest
    the given name. The parts are not cut: joined they are the text again.
    """
    *before, last = text.split() or [""]
    if len(before) < 2:
        return " ".join(before), "", last
    *given, middle = before
    return " ".join(given), middle, last
