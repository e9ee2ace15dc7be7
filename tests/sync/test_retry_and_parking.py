"""Contacts that fail come back with growing delay, are parked at last; what one can ask for (sync rules §9)."""

from __future__ import annotations

import pytest

from sandbox.faults import Fault
from shared.model import Field, Json, LinkState, Outcome, Reason, Side
from shared.state.keys import moment
from shared.state.outcomes import ContactOutcome
from shared.state.runs import RunKind, RunState, Trigger
from tests.sync.situations import (
    assert_equal,
    assert_silent,
    copy_of,
    in_sync,
    job,
    lost_values,
    name_of,
    persons,
)
from tests.sync.world import ANNA, COMPANY, World


def wish(kind: str, contact: str, **more: str) -> list[Json]:
    return [{"kind": kind, "id": contact, **more}]


def outcome(world: World, contact: str) -> ContactOutcome:
    rows = world.services.store.outcomes.all(ANNA, COMPANY)
    return next(row for row in rows if row.id == contact)


def poison(world: World, contact: str) -> None:
    """Graph refuses every change of this contact, for whatever reason of its own."""
    world.sandbox.faults.add(
        Fault("reject", "graph", method="PATCH", path=contact[-20:], status=400, code="ErrorInternal", times=0)
    )


def park(world: World, bc_id: str) -> None:
    """Let the contact fail until it is parked."""
    poison(world, copy_of(world, bc_id))
    world.bc_edit(bc_id, jobTitle="Head Buyer")
    for _ in range(8):
        world.sync(trigger=Trigger.TIMER)
        world.pass_minutes(13 * 60)
    assert outcome(world, bc_id).parked


def test_one_poisonous_contact_does_not_stop_the_others(world: World) -> None:
    ada, grace = in_sync(world, 2)
    poison(world, copy_of(world, ada))
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.bc_edit(grace, jobTitle="Admiral")
    run = world.sync()
    assert run.state is RunState.PARTIAL
    assert run.counts.failed == 1
    assert job(world, grace) == ("Admiral", "Admiral")
    row = outcome(world, ada)
    assert (row.outcome, row.reason, row.attempts) == (Outcome.FAILED, Reason.REFUSED_BY_OUTLOOK, 1)


def test_failed_contact_comes_back_with_growing_delay(world: World) -> None:
    [ada] = in_sync(world)
    poison(world, copy_of(world, ada))
    world.bc_edit(ada, jobTitle="Head Buyer")
    delays = []
    for attempt in range(1, 8):
        world.sync(trigger=Trigger.TIMER)
        row = outcome(world, ada)
        assert row.attempts == attempt
        delays.append((moment(row.next_at) - moment(row.at)).total_seconds())
        mark = world.sandbox.log.mark()
        world.sync(trigger=Trigger.TIMER)
        assert world.writes_since(mark) == []  # not before its time
        world.sandbox.clock.advance(delays[-1] + 1)
    assert delays == sorted(delays)
    assert delays[0] == 60
    assert delays[-1] == 12 * 3600


