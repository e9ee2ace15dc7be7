"""Request bodies: field values as Graph and Business Central want to be told them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.fields import emails, names, texts
from shared.model import Field, Json, OutlookContact

_ADDRESS_PARTS: Mapping[Field, str] = {
    Field.ADDRESS: "street",
    Field.CITY: "city",
    Field.STATE: "state",
    Field.POSTAL_CODE: "postalCode",
    Field.COUNTRY: "countryOrRegion",
}
_PLAIN_OUTLOOK: Mapping[Field, str] = {
    Field.JOB_TITLE: "jobTitle",
    Field.COMPANY: "companyName",
    Field.MOBILE: "mobilePhone",
    Field.WEBSITE: "businessHomePage",
}
# The page's order, but the country before what changing it clears (contracts/business-central.md §3.2, §3.5).
_BC_ORDER: Mapping[Field, str] = {
    Field.NAME: "displayName",
    Field.JOB_TITLE: "jobTitle",
    Field.COMPANY: "companyNumber",
    Field.ADDRESS: "addressLine1",
    Field.COUNTRY: "country",
    Field.CITY: "city",
    Field.STATE: "state",
    Field.POSTAL_CODE: "postalCode",
    Field.PHONE: "phoneNumber",
    Field.MOBILE: "mobilePhoneNumber",
    Field.EMAIL: "email",
    Field.WEBSITE: "website",
}


def outlook_body(values: Mapping[Field, str], current: OutlookContact | None) -> dict[str, Json]:
    """The Graph body that gives a contact these values; `current` None: a contact to create.

    The display name always goes along, for the server replaces it otherwise, and so does the whole business
    address once one part of it changes (contracts/graph.md §0, §1.1). Name parts that already join to the name
    stay as their user set them. "" clears: null, or an empty list.
    """
    shown = values.get(Field.NAME) or (_shown_name(current) if current else "")
    body: dict[str, Json] = {"displayName": shown}
    if current is None or Field.NAME in values:
        body |= _name_parts(shown, current)
    for field, member in _PLAIN_OUTLOOK.items():
        if field in values:
            body[member] = values[field] or None
    if Field.EMAIL in values:
        # Of an address that is none the server keeps the name alone, so that must be what its user wrote.
        body["emailAddresses"] = [
            {"address": address, "name": shown if shown and emails.well_formed(address) else address}
            for address in emails.listed(values[Field.EMAIL])[: emails.SLOTS]
        ]
    if Field.PHONE in values:
        first = values[Field.PHONE]
        second = current.business_phones[1:2] if current else ()
        body["businessPhones"] = [phone for phone in (first, *second) if phone]
    if not _ADDRESS_PARTS.keys().isdisjoint(values):
        body["businessAddress"] = _whole_address(values, current)
    if current is not None:
        return body
    return {member: value for member, value in body.items() if _worth_creating(member, value)}


def _worth_creating(member: str, value: Json) -> bool:
    # Graph has refused a create without givenName (contracts/graph.md §1.5): sent even when blank.
    return member == "givenName" or (any(value.values()) if isinstance(value, dict) else bool(value))


def _shown_name(current: OutlookContact) -> str:
    return current.display_name or names.joined_name(current)


def _name_parts(name: str, current: OutlookContact | None) -> dict[str, Json]:
    if current and texts.fold_blanks(names.joined_name(current)) == texts.fold_blanks(name):
        return {}
    given, middle, surname = names.split_name(name)
    blank = None if current else ""
    return {"givenName": given or blank, "middleName": middle or blank, "surname": surname or blank}


def _whole_address(values: Mapping[Field, str], current: OutlookContact | None) -> dict[str, Json]:
    now: Mapping[Field, str] = {}
    if current is not None:
        now = {
            Field.ADDRESS: current.street,
            Field.CITY: current.city,
            Field.STATE: current.state,
            Field.POSTAL_CODE: current.postal_code,
            Field.COUNTRY: current.country,
        }
    return {member: values.get(field, now.get(field)) or None for field, member in _ADDRESS_PARTS.items()}


def bc_body(values: Mapping[Field, str]) -> dict[str, Json]:
    """The Business Central body for these values, in the order in which they should be validated.

    COMPANY is sent as companyNumber, never as companyName (contracts/business-central.md §3.4).
    """
    body: dict[str, Json] = {}
    for field, member in _BC_ORDER.items():
        if field not in values:
            continue
        if field is Field.ADDRESS:
            line1, _, line2 = values[field].partition("\n")
            body |= {"addressLine1": line1, "addressLine2": line2}
        else:
            body[member] = values[field]
    return body


def bc_create_body(values: Mapping[Field, str]) -> dict[str, Json]:
    """The body that creates a Person: its type first, no blanks (contracts/business-central.md §3.1)."""
    body: dict[str, Json] = {"type": "Person"}
    return body | {member: value for member, value in bc_body(values).items() if value}
