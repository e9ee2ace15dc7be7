"""What happens when one property of a contact is set: the page control's and the table field's rules.

Rules: contracts/business-central.md §2, §3.2–§3.5, §3.9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from sandbox.business_central import errors
from sandbox.business_central.database import NO_PARTS, Company, NameParts, Row
from sandbox.business_central.entity import CONTACT, Kind, Property, Values, utf16_length
from sandbox.business_central.reference import Countries, PostCodes
from sandbox.business_central.stamps import EMPTY_DATE, EMPTY_INSTANT
from sandbox.business_central.switches import Switches
from shared.model import Json

ADDRESS = ("addressLine1", "addressLine2", "city", "state", "postalCode")
COMMUNICATION = ("phoneNumber", "mobilePhoneNumber", "email", "website")

_BLANKS: Mapping[Kind, str | bool] = {
    Kind.BOOLEAN: False,
    Kind.DATE: EMPTY_DATE,
    Kind.INSTANT: EMPTY_INSTANT,
}
BLANK: Values = {
    **{name: _BLANKS.get(prop.kind, "") for name, prop in CONTACT.properties.items()},
    "type": "Company",
    "contactBusinessRelation": "None",
}
"""A contact of which nothing was said yet."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the rules look up beside the contact itself."""

    company: Company
    countries: Countries
    post_codes: PostCodes
    switches: Switches
    tell: Callable[[str], None]


@dataclass(slots=True)
class Draft:
    """A contact being written: `values` as they become, `old` as they were (None: it is new)."""

    values: Values
    old: Row | None
    parts: NameParts = NO_PARTS

    @classmethod
    def of(cls, row: Row) -> Draft:
        return cls(dict(row.values), row, row.parts)

    def text(self, name: str) -> str:
        return str(self.values[name])

    @property
    def is_company(self) -> bool:
        return self.values["type"] == "Company"


def typed(prop: Property, value: Json, setup: Setup) -> str | bool:
    """The value as the property's type, within its length; CODE trimmed and in upper case."""
    if prop.kind is Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise errors.invalid_body(f"Unable to convert value to Boolean in property '{prop.name}'")
        return value
    if not isinstance(value, str):
        raise errors.invalid_body(f"Unable to convert value to String in property '{prop.name}'")
    if prop.kind is Kind.ENUM and value not in prop.members:
        raise errors.not_an_option(value, prop.members, setup.switches.text("bc_enum_error_code"))
    limit = setup.switches.number("bc_website_length") if prop.name == "website" else prop.length
    if limit and (length := utf16_length(value)) > limit:
        raise errors.too_long(length, limit, value)
    if prop.kind is Kind.CODE:
        return value.strip().upper()
    return value.strip() if setup.switches.flag("bc_trim_text") else value


def assign(draft: Draft, name: str, value: str | bool, setup: Setup) -> None:
    """Set one writable property with all that BC does on the way."""
    match name:
        case "type":
            draft.values["type"] = value
        case "displayName":
            set_name(draft, str(value))
        case "companyNumber":
            set_company(draft, str(value), setup)
        case "companyName":
            setup.tell("company_name_sent")
            set_company(draft, find_company(str(value), setup), setup)
        case "country":
            set_country(draft, str(value), setup)
        case "postalCode":
            set_post_code(draft, str(value), setup)
        case "phoneNumber" | "mobilePhoneNumber":
            draft.values[name] = checked_phone(draft, name, str(value), setup)
        case "email":
            draft.values["email"] = checked_email(str(value))
        case _:
            draft.values[name] = value


def set_name(draft: Draft, name: str) -> None:
    if not name.strip():
        raise errors.dialog(
            'The blank "displayName" is not allowed.', 'Ein leeres "displayName" ist nicht zulässig.'
        )
    before = draft.text("displayName")
    draft.values["displayName"] = name
    if draft.text("searchName") in ("", before.strip().upper()):
        draft.values["searchName"] = name.strip().upper()
    if draft.is_company:
        draft.values["companyName"] = name
    else:
        draft.parts = name_parts(name)


def name_parts(name: str) -> NameParts:
    """First name, middle name, surname: the last word, the one before of three or more, the rest."""
    words = name.split()
    surname = words.pop() if words else ""
    middle = words.pop() if len(words) > 1 else ""
    return " ".join(words)[:30], middle[:30], surname[:30]


def set_country(draft: Draft, code: str, setup: Setup) -> None:
    """A change from one country to another clears what lies in it (§3.5)."""
    if code and code not in setup.countries:
        raise errors.not_in_table("Country/Region Code", "Contact", code, "Country/Region")
    before = draft.text("country")
    draft.values["country"] = code
    if before in ("", code) or setup.switches.flag("bc_country_required_in_address"):
        return
    draft.values |= {"city": "", "postalCode": "", "state": ""}