def test_failed_contact_arrives_as_soon_as_the_cause_is_gone_whatever_the_watermark_says(world: World) -> None:
    [ada] = in_sync(world)
    poison(world, copy_of(world, ada))
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.sync(trigger=Trigger.TIMER)
    world.pass_minutes(120)
    world.bc_person("Rosa New", "rosa@x.example")
    world.sync(trigger=Trigger.TIMER)
    world.sandbox.faults.clear()
    world.pass_minutes(120)
    world.ok(trigger=Trigger.TIMER)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert world.outcomes() == {}
    assert_silent(world)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("reject", "graph", method="PATCH", status=412, times=0), Reason.REFUSED_BY_OUTLOOK),
        (
            Fault("reject", "graph", method="DELETE", status=409, code="ErrorIrresolvableConflict", times=0),
            Reason.REFUSED_BY_OUTLOOK,
        ),
        (
            Fault(
                "reject", "businessCentral", method="PATCH", status=409, code="Request_EntityChanged", times=0
            ),
            Reason.REFUSED_BY_BUSINESS_CENTRAL,
        ),
    ],
)
def test_contact_that_conflicts_again_and_again_is_told_and_comes_back(
    world: World, fault: Fault, reason: Reason
) -> None:
    by_bc, by_outlook, gone = in_sync(world, 3)
    world.sandbox.faults.add(fault)
    world.bc_edit(by_bc, jobTitle="Head Buyer")
    world.outlook_edit(copy_of(world, by_outlook), jobTitle="Admiral")
    world.bc_delete(gone)
    run = world.sync(trigger=Trigger.TIMER)
    assert (run.state, run.counts.failed) == (RunState.PARTIAL, 1)
    [row] = world.services.store.outcomes.all(ANNA, COMPANY)
    assert (row.outcome, row.reason) == (Outcome.FAILED, reason)
    world.sandbox.faults.clear()
    world.pass_minutes(2)
    world.ok(trigger=Trigger.TIMER)
    assert (job(world, by_bc), job(world, by_outlook)) == (("Head Buyer",) * 2, ("Admiral",) * 2)
    assert world.names() == sorted([name_of(0), name_of(1)])
    assert world.outcomes() == {}
    assert_equal(world)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_contact_that_cannot_even_be_read_stops_nobody_else(world: World, status: int) -> None:
    ada, grace, edith, hedy = in_sync(world, 4)
    removed = copy_of(world, hedy)
    for contact in (ada, edith, hedy):
        path = copy_of(world, contact)[-20:]
        world.sandbox.faults.add(Fault("reject", "graph", path=path, status=status, times=0))
    world.bc_edit(ada, jobTitle="Head Buyer")
    world.bc_delete(edith)
    world.outlook_delete(removed)
    for title in ("Admiral", "Rear Admiral", "Commodore"):
        world.bc_edit(grace, jobTitle=title)
        run = world.sync(trigger=Trigger.TIMER)
        assert run.state is RunState.PARTIAL, run.message
        assert run.counts.failed == 3
        assert job(world, grace) == (title, title)
        assert {world.links()[each].state for each in (ada, edith, hedy)} == {LinkState.LINKED}
        world.pass_minutes(60)
    world.sandbox.faults.clear()
    world.ok(trigger=Trigger.TIMER)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert world.names() == sorted([name_of(0), name_of(1)])
    assert world.links()[hedy].state is LinkState.DELETED_BY_USER
    assert world.outcomes() == {}
    assert_equal(world)


def test_parked_after_eight_attempts_and_shown(world: World) -> None:
    [ada] = in_sync(world)
    park(world, ada)
    world.sandbox.faults.clear()
    mark = world.sandbox.log.mark()
    run = world.sync(full=True, trigger=Trigger.TIMER)
    assert world.writes_since(mark) == []
    assert run.counts.failed == 1
    assert outcome(world, ada).parked


def test_parked_contact_edited_in_bc_is_tried_again(world: World) -> None:
    [ada] = in_sync(world)
    park(world, ada)
    world.sandbox.faults.clear()
    world.bc_edit(ada, mobilePhoneNumber="+44 7700 900123")
    world.ok(trigger=Trigger.TIMER)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert world.card(name_of(0))["mobilePhone"] == "+44 7700 900123"
    assert world.outcomes() == {}
    assert_silent(world)


def test_parked_contact_edited_in_outlook_is_tried_again(world: World) -> None:
    [ada] = in_sync(world)
    park(world, ada)
    world.sandbox.faults.clear()
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.ok(trigger=Trigger.TIMER)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"


def test_parked_contact_is_tried_again_when_a_person_asks(world: World) -> None:
    ada, grace = in_sync(world, 2)
    park(world, ada)
    world.sandbox.faults.clear()
    world.ok(wishes=wish("retry", ada))
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert job(world, grace) == ("Buyer", "Buyer")
    assert world.outcomes() == {}


def test_refused_field_rests_and_the_others_of_its_contact_arrive(world: World) -> None:
    """Business Central takes no letters in a telephone number."""
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), mobilePhone="CALL ME", jobTitle="Head Buyer")
    world.sync()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert world.card(name_of(0))["mobilePhone"] == "CALL ME"
    assert world.bc(ada)["mobilePhoneNumber"] == ""
    assert world.links()[ada].note is Reason.PHONE_HAS_LETTERS
    assert_silent(world)
    world.outlook_edit(copy_of(world, ada), mobilePhone="+44 7700 900123")
    world.ok()
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"


