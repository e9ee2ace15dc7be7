"""Creating, changing and deleting contacts with everything BC does along the way.

Rules: contracts/business-central.md §3.1, §3.3, §3.4, §3.6, §3.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.business_central import errors
from sandbox.business_central.contact_fields import (
    ADDRESS,
    BLANK,
    COMMUNICATION,
    Draft,
    Setup,
    assign,
    name_parts,
    typed,
)
from sandbox.business_central.database import NO_PARTS, Change, Event, Row, Transaction
from sandbox.business_central.entity import CONTACT, Values
from sandbox.business_central.stamps import EMPTY_DATE, plain_stamp, sql_stamp
from shared.model import Json


@dataclass(slots=True)
class ContactWriter:
    """Writes contacts of one company inside one transaction.

    `moment`: the time of the writes. Raises `Refusal`; what was written before it in the same operation
    is the caller's to roll back.
    """

    setup: Setup
    transaction: Transaction
    moment: datetime
    new_id: Callable[[], str]

    def create(self, body: Mapping[str, Json], order: Iterable[str], manual_number: bool = False) -> Row:
        """A new contact from the given properties, set in the given order."""
        draft = Draft(dict(BLANK), None)
        self._set_all(draft, body, order, manual_number)
        if "displayName" not in body:
            raise errors.dialog('A "displayName" must be provided.', 'Ein "displayName" muss angegeben werden.')
        company = self.setup.company
        if draft.text("number") in company.numbers:
            raise self._taken(draft.text("number"))
        draft.values["number"] = draft.text("number") or company.next_number()
        if not draft.text("country"):
            draft.values["country"] = self.setup.switches.text("bc_default_country")
        if draft.is_company:
            self._become_company(draft)
        elif draft.text("companyNumber") == draft.text("number"):
            draft.values |= {"companyNumber": "", "companyName": ""}
        draft.values["id"] = self.new_id()
        row = self._store(draft, Change.CREATED)
        # The API page inserts and then modifies: two webhook records for one POST (§3.1).
        self._event(row.id, Change.UPDATED)
        return row

    def modify(
        self, row: Row, body: Mapping[str, Json], order: Iterable[str], manual_number: bool = False
    ) -> Row:
        """The contact with the given properties set, its persons following a company's changes."""
        draft = Draft.of(row)
        self._set_all(draft, body, order, manual_number)
        if draft.text("number") != row.key:
            self._rename(draft, row.key)
        new = self._store(draft, Change.UPDATED)
        if draft.is_company:
            self._pass_on(row.values, new)
        return new

    def remove(self, row: Row, cascade: bool = True) -> None:
        """Delete a contact; a company takes its persons along."""
        company = self.setup.company
        persons = company.persons_of(row.key) if cascade and row.values["type"] == "Company" else []
        for each in [*persons, row]:
            if each.id in company.open_tasks:
                raise errors.dialog(
                    f"You cannot delete contact {each.key} because there are one or more tasks open.",
                    f"Kontakt {each.key} kann nicht gelöscht werden, weil Aufgaben offen sind.",
                )
            self.transaction.set(company, each.id, None)
            self._event(each.id, Change.DELETED)

    def touch(self, row: Row, changes: Mapping[str, str | bool]) -> Row:
        """Write fields of the row that no API control can set, as BC's own code does."""
        draft = Draft.of(row)
        draft.values |= changes
        return self._store(draft, Change.UPDATED)

    def _set_all(
        self, draft: Draft, body: Mapping[str, Json], order: Iterable[str], manual_number: bool
    ) -> None:
        for name in order:
            value = typed(CONTACT.properties[name], body[name], self.setup)
            if name == "number":
                self._set_number(draft, str(value), manual_number)
                continue
            before = draft.values["type"]
            assign(draft, name, value, self.setup)
            if name == "type" and draft.old is not None and value != before:
                self._change_type(draft)

    def _set_number(self, draft: Draft, number: str, manual_allowed: bool) -> None:
        if number == draft.text("number"):
            return
        if not number:
            raise errors.test_field("No. must have a value in Contact. It cannot be zero or empty.")
        if not (manual_allowed or self.setup.switches.flag("bc_manual_numbers")):
            raise errors.dialog(
                "You may not enter numbers manually. If you want to enter numbers manually, "
                "please activate Manual Nos. in No. Series CONT.",
                "Nummern dürfen nicht manuell eingegeben werden. Aktivieren Sie dazu "
                "Manuelle Nrn. in der Nummernserie CONT.",
            )
        draft.values["number"] = number

    def _rename(self, draft: Draft, before: str) -> None:
        """A new primary key: the id stays, a company's persons follow without a trigger of their own."""
        number = draft.text("number")
        if number in self.setup.company.numbers:
            raise self._taken(number)
        if not draft.is_company:
            return
        draft.values["companyNumber"] = number
        for person in self.setup.company.persons_of(before):
            follower = Draft.of(person)
            follower.values["companyNumber"] = number
            self._stamp(follower)
            self.transaction.set(self.setup.company, person.id, self._row(follower))

    def _change_type(self, draft: Draft) -> None:
        """What TypeChange refuses and rewrites when the type of an existing contact changes (§3.6)."""
        assert draft.old is not None
        if draft.values["lastInteractionDate"] != EMPTY_DATE or draft.old.id in self.setup.company.open_tasks:
            raise errors.dialog(
                f"You cannot change Type of contact {draft.old.key} because there are one or more "
                "interactions or tasks.",
            )
        if draft.is_company:
            self._become_company(draft)
            return
        if self.setup.company.persons_of(draft.old.key):
            raise errors.dialog(
                f"You cannot change Type of contact {draft.old.key} because there are one or more "
                "persons related to it.",
            )
        for name, blank in (("contactBusinessRelation", "None"), ("taxRegistrationNumber", "")):
            if draft.values[name] != blank:
                caption = CONTACT.properties[name].caption
                raise errors.test_field(
                    f"{caption} must be equal to ''  in Contact: No.={draft.old.key}. "
                    f"Current value is '{draft.values[name]}'."
                )
        draft.values |= {"companyNumber": "", "companyName": ""}
        draft.parts = name_parts(draft.text("displayName"))

    @staticmethod
    def _become_company(draft: Draft) -> None:
        draft.parts = NO_PARTS
        draft.values |= {
            "jobTitle": "",
            "companyNumber": draft.values["number"],
            "companyName": draft.values["displayName"],
        }

    def _pass_on(self, old: Values, company: Row) -> None:
        """Give a company's changes to those of its persons that had the same before (§3.3, §3.6)."""
        new = company.values
        for person in self.setup.company.persons_of(company.key):
            changes = self._passed_on(old, new, person.values)
            if changes:
                self.touch(person, changes)

    def _passed_on(self, old: Values, new: Values, person: Values) -> dict[str, str | bool]:
        switches = self.setup.switches
        names: list[str] = []
        if switches.flag("bc_inherit_communication"):
            names += COMMUNICATION
        if switches.flag("bc_inherit_country"):
            names.append("country")
        if switches.flag("bc_inherit_address") and all(person[name] == old[name] for name in ADDRESS):
            names += ADDRESS
        changes = {name: new[name] for name in names if new[name] != old[name] and person[name] == old[name]}
        if person["companyName"] != new["displayName"]:
            changes["companyName"] = new["displayName"]
        return {name: str(value) for name, value in changes.items()}

    def _taken(self, number: str) -> errors.Refusal:
        return errors.duplicate_key(number, self.setup.switches.number("bc_duplicate_key_status"))

    def _store(self, draft: Draft, change: Change) -> Row:
        self._stamp(draft)
        row = self._row(draft)
        self.transaction.set(self.setup.company, row.id, row)
        self._event(row.id, change)
        return row

    def _stamp(self, draft: Draft) -> None:
        draft.values["lastModifiedDateTime"] = sql_stamp(self.moment)

    def _row(self, draft: Draft) -> Row:
        salt = draft.old.salt if draft.old is not None else 0
        return Row(draft.values, draft.text("number"), draft.parts, salt)

    def _event(self, contact_id: str, change: Change) -> None:
        event = Event(self.setup.company.id, contact_id, change, plain_stamp(self.moment))
        self.transaction.events.append(event)
