"""Something goes wrong in the middle of a run: afterwards both sides are equal, no twin, nothing lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.faults import Fault
from shared.model import Json, LinkState, Reason
from shared.state.runs import RunState
from shared.sync.session import Session
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

GRAPH, BC = "graph", "businessCentral"
_BATCH = r"\$batch$"

FAULTS = {
    "graph: the token is refused once": Fault(
        "reject", GRAPH, path=_BATCH, status=401, code="InvalidAuthenticationToken"
    ),
    "graph: an item's token is refused once": Fault("reject", GRAPH, method="PATCH", status=401),
    "graph: 429 with Retry-After": Fault("reject", GRAPH, status=429, retry_after="7", times=3, skip=1),
    "graph: 429 with a fraction": Fault(
        "reject", GRAPH, method="POST", path="contacts$", status=429, retry_after="2.128", times=2
    ),
    "graph: 429 without Retry-After": Fault("reject", GRAPH, method="PATCH", status=429, times=3),
    "graph: the whole batch is throttled": Fault("reject", GRAPH, path=_BATCH, status=429, retry_after="5"),
    "graph: 503": Fault("reject", GRAPH, status=503, times=3, skip=2),
    "graph: a gateway's page": Fault("html_error", GRAPH, path=_BATCH, status=502, times=2),
    "graph: creation done, answer 504": Fault(
        "commit_then_504", GRAPH, method="POST", path="contacts$", times=2
    ),
    "graph: change done, answer 504": Fault("commit_then_504", GRAPH, method="PATCH", times=2),
    "graph: deletion done, answer 504": Fault("commit_then_504", GRAPH, method="DELETE"),
    "graph: batch done, answer 504": Fault("commit_then_504", GRAPH, path=_BATCH, skip=1),
    "graph: batch done, connection dropped": Fault("commit_then_drop", GRAPH, path=_BATCH, skip=1),
    "graph: connection dropped before": Fault("drop", GRAPH, path=_BATCH, times=2),
    "graph: delta dropped": Fault("drop", GRAPH, path="delta"),
    "graph: change refused as a conflict": Fault(
        "reject", GRAPH, method="PATCH", status=412, code="ErrorIrresolvableConflict"
    ),
    "graph: deletion refused as a conflict": Fault(
        "reject", GRAPH, method="DELETE", status=409, code="ErrorIrresolvableConflict"
    ),
    "graph: delta token gone": Fault("delta_gone", GRAPH),
    "graph: sync state not found": Fault("sync_state_lost", GRAPH, code="SyncStateNotFound"),
    "graph: delta tells everything twice": Fault("duplicate", GRAPH),
    "graph: delta tells old changes again": Fault("replay", GRAPH),
    "graph: delta in another order": Fault("out_of_order", GRAPH),
    "graph: removed and present in one round": Fault("removed_and_present", GRAPH),
    "graph: an empty delta page": Fault("empty_page", GRAPH),
    "graph: changes seen late": Fault("late_changes", GRAPH),
    "graph: a short page": Fault("short_page", GRAPH, times=2),
    "graph: what was just made is not found yet": Fault("index_delay", GRAPH, seconds=5, times=4),
    "bc: the token is refused once": Fault("reject", BC, status=401, code="Authentication_InvalidCredentials"),
    "bc: 429": Fault("reject", BC, path=_BATCH, status=429, code="Application_TooManyRequests", times=2),
    "bc: an item is throttled": Fault(
        "reject", BC, method="PATCH", status=429, code="Application_TooManyRequests"
    ),
    "bc: being upgraded": Fault("upgrade_window", BC, times=2),
    "bc: a gateway's page": Fault("html_error", BC, path=_BATCH, status=504, times=1, skip=1),
    "bc: reading dropped": Fault("drop", BC, method="GET"),
    "bc: creation done, answer 504": Fault("commit_then_504", BC, method="POST", path="contacts$"),
    "bc: change done, answer 504": Fault("commit_then_504", BC, method="PATCH"),
    "bc: batch done, answer 504": Fault("commit_then_504", BC, path=_BATCH, skip=1),
    "bc: batch done, connection dropped": Fault("commit_then_drop", BC, path=_BATCH, skip=1),
    "bc: connection dropped before": Fault("drop", BC, path=_BATCH, skip=1),
    "bc: ETags move between reading and writing": Fault("etag_change", BC, method="PATCH", times=3),
    "bc: stale ETag": Fault("reject", BC, method="PATCH", status=409, code="Request_EntityChanged", times=2),
    "bc: committed late": Fault("commit_lag", BC, seconds=1, times=2),
    "bc: the replica lags": Fault("replica_lag", BC, seconds=20, times=2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_in_the_middle_of_a_run_loses_nothing(world: World, name: str) -> None:
    """One run with every kind of change in it meets the fault; two more runs follow."""
    edited, both, gone, by_user, quiet = in_sync(world, 5)
    world.outlook_edit(copy_of(world, edited), jobTitle="Head Buyer")
    world.outlook_edit(copy_of(world, both), mobilePhone="+44 7700 900123")
    world.bc_edit(both, jobTitle="Admiral")
    world.bc_delete(gone)
    world.outlook_delete(copy_of(world, by_user))
    world.outlook_add("Rosa New", "rosa@x.example", jobTitle="Gardener")
    world.bc_person("Hedy Lamarr", "hedy@radio.example", jobTitle="Inventor")
    world.sandbox.faults.add(FAULTS[name])
    world.sync()
    world.sandbox.faults.clear()
    world.pass_minutes(20)
    world.sync()
    world.pass_minutes(20)
    run = world.sync()
    assert run.state is RunState.SUCCEEDED, run.message
    assert world.names() == sorted([name_of(0), name_of(1), name_of(4), "Rosa New", "Hedy Lamarr"])
    names = sorted(str(contact["displayName"]) for contact in world.bc_all())
    assert names == sorted([name_of(0), name_of(1), name_of(3), name_of(4), "Rosa New", "Hedy Lamarr"])
    assert job(world, edited) == ("Head Buyer", "Head Buyer")
    assert job(world, both) == ("Admiral", "Admiral")
    assert world.bc(both)["mobilePhoneNumber"] == "+44 7700 900123"
    assert job(world, quiet) == ("Buyer", "Buyer")
    assert world.links()[by_user].state is LinkState.DELETED_BY_USER
    assert lost_values(world) == []
    assert_equal(world)
    mark = world.sandbox.log.mark()
    world.sync()
    assert world.writes_since(mark) == []
    forgive_repetition(world, name)


@pytest.mark.parametrize(
    "name",
    [
        "graph: creation done, answer 504",
        "graph: batch done, connection dropped",
        "graph: 429 with a fraction",
        "graph: what was just made is not found yet",
        "graph: a short page",
    ],
)
def test_fault_in_a_first_full_sync_makes_no_twin(world: World, name: str) -> None:
    persons(world, 25)
    world.people("create_folder", ANNA, "Business Central")
    world.outlook_add(name_of(0), "p0@x.example")
    world.set_up()
    world.sandbox.faults.add(FAULTS[name])
    world.sync(full=True)
    world.sandbox.faults.clear()
    world.pass_minutes(20)
    world.ok(full=True)
    assert len(world.outlook()) == len(world.bc_all()) == 25
    assert_equal(world)
    assert_silent(world)
    forgive_repetition(world, name)


@pytest.mark.parametrize("how", ["enforce409", "enforce412"])
def test_edit_between_reading_and_writing_is_not_overwritten_where_graph_heeds_if_match(
    world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sandbox.switches["if_match"] = how
    [ada] = in_sync(world)
    copy = copy_of(world, ada)
    world.bc_edit(ada, jobTitle="Head Buyer", mobilePhoneNumber="+44 7700 900123")
    edit_before_writing(world, monkeypatch, lambda: world.outlook_edit(copy, jobTitle="Mine"))
    world.ok()
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert lost_values(world) == ["Mine"]
    assert_equal(world)
    assert_silent(world)


def test_edit_in_bc_between_reading_and_writing_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [ada] = in_sync(world)
    world.outlook_edit(copy_of(world, ada), jobTitle="Mine", mobilePhone="+44 7700 900123")
    edit_before_writing(world, monkeypatch, lambda: world.bc_edit(ada, jobTitle="Theirs"))
    world.ok()
    world.ok()
    assert job(world, ada) == ("Theirs", "Theirs")
    assert world.bc(ada)["mobilePhoneNumber"] == "+44 7700 900123"
    assert lost_values(world) == ["Mine"]
    assert_silent(world)


def test_copy_edited_between_reading_and_removing_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, _ = in_sync(world, 2)
    copy = copy_of(world, gone)
    world.bc_delete(gone)
    edit_before_writing(world, monkeypatch, lambda: world.outlook_edit(copy, jobTitle="Precious"))
    world.ok()
    assert world.card(name_of(0))["jobTitle"] == "Precious"


def test_copy_given_notes_between_reading_and_writing_stays_when_its_contact_is_deleted_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change of the copy is refused; looked at again, its contact is gone and it holds the user's own."""
    world.sandbox.switches["if_match"] = "enforce412"
    ada, _ = in_sync(world, 2)
    copy = copy_of(world, ada)
    world.bc_edit(ada, jobTitle="Head Buyer")

    def meanwhile() -> None:
        world.outlook_edit(copy, personalNotes="likes tea")
        world.bc_delete(ada)

    edit_before_writing(world, monkeypatch, meanwhile)
    world.sync()
    world.ok()
    assert world.card(name_of(0))["personalNotes"] == "likes tea"
    assert world.links()[ada].note is Reason.KEPT_EDITED


