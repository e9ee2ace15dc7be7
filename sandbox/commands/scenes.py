"""What the demo shows after the first sync: edits on each side, and what becomes of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console

from sandbox.commands.api import Api
from sandbox.commands.watch import follow
from sandbox.install import Missing
from sandbox.seed.cast import Company, User
from sandbox.seed.demo import FOLDER
from sandbox.world import Sandbox
from shared.model import Json

_PUSH_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One person on both sides, by their ids there."""

    name: str
    bc_id: str
    outlook_id: str


class Stage:
    """One user's contacts in one company, and the hands that edit them on either side."""

    def __init__(self, sandbox: Sandbox, api: Api, console: Console, user: User, company: Company) -> None:
        self._sandbox = sandbox
        self._api = api
        self._console = console
        self._user = user
        self._company = company

    def play(self) -> bool:
        """Shows every scene; whether each ended as promised."""
        pairs = self._pairs()
        scenes = (
            self._edit_in_business_central,
            self._edit_in_outlook,
            self._different_fields,
            self._same_field,
        )
        # Every scene is played, also after one that went wrong.
        good = [*(scene(next(pairs)) for scene in scenes), self._nothing_left()]
        return all([*good, self._pushed(next(pairs))])

    def _edit_in_business_central(self, pair: Pair) -> bool:
        self._say(f"Business Central: {pair.name} becomes Head of Purchasing.")
        self._in_bc(pair, jobTitle="Head of Purchasing")
        self._sync()
        return self._check("arrives in Outlook", self._outlook(pair, "jobTitle"), "Head of Purchasing")

    def _edit_in_outlook(self, pair: Pair) -> bool:
        self._say(f"Outlook: {pair.name} has a new mobile phone.")
        self._in_outlook(pair, mobilePhone="+49 151 5550 0123")
        self._sync()
        return self._check(
            "arrives in Business Central", self._bc(pair, "mobilePhoneNumber"), "+49 151 5550 0123"
        )

    def _different_fields(self, pair: Pair) -> bool:
        self._say(f"Both sides at once, two fields: {pair.name}'s title there, the mobile phone here.")
        self._in_bc(pair, jobTitle="Quality Manager")
        self._in_outlook(pair, mobilePhone="+49 151 5550 0456")
        self._sync()
        title = self._check("the title is in Outlook", self._outlook(pair, "jobTitle"), "Quality Manager")
        phone = self._bc(pair, "mobilePhoneNumber")
        return self._check("the phone is in Business Central", phone, "+49 151 5550 0456") and title

    def _same_field(self, pair: Pair) -> bool:
        self._say(f"Both sides at once, the same field: {pair.name} gets two titles.")
        before = len(self._api.conflicts(self._user.id, self._company.id))
        self._in_bc(pair, jobTitle="Plant Manager")
        self._in_outlook(pair, jobTitle="Factory Boss")
        self._sync()
        won = self._check("Business Central's title stays", self._bc(pair, "jobTitle"), "Plant Manager")
        shown = self._check("and is in Outlook", self._outlook(pair, "jobTitle"), "Plant Manager")
        listed = len(self._api.conflicts(self._user.id, self._company.id)) - before
        return self._check("the other title is kept in the list of conflicts", listed, 1) and won and shown

    def _nothing_left(self) -> bool:
        self._say("Nobody edits anything.")
        run = follow(self._console, self._api, self._start(), "sync")
        return self._check("a run writes nothing", run.counts.writes, 0)

    def _pushed(self, pair: Pair) -> bool:
        """Nobody asks for a run: both services notify, and the time until the edit arrives is shown."""
        self._say(f"Push, without schedule or button: {pair.name} is edited on one side, then on the other.")
        self._in_bc(pair, jobTitle="Innovation Lead")
        there = self._await(
            "Business Central → Outlook", lambda: self._outlook(pair, "jobTitle"), "Innovation Lead"
        )
        self._in_outlook(pair, mobilePhone="+49 151 5550 0789")
        back = self._await(
            "Outlook → Business Central", lambda: self._bc(pair, "mobilePhoneNumber"), "+49 151 5550 0789"
        )
        return there and back

    def _await(self, text: str, look: Callable[[], Json], expected: Json) -> bool:
        began = time.monotonic()
        while look() != expected and time.monotonic() - began < _PUSH_PATIENCE_SECONDS:
            time.sleep(0.1)
        return self._check(f"{text} after {time.monotonic() - began:.1f} s", look(), expected)

    def _sync(self) -> None:
        run = follow(self._console, self._api, self._start(), "sync")
        if run.state not in ("succeeded", "needsConfirmation"):
            raise Missing(f"The run ended as {run.state}: {run.message}")

    def _start(self) -> str:
        return self._api.start_sync(self._user.id, self._company.id, "incremental")

    def _pairs(self) -> Iterator[Pair]:
        """People with one address that nobody shares, on both sides."""
        persons = self._sandbox.call(self._sandbox.bc.people.contacts, self._company.id)
        copies = self._sandbox.call(self._sandbox.graph.people.contacts, self._user.id, FOLDER)
        addresses = Counter(_address_in_bc(person) for person in persons)
        cards = Counter(_address_in_outlook(card) for card in copies)
        ids = {_address_in_outlook(card): str(card["id"]) for card in copies}
        for person in persons:
            address = _address_in_bc(person)
            if person["type"] == "Person" and addresses[address] == cards[address] == 1 and ";" not in address:
                yield Pair(str(person["displayName"]), str(person["id"]), ids[address])

    def _in_bc(self, pair: Pair, **values: Json) -> None:
        self._sandbox.call(self._sandbox.bc.people.edit_contact, self._company.id, pair.bc_id, **values)

    def _in_outlook(self, pair: Pair, **values: Json) -> None:
        self._sandbox.call(self._sandbox.graph.people.edit_contact, self._user.id, pair.outlook_id, **values)

    def _bc(self, pair: Pair, field: str) -> Json:
        contact = self._sandbox.call(self._sandbox.bc.people.contact, self._company.id, pair.bc_id)
        return (contact or {}).get(field)

    def _outlook(self, pair: Pair, field: str) -> Json:
        contact = self._sandbox.call(self._sandbox.graph.people.contact, self._user.id, pair.outlook_id)
        return (contact or {}).get(field)

    def _say(self, text: str) -> None:
        self._console.print(f"\n{text}", markup=False)

    def _check(self, text: str, found: Json, expected: Json) -> bool:
        right = found == expected
        mark = "[green]✓[/]" if right else "[red]✗[/]"
        self._console.print(f"{mark} {text}" + ("" if right else f": {found!r} instead of {expected!r}"))
        return right


def _address_in_bc(person: Mapping[str, Json]) -> str:
    return str(person["email"]).strip().casefold()


def _address_in_outlook(card: Mapping[str, Json]) -> str:
    slots = card.get("emailAddresses")
    first = slots[0] if isinstance(slots, list) and slots else {}
    return str(first.get("address", "") if isinstance(first, dict) else "").strip().casefold()
