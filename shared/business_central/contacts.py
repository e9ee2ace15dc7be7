"""Reading one company's contacts: sweeps, changes, single ones, and looking for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.business_central.batch import read_items
from shared.business_central.company import SERVICE, SKIP_TOKEN_GONE, Company, cut_off, objects, refusal
from shared.business_central.queries import (
    LONGEST_QUERY,
    NESTED_CALLS,
    any_of,
    escape,
    harmless_address,
    harmless_piece,
    is_plain,
    literal,
)
from shared.business_central.records import SELECT, guid, parse_contact, text
from shared.errors import AccessDenied, NotFound, Refused
from shared.model import BcContact
from shared.transport.batching import Item
from shared.transport.http import JsonObject

PAGE = {"Prefer": "odata.maxpagesize=10000"}
ID_PAGE = {"Prefer": "odata.maxpagesize=20000"}
COUNT_ONLY = {"Prefer": "odata.maxpagesize=1"}
SWEEPS = 3
"""How often a sweep starts again because a page's place in the list was deleted."""
READ = "did not list the contacts"
UNSUPPORTED = (400, 501)
_COMPANIES = "type eq 'Company' and ({})"
# Nothing longer is in Business Central's fields (80, 100), small letters that are two included.
_LONGEST_ADDRESS = 160
_LONGEST_NAME = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BcRead:
    """A sweep to its end. `complete`: every page was whole; an incomplete sweep must delete nothing.

    `took`: seconds from the first request on; what changed meanwhile on a page that was read is not in it.
    """

    contacts: list[BcContact]
    complete: bool
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class BcChanges:
    """What changed since a moment. `count`: all contacts of the company, None where it was not told.

    `took`: as of a sweep.
    """

    contacts: list[BcContact]
    count: int | None
    took: float = 0.0


def read_all(company: Company, odata_filter: str = "") -> BcRead:
    """Every contact that matches the (unescaped) filter; companies and persons, if it is blank."""
    query = f"?$filter={escape(odata_filter)}&$select={SELECT}" if odata_filter else f"?$select={SELECT}"
    if len(query) > LONGEST_QUERY:
        query = query.removesuffix(f"&$select={SELECT}")

    def sweep() -> BcRead:
        began = company.transport.clock.monotonic()
        found: dict[str, BcContact] = {}
        complete = True
        for page in company.pages(f"{company.path}/contacts{query}", PAGE, READ):
            parsed = [parse_contact(item) for item in objects(page)]
            complete = complete and isinstance(page.get("value"), list) and None not in parsed
            found.update((contact.id, contact) for contact in parsed if contact is not None)
        return BcRead(list(found.values()), complete, company.transport.clock.monotonic() - began)

    return _undisturbed(sweep)


def read_changed(company: Company, since: str) -> BcChanges:
    """Contacts modified at or after `since` (RFC 3339 UTC), and the count of all: one request as a rule."""
    path = f"{company.path}/contacts"
    began = company.transport.clock.monotonic()
    changed, counted = read_items(
        company,
        [
            Item("GET", f"{path}?$filter=lastModifiedDateTime%20ge%20{since}&$select={SELECT}", headers=PAGE),
            Item("GET", f"{path}?$count=true&$select=id", headers=COUNT_ONLY),
        ],
    )
    if not changed.ok:
        raise refusal(changed, READ)
    found = dict(_whole(changed.body))
    link = text(changed.body, "@odata.nextLink")
    try:
        for page in company.pages(link, PAGE, READ) if link else ():
            found.update(_whole(page))
    except Refused as error:
        if SKIP_TOKEN_GONE not in error.code:
            raise
        found = _matching(company, escape(f"lastModifiedDateTime ge {since}"))
    count = counted.body.get("@odata.count")
    took = company.transport.clock.monotonic() - began
    return BcChanges(list(found.values()), count if isinstance(count, int) else None, took)


def read_ids(company: Company) -> set[str]:
    """The ids of all contacts, companies too: what is not among them is deleted."""

    def sweep() -> set[str]:
        ids: set[str] = set()
        for page in company.pages(f"{company.path}/contacts?$select=id", ID_PAGE, READ):
            if not isinstance(page.get("value"), list):
                raise cut_off(READ)
            ids.update(guid(item) for item in objects(page))
        return ids

    return _undisturbed(sweep)


def read_by_ids(company: Company, ids: Sequence[str]) -> dict[str, BcContact]:
    """Contacts by id; those that don't exist are left out."""
    return _matching_all(company, any_of(f"id eq {each}" for each in ids))


