"""One look at a company tells which of its setups a change concerns."""

from __future__ import annotations

import pytest

from sandbox.faults import Fault
from shared.state.runs import Trigger
from shared.sync.tick import tick
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, BEN, COMPANY


@pytest.fixture
def two(pushed: Pushed) -> Pushed:
    """Anna sees London, Ben sees Paris; both are in step, and the company was looked at."""
    pushed.world.bc_person("Ada Lovelace", "ada@x.example", city="London")
    pushed.world.bc_person("Marie Curie", "marie@x.example", city="Paris")
    for user, city in ((ANNA, "London"), (BEN, "Paris")):
        pushed.world.set_up(user, filter={"city": city})
        pushed.world.ok(user, full=True)
    pushed.work_off()
    _quiet(pushed)
    tick(pushed.services)
    assert pushed.work_off() == []
    return pushed


def test_edit_starts_runs_only_for_setups_that_have_the_contact(two: Pushed) -> None:
    two.world.bc_edit(_id(two, "Marie Curie"), jobTitle="Professor")
    assert _concerned(two) == {BEN}


def test_new_contact_starts_runs_only_for_setups_whose_filter_it_matches(two: Pushed) -> None:
    two.world.bc_person("Grace Hopper", "grace@x.example", city="London")
    assert _concerned(two) == {ANNA}


def test_first_contact_that_a_filter_ever_matches_starts_a_run(pushed: Pushed) -> None:
    pushed.world.bc_person("Ada Lovelace", "ada@x.example", city="London")
    pushed.world.set_up(filter={"city": "Turin"})
    pushed.world.ok(full=True)
    pushed.work_off()
    _quiet(pushed)
    tick(pushed.services)
    pushed.work_off()
    pushed.world.bc_person("Rita Levi", "rita@x.example", city="Turin")
    tick(pushed.services)
    assert pushed.stored().queued is not None
    pushed.work_off()
    assert pushed.world.names() == ["Rita Levi"]


def test_contact_that_leaves_one_filter_for_another_concerns_both(two: Pushed) -> None:
    two.world.bc_edit(_id(two, "Ada Lovelace"), city="Paris")
    assert _concerned(two) == {ANNA, BEN}


def test_contact_that_nobody_wants_concerns_nobody(two: Pushed) -> None:
    two.world.bc_person("Konrad Zuse", "konrad@x.example", city="Berlin")
    two.world.bc_company("London Tools", city="London")
    assert _concerned(two) == set()


def test_person_that_may_not_be_copied_concerns_nobody(two: Pushed) -> None:
    two.world.bc_person("No Mail", "", city="London")
    assert _concerned(two) == set()


def test_deletion_that_only_the_count_shows_concerns_everyone(two: Pushed) -> None:
    two.world.bc_delete(_id(two, "Ada Lovelace"))
    assert _concerned(two) == {ANNA, BEN}


def test_deletion_that_is_told_concerns_those_who_have_the_contact(two: Pushed) -> None:
    _loud(two)
    two.world.bc_person("Konrad Zuse", "konrad@x.example", city="Berlin")
    two.receiver.wait_for(len(two.receiver.answers) + 1)
    two.work_off()
    gone = _id(two, "Marie Curie")
    before = len(two.receiver.answers)
    two.world.bc_person("Emmy Noether", "emmy@x.example", city="Berlin")  # so that the count is no sign
    two.world.bc_delete(gone)
    two.receiver.wait_for(before + 1)
    assert {job.user for job in two.work_off() if job.user} == {BEN}
    assert two.world.names(BEN) == []


def test_same_change_is_told_once(two: Pushed) -> None:
    two.world.bc_edit(_id(two, "Marie Curie"), jobTitle="Professor")
    assert _concerned(two) == {BEN}
    two.work_off()
    assert _concerned(two) == set()
    two.world.bc_edit(_id(two, "Ada Lovelace"), jobTitle="Countess")
    assert _concerned(two) == {ANNA}


def test_look_that_broke_off_is_repeated(two: Pushed) -> None:
    two.world.bc_edit(_id(two, "Marie Curie"), jobTitle="Professor")
    fault = Fault("reject", "businessCentral", "POST", r"\$batch$", times=0, status=400, code="BadRequest")
    two.world.sandbox.faults.add(fault)
    assert _concerned(two) == set()
    row = two.services.store.companies.get("Production", COMPANY)
    assert row is not None
    assert row.last_error
    two.world.sandbox.faults.clear()
    assert _concerned(two) == {BEN}
    row = two.services.store.companies.get("Production", COMPANY)
    assert row is not None
    assert row.last_error == ""


def test_company_whose_contacts_have_no_time_of_change_is_looked_at_like_any_other(pushed: Pushed) -> None:
    timeless = {"type": "Person", "lastModifiedDateTime": "0001-01-01T00:00:00Z", "email": "ada@x.example"}
    create = pushed.world.sandbox.bc.people.create_contact
    pushed.world.sandbox.call(create, COMPANY, raw=True, displayName="Ada Lovelace", **timeless)
    pushed.world.set_up()
    pushed.world.ok(full=True)
    pushed.work_off()
    tick(pushed.services)
    tick(pushed.services)
    row = pushed.services.store.companies.get("Production", COMPANY)
    assert row is not None
    assert (row.watermark, row.count, row.last_error) == ("0001-01-01T00:00:00.000Z", 1, "")


def test_paused_setups_and_those_without_background_sync_are_left_alone(two: Pushed) -> None:
    two.world.set_up(ANNA, filter={"city": "London"}, paused=True)
    two.world.set_up(BEN, filter={"city": "Paris"}, background_sync=False)
    two.world.bc_edit(_id(two, "Ada Lovelace"), jobTitle="Countess")
    two.world.bc_edit(_id(two, "Marie Curie"), jobTitle="Professor")
    assert _concerned(two) == set()


# --- what the tests say --------------------------------------------------------------------------


def _concerned(two: Pushed) -> set[str]:
    """The users whose runs a tick queues; they are left in the queue's rows."""
    tick(two.services)
    found = set()
    for user in (ANNA, BEN):
        queued = two.stored(user).queued
        if queued is not None:
            assert queued.trigger is Trigger.TIMER
            found.add(user)
    return found


def _quiet(pushed: Pushed) -> None:
    """No notification arrives, not even of the runs' own writes: the tick alone finds out."""
    pushed.receiver.lost = True


def _loud(pushed: Pushed) -> None:
    pushed.receiver.lost = False


def _id(pushed: Pushed, name: str) -> str:
    [found] = [contact for contact in pushed.world.bc_all() if contact["displayName"] == name]
    return str(found["id"]).lower()
