"""The contact's properties: what a body may hold, and how it reads back (contracts/graph.md §1.1, §1.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sandbox.graph.errors import bad_argument, bad_body, bad_property
from shared.model import Json

NAME_PARTS: Final = ("givenName", "middleName", "surname")
TEXTS: Final = frozenset(
    {
        "assistantName",
        "businessHomePage",
        "companyName",
        "department",
        "displayName",
        "fileAs",
        "generation",
        "givenName",
        "initials",
        "jobTitle",
        "manager",
        "middleName",
        "mobilePhone",
        "nickName",
        "officeLocation",
        "personalNotes",
        "profession",
        "spouseName",
        "surname",
        "title",
        "yomiCompanyName",
        "yomiGivenName",
        "yomiSurname",
    }
)
COLLECTIONS: Final[Mapping[str, int]] = {
    "businessPhones": 2,
    "homePhones": 2,
    "imAddresses": 3,
    "categories": 1000,
    "children": 1000,
}
"""Collections of texts and how many entries each takes (contracts/graph.md §1.1; the last two generous)."""
ADDRESSES: Final = ("homeAddress", "businessAddress", "otherAddress")
SLOTS: Final = ("primaryEmailAddress", "secondaryEmailAddress", "tertiaryEmailAddress")
READ_ONLY: Final = frozenset({"id", "changeKey", "createdDateTime", "lastModifiedDateTime"})
NAVIGATION: Final = frozenset({"extensions", "photo"})

EMPTY: Final[Mapping[str, Json]] = {
    "categories": [],
    "birthday": None,
    "fileAs": "",
    "displayName": "",
    "givenName": None,
    "initials": None,
    "middleName": None,
    "nickName": None,
    "surname": None,
    "title": None,
    "yomiGivenName": None,
    "yomiSurname": None,
    "yomiCompanyName": None,
    "generation": None,
    "imAddresses": [],
    "jobTitle": None,
    "companyName": None,
    "department": None,
    "officeLocation": None,
    "profession": None,
    "businessHomePage": None,
    "assistantName": None,
    "manager": None,
    "homePhones": [],
    "mobilePhone": None,
    "businessPhones": [],
    "spouseName": None,
    "personalNotes": "",
    "children": [],
    "homeAddress": {},
    "businessAddress": {},
    "otherAddress": {},
}
"""What an unset property reads as (contracts/graph.md §1.1, §1.6)."""

SELECTABLE: Final = READ_ONLY | EMPTY.keys() | {"parentFolderId", "emailAddresses", *SLOTS}

_ADDRESS_PARTS: Final = ("street", "city", "state", "postalCode", "countryOrRegion")
_MAX_TEXT: Final = 255
_MAX_LONG_TEXT: Final = 32_767
_MAX_STREET: Final = 1_024
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_VALID_ADDRESS: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.?[^@\s,;<>\".]+")
MAX_EMAILS: Final = 3

Email = dict[str, Json]


def is_annotation(name: str) -> bool:
    return name in ("@odata.type", "@odata.etag", "@odata.context", "@odata.id")


def check_type(body: Mapping[str, Json], name: str) -> None:
    """Refuse a body that says it is something else."""
    declared = body.get("@odata.type", f"#microsoft.graph.{name}")
    if declared != f"#microsoft.graph.{name}":
        raise bad_body(f"The entity must be of the type 'microsoft.graph.{name}'.")


def read_text(name: str, value: Json, limit: int = _MAX_TEXT) -> str | None:
    """A text or null as sent. Raises GraphError 400."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise bad_body(f"Cannot convert the value of '{name}' to the expected type 'Edm.String'.")
    if len(value) > limit:
        raise bad_argument(f"The value of '{name}' has {len(value)} characters, the limit is {limit}.")
    return value


def _members(name: str, value: Json, type_name: str, allowed: tuple[str, ...]) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise bad_body(
            f"Cannot convert the value of '{name}' to the expected type 'microsoft.graph.{type_name}'."
        )
    check_type(value, type_name)
    for member in value:
        if member not in allowed and not is_annotation(member):
            raise bad_body(f"The property '{member}' does not exist on type 'microsoft.graph.{type_name}'.")
    return value


def _limit(name: str, count: int, limit: int) -> None:
    if count > limit:
        shown = name[0].upper() + name[1:]
        raise bad_argument(
            f"The multi value property {shown} has {count} entries, "
            f"that exceeds the max allowed value of {limit}"
        )


def _read_collection(name: str, value: Json) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_body(f"Cannot convert the value of '{name}' to the expected type 'Collection(Edm.String)'.")
    _limit(name, len(value), COLLECTIONS[name])
    texts: list[Json] = []
    for entry in value:
        text = read_text(name, entry)
        if text is None:
            raise bad_body(f"The collection '{name}' cannot hold null.")
        if text:
            texts.append(text)
    return texts


