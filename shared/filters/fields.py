"""The fields a filter may name: where their value is found, and what kind of value it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType


class Kind(Enum):
    """How a field's values compare (contracts/business-central.md §2).

    TEXT keeps its letter case; CODE is upper-cased by Business Central and so compares without it; ENUM is
    one of `FilterField.members`; DATE is a calendar day; MOMENT is a UTC date and time.
    """

    TEXT = auto()
    CODE = auto()
    ENUM = auto()
    DATE = auto()
    MOMENT = auto()


@dataclass(frozen=True, slots=True)
class FilterField:
    """`name` is Business Central's property, `attribute` that of `BcContact`.

    `longest`: characters Business Central stores, 0 where that doesn't apply.
    `members`: an enum's values as Business Central shows them, in its own order.
    `filtered_by_server`: the server can be asked to filter on it. False for taxRegistrationNumber, which the
    API page serves from a variable (contracts/business-central.md §2, row 21).
    """

    name: str
    attribute: str
    kind: Kind
    longest: int = 0
    members: tuple[str, ...] = ()
    filtered_by_server: bool = True


_ALL = (
    FilterField("number", "number", Kind.CODE, 20),
    FilterField("type", "type", Kind.ENUM, members=("Company", "Person")),
    FilterField("displayName", "display_name", Kind.TEXT, 100),
    FilterField("searchName", "search_name", Kind.CODE, 100),
    FilterField("jobTitle", "job_title", Kind.TEXT, 30),
    FilterField("companyNumber", "company_number", Kind.CODE, 20),
    FilterField("companyName", "company_name", Kind.TEXT, 100),
    FilterField(
        "contactBusinessRelation",
        "business_relation",
        Kind.ENUM,
        members=("", "Customer", "Vendor", "Bank Account", "Employee", "None", "Other", "Multiple"),
    ),
    FilterField("addressLine1", "address_line1", Kind.TEXT, 100),
    FilterField("addressLine2", "address_line2", Kind.TEXT, 50),
    FilterField("city", "city", Kind.TEXT, 30),
    FilterField("state", "state", Kind.TEXT, 30),
    FilterField("country", "country", Kind.CODE, 10),
    FilterField("postalCode", "postal_code", Kind.CODE, 20),
    FilterField("phoneNumber", "phone", Kind.TEXT, 30),
    FilterField("mobilePhoneNumber", "mobile", Kind.TEXT, 30),
    FilterField("email", "email", Kind.TEXT, 80),
    FilterField("website", "website", Kind.TEXT, 80),  # 255 from v27 on; the shorter one holds everywhere
    FilterField("taxRegistrationNumber", "tax_registration_number", Kind.TEXT, 20, filtered_by_server=False),
    FilterField("lastInteractionDate", "last_interaction_date", Kind.DATE),
    FilterField("lastModifiedDateTime", "modified", Kind.MOMENT),
)

FILTER_FIELDS: Mapping[str, FilterField] = MappingProxyType({field.name: field for field in _ALL})

# Changes to these leave lastModifiedDateTime as it was (contracts/business-central.md §3.8).
TIMELESS_FIELDS = frozenset({"lastInteractionDate"})

# On the table, but not in API v2.0 (contracts/business-central.md §2): lower-cased names people would try.
EXTENSION_FIELDS = frozenset(
    {
        "salesperson",
        "salespersoncode",
        "salespersonname",
        "salespersonpurchaser",
        "territory",
        "territorycode",
        "territoryname",
    }
)