def test_value_that_bc_refused_is_not_lost_when_its_field_changes_there(world: World) -> None:
    [ada] = in_sync(world)
    refused_job(world, ada, "Ministerialdirigentin")
    assert job(world, ada) == ("Buyer", "Ministerialdirigentin")
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    link = world.links()[ada]
    assert (link.note, link.refused) == (Reason.REFUSED_BY_BUSINESS_CENTRAL, (Field.JOB_TITLE,))
    assert_silent(world)
    world.bc_edit(ada, jobTitle="Lead Buyer", city="Bath")
    world.ok()
    assert job(world, ada) == ("Lead Buyer", "Lead Buyer")
    assert lost_values(world) == ["Ministerialdirigentin"]
    assert (world.links()[ada].note, world.links()[ada].refused) == (None, ())
    assert_silent(world)


def test_copy_with_a_value_that_bc_refused_outlives_the_deletion_there(world: World) -> None:
    [ada] = in_sync(world)
    refused_job(world, ada, "Ministerialdirigentin")
    world.bc_delete(ada)
    world.ok()
    assert world.card(name_of(0))["jobTitle"] == "Ministerialdirigentin"
    assert world.links()[ada].note is Reason.KEPT_EDITED


def test_refused_value_that_its_user_corrects_arrives_and_rests_no_more(world: World) -> None:
    [ada] = in_sync(world)
    refused_job(world, ada, "Ministerialdirigentin")
    world.outlook_edit(copy_of(world, ada), jobTitle="Head Buyer")
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert (world.links()[ada].note, world.links()[ada].refused) == (None, ())


def refused_job(world: World, bc_id: str, title: str) -> None:
    """Outlook's title and mobile number go to Business Central together, which takes only the number."""
    world.outlook_edit(copy_of(world, bc_id), jobTitle=title, mobilePhone="+44 7700 900123")
    code = "Application_DialogException"
    together_and_alone = Fault("reject", "businessCentral", "PATCH", bc_id, status=400, code=code, times=2)
    world.sandbox.faults.add(together_and_alone)
    world.ok()


def test_edit_that_still_waits_for_bc_is_not_lost_when_its_field_changes_there(world: World) -> None:
    [ada] = in_sync(world)
    world.sandbox.faults.add(
        Fault("reject", "businessCentral", "PATCH", ada, status=400, code="Application_DialogException")
    )
    world.outlook_edit(copy_of(world, ada), jobTitle="From Outlook")
    assert world.sync(trigger=Trigger.TIMER).counts.failed == 1
    world.bc_edit(ada, jobTitle="From BC")
    world.ok(trigger=Trigger.TIMER)
    assert job(world, ada) == ("From BC", "From BC")
    assert lost_values(world) == ["From Outlook"]


def test_edit_that_still_waits_for_outlook_is_not_lost_when_its_field_changes_there(world: World) -> None:
    [ada] = in_sync(world)
    park(world, ada)
    world.sandbox.faults.clear()
    world.bc_person("Rosa New", "rosa@x.example")
    world.sync(trigger=Trigger.TIMER)  # the watermark is beyond the edit now
    world.outlook_edit(copy_of(world, ada), jobTitle="From Outlook")
    world.ok(trigger=Trigger.TIMER)
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert lost_values(world) == ["From Outlook"]


def test_creation_refused_by_bc_is_reported_and_tried_again_after_an_edit(world: World) -> None:
    in_sync(world)
    world.sandbox.switches["bc_contact_permission"] = "read"
    added = world.outlook_add("Rosa New", "rosa@x.example")
    run = world.sync()
    assert run.counts.failed == 1
    assert outcome(world, added).reason is Reason.REFUSED_BY_BUSINESS_CENTRAL
    assert outcome(world, added).side is Side.OUTLOOK
    world.sandbox.switches["bc_contact_permission"] = "full"
    world.ok(wishes=wish("retry", added))
    assert len(world.bc_all()) == 2
    assert_silent(world)


