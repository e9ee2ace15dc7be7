"""Companies and environments beside each other: nothing leaks from one into another (sync rules §1, §3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import ENVIRONMENT
from shared.model import Reason, Setup
from shared.state.runs import Run, RunState
from shared.sync.services import build
from tests.sync.situations import assert_silent, copy_of, in_sync, persons
from tests.sync.world import ANNA, COMPANY, OTHER_COMPANY, SandboxTime, World

SECOND = "Business Central – Second Ltd"


@pytest.fixture
def two(world: World) -> Iterator[World]:
    world.sandbox.call(world.sandbox.bc.people.add_company, OTHER_COMPANY, "Second Ltd")
    yield world


def set_up_second(world: World, name: str = SECOND) -> None:
    world.services.store.setups.put(Setup(user=ANNA, company=OTHER_COMPANY, folder_name=name))


def sync_second(world: World, *, full: bool = True) -> Run:
    return world.sync(ANNA, OTHER_COMPANY, full=full)


def test_two_companies_in_one_mailbox(two: World) -> None:
    """The same person in both: a folder, a copy and a life of their own."""
    [ada] = in_sync(two)
    other = two.bc_person("Ada Lovelace", "p0@x.example", OTHER_COMPANY, jobTitle="Countess")
    set_up_second(two)
    assert sync_second(two).state is RunState.SUCCEEDED
    assert two.card("Ada Lovelace")["jobTitle"] == "Buyer"
    assert two.card("Ada Lovelace", folder=SECOND)["jobTitle"] == "Countess"
    two.outlook_edit(two.links(ANNA, OTHER_COMPANY)[other].outlook_id, jobTitle="Poet")
    two.ok()
    sync_second(two, full=False)
    assert (two.bc(ada)["jobTitle"], two.bc(other, OTHER_COMPANY)["jobTitle"]) == ("Buyer", "Poet")
    assert_silent(two)


def test_folder_of_one_company_is_refused_to_the_other(two: World) -> None:
    in_sync(two)
    persons(two, 1, OTHER_COMPANY)
    set_up_second(two, "Business Central")
    mark = two.sandbox.log.mark()
    run = sync_second(two)
    assert run.state is RunState.FAILED
    assert "Business Central" in run.message
    assert two.writes_since(mark) == []
    assert len(two.outlook()) == 1


def test_contact_moved_into_the_other_companys_folder_is_left_alone_there(two: World) -> None:
    [ada] = in_sync(two)
    set_up_second(two)
    sync_second(two)
    copy = copy_of(two, ada)
    two.people("move_contact", ANNA, copy, SECOND)
    sync_second(two, full=False)
    two.ok()
    assert two.bc_all(OTHER_COMPANY) == []
    assert two.outcomes(ANNA, OTHER_COMPANY) == {copy: Reason.FOREIGN_MARKER}
    assert two.links()[ada].note is Reason.MOVED_OUT
    sync_second(two)
    assert two.bc_all(OTHER_COMPANY) == []


def test_company_renamed(world: World) -> None:
    """A company is known by its id."""
    [ada] = in_sync(world)
    world.sandbox.call(world.sandbox.bc.people.rename_company, COMPANY, "CRONUS Group plc")
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.ok()
    world.ok(full=True)
    assert world.card("Ada Lovelace")["jobTitle"] == "Head Buyer"
    assert_silent(world)


def test_bc_sandbox_copied_from_production(world: World, storage: str) -> None:
    """The copy has the same company and contact ids; its product meets production's markers in the mailbox."""
    [ada] = in_sync(world)
    copy = copy_of(world, ada)
    world.reset_storage()
    env = {**world.sandbox.settings(), "AzureWebJobsStorage": storage, "BC_ENVIRONMENT": "Sandbox"}
    world.sandbox.bc.environment = "Sandbox"
    world.services = build(env, SandboxTime(world.sandbox.clock))
    world.set_up()
    mark = world.sandbox.log.mark()
    run = world.sync(full=True)
    assert run.state is RunState.FAILED  # the folder is stamped for production
    assert world.writes_since(mark) == []
    world.reset_storage()
    world.set_up(folder_name="Test")
    world.people("create_folder", ANNA, "Test")
    world.people("copy_contact", ANNA, copy, "Test")
    world.sync(full=True)
    world.bc_edit(ada, jobTitle="Only a test")
    world.sync(full=True)
    assert world.card("Ada Lovelace")["jobTitle"] == "Buyer"
    assert Reason.FOREIGN_MARKER in world.outcomes().values()
    assert [c["jobTitle"] for c in world.outlook(folder="Test")].count("Buyer") == 1
    assert len(world.bc_all()) == 1
    assert ENVIRONMENT == "Production"
