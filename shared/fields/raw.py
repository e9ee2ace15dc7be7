"""The texts of a contact's fields as the server returned them, in the order of `FIELDS`."""

from __future__ import annotations

from dataclasses import replace

from shared.fields.names import written_name
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


def outlook_text(field: Field, contact: OutlookContact, *, parts_changed: bool = True) -> str:
    """The text of one field as Outlook returned it.

    NAME: what its user wrote last, the joined name parts where one of them changed, else the display name.
    """
    if field is Field.NAME:
        return written_name(contact, parts_changed=parts_changed)
    return outlook_texts(contact)[_PLACE[field]]


def with_outlook_text(contact: OutlookContact, name: Field, text: str) -> OutlookContact:
    """The Outlook contact with this text in one field, as if its user had written it."""
    match name:
        case Field.NAME:
            return replace(contact, display_name=text, given_name="", middle_name="", surname="")
        case Field.EMAIL:
            return replace(contact, emails=tuple(text.split(";")))
        case Field.PHONE:
            return replace(contact, business_phones=(text, *contact.business_phones[1:]))
        case Field.JOB_TITLE:
            return replace(contact, job_title=text)
        case Field.COMPANY:
            return replace(contact, company_name=text)
        case Field.MOBILE:
            return replace(contact, mobile=text)
        case Field.ADDRESS:
            return replace(contact, street=text)
        case Field.COUNTRY:
            return replace(contact, country=text)
        case Field.CITY:
            return replace(contact, city=text)
        case Field.STATE:
            return replace(contact, state=text)
        case Field.POSTAL_CODE:
            return replace(contact, postal_code=text)
        case Field.WEBSITE:
            return replace(contact, website=text)