def test_newcomer_that_someone_changes_while_its_fields_go_one_by_one_is_not_made_twice(world: World) -> None:
    in_sync(world)
    for method, code in (("POST", "Application_DialogException"), ("PATCH", "Request_EntityChanged")):
        status = 400 if method == "POST" else 409
        world.sandbox.faults.add(
            Fault("reject", "businessCentral", method, r"contacts\b", status=status, code=code)
        )
    world.outlook_add("Rosa New", "rosa@x.example", jobTitle="Head Buyer")
    world.sync(trigger=Trigger.TIMER)
    world.pass_minutes(2)
    world.ok(trigger=Trigger.TIMER)
    born = [contact for contact in world.bc_all() if contact["displayName"] == "Rosa New"]
    assert [contact["jobTitle"] for contact in born] == ["Head Buyer"]
    assert_equal(world)
    assert_silent(world)


# --- what a person can ask for one contact ------------------------------------------------------------


def test_bring_back_one_deleted_contact(world: World) -> None:
    ada, grace = in_sync(world, 2)
    for bc_id in (ada, grace):
        world.outlook_delete(copy_of(world, bc_id))
    world.ok()
    world.ok(wishes=wish("bringBack", ada))
    assert world.names() == [name_of(0)]
    assert_equal(world)
    world.ok()
    assert world.names() == [name_of(0)]


def test_take_the_other_value_of_a_conflict(world: World) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine")
    world.bc_edit(ada, jobTitle="Theirs")
    world.ok()
    assert lost_values(world) == ["Mine"]
    world.ok(wishes=wish("takeOther", ada, field="jobTitle", value="Mine"))
    assert job(world, ada) == ("Mine", "Mine")
    assert_silent(world)


def test_detached_contact_is_created_in_bc_when_a_person_asks(world: World) -> None:
    gone, _ = in_sync(world, 2)
    world.bc_delete(gone)
    world.outlook_edit(copy_of(world, gone), jobTitle="Precious")
    world.ok()
    copy = copy_of(world, gone)
    world.ok(wishes=wish("createInBusinessCentral", copy))
    [new] = [str(c["id"]).lower() for c in world.bc_all() if c["displayName"] == name_of(0)]
    assert copy_of(world, new) == copy
    assert gone not in world.links()
    assert job(world, new) == ("Precious", "Precious")
    assert len(world.outlook()) == 2
    assert_silent(world)


def test_restoring_what_a_run_removed_makes_no_twins(world: World) -> None:
    gone, left, _ = in_sync(world, 3, filter={"jobTitle": "Buyer"})
    world.outlook_edit(copy_of(world, left), personalNotes="likes tea")
    world.ok()
    world.bc_delete(gone)
    world.bc_edit(left, jobTitle="Poet")
    removing = world.ok()
    assert removing.counts.to_outlook.deleted == 2
    for _ in range(2):  # asked for twice
        assert world.sync(kind=RunKind.RESTORE, source=removing.id).state is RunState.SUCCEEDED
    assert world.names() == sorted([name_of(0), name_of(1), name_of(2)])
    assert world.card(name_of(1))["personalNotes"] == "likes tea"
    assert world.links()[gone].state is LinkState.DETACHED
    world.ok()
    world.ok(full=True)
    assert len(world.outlook()) == 3  # detached: not removed again
    assert len(world.bc_all()) == 2
    world.pass_minutes(1)
    world.bc_edit(left, jobTitle="Buyer")
    world.ok()
    assert world.links()[left].state is LinkState.LINKED
    assert job(world, left) == ("Buyer", "Buyer")
    assert_equal(world)


def test_restored_copy_whose_contact_takes_part_again_is_linked(world: World) -> None:
    left, _ = in_sync(world, 2, filter={"jobTitle": "Buyer"})
    world.bc_edit(left, jobTitle="Poet")
    removing = world.ok()
    persons(world, 1)
    world.bc_edit(left, jobTitle="Buyer")
    world.sync(kind=RunKind.RESTORE, source=removing.id)
    world.ok()
    assert world.links()[left].state is LinkState.LINKED
    assert_equal(world)


def test_failed_contact_that_its_user_deletes_is_neither_listed_nor_tried_any_more(world: World) -> None:
    in_sync(world)
    refusal = Fault("reject", "businessCentral", method="POST", path="contacts$", status=400, code="X", times=0)
    world.sandbox.faults.add(refusal)
    added = world.outlook_add("Rosa New", "rosa@x.example")
    world.sync()
    assert outcome(world, added).outcome is Outcome.FAILED
    world.outlook_delete(added)
    world.sync()
    assert world.outcomes() == {}
    assert world.state().due_at == ""