def forgive_repetition(world: World, name: str) -> None:
    """A change whose answer was lost is sent again, and then changes nothing: rightly so."""
    if FAULTS[name].kind.startswith("commit_then"):
        assert {violation.kind for violation in world.sandbox.log.violations} <= {"empty_patch"}
        world.sandbox.log.clear()


def edit_before_writing(world: World, monkeypatch: pytest.MonkeyPatch, edit: Callable[[], None]) -> None:
    """A person edits just after the run has read and before it writes."""
    marked = Session.mark_dirty
    edits = [edit]

    def then_write(session: Session) -> None:
        while edits:
            edits.pop()()
        marked(session)

    monkeypatch.setattr(Session, "mark_dirty", then_write)


SWITCHES: list[dict[str, str]] = [
    {"display_name_recalc": "off"},
    {"gal_rename": "off"},
    {"require_given_name": "off"},
    {"delete_immutable_still_resolves": "off"},
    {"trim_texts": "on"},
    {"address_unset": "absent"},
    {"batch_throttle_outer": "424"},
    {"if_match": "enforce412"},
    {"bc_trim_text": "true"},
    {"bc_stale_status": "412"},
    {"bc_continue_on_error": "false"},
    {"bc_text_case": "insensitive"},
    {"bc_default_order": "lastModifiedDateTime"},
    {"bc_max_page": "2"},
    {"bc_website_length": "80"},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(next(iter(s.items()))))
