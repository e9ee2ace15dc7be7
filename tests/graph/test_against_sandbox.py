"""The Graph client against the sandbox, which is stricter than Graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest

from sandbox.faults import Fault
from sandbox.world import Sandbox
from shared.errors import NotFound, StateLost
from shared.graph import Create, Delete, GraphClient, Patch, Stamp, Write, WriteResult, WriteStatus, own_content
from shared.model import Json, Marker
from tests.transport.on_sandbox import ADDRESS, COMPANY, USER, assert_good_manners, graph_client

TENANT = str(UUID(int=1))
STAMP = Stamp(TENANT, "Production", COMPANY)


def marker(number: int) -> Marker:
    return Marker(TENANT, "Production", COMPANY, str(UUID(int=number)))


def body(number: int) -> dict[str, Json]:
    return {
        "displayName": f"Person {number}",
        "givenName": "Person",
        "surname": str(number),
        "emailAddresses": [{"address": f"person{number}@x.example", "name": f"Person {number}"}],
        "categories": ["Business Central"],
    }


def create(number: int) -> Create:
    return Create(f"c{number}", body(number), marker(number))


@pytest.fixture
def world() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.call(sandbox.graph.people.add_user, USER, ADDRESS, "Nneka Okafor")
        yield sandbox
        assert_good_manners(sandbox)


@pytest.fixture
def client(world: Sandbox) -> GraphClient:
    return graph_client(world)


@pytest.fixture
def folder(client: GraphClient) -> str:
    return client.create_folder("Business Central", STAMP).id


def run(client: GraphClient, folder: str, writes: Sequence[Write]) -> dict[str, WriteResult]:
    results: list[WriteResult] = []
    assert client.write(folder, writes, results.append, lambda: False)
    assert len(results) == len(writes)
    return {result.key: result for result in results}


def in_mailbox(world: Sandbox, folder: str) -> list[str]:
    contacts: list[dict[str, Json]] = world.call(world.graph.people.contacts, USER, folder)
    return sorted(str(contact["displayName"]) for contact in contacts)


def test_a_user_is_known_by_id_and_by_address(world: Sandbox) -> None:
    assert graph_client(world, USER).user_id() == USER
    assert graph_client(world, ADDRESS).user_id() == USER
    assert graph_client(world, "nobody@contoso.example").user_id() is None


def test_a_folder_is_made_once_found_by_name_and_knows_its_stamp(client: GraphClient, folder: str) -> None:
    assert client.create_folder("business central", None).id == folder
    found = client.find_folder("Business Central")
    assert found is not None
    assert (found.id, found.stamp, found.parent) == (folder, STAMP, client.default_folder().id)
    client.rename_folder(folder, "O'Neil & Sons")
    renamed = client.find_folder("O'Neil & Sons")
    assert renamed is not None
    assert renamed.id == folder
    assert [each.id for each in client.list_folders()] == [folder]
    other = Stamp(TENANT, "Sandbox", COMPANY)
    client.stamp_folder(folder, other)
    again = client.get_folder(folder)
    assert again is not None
    assert again.stamp == other


def test_a_deleted_folder_lies_elsewhere(world: Sandbox, client: GraphClient, folder: str) -> None:
    world.call(world.graph.people.delete_folder, USER, folder)
    found = client.get_folder(folder)
    assert found is not None
    assert found.parent != client.default_folder().id
    assert client.find_folder("Business Central") is None


def test_contacts_are_created_changed_and_deleted(world: Sandbox, client: GraphClient, folder: str) -> None:
    made = run(client, folder, [create(n) for n in range(45)])
    assert {result.status for result in made.values()} == {WriteStatus.DONE}
    first = made["c1"].contact
    assert first is not None
    assert (first.display_name, first.emails, first.folder) == ("Person 1", ("person1@x.example",), folder)
    second = made["c2"].contact
    assert second is not None
    changed = run(
        client,
        folder,
        [
            Patch("p", first.id, {"displayName": "Person 1", "jobTitle": "Buyer"}, first.etag),
            Delete("d", second.id),
        ],
    )
    assert changed["p"].contact is not None
    assert changed["p"].contact.job_title == "Buyer"
    assert changed["p"].contact.etag != first.etag
    listed = {contact.id: contact for contact in client.list_contacts(folder)}
    assert len(listed) == 44
    assert listed[first.id].marker == marker(1)
    assert second.id not in listed


def test_a_delta_round_sees_what_others_do_and_ends_where_the_next_begins(
    world: Sandbox, client: GraphClient, folder: str
) -> None:
    people = world.graph.people
    ids = [
        world.call(people.create_contact, USER, folder, displayName=f"P{n}", givenName=f"P{n}")
        for n in range(3)
    ]
    start = client.delta(folder, None)
    assert {contact.id for contact in start.contacts} == set(ids)
    world.call(people.edit_contact, USER, ids[0], jobTitle="Buyer")
    world.call(people.delete_contact, USER, ids[1])
    world.call(people.move_contact, USER, ids[2], "contacts")
    following = client.delta(folder, start.link)
    assert [(contact.id, contact.job_title) for contact in following.contacts] == [(ids[0], "Buyer")]
    assert following.removed == {ids[1], ids[2]}
    assert following.complete
    nothing = client.delta(folder, following.link)
    assert (nothing.contacts, nothing.removed) == ([], set())
    moved = client.read([ids[2]])[ids[2]]
    assert moved is not None
    assert moved.folder == client.default_folder().id
    world.call(people.expire_delta_tokens, USER)
    with pytest.raises(StateLost):
        client.delta(folder, nothing.link)


@pytest.mark.parametrize("kind", ["empty_page", "out_of_order", "duplicate", "removed_and_present"])
def test_a_delta_round_is_the_same_whatever_graph_does_to_its_pages(
    world: Sandbox, client: GraphClient, folder: str, kind: str
) -> None:
    run(client, folder, [create(n) for n in range(5)])
    world.faults.add(Fault(kind, "graph", times=1))
    result = client.delta(folder, None)
    assert (len(result.contacts), result.complete) == (5, True)


def test_contacts_are_found_by_marker_and_by_any_address(client: GraphClient, folder: str) -> None:
    run(client, folder, [create(n) for n in range(3)])
    assert [each.display_name for each in client.find_by_markers(folder, [marker(1)])] == ["Person 1"]
    found = client.find_by_addresses(folder, ["person2@x.example", "nobody@x.example"])
    assert [(each.display_name, each.marker) for each in found] == [("Person 2", marker(2))]


def test_private_contacts_and_own_content_are_seen(world: Sandbox, client: GraphClient, folder: str) -> None:
    private: Json = [{"id": "Integer 0x0036", "value": "2"}]
    contact = world.call(
        world.graph.people.create_contact,
        USER,
        folder,
        displayName="P",
        givenName="P",
        personalNotes="met at the fair",
        singleValueExtendedProperties=private,
    )
    read = client.read([contact])[contact]
    assert read is not None
    assert (read.private, read.marker, read.inspected) == (True, None, True)
    whole = client.read_whole([contact])[contact]
    assert own_content(whole)


@pytest.mark.parametrize("mode", ["enforce409", "enforce412"])
def test_a_change_of_what_somebody_else_changed_conflicts(
    world: Sandbox, client: GraphClient, folder: str, mode: str
) -> None:
    world.switches["if_match"] = mode
    contact = run(client, folder, [create(1)])["c1"].contact
    assert contact is not None
    world.call(world.graph.people.edit_contact, USER, contact.id, jobTitle="Buyer")
    result = run(client, folder, [Patch("p", contact.id, {"displayName": "x"}, contact.etag)])["p"]
    assert result.status == WriteStatus.CONFLICT


def test_one_refused_contact_does_not_stop_the_others(client: GraphClient, folder: str) -> None:
    too_many: list[Json] = [{"address": f"a{n}@x.example"} for n in range(4)]
    bad = Create("bad", body(2) | {"emailAddresses": too_many}, marker(2))
    results = run(client, folder, [create(1), bad, create(3)])
    assert {key: result.status for key, result in results.items()} == {
        "c1": WriteStatus.DONE,
        "bad": WriteStatus.REFUSED,
        "c3": WriteStatus.DONE,
    }


@pytest.mark.parametrize("outer", ["200", "424"])
def test_a_storm_of_throttling_doubles_nothing_and_breaks_no_wait(
    world: Sandbox, client: GraphClient, folder: str, outer: str
) -> None:
    world.switches["batch_throttle_outer"] = outer
    storm = Fault(
        "reject", "graph", times=0, status=429, code="ApplicationThrottled", retry_after="1..5", rate=0.1
    )
    world.faults.add(storm)
    mark = world.log.mark()
    results = run(client, folder, [create(n) for n in range(200)])
    assert {result.status for result in results.values()} == {WriteStatus.DONE}
    posts = [entry for entry in world.log.entries("graph", mark) if entry.method == "POST" and entry.item]
    refused = sum(entry.status == 429 for entry in posts)
    assert refused > 5
    assert len(posts) == 200 + refused
    world.faults.clear()
    assert in_mailbox(world, folder) == sorted(f"Person {n}" for n in range(200))


@pytest.mark.parametrize("kind", ["commit_then_504", "drop", "commit_then_drop"])
@pytest.mark.parametrize("path", ["/contacts$", r"/\$batch$"])
def test_lost_answers_make_no_twins(
    world: Sandbox, client: GraphClient, folder: str, kind: str, path: str
) -> None:
    world.faults.add(Fault(kind, "graph", "POST", path, times=2, skip=1))
    results = run(client, folder, [create(n) for n in range(30)])
    assert {result.status for result in results.values()} == {WriteStatus.DONE}
    assert in_mailbox(world, folder) == sorted(f"Person {n}" for n in range(30))


def test_a_lost_deletion_is_not_carried_out_twice(world: Sandbox, client: GraphClient, folder: str) -> None:
    contact = run(client, folder, [create(1)])["c1"].contact
    assert contact is not None
    world.faults.add(Fault("commit_then_504", "graph", "DELETE", "/contacts/"))
    assert run(client, folder, [Delete("d", contact.id)])["d"].status == WriteStatus.DONE
    removed: list[dict[str, Json]] = world.call(world.graph.people.deleted_items, USER)
    assert [item["displayName"] for item in removed] == ["Person 1"]


def test_an_html_page_of_a_gateway_is_no_answer_to_a_read(
    world: Sandbox, client: GraphClient, folder: str
) -> None:
    world.faults.add(Fault("html_error", "graph", "GET", "/contacts", times=2, status=502))
    assert client.list_contacts(folder) == []


def test_a_mailbox_that_is_not_there_is_an_error(world: Sandbox) -> None:
    world.call(world.graph.people.add_user, str(UUID(int=9)), "none@contoso.example", "None", mailbox=False)
    with pytest.raises(NotFound):
        graph_client(world, str(UUID(int=9))).default_folder()


def test_nothing_of_the_users_own_is_touched_by_a_change(
    world: Sandbox, client: GraphClient, folder: str
) -> None:
    contact = run(client, folder, [create(1)])["c1"].contact
    assert contact is not None
    world.call(world.graph.people.edit_contact, USER, contact.id, personalNotes="mine", nickName="P1")
    run(
        client, folder, [Patch("p", contact.id, {"displayName": "Person 1", "jobTitle": "Buyer"}, contact.etag)]
    )
    after: dict[str, Json] | None = world.call(world.graph.people.contact, USER, contact.id)
    assert after is not None
    assert (after["personalNotes"], after["nickName"], after["jobTitle"]) == ("mine", "P1", "Buyer")