def set_post_code(draft: Draft, code: str, setup: Setup) -> None:
    """A known post code rewrites city, country and state (§3.5)."""
    draft.values["postalCode"] = code
    localization = setup.switches.text("bc_localization")
    row = setup.post_codes.find(code, draft.text("country"), draft.text("city"), localization)
    if row is not None:
        draft.values |= {"city": row.city, "country": row.country, "state": ""}


def checked_phone(draft: Draft, name: str, number: str, setup: Setup) -> str:
    if any(char.isalpha() for char in number):
        caption, where = CONTACT.properties[name].caption, f"No.='{draft.text('number')}'"
        raise errors.dialog(
            f"{caption} must not contain letters in Contact: {where}.",
            f"{caption} darf keine Buchstaben enthalten in Kontakt: {where}.",
            setup.switches.text("bc_phone_error_code"),
        )
    return number


def checked_email(text: str) -> str:
    """The trimmed `;` list of addresses; refused where one part is none (§3.9)."""
    text = text.strip()
    if not text:
        return ""
    for part in text.split(";"):
        if not _is_address(part.strip()):
            raise errors.dialog(
                f'The email address "{part.strip()}" is not valid.',
                f'Die E-Mail-Adresse "{part.strip()}" ist ungültig.',
            )
    return text


def _is_address(part: str) -> bool:
    local, at, domain = part.partition("@")
    if not at or not local or "@" in domain or "." not in domain:
        return False
    if domain[0] == "." or domain.endswith(".") or domain[-2:-1] == ".":
        return False
    if any(char.isspace() or char in '<>()[],:"\\' for char in part) or ".." in part:
        return False
    return parseaddr(part)[1] == part


def set_company(draft: Draft, number: str, setup: Setup) -> None:
    """Join a person to a company contact, with what BC then copies; "" detaches (§3.4)."""
    if number == draft.text("companyNumber"):
        return
    if draft.is_company:
        raise errors.test_field(
            f"Type must be equal to 'Person'  in Contact: No.={draft.text('number')}. "
            "Current value is 'Company'."
        )
    before = setup.company.by_no(draft.text("companyNumber")) if draft.text("companyNumber") else None
    if not number:
        draft.values |= {"companyNumber": "", "companyName": "", "contactBusinessRelation": "None"}
        return
    joined = setup.company.by_no(number)
    if joined is None or joined.values["type"] != "Company":
        raise errors.not_in_table("Company No.", "Contact", number, "Contact")
    draft.values |= {
        "companyNumber": number,
        "companyName": joined.text("displayName"),
        "contactBusinessRelation": joined.values["contactBusinessRelation"],
    }
    _inherit(draft, joined.values, before.values if before is not None else BLANK, setup.switches)


def _inherit(draft: Draft, new: Values, old: Values, switches: Switches) -> None:
    values = draft.values
    if switches.flag("bc_inherit_address"):
        empty = not any(values[name] for name in ADDRESS)
        same = all(values[name] == old[name] for name in (*ADDRESS, "country"))
        if empty or same:
            values |= {name: new[name] for name in ADDRESS}
    if switches.flag("bc_inherit_country"):
        values["country"] = new["country"]
    if switches.flag("bc_inherit_communication"):
        values |= {name: new[name] for name in COMMUNICATION if values[name] in ("", old[name])}


def find_company(text: str, setup: Setup) -> str:
    """The number that BC's fuzzy lookup of a company name ends at, "" for a blank (§3.4)."""
    if not text:
        return ""
    companies = [
        setup.company.rows[each]
        for each in setup.company.by_number.upwards()
        if setup.company.rows[each].values["type"] == "Company"
    ]
    wanted = text.casefold()
    direct = setup.company.by_no(text.strip().upper()) if len(text) <= 20 else None
    if direct is not None:
        return direct.key
    for row in companies:
        if row.text("displayName").casefold() == wanted:
            return row.key
    for row in companies:
        if row.key.casefold().startswith(wanted) or row.text("displayName").casefold().startswith(wanted):
            return row.key
    columns = ("number", "displayName", "city", "phoneNumber", "postalCode")
    hits = [row.key for row in companies if any(wanted in row.text(name).casefold() for name in columns)]
    if len(hits) != 1:
        raise errors.dialog(
            "You must select an existing contact.", "Sie müssen einen vorhandenen Kontakt auswählen."
        )
    return hits[0]


def in_order(body: Mapping[str, Json], order: str, places: Mapping[str, int]) -> list[str]:
    """The names of a body's properties as they are walked: as sent, or in the page's order (§3.2)."""
    return sorted(body, key=lambda name: places[name]) if order == "page" else list(body)
