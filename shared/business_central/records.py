"""Business Central's JSON contacts as our own values, read leniently (contracts/business-central.md §2)."""

from __future__ import annotations

from shared.model import BcContact
from shared.transport.http import JsonObject

SELECT = (
    "id,number,type,displayName,jobTitle,companyNumber,companyName,contactBusinessRelation,addressLine1,"
    "addressLine2,city,state,country,postalCode,phoneNumber,mobilePhoneNumber,email,website,searchName,"
    "privacyBlocked,taxRegistrationNumber,lastInteractionDate,lastModifiedDateTime"
)


def parse_contact(item: JsonObject) -> BcContact | None:
    """One contact; None where it has no id."""
    contact_id = guid(item)
    if not contact_id:
        return None
    return BcContact(
        id=contact_id,
        etag=text(item, "@odata.etag"),
        number=text(item, "number"),
        type=text(item, "type"),
        display_name=text(item, "displayName"),
        job_title=text(item, "jobTitle"),
        company_number=text(item, "companyNumber"),
        company_name=text(item, "companyName"),
        business_relation=_relation(text(item, "contactBusinessRelation")),
        address_line1=text(item, "addressLine1"),
        address_line2=text(item, "addressLine2"),
        city=text(item, "city"),
        state=text(item, "state"),
        country=text(item, "country"),
        postal_code=text(item, "postalCode"),
        phone=text(item, "phoneNumber"),
        mobile=text(item, "mobilePhoneNumber"),
        email=text(item, "email"),
        website=text(item, "website"),
        search_name=text(item, "searchName"),
        privacy_blocked=item.get("privacyBlocked") is True,
        tax_registration_number=text(item, "taxRegistrationNumber"),
        last_interaction_date=text(item, "lastInteractionDate") or "0001-01-01",
        modified=text(item, "lastModifiedDateTime") or "0001-01-01T00:00:00Z",
    )


def _relation(member: str) -> str:
    # Enum members come encoded as XML names; the blank one is a single encoded space (contract §2).
    return member.replace("_x0020_", " ").strip() if member else "None"


def guid(item: JsonObject) -> str:
    """The id of an object as addresses want it: bare, here always in lower case; "" where there is none."""
    return text(item, "id").strip("{}").lower()


def text(item: JsonObject, name: str) -> str:
    """A text member, "" where it is absent, null or something else."""
    value = item.get(name)
    return value if isinstance(value, str) else ""
