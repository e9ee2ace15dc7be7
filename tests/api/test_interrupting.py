"""What a person decides while a run is under way takes effect before the run's next batch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.state.runs import RunState
from shared.sync.services import build
from shared.sync.work import run_slice
from tests.api.conftest import Office
from tests.sync.world import ANNA, BEN, COMPANY, SandboxTime

HERS = f"users/{ANNA}/setups/{COMPANY}"
_PEOPLE = 60
_LATER = 10.0
"""Seconds that pass meanwhile: the lease is looked at every five."""


class EventfulTime(SandboxTime):
    """The sandbox's time, in which something happens once the first copies are in Outlook."""

    def __init__(self, office: Office, event: Callable[[], None]) -> None:
        super().__init__(office.world.sandbox.clock)
        self._office = office
        self._event = event
        self._over = False

    def monotonic(self) -> float:
        if not self._over and self._begun():
            self._over = True
            self._event()
            self._office.world.sandbox.clock.advance(_LATER)
        return super().monotonic()

    def _begun(self) -> bool:
        return any(f"graph POST /users/{ANNA}/contactFolders/" in each for each in self._writes())

    def _writes(self) -> list[str]:
        return self._office.world.writes_since(0)


def pause(office: Office) -> None:
    assert office.key.post(f"{HERS}/pause").status == 200


def put_paused(office: Office) -> None:
    assert office.key.put(HERS, {"paused": True}).status == 200


def close(office: Office) -> None:
    assert office.signed_in(BEN, "Admin").delete(f"manage/access/{ANNA}/{COMPANY}").status == 204


def run_with(office: Office, storage: str, event: Callable[[Office], None]) -> str:
    """A first full sync, in the middle of which the event comes; its run."""
    for number in range(_PEOPLE):
        office.world.bc_person(f"Person Number{number:02d}", f"p{number}@x.example")
    office.set_up()
    run = str(office.key.post("sync", {"user": ANNA, "company": COMPANY, "mode": "full"})["runId"])
    env = {**office.world.sandbox.settings(), "AzureWebJobsStorage": storage}
    services = build(env, EventfulTime(office, lambda: event(office)))
    while (delay := run_slice(services, run)) is not None:
        office.world.sandbox.clock.advance(delay)
    return run


@pytest.mark.parametrize("event", [pause, put_paused, close])
def test_paused_or_closed_setup_gets_no_further_batch(
    office: Office, storage: str, event: Callable[[Office], None]
) -> None:
    run = run_with(office, storage, event)
    assert 0 < len(office.world.names()) < _PEOPLE
    ended = office.world.services.store.runs.get(run)
    assert ended is not None
    assert (ended.state, "paused" in ended.message) == (RunState.FAILED, True)


def test_run_that_was_stopped_is_finished_after_resuming(office: Office, storage: str) -> None:
    run_with(office, storage, pause)
    assert office.key.post(f"{HERS}/resume").status == 200
    assert office.sync()["state"] == "succeeded"
    assert len(office.world.names()) == len(set(office.world.names())) == _PEOPLE


def test_nothing_is_kept_of_a_user_who_was_erased_during_a_run(office: Office, storage: str) -> None:
    run_with(office, storage, lambda office: _erase(office))
    kept = office.key.get(f"users/{ANNA}/export")
    assert [kept[name] for name in ("companies", "subscriptions", "setups")] == [[], [], []]
    store = office.world.services.store
    assert store.links.load(ANNA, COMPANY) == []
    assert store.outcomes.all(ANNA, COMPANY) == []
    assert list(store.runs.all(ANNA, COMPANY)) == []


def test_copies_of_a_setup_that_is_being_synced_go_with_it(office: Office, storage: str) -> None:
    removing: list[str] = []

    def delete(office: Office) -> None:
        accepted = office.key.delete(f"{HERS}?copies=remove")
        assert accepted.status == 202
        removing.append(str(accepted["runId"]))

    run_with(office, storage, delete)
    [run] = removing
    while (delay := run_slice(office.world.services, run)) is not None:
        office.world.sandbox.clock.advance(delay)
    assert office.world.names() == []
    assert office.key.get(HERS).status == 404


def _erase(office: Office) -> None:
    assert office.key.delete(f"users/{ANNA}").status == 204
