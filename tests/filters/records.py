"""Contacts and their wire form for the filter tests."""

from __future__ import annotations

from shared.filters.fields import FILTER_FIELDS
from shared.model import BcContact


def contact(**values: str) -> BcContact:
    """A contact whose fields are given by Business Central's names."""
    record = {"number": "KT000123", "type": "Person", "displayName": "Ada Lovelace", **values}
    attributes = {FILTER_FIELDS[name].attribute: value for name, value in record.items()}
    return BcContact(id="3f6c1d0a-7a52-ef11-9c36-002248a1b2c3", etag='W/"1"', **attributes)


def wire(contact: BcContact) -> dict[str, str]:
    """The contact's filterable properties under Business Central's names."""
    return {name: getattr(contact, field.attribute) for name, field in FILTER_FIELDS.items()}
