"""One Business Central environment: its companies, reference tables and what everything in it shares."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping

from sandbox.business_central import errors
from sandbox.business_central.contact_fields import Setup
from sandbox.business_central.contact_writes import ContactWriter
from sandbox.business_central.database import Company, Row, Transaction
from sandbox.business_central.entity import Values
from sandbox.business_central.notifications import Notifier
from sandbox.business_central.reference import Countries, PostCodes
from sandbox.business_central.routes import is_guid
from sandbox.business_central.stamps import EMPTY_INSTANT, sql_stamp
from sandbox.business_central.subscriptions import Subscription, Subscriptions
from sandbox.business_central.switches import Switches
from sandbox.clock import VirtualClock
from sandbox.faults import Fault, Faults
from sandbox.request_log import RequestLog

SERVICE = "businessCentral"
SYSTEM_USER = "e2b3a0d1-0000-4000-8000-0000000000aa"
SYSTEM_VERSION = "28.4.51234.0"


class Environment:
    """Holds the state; `lock` guards it, since people edit from other threads than the server's."""

    def __init__(
        self,
        clock: VirtualClock,
        faults: Faults,
        log: RequestLog,
        switches: Mapping[str, str],
        rng: random.Random,
        countries: Iterable[tuple[str, str, str]],
        post_codes: Iterable[tuple[str, str, str, str]],
    ) -> None:
        self.clock = clock
        self.faults = faults
        self.log = log
        self.switches = Switches(switches)
        self.rng = rng
        self.countries = Countries(countries)
        self.post_codes = PostCodes(post_codes)
        self.companies: dict[str, Company] = {}
        self.subscriptions = Subscriptions(clock)
        self.notifier = Notifier(clock, faults, self.switches, self.new_id, self.subscriptions)
        self.lock = threading.RLock()
        self.unavailable_until = 0.0
        self._timestamp = 904_211

    def new_id(self) -> str:
        """A random GUID in lower case."""
        bits = f"{self.rng.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"

    def next_timestamp(self) -> int:
        self._timestamp += 1
        return self._timestamp

    def add_company(self, company_id: str, name: str, display_name: str) -> Company:
        created = sql_stamp(self.clock.now())
        company = Company(company_id.lower(), name, display_name, created, self.next_timestamp())
        self.companies[company.id] = company
        return company

    def company(self, reference: str) -> Company:
        """The company with this id or name. Raises `Refusal`."""
        if is_guid(reference):
            found = self.companies.get(reference.lower())
        else:
            found = next((each for each in self.companies.values() if each.name == reference), None)
        if found is None:
            raise errors.company_not_found(self.switches.number("bc_company_not_found_status"))
        return found

    def setup(self, company: Company, path: str) -> Setup:
        def tell(kind: str) -> None:
            self.log.violate(kind, SERVICE, path)

        return Setup(company, self.countries, self.post_codes, self.switches, tell)

    def writer(self, company: Company, transaction: Transaction, path: str) -> ContactWriter:
        return ContactWriter(self.setup(company, path), transaction, self.clock.now(), self.new_id)

    def begin(self, method: str, path: str) -> Transaction:
        """A new transaction, whose commit others see late where a `commit_lag` fault says so."""
        fault = self.take(method, path, "commit_lag")
        return Transaction(self.clock.monotonic, fault.seconds if fault is not None else 0.0)

    def commit(self, transaction: Transaction) -> None:
        self.notifier.record(transaction.commit(), transaction.late)

    def take(self, method: str, path: str, *kinds: str) -> Fault | None:
        return self.faults.take(SERVICE, method, path, *kinds)

    def sight(self, company: Company, lag: float = 0.0) -> Mapping[str, Row | None]:
        return company.other_sight(self.clock.monotonic(), lag) if company.unseen or lag else {}

    def snapshot(self) -> Snapshot:
        """The state of the database, to go back to."""
        companies = {each.id: _kept(each) for each in self.companies.values()}
        return Snapshot(companies, self.subscriptions.copy())

    def restore(self, kept: Snapshot) -> None:
        """Go back: contacts, numbers and subscriptions are as they were, and nobody is told."""
        self.companies = {company_id: build() for company_id, build in kept.companies.items()}
        self.subscriptions.replace(kept.subscriptions)
        self.notifier.forget()


class Snapshot:
    """An environment's past state: how each company is built again, and the subscriptions."""

    def __init__(self, companies: dict[str, Callable[[], Company]], subscriptions: list[Subscription]) -> None:
        self.companies = companies
        self.subscriptions = subscriptions


def _kept(company: Company) -> Callable[[], Company]:
    rows = list(company.rows.values())
    open_tasks, last_number = set(company.open_tasks), company.last_number
    salespeople, approval_users = list(company.salespeople), list(company.approval_users)
    facts = (company.id, company.name, company.display_name, company.created, company.timestamp)

    def build() -> Company:
        again = Company(*facts)
        for row in rows:
            again.set(row.id, row)
        again.open_tasks, again.last_number = set(open_tasks), last_number
        again.salespeople, again.approval_users = list(salespeople), list(approval_users)
        return again

    return build


def company_values(company: Company) -> Values:
    """The company as its entity shows it (contracts/business-central.md §1)."""
    return {
        "id": company.id,
        "systemVersion": SYSTEM_VERSION,
        "timestamp": company.timestamp,
        "name": company.name,
        "displayName": company.display_name,
        "businessProfileId": "",
        "systemCreatedAt": company.created,
        "systemCreatedBy": SYSTEM_USER,
        "systemModifiedAt": company.created,
        "systemModifiedBy": SYSTEM_USER,
    }


def country_values(code: str, name: str) -> Values:
    """A country as its entity shows it; the id follows from the code."""
    number = int.from_bytes(code.encode(), "big")
    return {
        "id": f"c0de0000-0000-4000-a000-{number:012x}",
        "code": code,
        "displayName": name,
        "addressFormat": "Post Code+City",
        "lastModifiedDateTime": EMPTY_INSTANT,
    }