def _read_address(name: str, value: Json) -> dict[str, Json]:
    """The whole address: members that are not sent are empty afterwards (contracts/graph.md §1.1)."""
    if value is None:
        return {}
    sent = _members(name, value, "physicalAddress", _ADDRESS_PARTS)
    address: dict[str, Json] = {}
    for part in _ADDRESS_PARTS:
        text = read_text(part, sent.get(part), _MAX_STREET if part == "street" else _MAX_TEXT)
        address[part] = text or None
    return address if any(address.values()) else {}


def _read_birthday(value: Json) -> str | None:
    text = read_text("birthday", value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_body(
            "Cannot convert the value of 'birthday' to the expected type 'Edm.DateTimeOffset'."
        ) from error
    if _DATE.fullmatch(text):
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise bad_body("The value of 'birthday' needs an offset from UTC.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_email(value: Json) -> Email | None:
    """One e-mail slot as sent; None for an empty one."""
    if value is None:
        return None
    sent = _members("emailAddresses", value, "emailAddress", ("name", "address"))
    address, name = read_text("address", sent.get("address")), read_text("name", sent.get("name"))
    if not address and not name:
        return None
    email: Email = {}
    if name:
        email["name"] = name
    if address:
        email["address"] = address
    return email


def read_emails(body: Mapping[str, Json], before: list[Email | None]) -> list[Email | None] | None:
    """The slots a body asks for, or None where it says nothing of e-mail.

    `emailAddresses` fills slots 1, 2, 3 in order and empties the rest. Writing a single slot together
    with the collection is refused: which wins is not established (contracts/graph.md §1.1).
    """
    single = [name for name in SLOTS if name in body]
    if "emailAddresses" in body:
        if single:
            raise bad_argument(f"'emailAddresses' and '{single[0]}' cannot be set together.")
        value = body["emailAddresses"]
        if value is None:
            return []
        if not isinstance(value, list):
            raise bad_body("Cannot convert 'emailAddresses' to 'Collection(microsoft.graph.emailAddress)'.")
        _limit("emailAddresses", len(value), MAX_EMAILS)
        if any(entry is None for entry in value):
            raise bad_body("The collection 'emailAddresses' cannot hold null.")
        return [_read_email(entry) for entry in value]
    if not single:
        return None
    slots: list[Email | None] = [*before, None, None, None][:MAX_EMAILS]
    for name in single:
        slots[SLOTS.index(name)] = _read_email(body[name])
    return slots


def settle_email(sent: Email | None, directory: Mapping[str, str], *, rename: bool) -> Email | None:
    """The slot as it reads back: the name filled in, or replaced by the directory's; a malformed address
    leaves only a name (contracts/graph.md §1.5)."""
    if sent is None:
        return None
    address, name = sent.get("address"), sent.get("name")
    if not isinstance(address, str):
        return {"name": name}
    if _VALID_ADDRESS.fullmatch(address) is None:
        return {"name": name or address}
    known = directory.get(address.casefold())
    if known is not None and (rename or not name):
        name = known
    return {"name": name or address, "address": address}


def read_values(body: Mapping[str, Json]) -> dict[str, Json]:
    """The plain properties of a contact body, checked: everything but e-mail, extended properties and
    `parentFolderId`. Raises GraphError 400 for a name or value that does not fit."""
    check_type(body, "contact")
    values: dict[str, Json] = {}
    for name, value in body.items():
        if name in TEXTS:
            text = read_text(name, value, _MAX_LONG_TEXT if name == "personalNotes" else _MAX_TEXT)
            values[name] = text or EMPTY[name]
        elif name in COLLECTIONS:
            values[name] = _read_collection(name, value)
        elif name in ADDRESSES:
            values[name] = _read_address(name, value)
        elif name == "birthday":
            values[name] = _read_birthday(value)
        elif name == "emailAddresses" or name in SLOTS or name in _ELSEWHERE or is_annotation(name):
            continue
        elif name in READ_ONLY:
            raise bad_property(f"The property '{name}' is read-only and cannot be set.")
        else:
            raise bad_body(f"The property '{name}' does not exist on type 'microsoft.graph.contact'.")
    return values


_ELSEWHERE: Final = frozenset(
    {"parentFolderId", "singleValueExtendedProperties", "multiValueExtendedProperties"}
)


def generated_names(values: Mapping[str, Json]) -> tuple[str, str]:
    """`displayName` and `fileAs` as the server makes them: "Given Surname" and "Surname, Given"."""
    given, middle, surname = (str(values.get(part) or "") for part in NAME_PARTS)
    first = " ".join(part for part in (given, middle) if part)
    display = " ".join(part for part in (first, surname) if part)
    file_as = ", ".join(part for part in (surname, first) if part)
    return display, file_as
