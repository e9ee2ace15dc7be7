"""Every reason in words: what it means for the contact and what the person can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from shared.model import Field, Reason

TOO_LARGE = "copyTooLarge"
"""The code of our own refusal, beside those of the services."""

# Shown to users next to a contact, so they hold on either side and speak of "this contact" only.
EXPLANATIONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NO_NAME: "This contact has no name; give it one and the next run takes it along.",
        Reason.NO_EMAIL: "This contact has no e-mail address; add one and the next run takes it along.",
        Reason.REQUIRED_FIELD: (
            "Name, e-mail, company and country can't be emptied from Outlook, so Business Central's value was "
            "put back; to change it, write the new value in its place."
        ),
        Reason.INVALID_EMAIL: (
            "An e-mail address of this contact is not one that Business Central accepts; correct it where "
            "it was written."
        ),
        Reason.NOT_A_PERSON: (
            "This is a company, not a person, and only persons are synced; if it is a person after all, "
            "set the type to Person in Business Central or give the card a person's name in Outlook."
        ),
        Reason.PRIVATE: (
            "This contact is marked Private in Outlook, so nothing of it goes to Business Central; "
            "remove the mark to share it."
        ),
        Reason.PRIVACY_BLOCKED: (
            "This contact is blocked for privacy in Business Central, so it is not shown in Outlook; "
            "someone with the right to do so can lift the block there."
        ),
        Reason.OUTSIDE_FILTER: (
            "This contact doesn't match the filter of your setup; change the filter, or the contact in "
            "Business Central, if you want it."
        ),
        Reason.BELONGS_TO_COMPANY: (
            "This e-mail address belongs to a company in Business Central, so no person is created from it; "
            "give the person an address of their own, or create them in Business Central."
        ),
        Reason.DUPLICATE: (
            "Another contact with this e-mail address takes part already, and a person is taken along once; "
            "delete the one that is too many, or give it an e-mail address of its own."
        ),
        Reason.FOREIGN_MARKER: (
            "This contact is the copy of one in another company or environment and is left alone; move it "
            "to that company's folder, or write it anew here."
        ),
        Reason.DELETED_BY_USER: (
            "You deleted this contact in Outlook and it stays away; ask to bring it back, or add it to the "
            "folder again."
        ),
        Reason.MOVED_OUT: (
            "You moved this contact to another folder, where it is not synced; move it back to go on."
        ),
        Reason.KEPT_EDITED: (
            "This contact was deleted in Business Central after you had changed it in Outlook, so your copy "
            "stays, unsynced; delete it, or ask to create it in Business Central."
        ),
        Reason.DETACHED: (
            "This contact stays in Outlook but is no longer synced, because its counterpart is gone; delete "
            "it, or ask to create it in Business Central."
        ),
        Reason.DIRECTION_OFF: (
            "Your setup doesn't sync in this direction, so this change stays where it was made; change the "
            "direction if it should flow."
        ),
        Reason.COMPANY_NOT_FOUND: (
            "Business Central has no company with this name, so the company was not changed there; write the "
            "name of one that it has, or create the company there and ask for a full sync."
        ),
        Reason.COMPANY_AMBIGUOUS: (
            "Several companies in Business Central have this name, so the company was not changed there; "
            "choose the right one in Business Central."
        ),
        Reason.COUNTRY_UNKNOWN: (
            "Business Central doesn't know this country, so it was not changed there; write its name or its "
            "code as Business Central has it."
        ),
        Reason.PHONE_HAS_LETTERS: (
            "Business Central takes no letters in a phone number, so this one stays in Outlook only; write "
            "it in digits."
        ),
        Reason.TRUNCATED: (
            "A value is longer than the other side can hold and arrived there shortened; your own is "
            "untouched, and a shorter one arrives whole."
        ),
        Reason.REFUSED_BY_BUSINESS_CENTRAL: (
            "Business Central refused a value or the whole change; correct the contact, or ask to try "
            "again once the cause is gone."
        ),
        Reason.REFUSED_BY_OUTLOOK: (
            "Outlook refused a value or the whole change; correct the contact, or ask to try again once the "
            "cause is gone."
        ),
        Reason.THROTTLED: (
            "The service was too busy, or somebody else is just adding the same person; the next run tries "
            "again by itself, there is nothing to do."
        ),
        Reason.BRAKE: (
            "This run would have changed or deleted unusually much, so this waits; look at what is held and "
            "confirm it if it is meant."
        ),
        Reason.PARKED: (
            "This contact failed eight times and is no longer tried; correct it, or ask to try again."
        ),
    }
)

_NO_RIGHT = "the app may not write there; an administrator can let it"
_REFUSALS = frozenset({Reason.REFUSED_BY_BUSINESS_CENTRAL, Reason.REFUSED_BY_OUTLOOK})
# The codes of contracts/graph.md §1.5, §5.3 and contracts/business-central.md §4, in small letters.
_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "errorinvalidargument": "a value is too long, one too many or not in its proper form",
        "errorinvalidproperty": "a value is missing or cannot be set",
        "erroraccessdenied": "the app may not write in this mailbox; an administrator can let it",
        "mailboxnotenabledforrestapi": "there is no active mailbox",
        "errorirresolvableconflict": "it kept changing while it was written",
        "request_entitychanged": "it kept changing while it was written",
        "application_stringexceededlength": "a value is longer than its field",
        TOO_LARGE.lower(): "its copy is too large to be kept for bringing it back, so it was not removed",
        "internal_invalidtablerelation": "a value is not in the list that it has to come from",
        "application_evaluateexception": "a value is not in its proper form",
        "application_fieldvalidationexception": "a value does not fit what else the contact holds",
        "application_dialogexception": "one of its rules does not allow the value",
        "internal_entitywithsamekeyexists": "its number series gave out a number that is taken",
        "internal_companynotfound": "the company is not there any more",
    }
)
# Families of codes, and what stands where a refusal has no code: its status (contracts/business-central.md §4).
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "authorization_": _NO_RIGHT,
        "authentication_": _NO_RIGHT,
        "401": _NO_RIGHT,
        "403": _NO_RIGHT,
        "application_": "one of its rules does not allow the value",
        "badrequest": "it did not understand the request, which is a fault of this app",
    }
)
_FIELD_NAMES: Mapping[Field, str] = MappingProxyType(
    {
        Field.NAME: "name",
        Field.JOB_TITLE: "job title",
        Field.COMPANY: "company",
        Field.EMAIL: "e-mail",
        Field.PHONE: "telephone",
        Field.MOBILE: "mobile telephone",
        Field.ADDRESS: "street",
        Field.COUNTRY: "country",
        Field.CITY: "city",
        Field.STATE: "state",
        Field.POSTAL_CODE: "postal code",
        Field.WEBSITE: "website",
    }
)


def explain(reason: Reason, code: str = "", refused: Iterable[Field] = ()) -> str:
    """A reason in words; of a refusal also its cause, by the `code` that the service gave.

    `refused`: the fields that were not taken, where the others were.
    """
    if reason not in _REFUSALS:
        return EXPLANATIONS[reason]
    told = EXPLANATIONS[reason]
    if names := ", ".join(_FIELD_NAMES[name] for name in refused):
        told += f" Not taken: {names}."
    if code:
        cause = _cause(code.lower())
        told += f" The cause given: {f'{cause} ({code})' if cause else code}."
    return told


def _cause(code: str) -> str:
    return _CAUSES.get(code) or next((text for head, text in _FAMILIES.items() if code.startswith(head)), "")