def test_whatever_the_contracts_leave_open_both_sides_end_equal(world: World, switches: dict[str, str]) -> None:
    world.sandbox.switches.update(switches)
    in_the_directory: dict[str, Json] = {"city": "Hull", "country": "GB", "mobilePhoneNumber": " +44 7700 9 "}
    ada, grace, gone = in_sync(world, 3, in_the_directory)
    world.bc_person("Anna Herself", "anna@cronus.example", jobTitle="  Buyer ")
    world.people("create_contact", ANNA, "Business Central", distribution_list=True, displayName="All of us")
    world.ok()
    world.outlook_edit(copy_of(world, ada), jobTitle=" Head Buyer ", displayName="Ada Byron", surname="Byron")
    world.bc_edit(grace, jobTitle="Admiral", mobilePhoneNumber="")
    world.outlook_add("Rosa New", "rosa@x.example")
    world.bc_delete(gone)
    world.ok()
    assert world.bc(ada)["displayName"] == "Ada Byron"
    assert str(world.bc(ada)["jobTitle"]).strip() == "Head Buyer"
    assert job(world, grace) == ("Admiral", "Admiral")
    assert len(world.outlook()) == len(world.bc_all()) == 4
    assert_silent(world)


def test_delta_link_that_is_not_found_although_its_folder_is_there_is_a_lost_one(world: World) -> None:
    (ada,) = in_sync(world)
    world.outlook_edit(copy_of(world, ada), jobTitle="Head Buyer")
    world.sandbox.faults.add(Fault("reject", GRAPH, path="delta", status=404, code="ErrorItemNotFound"))
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert_silent(world)


def test_expired_delta_token_alone_deletes_nothing(world: World) -> None:
    ada, by_user = in_sync(world, 2)
    world.outlook_delete(copy_of(world, by_user))
    world.outlook_edit(copy_of(world, ada), jobTitle="Head Buyer")
    world.people("expire_delta_tokens", ANNA)
    world.ok()
    assert job(world, ada) == ("Head Buyer", "Head Buyer")
    assert world.links()[by_user].state is LinkState.DELETED_BY_USER
    assert world.names() == [name_of(0)]
    assert len(world.bc_all(COMPANY)) == 2
