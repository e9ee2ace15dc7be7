"""Who takes part in a sync, on either side (spec/sync-rules.md §2). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shared.fields import addresses, fold_company_name, joined_name, valid_email
from shared.filters import Filter
from shared.model import BcContact, ContactType, OutlookContact, Reason


def bc_scope(contact: BcContact, flt: Filter) -> Reason | None:
    """Why a Business Central contact does not go to Outlook: the first reason that applies. None: it does.

    Privacy comes right after the type: whatever else is wrong with a blocked contact, it is treated as blocked.
    Of a list of addresses one valid one is enough.
    """
    if contact.type != ContactType.PERSON:
        return Reason.NOT_A_PERSON
    if contact.privacy_blocked:
        return Reason.PRIVACY_BLOCKED
    if not contact.display_name.strip():
        return Reason.NO_NAME
    return _address_problem((contact.email,)) or (None if flt.matches(contact) else Reason.OUTSIDE_FILTER)


def outlook_scope(contact: OutlookContact) -> Reason | None:
    """Why a contact in the folder does not go to Business Central: the first reason. None: it does.

    A card with only a company name, or whose every name is that of its company, is no person. `private` is
    known only of a contact that was read with its extended properties (`inspected`).
    """
    names = {fold_company_name(name) for name in (joined_name(contact), contact.display_name)} - {""}
    company = fold_company_name(contact.company_name)
    if company and names <= {company}:
        return Reason.NOT_A_PERSON
    if not names:
        return Reason.NO_NAME
    return _address_problem(contact.emails) or (Reason.PRIVATE if contact.private else None)


def _address_problem(texts: Iterable[str]) -> Reason | None:
    found = [address for text in texts for address in addresses(text)]
    if not found:
        return Reason.NO_EMAIL
    return None if any(map(valid_email, found)) else Reason.INVALID_EMAIL
