"""What people and administrators of Business Central do: edits with BC's own side effects, no quota, no log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from sandbox.business_central.contact_fields import BLANK, name_parts
from sandbox.business_central.contact_writes import ContactWriter
from sandbox.business_central.database import Company, Row, Transaction
from sandbox.business_central.entity import CONTACT, Values
from sandbox.business_central.environment import Environment, Snapshot
from sandbox.business_central.stamps import sql_stamp
from shared.model import Json

# A person at a screen fills in what decides about other fields first; what they type afterwards stays.
_FIRST = ("number", "type", "companyNumber", "country", "postalCode")
_UNTYPED = ("contactBusinessRelation", "lastInteractionDate")


class People:
    """Users of one environment. `company` is always a company's id. Raises `Refusal` where BC refuses."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def add_company(self, company_id: str, name: str, display_name: str | None = None) -> None:
        with self._environment.lock:
            self._environment.add_company(company_id, name, display_name or name)

    def rename_company(self, company_id: str, name: str, display_name: str | None = None) -> None:
        """Another name for a BC company; its id stays."""
        with self._environment.lock:
            company = self._company(company_id)
            company.name = name
            company.display_name = display_name or name
            company.timestamp = self._environment.next_timestamp()

    def add_user(self, company: str, user_id: str, full_name: str, email: str, salesperson: str = "") -> None:
        """A BC user in the approval setup, and where given the salesperson they are."""
        with self._environment.lock:
            place = self._company(company)
            values: Values = {
                "id": self._environment.new_id(),
                "userId": user_id.upper(),
                "userFullName": full_name,
                "salesPersonPurchaser": salesperson.upper(),
                "email": email,
                "phoneNumber": "",
            }
            place.approval_users.append(values)
            if salesperson:
                place.salespeople.append(self._salesperson(salesperson, full_name, email))

    def create_contact(self, company: str, raw: bool = False, **json: Json) -> str:
        """A new contact; returns its id. `raw`: stored as it is, unchecked, without any effect or notice.

        Beside the API's properties `contactBusinessRelation` and `lastInteractionDate` can be given, with
        `raw` also `id` and `lastModifiedDateTime`.
        """
        with self._environment.lock:
            place = self._company(company)
            if raw:
                return self._load(place, json)

            def write(writer: ContactWriter) -> Row:
                typed, untyped = _split(json)
                row = writer.create(typed, _typing_order(typed), manual_number=True)
                return writer.touch(row, untyped) if untyped else row

            return self._transact(place, "POST", "contacts", write).id

    def edit_contact(self, company: str, contact_id: str, **json: Json) -> None:
        """Change properties of a contact; what the user typed wins over what BC fills in."""
        with self._environment.lock:
            place = self._company(company)
            row = place.rows[contact_id]

            def write(writer: ContactWriter) -> Row:
                typed, untyped = _split(json)
                new = writer.modify(row, typed, _typing_order(typed), manual_number=True)
                return writer.touch(new, untyped) if untyped else new

            self._transact(place, "PATCH", f"contacts({contact_id})", write)

    def delete_contact(self, company: str, contact_id: str) -> None:
        with self._environment.lock:
            place = self._company(company)
            row = place.rows[contact_id]

            def write(writer: ContactWriter) -> Row:
                writer.remove(row)
                return row

            self._transact(place, "DELETE", f"contacts({contact_id})", write)

    def merge_contacts(self, company: str, keep_id: str, gone_id: str) -> None:
        """Merge Duplicate: one contact stays and takes over the other's persons, the other goes."""
        with self._environment.lock:
            place = self._company(company)
            keep, gone = place.rows[keep_id], place.rows[gone_id]

            def write(writer: ContactWriter) -> Row:
                if gone.values["type"] == "Company":
                    for person in place.persons_of(gone.key):
                        taken = {"companyNumber": keep.key, "companyName": keep.text("displayName")}
                        writer.touch(person, taken)
                row = writer.touch(keep, {})
                writer.remove(gone, cascade=False)
                return row

            self._transact(place, "PATCH", f"contacts({keep_id})", write)

    def relate(self, company: str, contact_id: str, relation: str) -> None:
        """Make a customer, vendor, … of a contact: its `contactBusinessRelation`."""
        self.edit_contact(company, contact_id, contactBusinessRelation=relation)

    def touch_interaction(self, company: str, contact_id: str, when: date | str) -> None:
        """Log an interaction on a day ("2026-05-10").

        `lastInteractionDate` and the ETag change, lastModifiedDateTime does not.
        """
        with self._environment.lock:
            place = self._company(company)
            row = place.rows[contact_id]
            values = {**row.values, "lastInteractionDate": str(when)}
            place.set(contact_id, Row(values, row.key, row.parts, row.salt))

    def open_task(self, company: str, contact_id: str) -> None:
        """An open task: the contact can no longer be deleted."""
        with self._environment.lock:
            self._company(company).open_tasks.add(contact_id)

    def contact(self, company: str, contact_id: str) -> dict[str, Json] | None:
        """A contact as the API shows it, with its ETag and the name parts that the API hides."""
        row = self._company(company).rows.get(contact_id)
        return _seen(row) if row is not None else None

    def contacts(self, company: str) -> list[dict[str, Json]]:
        """All contacts, by number."""
        with self._environment.lock:
            place = self._company(company)
            return [_seen(place.rows[each]) for each in place.by_number.upwards()]

    def snapshot(self) -> Snapshot:
        with self._environment.lock:
            return self._environment.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put the whole environment back to where it was; nobody is notified."""
        with self._environment.lock:
            self._environment.restore(snapshot)

    def subscriptions(self) -> list[Values]:
        """The webhook subscriptions alive, as the API shows them."""
        return [each.values() for each in self._environment.subscriptions.alive()]

    def lose_subscription(self, subscription_id: str) -> None:
        self._environment.subscriptions.remove(subscription_id)

    def _company(self, company_id: str) -> Company:
        return self._environment.companies[company_id.lower()]

    def _transact(
        self, company: Company, method: str, below: str, write: Callable[[ContactWriter], Row]
    ) -> Row:
        path = f"/people/companies({company.id})/{below}"
        transaction = self._environment.begin(method, path)
        return self._commit(transaction, write, self._environment.writer(company, transaction, path))

    def _commit(
        self, transaction: Transaction, write: Callable[[ContactWriter], Row], writer: ContactWriter
    ) -> Row:
        saved = False
        try:
            row = write(writer)
            saved = True
        finally:
            if not saved:
                transaction.roll_back()
        self._environment.commit(transaction)
        return row

    def _load(self, company: Company, json: Mapping[str, Json]) -> str:
        values: Values = dict(BLANK)
        for name, value in json.items():
            if name not in BLANK or not isinstance(value, str | bool):
                raise ValueError(f"{name} is no property of a contact, or its value has the wrong type")
            values[name] = value
        name = str(values["displayName"])
        values["id"] = str(values["id"]).lower() or self._environment.new_id()
        number = str(values["number"]).upper() or company.next_number()
        values["number"] = number
        if "searchName" not in json:
            values["searchName"] = name.upper()[:100]
        if "lastModifiedDateTime" not in json:
            values["lastModifiedDateTime"] = sql_stamp(self._environment.clock.now())
        if values["type"] == "Company":
            values |= {"companyNumber": number, "companyName": name}
        elif values["companyNumber"] and "companyName" not in json:
            joined = company.by_no(str(values["companyNumber"]))
            values["companyName"] = joined.text("displayName") if joined is not None else ""
        parts = name_parts(name) if values["type"] == "Person" else ("", "", "")
        company.set(str(values["id"]), Row(values, number, parts))
        return str(values["id"])

    def _salesperson(self, code: str, name: str, email: str) -> Values:
        return {
            "id": self._environment.new_id(),
            "code": code.upper(),
            "displayName": name,
            "email": email,
            "email2": "",
            "phoneNo": "",
            "jobTitle": "",
            "commisionPercent": 0,
            "privacyBlocked": False,
            "blocked": False,
            "lastModifiedDateTime": sql_stamp(self._environment.clock.now()),
        }


def _split(json: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, str | bool]]:
    """What is typed into controls, and what BC's own code sets."""
    typed = {name: value for name, value in json.items() if name not in _UNTYPED}
    unknown = [
        name for name in typed if name not in CONTACT.properties or not CONTACT.properties[name].writable
    ]
    if unknown:
        raise ValueError(f"a user cannot set {', '.join(unknown)}")
    return typed, {name: str(json[name]) for name in _UNTYPED if name in json}


def _typing_order(json: Mapping[str, Json]) -> list[str]:
    return [name for name in _FIRST if name in json] + [name for name in json if name not in _FIRST]


def _seen(row: Row) -> dict[str, Json]:
    first, middle, surname = row.parts
    hidden = {"firstName": first, "middleName": middle, "surname": surname}
    return {"@odata.etag": row.etag, **row.values, **hidden}
