"""The same life on servers of another hand: the contracts kept, every choice they leave made differently."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import trustme

from shared.model import Json, Link, LinkState, Setup
from shared.state.runs import Mode, Run, RunState
from shared.sync.services import Services, build
from shared.sync.work import run_slice
from tests.variance.plain_bc import BASE as BC_BASE
from tests.variance.plain_bc import WAYS as BC_WAYS
from tests.variance.plain_bc import PlainBc
from tests.variance.plain_graph import BASE as GRAPH_BASE
from tests.variance.plain_graph import HOME, WAYS, PlainGraph
from tests.variance.plain_http import Ask, PlainEntra, PlainServer, Record, Tell
from tests.variance.scenario import FOLDER, card, copy, first_sync, live_through, settle, succeeded

TENANT = "0c5e1b7a-9d24-4f6b-8a13-7e2d6c5b4a90"
USER = "e1d2c3b4-a596-4788-9a0b-c1d2e3f4a5b6"
COMPANY = "c0ffee00-1111-4222-8333-444455556666"


class Time:
    """Real time plus what was slept or passed."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds


class PlainTown:
    """A `Town` on the plain servers."""

    def __init__(self, graph: PlainGraph, bc: PlainBc) -> None:
        self.graph, self.bc = graph, bc
        self.time = Time()
        self.seen: list[tuple[PlainServer, Ask]] = []
        self.names: dict[PlainServer, str] = {}
        self.services: Services

    def bc_person(self, name: str, email: str, **more: Json) -> str:
        return self._born({"type": "Person", "displayName": name, "email": email, **more})

    def bc_company(self, name: str, **more: Json) -> str:
        return self._born({"type": "Company", "displayName": name, **more})

    def _born(self, fields: Record) -> str:
        row = self.bc.create(fields)
        # People look at what the defaults of their company made of the place, and put it right.
        self.bc.change(
            row, {name: fields[name] for name in ("country", "city", "postalCode") if name in fields}
        )
        return str(row.values["id"])

    def bc_edit(self, contact: str, **fields: Json) -> None:
        self.bc.change(self.bc.rows[contact], fields)

    def bc_delete(self, contact: str) -> None:
        del self.bc.rows[contact]

    def bc_all(self) -> list[Record]:
        return [dict(row.values) for row in self.bc.rows.values()]

    def outlook(self) -> list[Record]:
        folder = self.graph.folder_named(FOLDER)
        empty: Record = {"businessAddress": {}, "emailAddresses": [], "businessPhones": []}
        texts = ("jobTitle", "companyName", "mobilePhone", "businessHomePage", "personalNotes")
        return [
            {**dict.fromkeys(texts), **empty, **item.values, "id": item.id}
            for item in self.graph.items.values()
            if item.folder == folder
        ]

    def outlook_add(self, name: str, email: str, **more: Json) -> str:
        given, _, surname = name.partition(" ")
        parts: Record = {"displayName": name, "givenName": given, "surname": surname}
        values: Record = {**parts, "emailAddresses": [{"address": email, "name": name}], **more}
        return self.graph.add(self.graph.folder_named(FOLDER), values).id

    def outlook_edit(self, contact: str, **fields: Json) -> None:
        item = self.graph.items[contact]
        self.graph.change(item, {"displayName": item.values["displayName"], **fields})

    def outlook_delete(self, contact: str) -> None:
        self.graph.move(self.graph.items[contact], "Deleted=Items")

    def outlook_move_out(self, contact: str) -> None:
        self.graph.move(self.graph.items[contact], HOME)

    def set_up(self) -> None:
        self.services.store.personal.erase(USER)
        self.services.store.setups.delete(USER, COMPANY)
        self.services.store.setups.put(Setup(USER, COMPANY))

    def sync(self, *, full: bool = False) -> Run:
        runs = self.services.store.runs
        begun = Run(runs.new_id(USER, COMPANY), USER, COMPANY)
        run = runs.create(replace(begun, mode=Mode.FULL) if full else begun)
        while (delay := run_slice(self.services, run.id)) is not None:
            self.time.sleep(delay)
        ended = runs.get(run.id)
        assert ended is not None
        return ended

    def links(self) -> Mapping[str, Link]:
        return {link.bc_id: link for link in self.services.store.links.load(USER, COMPANY)}

    def lost_values(self) -> list[str]:
        records = self.services.store.conflicts.all(USER, COMPANY)
        return sorted(field.lost for record in records for field in record.fields)

    def pass_minutes(self, minutes: float) -> None:
        self.time.sleep(minutes * 60)

    def mark(self) -> int:
        return len(self.seen)

    def requests_since(self, mark: int) -> list[tuple[str, str]]:
        told = [(self.names[server], ask) for server, ask in self.seen[mark:]]
        return [(name, ask.method) for name, ask in told if "skip" not in ask.target and name != "entra"]

    def writes_since(self, mark: int) -> list[str]:
        return [
            write for server, ask in self.seen[mark:] if self.names[server] != "entra" for write in _writes(ask)
        ]


