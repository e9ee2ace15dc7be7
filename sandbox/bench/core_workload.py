"""A synthetic observation for the core alone: linked pairs with all fields filled, some of them edited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from shared.core.scope import bc_scope, outlook_scope
from shared.core.snapshot import BcView, OutlookView, Rules, SeenBc, SeenOutlook
from shared.fields import CountryBook, FieldContext
from shared.fields.fingerprint import Prints
from shared.filters.filter import EMPTY
from shared.model import BcContact, Link, LinkState, Marker, OutlookContact, Reason, Setup

_TENANT, _ENVIRONMENT, _COMPANY = "tenant", "Production", "company"
_EVERY = 10
"""One pair in so many is edited, in two fields: in turn on either side."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What `decide` takes. `edited`: how many pairs differ from their links."""

    links: list[Link]
    bc: BcView
    outlook: OutlookView
    rules: Rules
    edited: int


def workload(pairs: int) -> Workload:
    """So many linked pairs; one in ten edited in two fields since."""
    prints = Prints(b"benchmark")
    links: list[Link] = []
    there: dict[str, SeenBc] = {}
    here: dict[str, SeenOutlook] = {}
    edited = 0
    for number in range(pairs):
        bc, outlook = _bc(number), _outlook(number)
        links.append(
            Link(
                bc.id,
                outlook.id,
                LinkState.LINKED,
                bc.etag,
                outlook.etag,
                prints.bc(bc),
                prints.outlook(outlook),
                bc.modified,
            )
        )
        if number % _EVERY == 0:
            edited += 1
            if number % (2 * _EVERY):
                bc = replace(bc, etag="W/2", job_title="Head of purchasing", phone="+44 20 7946 0001")
            else:
                outlook = replace(outlook, etag="W/2", job_title="Head of sales", mobile="+44 7700 900001")
        there[bc.id] = SeenBc(bc, prints.bc(bc))
        here[outlook.id] = SeenOutlook(outlook, prints.outlook(outlook))
    return Workload(links, BcView(there), OutlookView(here), _rules(), edited)


def _rules() -> Rules:
    """With the same caches as a run's own rules."""

    @lru_cache(maxsize=100_000)
    def scope(contact: BcContact) -> Reason | None:
        return bc_scope(contact, EMPTY)

    countries = CountryBook([("GB", "Great Britain"), ("DE", "Germany"), ("FR", "France")])
    return Rules(
        Setup("user", _COMPANY),
        _TENANT,
        _ENVIRONMENT,
        FieldContext(countries, {}),
        scope,
        lru_cache(maxsize=100_000)(outlook_scope),
    )


def _bc(n: int) -> BcContact:
    return BcContact(
        id=f"00000000-0000-4000-8000-{n:012}",
        etag="W/1",
        number=f"CT{n:06}",
        type="Person",
        display_name=f"Given{n} Surname{n % 997}",
        job_title=f"Buyer {n % 50}",
        address_line1=f"{n % 200} Quay Road",
        address_line2="2nd floor",
        city="Hull",
        state="East Riding",
        country="GB",
        postal_code="HU1 1AA",
        phone=f"+44 20 7946 {n % 10_000:04}",
        mobile=f"+44 7700 {n:06}",
        email=f"person{n}@firm{n % 499}.example",
        website=f"https://firm{n % 499}.example",
        modified="2026-01-01T00:00:00Z",
    )


def _outlook(n: int) -> OutlookContact:
    contact = _bc(n)
    return OutlookContact(
        id=f"AAMk{n:08}",
        etag="W/1",
        display_name=contact.display_name,
        given_name=f"Given{n}",
        surname=f"Surname{n % 997}",
        job_title=contact.job_title,
        emails=(contact.email,),
        business_phones=(contact.phone,),
        mobile=contact.mobile,
        street=f"{contact.address_line1}\r\n{contact.address_line2}",
        city=contact.city,
        state=contact.state,
        postal_code=contact.postal_code,
        country="Great Britain",
        website=contact.website,
        created="2026-01-01T00:00:00Z",
        modified="2026-01-01T00:00:00Z",
        inspected=True,
        marker=Marker(_TENANT, _ENVIRONMENT, _COMPANY, contact.id),
    )