def find_by_addresses(company: Company, addresses: Sequence[str]) -> list[BcContact]:
    """Contacts whose e-mail, a single one or a `;` list, may hold any of the addresses: a superset.

    Where the server lacks nested calls, all lists are read instead.
    """
    folded = {address.strip().lower() for address in addresses}
    wanted = sorted(address for address in folded if len(address) <= _LONGEST_ADDRESS)
    pieces = sorted({harmless_address(address) for address in wanted} - {""})
    found = _matching_if_known(
        company, any_of(f"contains(tolower(email),{literal(piece)})" for piece in pieces), NESTED_CALLS
    )
    if found is None:
        plain = [address for address in wanted if harmless_address(address) == address]
        whole = any_of(f"tolower(email) eq {literal(address)}" for address in plain)
        others = [f"contains(email,{literal(piece)})" for piece in pieces if piece not in plain]
        found = {
            **_matching_all(company, whole),
            **_matching_all(company, any_of(["contains(email,';')", *others])),
        }
    return list(found.values())


def find_companies(company: Company, names: Sequence[str]) -> list[BcContact]:
    """Contacts of type Company with any of the names, letter case ignored: a superset."""
    folded = {name.strip().lower() for name in names} - {""}
    wanted = sorted(name for name in folded if len(name) <= _LONGEST_NAME)
    plain = [name for name in wanted if is_plain(name)]
    others = [name for name in wanted if not is_plain(name)]
    found = _matching_all(company, any_of((_is_named(name) for name in plain), _COMPANIES))
    pieces = sorted({harmless_piece(name) for name in others} - {""})
    like = any_of((f"contains(tolower(displayName),{literal(piece)})" for piece in pieces), _COMPANIES)
    more = _matching_if_known(company, like, NESTED_CALLS)
    if more is None:
        more = _matching_all(company, any_of((_is_named(name) for name in others), _COMPANIES))
    return list({**found, **more}.values())


def find_by_name(company: Company, part: str) -> list[BcContact]:
    """Contacts whose name may hold the text, letter case ignored: a superset; [] for a text of signs only.

    Where the server lacks nested calls, the name is found only in the letter case it is written in.
    """
    piece = harmless_piece(part)
    if not piece:
        return []
    like = any_of([f"contains(tolower(displayName),{literal(piece.lower())})"])
    found = _matching_if_known(company, like, NESTED_CALLS)
    if found is None:
        found = _matching_all(company, any_of([f"contains(displayName,{literal(piece)})"]))
    return list(found.values())


def knows_user(company: Company, address: str) -> bool | None:
    """True where an approval user has the address; None otherwise, for not every user is one (contract §1)."""
    path = f"{company.path}/approvalUserSetups?$select=email"
    try:
        emails = {
            text(item, "email").lower() for page in company.pages(path, PAGE, READ) for item in objects(page)
        }
    except (Refused, AccessDenied, NotFound):
        return None
    return address.strip().lower() in emails or None


def _is_named(name: str) -> str:
    return f"tolower(displayName) eq {literal(name)}"


def _matching_if_known(company: Company, filters: Iterable[str], option: str) -> dict[str, BcContact] | None:
    """What any of the filters finds; None when this server does not know such filters."""
    try:
        return _matching_all(company, filters, option)
    except Refused as error:
        if error.status in UNSUPPORTED and SKIP_TOKEN_GONE not in error.code:
            return None
        raise


def _matching_all(company: Company, filters: Iterable[str], option: str = "") -> dict[str, BcContact]:
    found: dict[str, BcContact] = {}
    for escaped in filters:
        found.update(_matching(company, escaped, option))
    return found


def _matching(company: Company, escaped: str, option: str = "") -> dict[str, BcContact]:
    query = "&".join(part for part in (option, f"$filter={escaped}", f"$select={SELECT}") if part)

    def sweep() -> dict[str, BcContact]:
        found: dict[str, BcContact] = {}
        for page in company.pages(f"{company.path}/contacts?{query}", PAGE, READ):
            found.update(_whole(page))
        return found

    return _undisturbed(sweep)


def _whole(page: JsonObject) -> Iterator[tuple[str, BcContact]]:
    """The contacts of a page by id. Raises Refused where it is cut: whoever is not on it may well exist."""
    parsed = [parse_contact(item) for item in objects(page)]
    if not isinstance(page.get("value"), list) or None in parsed:
        raise cut_off(READ)
    return ((contact.id, contact) for contact in parsed if contact is not None)


def _undisturbed(sweep: Callable[[], T]) -> T:
    """What the sweep finds, begun anew where a page's place in the list was deleted (contract §5.1)."""
    for _ in range(SWEEPS):
        try:
            return sweep()
        except Refused as error:
            if SKIP_TOKEN_GONE not in error.code:
                raise
    raise Refused(SERVICE, 400, SKIP_TOKEN_GONE, READ, "Contacts are being deleted; it is read anew later.")