def _writes(ask: Ask) -> list[str]:
    if ask.method == "GET":
        return []
    if not ask.path.endswith("/$batch"):
        return [f"{ask.method} {ask.path}"]
    items = cast(list[dict[str, str]], cast(Record, ask.body)["requests"])
    return [f"{item['method']} {item['url']}" for item in items if item["method"] != "GET"]


@pytest.fixture
def town(storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainTown]:
    """Three servers and a product that knows of them by its settings alone."""
    entra = PlainEntra()
    scopes: dict[str, str] = {}
    times = Time()
    graph = PlainGraph(USER, times.now, lambda ask: entra.opens(ask, scopes["graph"]))
    bc = PlainBc(TENANT, COMPANY, times.now, lambda ask: entra.opens(ask, scopes["businessCentral"]))
    town = PlainTown(graph, bc)
    town.time = times
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    monkeypatch.setitem(os.environ, "REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with ExitStack() as stack:
        doors = stack.enter_context(PlainServer(entra.answer, town.seen, chunked=True, tls=tls))
        outlook = stack.enter_context(PlainServer(graph.answer, town.seen, chunked=False))
        nav = stack.enter_context(PlainServer(bc.answer, town.seen, chunked=True))
        town.names = {doors: "entra", outlook: "graph", nav: "businessCentral"}
        entra.origin, graph.origin, bc.origin = doors.origin, outlook.origin, nav.origin
        scopes |= {"graph": f"{outlook.origin}/.default", "businessCentral": "api://nav/.default"}
        settings = {
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_CLIENT_ID": "11112222-3333-4444-8555-666677778888",
            "ENTRA_CLIENT_SECRET": "not a secret",
            "ENTRA_AUTHORITY_HOST": doors.origin,
            "GRAPH_BASE_URL": outlook.origin + GRAPH_BASE,
            "BC_BASE_URL": nav.origin + BC_BASE,
            "BC_SCOPE": "api://nav/.default",
            "AzureWebJobsStorage": storage,
        }
        town.services = build(settings, times)
        yield town
    assert graph.complaints == []
    assert bc.complaints == []


def test_life_goes_on_the_same_on_servers_of_another_hand(town: PlainTown) -> None:
    live_through(town)


@pytest.mark.parametrize("way", WAYS)
def test_life_goes_on_the_same_whatever_the_mailbox_leaves_out_or_loses(town: PlainTown, way: str) -> None:
    town.graph.ways = {way}
    live_through(town)


@pytest.mark.parametrize("way", BC_WAYS)
def test_life_goes_on_the_same_however_business_central_answers(town: PlainTown, way: str) -> None:
    town.bc.ways = {way}
    live_through(town)


def test_the_folder_is_stamped_even_where_a_new_one_takes_no_extended_property(town: PlainTown) -> None:
    first_sync(town)
    assert len(town.graph.folder_extended[town.graph.folder_named(FOLDER)]) == 1


def test_a_change_told_with_its_changed_properties_alone_empties_nothing(town: PlainTown) -> None:
    people = first_sync(town)
    town.graph.partial_delta = True
    town.outlook_edit(copy(town, people["P1"]), jobTitle="Chief Clerk")
    settle(town)
    p1 = town.bc.rows[people["P1"]].values
    assert (p1["jobTitle"], p1["city"], p1["email"]) == ("Chief Clerk", "London", "10@people.example")


def test_a_deletion_is_noticed_where_nobody_counts(town: PlainTown) -> None:
    people = first_sync(town)
    town.bc.tells_count = False
    town.bc_delete(people["P1"])
    settle(town)
    assert len(town.outlook()) == len(people) - 1


def test_lost_links_come_back_from_the_markers_on_the_copies(town: PlainTown) -> None:
    people = first_sync(town)
    before = {bc_id: link.outlook_id for bc_id, link in town.links().items()}
    town.set_up()
    succeeded(town, full=True)
    assert {bc_id: link.outlook_id for bc_id, link in town.links().items()} == before
    assert len(town.outlook()) == len(people)


def test_a_mailbox_is_known_where_users_cannot_be_looked_up(town: PlainTown) -> None:
    assert town.services.graph(USER).user_id() == USER
    assert town.services.graph("0" + USER[1:]).user_id() is None


def test_people_with_one_name_come_to_a_mailbox_that_insists_on_a_given_name(town: PlainTown) -> None:
    town.graph.needs_given_name = True
    people = first_sync(town)
    assert card(town, people["Cher"])["givenName"] == "Cher"


EMPTY_SUCCESSES = (Tell(200, "<html>Sign in to the network</html>", kind="text/html"), Tell(200, {}), Tell(200))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("told", EMPTY_SUCCESSES)
def test_a_success_without_its_contents_removes_nothing(town: PlainTown, told: Tell, full: bool) -> None:
    people = first_sync(town)
    for side in (town.bc, town.graph):
        town.bc_edit(people["P1"], jobTitle=f"Edited {side.origin[-5:]}")
        town.bc_delete(people["P2" if side is town.bc else "P3"])
        mark, states = town.mark(), {bc_id: link.state for bc_id, link in town.links().items()}
        side.instead = told
        assert town.sync(full=full).state is not RunState.SUCCEEDED
        side.instead = None
        assert not [write for write in town.writes_since(mark) if write.startswith("DELETE")]
        assert {bc_id: link.state for bc_id, link in town.links().items()} == states
        town.pass_minutes(20)
        settle(town)
    assert len(town.outlook()) == len(people) - 2


def test_a_404_that_speaks_of_the_mailbox_within_is_no_deletion(town: PlainTown) -> None:
    people = first_sync(town)
    inner: Json = {"code": "MailboxNotEnabledForRESTAPI", "innererror": {"date": "…"}}
    town.graph.instead = Tell(404, {"error": {"code": "NotFound", "message": "…", "innererror": inner}})
    town.outlook_delete(copy(town, people["P1"]))
    assert town.sync().state is RunState.FAILED
    assert {link.state for link in town.links().values()} == {LinkState.LINKED}


def test_contacts_without_a_time_of_change_are_synced_all_the_same(town: PlainTown) -> None:
    town.bc.tells_time = False
    people = first_sync(town)
    town.bc_edit(people["P1"], jobTitle="Timeless")
    settle(town)


def test_many_newcomers_are_looked_for_by_one_listing(town: PlainTown) -> None:
    first_sync(town)
    for number in range(60):
        town.bc_person(f"New{number} Comer", f"new{number}@people.example")
    mark = town.mark()
    settle(town)
    bodies = [str(ask.body) for server, ask in town.seen[mark:] if town.names[server] == "graph"]
    assert not [body for body in bodies if "Any(ep" in body or "emailAddresses/any" in body]


def test_an_address_that_its_owner_gave_up_can_be_taken_by_a_newcomer(town: PlainTown) -> None:
    first_sync(town)
    town.outlook_add("Rosa New", "rosa@people.example")
    settle(town)
    rosa = next(str(each["id"]) for each in town.bc_all() if each["displayName"] == "Rosa New")
    town.bc_edit(rosa, email="rosa@elsewhere.example")
    settle(town)
    town.outlook_add("Rosa Later", "rosa@people.example")
    settle(town)
    assert "Rosa Later" in {each["displayName"] for each in town.bc_all()}


def test_a_newcomer_with_one_refused_field_arrives_without_it(town: PlainTown) -> None:
    first_sync(town)
    place: Json = {"city": "Bath", "countryOrRegion": "GB"}
    rosa = town.outlook_add(
        "Rosa New",
        "rosa@people.example",
        jobTitle="Forbidden",
        mobilePhone="+1 555 0100",
        businessAddress=place,
    )
    run = town.sync()
    [born] = [each for each in town.bc_all() if each["displayName"] == "Rosa New"]
    assert (born["jobTitle"], born["mobilePhoneNumber"], born["city"]) == ("", "+1 555 0100", "Bath")
    assert town.graph.items[rosa].values["jobTitle"] == "Forbidden"
    assert town.links()[str(born["id"])].outlook_id == rosa
    assert run.counts.to_business_central.created == 1
    mark = town.mark()
    succeeded(town)
    assert town.writes_since(mark) == []
