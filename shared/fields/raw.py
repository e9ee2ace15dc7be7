"""The texts of a contact's fields as the server returned them, in the order of `FIELDS`."""

from __future__ import annotations

from shared.fields.names import joined_name
from shared.model import FIELDS, BcContact, Field, OutlookContact

_PLACE = {field: place for place, field in enumerate(FIELDS)}


def bc_texts(contact: BcContact) -> tuple[str, ...]:
    """Business Central's texts; ADDRESS is both lines with "\\n" between, COMPANY the company's name."""
    return (
        contact.display_name,
        contact.job_title,
        contact.company_name,
        contact.email,
        contact.phone,
        contact.mobile,
        f"{contact.address_line1}\n{contact.address_line2}",
        contact.country,
        contact.city,
        contact.state,
        contact.postal_code,
        contact.website,
    )


def outlook_texts(contact: OutlookContact) -> tuple[str, ...]:
    """Outlook's texts; NAME is the display name, EMAIL the slots joined by `;`, PHONE the first one."""
    return (
        contact.display_name,
        contact.job_title,
        contact.company_name,
        ";".join(contact.emails),
        contact.business_phones[0] if contact.business_phones else "",
        contact.mobile,
        contact.street,
        contact.country,
        contact.city,
        contact.state,
        contact.postal_code,
        contact.website,
    )


def bc_text(field: Field, contact: BcContact) -> str:
    """The text of one field as Business Central returned it."""
    return bc_texts(contact)[_PLACE[field]]


def outlook_text(field: Field, contact: OutlookContact) -> str:
    """The text of one field as Outlook returned it; NAME: the joined name parts, else the display name."""
    if field is Field.NAME:
        return joined_name(contact) or contact.display_name
    return outlook_texts(contact)[_PLACE[field]]
