"""What was observed before anything is decided: both sides as they are now, and the rules that apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.fields import FieldContext
from shared.model import BcContact, Field, Link, Marker, OutlookContact, Reason, Setup


class Whereabouts(StrEnum):
    """Where a linked Outlook contact is that is no longer in the folder (sync rules §4)."""

    GONE = "gone"
    MOVED_OUT = "movedOut"


@dataclass(frozen=True, slots=True)
class SeenBc:
    """`prints`: fingerprints of the raw fields, see `shared.fields.fingerprint`."""

    contact: BcContact
    prints: bytes


@dataclass(frozen=True, slots=True)
class SeenOutlook:
    contact: OutlookContact
    prints: bytes


@dataclass(frozen=True)
class BcView:
    """Business Central as far as it was read.

    `contacts`: by id, whatever their scope. A linked contact that is neither there nor in `gone` is
    unchanged since its link was saved. `owners`: for every folded address that had to be asked, all
    contacts of the company that bear it.
    """

    contacts: Mapping[str, SeenBc] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    owners: Mapping[str, tuple[BcContact, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class OutlookView:
    """The folder as far as it was read.

    `contacts`: alive in the folder, by id. A linked contact that is neither there nor in `away` is
    unchanged since its link was saved. `own_content`: ids that carry the user's own content in
    properties that are not synced; asked for before a copy may be removed. `unread`: ids of which nothing is
    known, for Outlook would not show them.
    """

    contacts: Mapping[str, SeenOutlook] = field(default_factory=dict)
    away: Mapping[str, Whereabouts] = field(default_factory=dict)
    own_content: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()


class WishKind(StrEnum):
    """What a person asked for one contact (sync rules §9)."""

    RETRY = "retry"
    BRING_BACK = "bringBack"
    TAKE_OTHER = "takeOther"
    CREATE_IN_BC = "createInBusinessCentral"


@dataclass(frozen=True, slots=True)
class Wish:
    """`id`: the BC contact's id, or the Outlook contact's for `createInBusinessCentral`.

    `values`: for `takeOther`, the fields and the values that lost.
    """

    kind: WishKind
    id: str
    values: tuple[tuple[Field, str], ...] = ()


@dataclass(frozen=True)
class Rules:
    """What one run goes by.

    `scope` answers why a BC contact does not take part (None = it does) under the stored filter;
    `wanted` is the same under the filter given for this run only.
    `bring_back`: a person asked for a full sync, so what was deleted `untilFullSync` returns.
    `reevaluate`: filter, folder or policy changed since the last run.
    """

    setup: Setup
    tenant: str
    environment: str
    fields: FieldContext
    scope: Callable[[BcContact], Reason | None]
    outlook_scope: Callable[[OutlookContact], Reason | None]
    wanted: Callable[[BcContact], bool] | None = None
    bring_back: bool = False
    reevaluate: bool = False
    wishes: Mapping[str, Wish] = field(default_factory=dict)

    def own(self, marker: Marker) -> bool:
        """The marker names this tenant, environment and company."""
        own = (self.tenant, self.environment, self.setup.company)
        return (marker.tenant, marker.environment, marker.company) == own or (
            marker.tenant.casefold() == self.tenant.casefold()
            and marker.environment.casefold() == self.environment.casefold()
            and marker.company.casefold() == self.setup.company.casefold()
        )

    def marker(self, bc_id: str) -> Marker:
        return Marker(self.tenant, self.environment, self.setup.company, bc_id)


def as_it_was(link: Link, bc: SeenBc) -> bool:
    """Whether the BC contact is as the link recorded it, and took part then: it need not be judged again."""
    return bc.contact.etag == link.bc_etag and link.matched and link.note is not Reason.OUTSIDE_FILTER
