"""The values everything speaks in: contacts, fields, setups, links, reasons. Frozen, typed, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, Union

Json: TypeAlias = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]


class Field(StrEnum):
    """A synced field, named after Business Central's property (sync rules §5).

    `ADDRESS` is addressLine1 + addressLine2 as one text of lines; `COMPANY` is read as companyName
    and written as companyNumber.
    """

    NAME = "displayName"
    JOB_TITLE = "jobTitle"
    COMPANY = "companyName"
    EMAIL = "email"
    PHONE = "phoneNumber"
    MOBILE = "mobilePhoneNumber"
    ADDRESS = "address"
    COUNTRY = "country"
    CITY = "city"
    STATE = "state"
    POSTAL_CODE = "postalCode"
    WEBSITE = "website"


FIELDS: tuple[Field, ...] = tuple(Field)
REQUIRED_FIELDS = frozenset({Field.NAME, Field.EMAIL})


class Side(StrEnum):
    OUTLOOK = "outlook"
    BUSINESS_CENTRAL = "businessCentral"


class Reason(StrEnum):
    """Why something was, or was not, done with a contact (sync rules §9)."""

    NO_NAME = "noName"
    NO_EMAIL = "noEmail"
    REQUIRED_FIELD = "requiredField"
    INVALID_EMAIL = "invalidEmail"
    NOT_A_PERSON = "notAPerson"
    PRIVATE = "private"
    PRIVACY_BLOCKED = "privacyBlocked"
    OUTSIDE_FILTER = "outsideFilter"
    BELONGS_TO_COMPANY = "belongsToCompany"
    DUPLICATE = "duplicate"
    FOREIGN_MARKER = "foreignMarker"
    DELETED_BY_USER = "deletedByUser"
    MOVED_OUT = "movedOut"
    KEPT_EDITED = "keptEdited"
    DETACHED = "detached"
    DIRECTION_OFF = "directionOff"
    COMPANY_NOT_FOUND = "companyNotFound"
    COMPANY_AMBIGUOUS = "companyAmbiguous"
    COUNTRY_UNKNOWN = "countryUnknown"
    PHONE_HAS_LETTERS = "phoneHasLetters"
    TRUNCATED = "truncated"
    REFUSED_BY_BUSINESS_CENTRAL = "refusedByBusinessCentral"
    REFUSED_BY_OUTLOOK = "refusedByOutlook"
    THROTTLED = "throttled"
    BRAKE = "brake"
    PARKED = "parked"


class Outcome(StrEnum):
    """What the latest run did with a contact (sync rules §9)."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    HELD = "held"
    SKIPPED = "skipped"
    FAILED = "failed"


class ContactType(StrEnum):
    COMPANY = "Company"
    PERSON = "Person"


@dataclass(frozen=True, slots=True)
class BcContact:
    """One Business Central contact as read (contracts/business-central.md §2). Texts are never None."""

    id: str
    etag: str
    number: str
    type: str
    display_name: str
    job_title: str = ""
    company_number: str = ""
    company_name: str = ""
    business_relation: str = "None"
    address_line1: str = ""
    address_line2: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    postal_code: str = ""
    phone: str = ""
    mobile: str = ""
    email: str = ""
    website: str = ""
    search_name: str = ""
    privacy_blocked: bool = False
    tax_registration_number: str = ""
    last_interaction_date: str = "0001-01-01"
    modified: str = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Marker:
    """What the extended property on an Outlook contact says: which BC contact it is a copy of."""

    tenant: str
    environment: str
    company: str
    contact: str


@dataclass(frozen=True, slots=True)
class OutlookContact:
    """One Outlook contact as read (contracts/graph.md §1.1). Absent and null texts are "".

    `emails` are the addresses of slots 1–3 in order (a malformed address keeps only its name, which then
    stands here; "" where there is neither). `street` is businessAddress.street verbatim. `marker` and
    `private` are known only where the extended properties were read (`inspected`): delta cannot carry them.
    """

    id: str
    etag: str
    display_name: str = ""
    given_name: str = ""
    middle_name: str = ""
    surname: str = ""
    job_title: str = ""
    company_name: str = ""
    emails: tuple[str, ...] = ()
    business_phones: tuple[str, ...] = ()
    mobile: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    website: str = ""
    categories: tuple[str, ...] = ()
    created: str = ""
    modified: str = ""
    folder: str = ""
    inspected: bool = False
    marker: Marker | None = None
    private: bool = False


class Direction(StrEnum):
    BOTH = "both"
    TO_OUTLOOK = "toOutlook"
    TO_BUSINESS_CENTRAL = "toBusinessCentral"


class ConflictPolicy(StrEnum):
    BUSINESS_CENTRAL = "businessCentral"
    OUTLOOK = "outlook"


class OnBusinessCentralDelete(StrEnum):
    DELETE = "delete"
    KEEP = "keep"


class OnOutlookDelete(StrEnum):
    UNTIL_FULL_SYNC = "untilFullSync"
    FOREVER = "forever"


class OnLeaveScope(StrEnum):
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Limit:
    """A brake: held when beyond `count` *and* beyond `percent` of the links (sync rules §6)."""

    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class Setup:
    """One user's sync of one BC company (sync rules §1): what the user chose, nothing that a run learns."""

    user: str
    company: str
    folder_name: str = "Business Central"
    filter: Mapping[str, str] = field(default_factory=dict)
    direction: Direction = Direction.BOTH
    background_sync: bool = True
    conflict_policy: ConflictPolicy = ConflictPolicy.BUSINESS_CENTRAL
    on_business_central_delete: OnBusinessCentralDelete = OnBusinessCentralDelete.DELETE
    on_outlook_delete: OnOutlookDelete = OnOutlookDelete.UNTIL_FULL_SYNC
    on_leave_scope: OnLeaveScope = OnLeaveScope.REMOVE
    max_deletes: Limit = Limit(10, 20)
    max_changes: Limit = Limit(50, 20)
    paused: bool = False


class LinkState(StrEnum):
    """The life of a pair (sync rules §4). `creating` and `removing` are intents, written before the effect."""

    CREATING = "creating"
    REMOVING = "removing"
    LINKED = "linked"
    DELETED_BY_USER = "deletedByUser"
    DETACHED = "detached"
    REMOVED_BY_US = "removedByUs"


@dataclass(frozen=True, slots=True)
class Link:
    """One BC contact and its Outlook copy. Ids, etags and fingerprints only: no contact data.

    `bc_prints` / `outlook_prints`: one fingerprint per field, concatenated (see `shared.fields.fingerprint`),
    of what each side returned after the last sync; b"" where never seen.
    `matched`: the BC contact matched the stored filter at an earlier run (only then can it *leave* the scope).
    `note`: why it is in its state, or the warning of its latest sync.
    `unlooked`: an edit in Outlook was taken over from delta, which does not tell the mark Private: the next
    one is looked at.
    `refused`: fields whose Outlook value Business Central did not take: it rests in Outlook alone.
    An etag is blank while a change of that side waits that could not be brought over: what stands there is
    read before anything is decided.
    """

    bc_id: str
    outlook_id: str
    state: LinkState
    bc_etag: str = ""
    outlook_etag: str = ""
    bc_prints: bytes = b""
    outlook_prints: bytes = b""
    bc_modified: str = ""
    matched: bool = True
    private: bool = False
    unlooked: bool = False
    outcome: Outcome = Outcome.UNCHANGED
    note: Reason | None = None
    refused: tuple[Field, ...] = ()
    run: str = ""
    at: str = ""
