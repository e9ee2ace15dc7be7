"""Graph's JSON contacts as our own values, read leniently (contracts/graph.md §1)."""

from __future__ import annotations

from dataclasses import replace

from shared.graph.markers import MARKER_ID, PRIVATE, SENSITIVITY_ID, parse_marker, read_property
from shared.model import Json, Marker, OutlookContact

MAPPED = (
    "categories",
    "displayName",
    "givenName",
    "middleName",
    "surname",
    "jobTitle",
    "companyName",
    "emailAddresses",
    "businessPhones",
    "mobilePhone",
    "businessAddress",
    "businessHomePage",
)
"""What the sync reads or writes of a contact."""
SELECT = ",".join(("id", "createdDateTime", "lastModifiedDateTime", "parentFolderId", *MAPPED))

OUR_CATEGORY = "Business Central"

_OWN_TEXTS = (
    "personalNotes",
    "nickName",
    "title",
    "generation",
    "initials",
    "department",
    "officeLocation",
    "profession",
    "manager",
    "assistantName",
    "spouseName",
    "yomiGivenName",
    "yomiSurname",
    "yomiCompanyName",
)
_OWN_LISTS = ("homePhones", "imAddresses", "children")
_OWN_ADDRESSES = ("homeAddress", "otherAddress")


def parse_contact(item: dict[str, Json], *, inspected: bool) -> OutlookContact | None:
    """One contact; None where it has no id. `inspected`: it was read with its extended properties."""
    contact_id = text(item, "id")
    if not contact_id:
        return None
    address = item.get("businessAddress")
    place: dict[str, Json] = address if isinstance(address, dict) else {}
    contact = OutlookContact(
        id=contact_id,
        etag=text(item, "@odata.etag"),
        display_name=text(item, "displayName"),
        given_name=text(item, "givenName"),
        middle_name=text(item, "middleName"),
        surname=text(item, "surname"),
        job_title=text(item, "jobTitle"),
        company_name=text(item, "companyName"),
        emails=tuple(_address(entry) for entry in _list(item, "emailAddresses")),
        business_phones=_texts(item, "businessPhones"),
        mobile=text(item, "mobilePhone"),
        street=text(place, "street"),
        city=text(place, "city"),
        state=text(place, "state"),
        postal_code=text(place, "postalCode"),
        country=text(place, "countryOrRegion"),
        website=text(item, "businessHomePage"),
        categories=_texts(item, "categories"),
        created=text(item, "createdDateTime"),
        modified=text(item, "lastModifiedDateTime"),
        folder=text(item, "parentFolderId"),
    )
    if not inspected:
        return contact
    return replace(
        contact,
        inspected=True,
        marker=parse_marker(read_property(item, MARKER_ID)),
        private=read_property(item, SENSITIVITY_ID) == PRIVATE,
    )


def marked(contact: OutlookContact, marker: Marker) -> OutlookContact:
    """The contact as it is after our marker was written: Graph doesn't echo it (contracts/graph.md §2.2)."""
    return replace(contact, inspected=True, marker=marker)


def own_content(item: dict[str, Json]) -> bool:
    """Whether a whole contact holds anything of the user's own that the sync does not map.

    Such a contact counts as changed when its Business Central contact is deleted (sync rules §4).
    """
    if any(text(item, name).strip() for name in _OWN_TEXTS) or any(_texts(item, name) for name in _OWN_LISTS):
        return True
    if _is_set(item.get("birthday")):
        return True
    for name in _OWN_ADDRESSES:
        address = item.get(name)
        if isinstance(address, dict) and any(isinstance(part, str) and part for part in address.values()):
            return True
    second_phone = [phone for phone in _texts(item, "businessPhones")[1:] if phone]
    return bool(second_phone) or any(name != OUR_CATEGORY for name in _texts(item, "categories"))


_NO_YEAR = "1000"
_RESTORABLE = frozenset((*MAPPED, "fileAs", *_OWN_TEXTS, *_OWN_LISTS, *_OWN_ADDRESSES))


def restorable(item: dict[str, Json]) -> dict[str, Json]:
    """The body that creates a contact anew as it was: what may be written and holds something.

    Anything else that a server shows of a contact it may refuse to be told (contracts/graph.md §2.3).
    """
    body = {
        name: value for name, value in item.items() if name in _RESTORABLE and value not in (None, [], {}, "")
    }
    return body | ({"birthday": item["birthday"]} if _is_set(item.get("birthday")) else {})


def _is_set(birthday: Json) -> bool:
    """Whether it is one: a day of the year 1 has been seen where there was none (contracts/graph.md §1.1)."""
    return isinstance(birthday, str) and birthday[:4] > _NO_YEAR


def text(item: dict[str, Json], name: str) -> str:
    """A text member, "" where it is absent, null or something else."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _list(item: dict[str, Json], name: str) -> list[Json]:
    value = item.get(name)
    return value if isinstance(value, list) else []


def _texts(item: dict[str, Json], name: str) -> tuple[str, ...]:
    return tuple(entry for entry in _list(item, name) if isinstance(entry, str))


def _address(entry: Json) -> str:
    """The address. Of a malformed one Graph shows the name alone (contracts/graph.md §1.5): then that."""
    return (text(entry, "address") or text(entry, "name")) if isinstance(entry, dict) else ""
