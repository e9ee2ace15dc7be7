"""The entity types the API shows: properties with kind, length, captions (contracts/business-central.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | bool | int
Values: TypeAlias = dict[str, Value]


class Kind(StrEnum):
    """How a property behaves. CODE is text that is kept trimmed and in upper case."""

    GUID = "Edm.Guid"
    CODE = "Code"
    TEXT = "Edm.String"
    ENUM = "Enum"
    BOOLEAN = "Edm.Boolean"
    DATE = "Edm.Date"
    INSTANT = "Edm.DateTimeOffset"
    INTEGER = "Edm.Int64"


@dataclass(frozen=True, slots=True)
class Property:
    """`length`: in UTF-16 units, 0 for none. `caption`: the field's name in messages."""

    name: str
    kind: Kind = Kind.TEXT
    length: int = 0
    caption: str = ""
    writable: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityType:
    """`key`: the property that orders the set by default; `wildcards`: `*` in an `eq` value always works."""

    name: str
    set_name: str
    table: str
    key: str
    properties: Mapping[str, Property]
    navigation: tuple[str, ...] = ()
    etags: bool = True
    wildcards: bool = False


def _entity(
    name: str,
    set_name: str,
    table: str,
    key: str,
    *properties: Property,
    navigation: tuple[str, ...] = (),
    etags: bool = True,
    wildcards: bool = False,
) -> EntityType:
    return EntityType(name, set_name, table, key, {p.name: p for p in properties}, navigation, etags, wildcards)


def _text(name: str, length: int, caption: str = "") -> Property:
    return Property(name, Kind.TEXT, length, caption or name, writable=True)


def _code(name: str, length: int, caption: str = "") -> Property:
    return Property(name, Kind.CODE, length, caption or name, writable=True)


TYPES = ("Company", "Person")
RELATIONS = (
    "_x0020_",
    "Customer",
    "Vendor",
    "Bank_x0020_Account",
    "Employee",
    "None",
    "Other",
    "Multiple",
)

# In the page's field order, which is also the order of the JSON.
CONTACT = _entity(
    "contact",
    "contacts",
    "Contact",
    "number",
    Property("id", Kind.GUID, caption="Id"),
    _code("number", 20, "No."),
    Property("type", Kind.ENUM, caption="Type", writable=True, members=TYPES),
    _text("displayName", 100, "Name"),
    _text("jobTitle", 30, "Job Title"),
    _code("companyNumber", 20, "Company No."),
    _text("companyName", 100, "Company Name"),
    Property("contactBusinessRelation", Kind.ENUM, caption="Contact Business Relation", members=RELATIONS),
    _text("addressLine1", 100, "Address"),
    _text("addressLine2", 50, "Address 2"),
    _text("city", 30, "City"),
    _text("state", 30, "County"),
    _code("country", 10, "Country/Region Code"),
    _code("postalCode", 20, "Post Code"),
    _text("phoneNumber", 30, "Phone No."),
    _text("mobilePhoneNumber", 30, "Mobile Phone No."),
    _text("email", 80, "Email"),
    _text("website", 255, "Home Page"),
    _code("searchName", 100, "Search Name"),
    Property("privacyBlocked", Kind.BOOLEAN, caption="Privacy Blocked", writable=True),
    _code("taxRegistrationNumber", 20, "VAT Registration No."),
    Property("lastInteractionDate", Kind.DATE, caption="Date of Last Interaction"),
    Property("lastModifiedDateTime", Kind.INSTANT, caption="SystemModifiedAt"),
    navigation=("picture",),
)

PAGE_ORDER: Mapping[str, int] = {name: place for place, name in enumerate(CONTACT.properties)}

_SYSTEM = (
    Property("systemCreatedAt", Kind.INSTANT),
    Property("systemCreatedBy", Kind.GUID),
    Property("systemModifiedAt", Kind.INSTANT),
    Property("systemModifiedBy", Kind.GUID),
)

COMPANY = _entity(
    "company",
    "companies",
    "Company",
    "name",
    Property("id", Kind.GUID),
    Property("systemVersion"),
    Property("timestamp", Kind.INTEGER),
    Property("name", length=30),
    Property("displayName", length=250),
    Property("businessProfileId"),
    *_SYSTEM,
    etags=False,
)

COUNTRY = _entity(
    "countryRegion",
    "countriesRegions",
    "Country/Region",
    "code",
    Property("id", Kind.GUID),
    Property("code", Kind.CODE, 10),
    Property("displayName", length=50),
    Property("addressFormat"),
    Property("lastModifiedDateTime", Kind.INSTANT),
)

SALESPERSON = _entity(
    "salespersonPurchaser",
    "salespeoplePurchasers",
    "Salesperson/Purchaser",
    "code",
    Property("id", Kind.GUID),
    Property("code", Kind.CODE, 20),
    Property("displayName", length=50),
    Property("email", length=80),
    Property("email2", length=80),
    Property("phoneNo", length=30),
    Property("jobTitle", length=30),
    Property("commisionPercent", Kind.INTEGER),
    Property("privacyBlocked", Kind.BOOLEAN),
    Property("blocked", Kind.BOOLEAN),
    Property("lastModifiedDateTime", Kind.INSTANT),
)

APPROVAL_USER = _entity(
    "approvalUserSetup",
    "approvalUserSetups",
    "User Setup",
    "userId",
    Property("id", Kind.GUID),
    Property("userId", Kind.CODE, 50),
    Property("userFullName", length=80),
    Property("salesPersonPurchaser", Kind.CODE, 20),
    Property("email", length=100),
    Property("phoneNumber", length=30),
)

WEBHOOK_RESOURCE = _entity(
    "webhookSupportedResource",
    "webhookSupportedResources",
    "Webhook Supported Resource",
    "resource",
    Property("resource", length=250),
    etags=False,
    wildcards=True,
)

SUBSCRIPTION = _entity(
    "subscription",
    "subscriptions",
    "API Webhook Subscription",
    "subscriptionId",
    Property("subscriptionId", length=150),
    Property("notificationUrl", writable=True),
    Property("resource", writable=True),
    Property("timestamp", Kind.INTEGER),
    Property("userId", Kind.GUID),
    Property("lastModifiedDateTime", Kind.INSTANT),
    Property("clientState", length=2048, writable=True),
    Property("expirationDateTime", Kind.INSTANT),
    *_SYSTEM,
)


def utf16_length(text: str) -> int:
    """The length as Business Central counts it: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
