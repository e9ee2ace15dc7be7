"""One Business Central company, as the sync sees it: its contacts, its codes, its subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from shared.business_central import contacts, subscriptions
from shared.business_central.company import COMPANY_MISSING, Company, cut_off, objects, refusal
from shared.business_central.contacts import BcChanges, BcRead
from shared.business_central.records import guid, parse_contact, text
from shared.business_central.subscriptions import BcSubscription
from shared.business_central.writes import Write, WriteResult
from shared.business_central.writing import ContactWriter
from shared.model import BcContact
from shared.transport.http import Transport

WEBSITE_MAX = 255


@dataclass(frozen=True, slots=True)
class BcCompany:
    """`id` is what everything else goes by; `display_name` is what people see."""

    id: str
    name: str
    display_name: str


class BcClient:
    """`api_base`: …/{tenant}/{environment}/api/v2.0. `company`: its id; "" where only companies() is asked.

    Every method may raise TokenRefused, AccessDenied, Busy, Refused, and NotFound when the environment or
    the company does not exist; what else it raises stands with the method. Contacts are never deleted.
    """

    def __init__(self, transport: Transport, api_base: str, company: str) -> None:
        self._company = Company(transport, api_base, company)

    def companies(self) -> list[BcCompany]:
        """The companies the app may see."""
        pages = self._company.pages("companies", {}, "did not list the companies")
        return [
            BcCompany(guid(item), text(item, "name"), text(item, "displayName"))
            for page in pages
            for item in objects(page)
        ]

    def countries(self) -> list[tuple[str, str]]:
        """Business Central's own country codes with their names, e.g. ("GB", "Great Britain")."""
        path = f"{self._company.path}/countriesRegions?$select=code,displayName"
        pages = self._company.pages(path, {}, "did not list the countries")
        return [(text(item, "code"), text(item, "displayName")) for page in pages for item in objects(page)]

    def website_max(self) -> int:
        """How long a website may be: 80 before version 27, then 255 (contract §2, §14.10)."""
        answer = self._company.get("$metadata", {"Accept": "application/xml"})
        if not answer.ok:
            raise refusal(answer, "did not show its metadata")
        return _max_length(answer.text, "contact", "website") or WEBSITE_MAX

    def get(self, contact_id: str) -> BcContact | None:
        """One contact; None when it does not exist."""
        answer = self._company.get(f"{self._company.path}/contacts({contact_id})")
        if answer.status == 404 and answer.code != COMPANY_MISSING:
            return None
        if not answer.ok:
            raise refusal(answer, "did not show a contact")
        contact = parse_contact(answer.body)
        if contact is None:
            raise cut_off("did not show a contact")
        return contact

    def read_all(self, odata_filter: str = "") -> BcRead:
        """Every contact that matches the unescaped filter, persons and companies."""
        return contacts.read_all(self._company, odata_filter)

    def read_changed(self, since: str) -> BcChanges:
        """Contacts modified at or after `since`, and the count of all: one request as a rule."""
        return contacts.read_changed(self._company, since)

    def ids(self) -> set[str]:
        """The ids of all contacts: what is not among them is deleted."""
        return contacts.read_ids(self._company)

    def read_by_ids(self, ids: Sequence[str]) -> dict[str, BcContact]:
        """Contacts by id; those that don't exist are left out."""
        return contacts.read_by_ids(self._company, ids)

    def find_by_addresses(self, addresses: Sequence[str]) -> list[BcContact]:
        """A superset of the contacts that hold any of the addresses, in lists too: compare exactly."""
        return contacts.find_by_addresses(self._company, addresses)

    def find_companies(self, names: Sequence[str]) -> list[BcContact]:
        """A superset of the contacts of type Company with any of the names: compare exactly."""
        return contacts.find_companies(self._company, names)

    def find_by_name(self, part: str) -> list[BcContact]:
        """A superset of the contacts whose name holds the text: compare exactly."""
        return contacts.find_by_name(self._company, part)

    def knows_user(self, address: str) -> bool | None:
        """True where Business Central knows a user by this address; None where it can't be told."""
        return contacts.knows_user(self._company, address)

    def write(
        self,
        writes: Sequence[Write],
        on_done: Callable[[WriteResult], None],
        should_stop: Callable[[], bool],
        lookup: Callable[[str], BcContact | None],
    ) -> bool:
        """Write all, telling each result; False when `should_stop`, asked before each batch, came first.

        `on_done` is called in this thread while the next batch is under way. `lookup` (of a write's key) is
        asked, in another thread, when the answer to a creation got lost: the contact it made, or None.
        """
        return ContactWriter(self._company, lookup).run(writes, on_done, should_stop)

    def webhook_supported(self) -> bool:
        """Whether this Business Central notifies about contacts."""
        return subscriptions.webhook_supported(self._company)

    def subscribe(self, notification_url: str, client_state: str) -> BcSubscription:
        """Subscribe to the company's contacts; raises Refused when the address did not answer."""
        return subscriptions.create(self._company, notification_url, client_state)

    def renew_subscription(
        self, subscription_id: str, notification_url: str, client_state: str
    ) -> BcSubscription | None:
        """Three more days; None when it is gone: subscribe anew and catch up fully."""
        return subscriptions.renew(self._company, subscription_id, notification_url, client_state)

    def get_subscription(self, subscription_id: str) -> BcSubscription | None:
        """None when it is gone."""
        return subscriptions.get(self._company, subscription_id)

    def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription; it is no error when it is gone already."""
        subscriptions.delete(self._company, subscription_id)


def _max_length(metadata: bytes, entity: str, name: str) -> int | None:
    try:
        root = ElementTree.fromstring(metadata)
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        if element.tag.endswith("}EntityType") and element.get("Name") == entity:
            for child in element:
                if child.get("Name") == name and (length := child.get("MaxLength", "")).isdecimal():
                    return int(length)
    return None
