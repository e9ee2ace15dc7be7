"""The Business Central client against the sandbox, which is stricter than the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from sandbox.faults import Fault
from sandbox.world import Sandbox
from shared.business_central import BcClient, Create, Patch, Write, WriteResult, WriteStatus
from shared.errors import NotFound, Refused
from shared.model import BcContact, Json
from tests.transport.on_sandbox import COMPANY, assert_good_manners, bc_client

OTHER_COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c02"
LONG_AGO = "2020-01-01T00:00:00Z"


def body(number: int) -> dict[str, Json]:
    return {"type": "Person", "displayName": f"Person {number}", "email": f"person{number}@x.example"}


def create(number: int) -> Create:
    return Create(f"c{number}", body(number))


@pytest.fixture
def world() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.call(sandbox.bc.people.add_company, COMPANY, "CRONUS")
        yield sandbox
        assert_good_manners(sandbox)


@pytest.fixture
def client(world: Sandbox) -> BcClient:
    return bc_client(world)


def add(world: Sandbox, **json: Json) -> str:
    return world.call(lambda: world.bc.people.create_contact(COMPANY, False, **json))


def run(client: BcClient, writes: Sequence[Write]) -> dict[str, WriteResult]:
    results: list[WriteResult] = []

    def lookup(key: str) -> BcContact | None:
        address = f"person{key[1:]}@x.example"
        return next((found for found in client.find_by_addresses([address]) if found.email == address), None)

    assert client.write(writes, results.append, lambda: False, lookup)
    assert len(results) == len(writes)
    return {result.key: result for result in results}


def in_company(world: Sandbox) -> list[str]:
    contacts: list[dict[str, Json]] = world.call(world.bc.people.contacts, COMPANY)
    return sorted(str(contact["displayName"]) for contact in contacts)


def test_companies_countries_and_lengths_are_told(world: Sandbox, client: BcClient) -> None:
    assert [(company.id, company.name) for company in client.companies()] == [(COMPANY, "CRONUS")]
    assert dict(client.countries())["GB"]
    assert client.website_max() == 255
    world.switches["bc_website_length"] = "80"
    assert client.website_max() == 80


def test_a_company_that_does_not_exist_is_an_error(world: Sandbox) -> None:
    with pytest.raises(NotFound):
        bc_client(world, OTHER_COMPANY).read_all()


def test_contacts_are_created_and_changed(world: Sandbox, client: BcClient) -> None:
    made = run(client, [create(n) for n in range(120)])
    assert {result.status for result in made.values()} == {WriteStatus.DONE}
    first = made["c1"].contact
    assert first is not None
    assert (first.display_name, first.email, first.type) == ("Person 1", "person1@x.example", "Person")
    changed = run(client, [Patch("p", first.id, {"jobTitle": "CTO"}, first.etag)])["p"].contact
    assert changed is not None
    assert (changed.job_title, changed.id) == ("CTO", first.id)
    assert client.get(first.id) == changed
    assert client.get(first.id.replace(first.id[:8], "00000000")) is None


def test_everything_is_read_over_many_pages(world: Sandbox, client: BcClient) -> None:
    for number in range(7):
        add(world, **body(number))
    add(world, type="Company", displayName="Acme")
    everything = client.read_all()
    persons = client.read_all("type eq 'Person'")
    assert (len(everything.contacts), everything.complete) == (8, True)
    assert len(persons.contacts) == 7
    assert client.ids() == {contact.id for contact in everything.contacts}
    wanted = [contact.id for contact in persons.contacts]
    assert client.read_by_ids([*wanted, COMPANY]).keys() == set(wanted)


def test_changes_and_count_take_one_request(world: Sandbox, client: BcClient) -> None:
    for number in range(3):
        add(world, **body(number))
    world.clock.advance(1800)
    since = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    world.clock.advance(10)
    changed = add(world, **body(3))
    mark = world.log.mark()
    changes = client.read_changed(since)
    assert ([contact.id for contact in changes.contacts], changes.count) == ([changed], 4)
    assert sum(not entry.item for entry in world.log.entries("businessCentral", mark)) == 1
    assert len(client.read_changed(LONG_AGO).contacts) == 4


@pytest.mark.parametrize("wildcards", ["false", "true"])
@pytest.mark.parametrize("case", ["sensitive", "insensitive"])
def test_addresses_are_found_in_any_letter_case_and_in_lists(
    world: Sandbox, client: BcClient, wildcards: str, case: str
) -> None:
    world.switches |= {"bc_wildcards": wildcards, "bc_text_case": case}
    add(world, type="Person", displayName="Ada", email="Ada@X.example;ada@home.example")
    add(world, type="Person", displayName="Shop", email="o'neil&sons@x.example")
    add(world, type="Person", displayName="Other", email="other@x.example")
    assert {c.display_name for c in client.find_by_addresses(["ADA@home.example"])} == {"Ada"}
    assert {c.display_name for c in client.find_by_addresses(["ada@x.example"])} == {"Ada"}
    assert "Shop" in {c.display_name for c in client.find_by_addresses(["O'Neil&Sons@x.example"])}
    assert client.find_by_addresses(["nobody@x.example"]) == []


@pytest.mark.parametrize("wildcards", ["false", "true"])
def test_companies_are_found_by_name(world: Sandbox, client: BcClient, wildcards: str) -> None:
    world.switches["bc_wildcards"] = wildcards
    names = ["Harbour Tools Ltd", "Müller & Söhne (Bau)", "O'Neil", "A|B"]
    for name in names:
        add(world, type="Company", displayName=name)
    add(world, type="Person", displayName="Harbour Tools Ltd", email="p@x.example")
    for name in names:
        found = [c for c in client.find_companies([name.upper()]) if c.display_name == name]
        assert [c.type for c in found] == ["Company"]


def test_many_addresses_are_asked_for_below_the_ceiling(world: Sandbox, client: BcClient) -> None:
    for number in range(300):
        add(world, **body(number))
    found = client.find_by_addresses([f"person{number}@x.example" for number in range(300)])
    assert len(found) == 300


@pytest.mark.parametrize("continues", ["true", "false"])
def test_refused_and_stale_writes_do_not_stop_the_others(
    world: Sandbox, client: BcClient, continues: str
) -> None:
    world.switches["bc_continue_on_error"] = continues
    contact = run(client, [create(1)])["c1"].contact
    assert contact is not None
    world.call(world.bc.people.edit_contact, COMPANY, contact.id, jobTitle="CEO")
    long = Create("c8", body(8) | {"jobTitle": "x" * 31})
    results = run(
        client, [create(2), Patch("p", contact.id, {"jobTitle": "CTO"}, contact.etag), long, create(3)]
    )
    assert {key: result.status for key, result in results.items()} == {
        "c2": WriteStatus.DONE,
        "p": WriteStatus.CONFLICT,
        "c8": WriteStatus.REFUSED,
        "c3": WriteStatus.DONE,
    }
    assert results["c8"].code == "Application_StringExceededLength"


def test_a_contact_that_was_deleted_meanwhile_is_gone(world: Sandbox, client: BcClient) -> None:
    contact = run(client, [create(1)])["c1"].contact
    assert contact is not None
    world.call(world.bc.people.delete_contact, COMPANY, contact.id)
    assert (
        run(client, [Patch("p", contact.id, {"jobTitle": "CTO"}, contact.etag)])["p"].status == WriteStatus.GONE
    )


@pytest.mark.parametrize("retry_after", ["1..5", "2.128", None])
def test_a_storm_of_throttling_doubles_nothing_and_breaks_no_wait(
    world: Sandbox, client: BcClient, retry_after: str | None
) -> None:
    storm = Fault(
        "reject",
        "businessCentral",
        times=0,
        status=429,
        code="Application_TooManyRequests",
        retry_after=retry_after,
        rate=0.1,
    )
    world.faults.add(storm)
    results = run(client, [create(n) for n in range(60)])
    assert {result.status for result in results.values()} == {WriteStatus.DONE}
    world.faults.clear()
    assert in_company(world) == sorted(f"Person {n}" for n in range(60))


@pytest.mark.parametrize("kind", ["commit_then_504", "drop", "commit_then_drop"])
@pytest.mark.parametrize("path", ["/contacts$", r"/\$batch$"])
def test_lost_answers_make_no_twins(world: Sandbox, client: BcClient, kind: str, path: str) -> None:
    world.faults.add(Fault(kind, "businessCentral", "POST", path, times=2, skip=0))
    results = run(client, [create(n) for n in range(10)])
    assert {result.status for result in results.values()} == {WriteStatus.DONE}
    assert in_company(world) == sorted(f"Person {n}" for n in range(10))


def test_whether_contacts_notify_is_known(world: Sandbox, client: BcClient) -> None:
    assert client.webhook_supported()
    world.switches["bc_contacts_have_webhooks"] = "false"
    assert not client.webhook_supported()


def test_a_refused_handshake_is_an_error_and_leaves_nothing(world: Sandbox, client: BcClient) -> None:
    with pytest.raises(Refused):
        client.subscribe("https://127.0.0.1:9/nobody", "s3cret")
    assert client.get_subscription("nothing") is None
    client.unsubscribe("nothing")
