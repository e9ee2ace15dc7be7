"""A setup after it was made: pauses of the service, a new folder, the end with or without copies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.state.setups import SetupState
from shared.sync import farewell
from shared.sync.work import run_slice
from tests.api.conftest import Office
from tests.sync.world import ANNA, COMPANY

HERS = f"users/{ANNA}/setups/{COMPANY}"


def synced(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.world.bc_person("Grace Hopper", "grace@x.example")
    office.set_up()
    assert office.sync(mode="full")["state"] == "succeeded"


def test_new_folder_after_the_old_one_is_gone(office: Office) -> None:
    synced(office)
    assert office.key.post(f"{HERS}/recreate-folder").status == 409
    office.world.people("delete_folder", ANNA, "Business Central")
    office.sync(mode="full")
    gone = office.key.get(HERS)
    assert (gone["paused"], gone["pausedReason"]) == (True, "folderGone")
    assert office.key.post("sync", {"user": ANNA, "company": COMPANY}).status == 409
    done = office.do(office.key.post(f"{HERS}/recreate-folder"))
    assert done["state"] == "succeeded"
    assert office.world.names() == ["Ada Lovelace", "Grace Hopper"]
    after = office.key.get(HERS)
    assert after["paused"] is False
    assert after["folderId"] != gone["folderId"]


def test_what_the_user_had_deleted_stays_away_from_the_new_folder(office: Office) -> None:
    synced(office)
    office.world.outlook_delete(str(office.world.card("Ada Lovelace")["id"]))
    office.sync()
    office.world.people("delete_folder", ANNA, "Business Central")
    office.sync(mode="full")
    office.do(office.key.post(f"{HERS}/recreate-folder"))
    assert office.world.names() == ["Grace Hopper"]


def test_pause_of_the_service_put_back_is_no_choice_of_the_user(office: Office) -> None:
    synced(office)
    office.world.people("delete_folder", ANNA, "Business Central")
    office.sync(mode="full")
    shown = office.key.get(HERS)
    assert office.key.put(HERS, shown.body)["pausedReason"] == "folderGone"
    assert office.key.post(f"{HERS}/resume")["pausedReason"] is None


def test_restored_environment_is_accepted_by_resuming(office: Office) -> None:
    synced(office)
    store = office.world.services.store
    store.setups.amend(ANNA, COMPANY, lambda state: _paused(state, "restored"))
    assert office.key.get(HERS)["pausedReason"] == "restored"
    assert office.key.post(f"{HERS}/resume")["paused"] is False
    assert office.world.state().extra["acceptRestored"] is True
    assert office.sync()["state"] == "succeeded"
    assert "acceptRestored" not in office.world.state().extra


def _paused(state: SetupState, reason: str) -> SetupState:
    return replace(state, paused_reason=reason)


def test_deleted_setup_leaves_its_copies_and_forgets_the_rest(office: Office) -> None:
    synced(office)
    run = office.key.get(f"{HERS}/runs").value[0]["runId"]
    assert office.key.delete(HERS).status == 204
    assert office.world.names() == ["Ada Lovelace", "Grace Hopper"]
    assert office.key.get(HERS).status == 404
    assert office.key.get(f"runs/{run}").status == 404
    assert office.world.links() == {}


def test_deleted_setup_takes_its_copies_along_when_asked_to(office: Office) -> None:
    synced(office)
    office.world.outlook_add("Own Person", "")
    assert office.key.delete(f"{HERS}?copies=remove").status == 204
    assert office.world.names() == ["Own Person"]
    assert office.key.get(HERS).status == 404


def test_detached_and_moved_copies_stay_when_a_setup_goes(office: Office) -> None:
    synced(office)
    ada = next(bc_id for bc_id, link in office.world.links().items() if _named(office, link.outlook_id, "Ada"))
    office.world.outlook_edit(str(office.world.card("Ada Lovelace")["id"]), personalNotes="from the fair")
    office.world.bc_delete(ada)
    office.sync()
    assert office.world.links()[ada].state == "detached"
    assert office.key.delete(f"{HERS}?copies=remove").status == 204
    assert office.world.names() == ["Ada Lovelace"]


def _named(office: Office, outlook_id: str, name: str) -> bool:
    return any(c["id"] == outlook_id and str(c["displayName"]).startswith(name) for c in office.world.outlook())


def test_many_copies_are_removed_by_a_run_that_ends_with_the_setup(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(office)
    monkeypatch.setattr("shared.api.lifecycle.AT_ONCE", 1)
    accepted = office.key.delete(f"{HERS}?copies=remove")
    assert accepted.status == 202
    assert office.key.get(HERS)["paused"] is True
    run = str(accepted["runId"])
    assert run_slice(office.world.services, run) is None
    assert office.world.names() == []
    assert office.key.get(HERS).status == 404
    assert office.key.get(f"runs/{run}").status == 404
    assert run_slice(office.world.services, run) is None  # a doubled message finds nothing


def test_farewell_that_stops_midway_goes_on_where_it_was(office: Office) -> None:
    synced(office)
    stored = office.world.services.store.setups.get(ANNA, COMPANY)
    assert stored is not None
    assert not farewell.farewell(office.world.services, stored, lambda: True)
    assert office.key.get(HERS).status == 200
    assert farewell.farewell(office.world.services, stored, lambda: False)
    assert office.world.names() == []


def test_deleting_obeys_if_match_and_the_question_about_copies(office: Office) -> None:
    synced(office)
    assert office.key.call("DELETE", HERS, headers={"If-Match": '"other"'}).status == 412
    refused = office.key.delete(f"{HERS}?copies=burn")
    assert (refused.status, refused.fields) == (400, ["copies"])
    assert office.world.names() == ["Ada Lovelace", "Grace Hopper"]
    assert office.key.get(HERS).status == 200
